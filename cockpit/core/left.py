"""What earlier flights have left standing, and what their journals tell of it, as values.

Values only; `cockpit.core.leftovers` decides what is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

LeftoverKind = Literal[
    "fence",
    "copied fence",
    "opened",
    "second mirror",
    "connector",
    "settings",
    "groups",
    "topics",
    "offsets",
]
Standing = Literal["half-way", "flying", "ended"]


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that stands on the clusters and that no flight at work answers for."""

    kind: LeftoverKind
    where: Literal["source", "target", "connect"]
    names: tuple[str, ...]
    """What it is on: topics, a connector, groups."""
    text: str
    """What it is and what it does, in words."""
    command: str
    """The line for a shell that clears it."""
    harms: tuple[str, ...] = ()
    """Waves that must not begin while it stands; empty: it is only told."""
    since_ms: int | None = None
    """When a flight of ours ordered it; None: not known."""
    session: str = ""
    """The flight of ours that explains it; empty: none does."""
    standing: Standing = "ended"
    """How that flight stands."""

    @property
    def subject(self) -> str:
        """What it is and on what, in a few words."""
        more = f" and {len(self.names) - 1} more" if len(self.names) > 1 else ""
        return f"{self.kind} {self.names[0]}{more}"

    def advice(self) -> str:
        """What to do about it: take the flight over that it belongs to, else the command."""
        if self.session and self.standing == "half-way":
            return f"cockpit resume {self.session}"
        if self.session and self.standing == "flying":
            return f"cockpit attach {self.session}"
        return self.command


@dataclass(frozen=True, slots=True)
class Left:
    """Everything that was found, worst first, and where nobody could look."""

    found: tuple[Leftover, ...] = ()
    unread: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    """Of `unread` what no wave begins without."""

    def harming(self, wave: str) -> Leftover | None:
        """The first that keeps a wave from beginning."""
        return next((one for one in self.found if wave in one.harms), None)


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect that a flight ordered and that was not refused for certain."""

    at_ms: int
    action: Mapping[str, Any]
    """As journalled, with its `type`."""
    previous: Mapping[str, Any] = field(default_factory=dict)
    """What it replaced, as far as it was learnt."""


@dataclass(frozen=True, slots=True)
class Past:
    """One earlier flight of the same plan."""

    session: str
    standing: Standing
    waves: Mapping[str, str] = field(default_factory=dict)
    """The last word of each wave that it had to do with."""
    effects: tuple[Effect, ...] = ()
    """Oldest first."""
