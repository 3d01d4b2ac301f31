"""A recording on disk as a replay needs it.

What was told is read a little at a time, and everything else by what stands in front of it: an
eight-hour session opens at once. Never writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from cockpit.core.observe import I64, MISSING
from cockpit.core.playing import NO_TOTALS, Gap, Totals
from cockpit.core.snapshot import Snapshot
from cockpit.replay.file import FileBuffer
from cockpit.wire.recording import LIFE_ENDS, WHY_GAP, Life, Reader
from cockpit.wire.totals import Total
from cockpit.wire.values import WireError

AT_ONCE: Final = 200
"""Of so many frames what was told is read at a time: some tens of milliseconds."""
MAX_EVENTS: Final = 200_000
FAR: Final = 1 << 62
"""More than any total can be."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event."""

    at_ms: int
    kind: str
    level: str
    text: str


class Recorded:
    """A `Recording` over a file."""

    def __init__(self, path: Path) -> None:
        """Raises OSError, RecordingError."""
        self._file = FileBuffer(path)
        try:
            self._reader = Reader(self._file)
        except BaseException:
            self._file.close()
            raise
        self._times: list[int] = []
        self._told: list[Told] = []
        self._told_frames = 0
        self._totals = NO_TOTALS
        self._blocks = 0
        """Of so many records of totals."""
        self._measure()

    @property
    def reader(self) -> Reader:
        """What it reads by."""
        return self._reader

    def times(self) -> I64:
        """When each snapshot was published."""
        return np.array(self._times, dtype=np.int64)

    def at(self, at_ms: int) -> Snapshot:
        """The newest snapshot of that time or before it; raises WireError."""
        frame = self._reader.at(at_ms)
        if frame is None:
            raise WireError("nothing is recorded before this")
        return frame.snapshot()

    def events(self) -> Sequence[Told]:
        """What was told, as far as it has been read."""
        return self._told

    def read_more(self) -> float:
        """Read what some more frames have told; the share that has been read, 1.0: all."""
        number = self._reader.frames
        until = min(number, self._told_frames + AT_ONCE)
        for place in range(self._told_frames, until):
            self._told.extend(self._frame_told(place))
        if len(self._told) > MAX_EVENTS:
            until = number
        self._told_frames = until
        return until / number if number else 1.0

    def _frame_told(self, place: int) -> Iterator[Told]:
        try:
            found = self._reader.told(place)
        except WireError:
            return  # the player says so when it comes there
        at_ms = self._times[place]
        for content in found:
            yield _told(at_ms, content)

    def gaps(self) -> Sequence[Gap]:
        """Stretches of which nothing is recorded."""
        return [Gap(one.from_ms, one.to_ms, one.why) for one in self._reader.gaps()]

    def lives(self) -> Sequence[tuple[int, str]]:
        """When each engine began, and how each that ended in order ended."""
        begun = ((life.begin_ms, _begins(life)) for life in self._reader.lives)
        ends = (told for told in self._reader.events() if told.content.get("kind") == LIFE_ENDS)
        ended = ((end.at_ms, f"the engine ends: {end.content.get('text', '')}") for end in ends)
        return sorted((*begun, *ended))

    def totals(self) -> Totals:
        """The whole recording in short; the last minute of a session that runs is not in it yet."""
        if self._blocks != self._reader.blocks:
            rows = self._reader.totals(self._blocks)
            self._blocks = self._reader.blocks
            self._totals = _in_order(_columns(rows), self._totals)
        return self._totals

    def refresh(self) -> bool:
        """Look for more at the end; whether there was any. Raises OSError, WireError."""
        if not self._file.grow():
            return False
        if len(self._file) < self._reader.contents.end:  # more than a torn tail was cut off
            self._reader = Reader(self._file)
            self._blocks, self._totals = 0, NO_TOTALS
        else:
            self._reader.refresh(self._file)
        self._measure()
        return True

    def _measure(self) -> None:
        number = self._reader.frames
        if number < len(self._times):  # a tail was cut off and is written anew
            self._times, self._told, self._told_frames = [], [], 0
        self._times.extend(self._reader.frame(i).at_ms for i in range(len(self._times), number))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _begins(life: Life) -> str:
    if life.head.get(WHY_GAP):
        return "the recording goes on"
    return f"engine {life.number + 1} begins"


def _told(at_ms: int, content: Mapping[str, Any]) -> Told:
    said = {name: content.get(name) for name in ("kind", "level", "text")}
    kind, level, text = (one if isinstance(one, str) else "" for one in said.values())
    when = content.get("at_ms")
    moment = when if isinstance(when, int) and abs(when - at_ms) < 60_000 else at_ms
    return Told(moment, kind or "event", level or "info", text or kind)


def _columns(rows: Sequence[Total]) -> Totals:
    def column(value: Callable[[Total], int | None]) -> I64:
        found = (value(row) for row in rows)
        known = [MISSING if one is None or abs(one) > FAR else one for one in found]
        return np.array(known, dtype=np.int64)

    return Totals(
        at_ms=column(lambda row: row.at_ms),
        lag_records=column(lambda row: row.lag_records),
        source_writes_milli=column(lambda row: row.source_rate_milli),
        target_writes_milli=column(lambda row: row.target_rate_milli),
        blocked=column(lambda row: int(row.blocked)),
    )


def _in_order(new: Totals, old: Totals) -> Totals:
    """Both, by time."""
    names = [one.name for one in fields(Totals)]
    columns = {name: np.concatenate((getattr(old, name), getattr(new, name))) for name in names}
    order = np.argsort(columns["at_ms"], kind="stable")
    return Totals(**{name: column[order] for name, column in columns.items()})
