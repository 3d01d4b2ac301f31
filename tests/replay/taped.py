"""A recording that is a list of snapshots, for tests of what plays it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cockpit.core.observe import I64, MISSING
from cockpit.core.playing import NO_TOTALS, Gap, Totals
from cockpit.core.snapshot import Snapshot
from cockpit.replay.tape import Tape, tape_of
from cockpit.wire.values import WireError
from tests.tui import fixtures

BEGIN_MS = fixtures.AT_MS


@dataclass(frozen=True, slots=True)
class Said:
    """An event."""

    at_ms: int
    text: str
    kind: str = "confirmed"
    level: str = "info"


class Taped:
    """Snapshots at given times, which may become more."""

    def __init__(
        self,
        *times: int,
        events: Sequence[Said] = (),
        gaps: Sequence[Gap] = (),
        totals: Totals = NO_TOTALS,
        base: Snapshot | None = None,
    ) -> None:
        """Times are milliseconds after BEGIN_MS."""
        self.base = base or fixtures.snapshot()
        self._times = [BEGIN_MS + time for time in times]
        self._events = events
        self._gaps = gaps
        self._totals = totals
        self._more: list[int] = []
        self.asked: list[int] = []
        self.broken: set[int] = set()
        self.failing = False
        """The disk is gone."""
        self.closed = False

    def grow(self, *times: int) -> None:
        """More at the end, seen after the next look."""
        self._more.extend(BEGIN_MS + time for time in times)

    def times(self) -> I64:
        """Of the snapshots."""
        return np.array(self._times, dtype=np.int64)

    def at(self, at_ms: int) -> Snapshot:
        """Their sequence number is their place."""
        self.asked.append(at_ms)
        time = max(one for one in self._times if one <= at_ms)
        if time in self.broken:
            raise WireError("checksum")
        return replace(self.base, seq=self._times.index(time), at_ms=time)

    def events(self) -> Sequence[Said]:
        """As given."""
        return self._events

    def read_more(self) -> float:
        """There is no more."""
        return 1.0

    def gaps(self) -> Sequence[Gap]:
        """As given."""
        return self._gaps

    def lives(self) -> Sequence[tuple[int, str]]:
        """One."""
        return ((self._times[0], "the engine begins"),) if self._times else ()

    def totals(self) -> Totals:
        """As given."""
        return self._totals

    def refresh(self) -> bool:
        """Take in what has grown."""
        if self.failing:
            raise OSError(5, "Input/output error")
        grown, self._more = self._more, []
        self._times.extend(grown)
        return bool(grown)

    def close(self) -> None:
        """Remember."""
        self.closed = True


def at(ms: int) -> int:
    """A time of the recording."""
    return BEGIN_MS + ms


def tape(recording: Taped, *, max_idle_ms: int | None = None) -> Tape:
    """Its tape."""
    made = tape_of(recording, max_idle_ms=max_idle_ms)
    assert made is not None
    return made


def seconds(number: int) -> tuple[int, ...]:
    """A snapshot a second."""
    return tuple(i * 1000 for i in range(number))


def totals(*lag: int, blocked: Sequence[int] = ()) -> Totals:
    """A column a second, from the beginning."""
    times = np.array([at(i * 1000) for i in range(len(lag))], dtype=np.int64)
    numbers = np.array(lag, dtype=np.int64)
    stood = np.isin(np.arange(len(lag)), blocked).astype(np.int64)
    writes = np.where(numbers == MISSING, MISSING, numbers * 10)
    return Totals(times, numbers, writes, writes, stood)
