"""What a plan says of who is told outside of its screens: a webhook, and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cockpit.core.plan import SecretRef

HEADS_EVERY_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where notices go."""

    url: SecretRef
    """Its path is often a password of its own."""
    hosts: tuple[str, ...]
    """The only ones that the address may be at; lower case."""
    addresses: tuple[str, ...] = ()
    """IP addresses and networks that are not public and may be connected to nevertheless."""
    ca_file: str | None = None
    """Authorities to trust instead of the system's."""
    heads_every_ms: int = HEADS_EVERY_MS


@dataclass(frozen=True, slots=True)
class MetricsPlace:
    """Where metrics may be read; one of both is given."""

    listen: str = ""
    """A loopback address with its port."""
    socket: str = ""
    """Path of a Unix socket."""


@dataclass(frozen=True, slots=True)
class Notify:
    """All of it."""

    webhook: Webhook | None = None
    metrics: MetricsPlace | None = None
