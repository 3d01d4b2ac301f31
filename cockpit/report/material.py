"""What a report is made from: everything that a recording holds, as plain values.

Reads nothing. Whoever opens a recording fills this in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cockpit.core.plan import Plan
from cockpit.core.snapshot import Snapshot

Level = Literal["info", "good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that the engine has told. `number` counts from 1 through the whole recording."""

    number: int
    at_ms: int
    kind: str
    level: Level
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)

    def word(self, key: str) -> str:
        """A text of its data; empty where there is none."""
        value = self.data.get(key)
        return value if isinstance(value, str) else ""

    def count(self, key: str) -> int | None:
        """A number of its data; None where there is none."""
        value = self.data.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True, slots=True)
class Life:
    """One engine's part of the session."""

    number: int
    from_ms: int
    to_ms: int
    version: str
    """Of the cockpit."""
    takes_over: bool
    ended: str
    """How it ended, in words; empty: nothing says so, as after a power cut."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of which nothing was recorded."""

    from_ms: int
    to_ms: int
    cause: str


@dataclass(frozen=True, slots=True)
class Material:
    """One session."""

    session: str
    plan: Plan
    plan_text: str
    plan_hash: str
    simulated: bool
    lives: tuple[Life, ...]
    """Oldest first; at least one."""
    gaps: tuple[Gap, ...]
    events: tuple[Event, ...]
    snapshots: Callable[[], Iterator[Snapshot]]
    """In order of time, about one a second; begins anew at each call."""

    @property
    def from_ms(self) -> int:
        """When the first engine began."""
        return self.lives[0].from_ms

    @property
    def to_ms(self) -> int:
        """When the last thing was recorded."""
        return max(life.to_ms for life in self.lives)

    def without_engine_ms(self, from_ms: int, to_ms: int) -> int:
        """For how long no engine was at work between two moments: from the last that one has
        recorded to the beginning of the one that took over."""
        pairs = zip(self.lives, self.lives[1:], strict=False)
        gone = ((a.to_ms, b.from_ms) for a, b in pairs if b.takes_over)
        return sum(max(0, min(to_ms, until) - max(from_ms, since)) for since, until in gone)
