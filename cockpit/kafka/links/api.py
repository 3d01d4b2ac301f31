"""What any link must be able to tell and do, whoever sells it.

Types only; nothing here runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

PROMOTED: Final = "STOPPED"
"""A topic that is an ordinary one of the target."""


@dataclass(frozen=True, slots=True)
class LinkedTopic:
    """One topic of a link."""

    state: str
    """`ACTIVE`, `PENDING_STOPPED`, `STOPPED` (promoted), `FAILED`, or a vendor's own word."""
    reason: str = ""
    positions: Mapping[int, int] = field(default_factory=dict)
    """By partition the next source offset that the link will copy, as far as it tells."""


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """A link as it describes itself."""

    state: str
    reason: str
    topics: Mapping[str, LinkedTopic]
    positions_unknown: str = ""
    """Why no position can be told at all."""


class LinkApi(Protocol):
    """One link of one vendor. Every method raises PortError; what changes something also
    ReplyLostError, where nobody knows whether it happened."""

    async def status(self) -> LinkStatus:
        """How it stands."""

    async def promote(self, topic: str) -> None:
        """Ask for one topic to become an ordinary one of the target."""

    async def left_alone(self) -> frozenset[str]:
        """Groups that are named as those whose commits are not carried over."""

    async def leave_alone(self, groups: tuple[str, ...], *, excluded: bool) -> None:
        """Name them so, or (`excluded` False) no more."""

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
