"""What a cluster is too old to answer, said so that a person knows what to expect of an upgrade."""

from __future__ import annotations

from cockpit.kafka.errors import UnsupportedError
from cockpit.ports import PortError


def too_old(release: str, what: str) -> str:
    """Why brokers before `release` do not answer: `Kafka before 2.6 has no quota API`."""
    return f"Kafka before {release} {what}"


def plain(error: PortError, why: str) -> PortError:
    """A failure as it is, or with `why` as its reason where the broker is too old."""
    return UnsupportedError("unsupported", why) if isinstance(error, UnsupportedError) else error
