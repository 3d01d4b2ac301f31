"""A recording as a screen plays it: where it stands, and what lies on its time line.

Values only; who moves the position is in `cockpit.replay`. Never says anything about a live flight.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from cockpit.core.observe import I64

PlayVerb = Literal[
    "toggle", "faster", "slower", "normal", "step", "back", "next_mark", "previous_mark", "jump",
    "bookmark", "first", "last",
]  # fmt: skip
MarkKind = Literal["bookmark", "alarm", "action", "gate", "note", "life"]
"""Of several marks in one place the first of this order is drawn."""
PlayWord = Literal["PLAYING", "PAUSED", "FOLLOWS", "END"]
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, or that somebody has marked afterwards."""

    at_ms: int
    kind: MarkKind
    text: str


class Gap(NamedTuple):
    """A stretch of which nothing is recorded, from the last snapshot before it to the first after
    it."""

    from_ms: int
    to_ms: int
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """The whole recording in short: columns over `at_ms` (rising), about a second or a minute
    apart. int64, MISSING where not known."""

    at_ms: I64
    lag_records: I64
    """Replication lag, all partitions of the plan together."""
    source_writes_milli: I64
    """Records appended on the source per 1000 s."""
    target_writes_milli: I64
    blocked: I64
    """1 while clients of a wave are blocked, else 0."""


def _none() -> I64:
    return np.empty(0, dtype=np.int64)


NO_TOTALS = Totals(_none(), _none(), _none(), _none(), _none())


@dataclass(frozen=True, slots=True)
class PlayerView:
    """A recording as it is played at one moment. Times are UTC milliseconds of the recording."""

    first_ms: int
    last_ms: int
    at_ms: int
    """Where it stands: between `first_ms` and `last_ms`."""
    speed: float
    """Times real time, when it plays."""
    is_playing: bool
    follows: bool
    """Stays at the end of a recording that still grows."""
    marks: tuple[Mark, ...] = ()
    """By time."""
    gaps: tuple[Gap, ...] = ()
    totals: Totals = NO_TOTALS
    note: str = ""
    """What must be known about this place, such as that nothing is recorded here; may hold data."""

    @property
    def word(self) -> PlayWord:
        """What it does, in a word."""
        if self.follows:
            return "FOLLOWS"
        if self.is_playing:
            return "PLAYING"
        return "END" if self.at_ms >= self.last_ms else "PAUSED"
