"""A recording, read from a buffer: lives, gaps, events, totals, and any frame of it.

No file is opened here: whoever does hands in `bytes` or an `mmap`. Nothing that is read is
believed; what is damaged is named with its place, and everything else stays readable.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from cockpit.core.flight import Event
from cockpit.core.snapshot import Snapshot
from cockpit.wire.binary import json_value, unpack
from cockpit.wire.decoder import StreamDecoder, frame_tells
from cockpit.wire.index import Contents, contents, look_on
from cockpit.wire.player import Frames, Player
from cockpit.wire.records import (
    EVENT,
    HEADER,
    TOTALS,
    Buffer,
    Entry,
    RecordingError,
    check_start,
    payload_of,
)
from cockpit.wire.state import Head, read_head
from cockpit.wire.totals import Total, read_totals
from cockpit.wire.values import WireError

MAX_TOTALS: Final = 500_000
GAP: Final = "gap"
"""The kind of an event that tells a gap, with `from_ms`, `to_ms` and `text`."""
LIFE_ENDS: Final = "life_ends"
"""The kind of an event with which an engine ends in order."""
WHY_GAP: Final = "why_gap"
"""In the head of a life: why the same engine has recorded nothing before it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Time of which nothing is known, and why."""

    from_ms: int
    to_ms: int
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """An event that was recorded outside of frames."""

    at_ms: int
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Life:
    """One engine's life."""

    number: int
    begin_ms: int
    end_ms: int
    """Of its last record."""
    head: Mapping[str, Any]
    """What its header says; empty where it cannot be read."""
    why_not: str
    """Why none of its frames can be read; empty: they can."""
    first_frame: int
    """The number of its first frame among all frames of the recording."""
    frames: int


class Frame:
    """One published snapshot and what led to it. Nothing is decoded before it is asked for."""

    __slots__ = ("_life", "_reader", "at_ms", "number")

    def __init__(self, reader: Reader, number: int, life: int, at_ms: int) -> None:
        self._reader = reader
        self._life = life
        self.number = number
        """Among all frames of the recording."""
        self.at_ms = at_ms

    @property
    def life(self) -> Life:
        """The life that it belongs to."""
        return self._reader.lives[self._life]

    def snapshot(self) -> Snapshot:
        """What the screens were given; raises RecordingError."""
        return self._reader.snapshot(self.number)

    def inputs(self) -> tuple[Event, ...]:
        """The events that the core has taken since the frame before; raises RecordingError."""
        return self._reader.inputs(self.number)

    def tells(self) -> tuple[Mapping[str, Any], ...]:
        """The events that every listener was given since then; raises RecordingError."""
        return self._reader.tells(self.number)


def _holes(found: Contents) -> int:
    """How many there are, but for a torn tail."""
    return sum(not hole.is_tail for hole in found.holes)


class Reader:
    """A recording of one session."""

    def __init__(self, buffer: Buffer) -> None:
        """Raises RecordingError where this is no recording, or one that is not for this program.
        The frames are not looked at."""
        check_start(buffer)
        self._buffer = buffer
        self._contents = contents(buffer)
        self._players: dict[tuple[int, bool], Player] = {}
        self._divide()

    def refresh(self, buffer: Buffer) -> None:
        """Go on with a buffer that has more at its end: the engine still writes."""
        found = self._contents
        holes = _holes(found)
        self._buffer = buffer
        look_on(buffer, found)
        if len(found.entries) == self._divided:
            return
        if _holes(found) != holes or (self.lives and not self._is_counted):
            self._players = {}
            self._divide()
            return
        for player in self._players.values():
            player.grow(buffer)
        self._take_in(self._divided)

    # --- what there is ----------------------------------------------------------------------------

    @property
    def contents(self) -> Contents:
        """Where its records are, for whoever appends to it."""
        return self._contents

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return len(self._times)

    @property
    def span_ms(self) -> tuple[int, int]:
        """The times of the first and of the last record; (0, 0): there are none."""
        entries = self._contents.entries
        if not entries:
            return 0, 0
        return entries[0].at_ms, max(entries[-1].at_ms, 0, *(life.end_ms for life in self.lives))

    def _divide(self) -> None:
        """Divide all records into lives."""
        self.lives: list[Life] = []
        self._frames: list[Frames] = []
        self._heads: list[Head] = []
        self._times: list[int] = []
        self._events: list[Entry] = []
        self._totals: list[Entry] = []
        self._is_counted = True
        """Whether nothing is missing in the last life."""
        self._divided = 0
        """So many records are."""
        self._take_in(0)

    def _take_in(self, first: int) -> None:
        """Divide records from that one on: what was divided before stays as it is."""
        entries = self._contents.entries
        self._events.extend(entry for entry in entries[first:] if entry.kind == EVENT)
        self._totals.extend(entry for entry in entries[first:] if entry.kind == TOTALS)
        begins = [i for i in range(first, len(entries)) if entries[i].kind == HEADER]
        if self.lives and first < (begins or [len(entries)])[0]:
            self._go_on(entries[first : begins[0] if begins else len(entries)])
        ends = [*begins[1:], len(entries)][: len(begins)]
        for begin, end in zip(begins, ends, strict=True):
            self._begin(entries[begin:end])
        self._divided = len(entries)

    def _begin(self, records: Sequence[Entry]) -> None:
        """One more life. The first of its records is its header."""
        entry, until = records[0], records[-1].offset
        content, head, why_not = self._head(entry)
        holes = (hole.offset for hole in self._contents.holes)
        self._is_counted = not any(entry.offset < offset <= until for offset in holes)
        if why_not:
            frames = Frames()
        elif self._is_counted:
            frames = Frames.of(records)
        else:
            frames = Frames.asked(self._buffer, records, head.life)
        end_ms, count = max(entry.at_ms for entry in records), len(frames.entries)
        number, first = len(self.lives), len(self._times)
        self.lives.append(Life(number, entry.at_ms, end_ms, content, why_not, first, count))
        self._frames.append(frames)
        self._heads.append(head)
        self._time(frames, 0)

    def _go_on(self, records: Sequence[Entry]) -> None:
        """More records of the last life, in which nothing is missing."""
        life, frames = self.lives[-1], self._frames[-1]
        known = len(frames.entries)
        if not life.why_not:
            frames.count(records)
        end_ms = max(life.end_ms, *(entry.at_ms for entry in records))
        self.lives[-1] = replace(life, end_ms=end_ms, frames=len(frames.entries))
        self._time(frames, known)

    def _time(self, frames: Frames, known: int) -> None:
        """Times of the frames that are not `known` yet; they never fall."""
        for entry in islice(frames.entries, known, None):
            last = self._times[-1] if self._times else entry.at_ms
            self._times.append(max(last, entry.at_ms))

    def _head(self, entry: Entry) -> tuple[Mapping[str, Any], Head, str]:
        """A header's content, what of it concerns the stream, and why that cannot be read."""
        content: Any = {}
        try:
            content = json_value(unpack(payload_of(self._buffer, entry)))
            return content, read_head(content), ""
        except WireError as error:
            return content if isinstance(content, dict) else {}, Head(), str(error)

    def events(self) -> Iterator[Told]:
        """What was recorded outside of frames, oldest first; what is damaged is left out."""
        for entry in self._events:
            try:
                content = json_value(unpack(payload_of(self._buffer, entry)))
            except WireError:
                continue
            if isinstance(content, dict):
                yield Told(entry.at_ms, content)

    @property
    def blocks(self) -> int:
        """In how many records totals are told."""
        return len(self._totals)

    def totals(self, since: int = 0) -> list[Total]:
        """Every second, for a time line; no frame is decoded. What is damaged is left out. `since`:
        not those of so many records at the beginning."""
        found: list[Total] = []
        for entry in self._totals[since:]:
            try:
                found.extend(read_totals(payload_of(self._buffer, entry)))
            except WireError:
                continue
            if len(found) > MAX_TOTALS:
                raise RecordingError("more totals than a reader takes", offset=entry.offset)
        return found

    def gaps(self) -> list[Gap]:
        """Time of which nothing is known: between two lives, told by events, and lost records."""
        found: list[Gap] = []
        ended: set[int] = set()
        for told in self.events():
            content = told.content
            times = (content.get("from_ms"), content.get("to_ms"))
            if content.get("kind") == LIFE_ENDS:
                ended.add(told.at_ms)
            elif content.get("kind") == GAP and all(type(one) is int for one in times):
                found.append(Gap(*times, str(content.get("text", ""))))  # type: ignore[arg-type]
        for before, after in zip(self.lives, self.lives[1:], strict=False):
            why = "no engine was running" if before.end_ms in ended else "the engine was gone"
            told_why = after.head.get(WHY_GAP)
            found.append(Gap(before.end_ms, after.begin_ms, str(told_why or why)))
        found.extend(
            Gap(one.begin_ms, one.end_ms, one.why_not) for one in self.lives if one.why_not
        )
        found.extend(self._lost())
        return sorted(found, key=lambda gap: (gap.from_ms, gap.to_ms))

    def _lost(self) -> Iterator[Gap]:
        entries = self._contents.entries
        for hole in self._contents.holes:
            if hole.is_tail:
                continue
            after = bisect_right(entries, hole.offset, key=lambda entry: entry.offset)
            last_ms = entries[after - 1].at_ms if after else 0
            next_ms = entries[after].at_ms if after < len(entries) else last_ms
            size = hole.end - hole.offset
            yield Gap(last_ms, next_ms, f"{size} bytes at byte {hole.offset} are damaged")

    def damages(self) -> list[RecordingError]:
        """Every record that is not what it was: reads all of the recording."""
        found = [
            RecordingError("bytes that are no record", offset=hole.offset)
            for hole in self._contents.holes
        ]
        for entry in self._contents.entries:
            try:
                payload_of(self._buffer, entry)
            except RecordingError as error:
                found.append(error)
        return sorted(found, key=lambda error: error.offset)

    # --- frames -----------------------------------------------------------------------------------

    def frame(self, number: int) -> Frame:
        """The frame with that number; raises IndexError."""
        life, entry = self._entry(number)
        return Frame(self, number, life, entry.at_ms)

    def place_in_life(self, number: int) -> int:
        """Which of its life that frame is, from 0, by what it says of itself: later than its place
        among those that can be read where some before it are lost. Raises IndexError."""
        life, _ = self._entry(number)
        return self._frames[life].numbers[number - self.lives[life].first_frame]

    def at(self, at_ms: int) -> Frame | None:
        """The newest frame at that time or before; None: there is none."""
        number = bisect_right(self._times, at_ms) - 1
        return self.frame(number) if number >= 0 else None

    def step(self, frame: Frame, by: int) -> Frame | None:
        """The frame so many after another, or before it; None: there is none."""
        number = frame.number + by
        return self.frame(number) if 0 <= number < len(self._times) else None

    def walk(self, from_ms: int | None = None, to_ms: int | None = None) -> Iterator[Frame]:
        """Frames in order, from the one that was on the screens at `from_ms` to `to_ms`."""
        begin = 0 if from_ms is None else max(bisect_right(self._times, from_ms) - 1, 0)
        end = len(self._times) if to_ms is None else bisect_right(self._times, to_ms)
        for number in range(begin, end):
            yield self.frame(number)

    def snapshot(self, number: int) -> Snapshot:
        """See `Frame.snapshot`."""
        decoder, entry = self._go(number, inputs=False)
        try:
            return decoder.snapshot()
        except RecordingError:
            raise
        except WireError as error:
            raise RecordingError(str(error), offset=entry.offset, at_ms=entry.at_ms) from error

    def inputs(self, number: int) -> tuple[Event, ...]:
        """See `Frame.inputs`."""
        return self._go(number, inputs=True)[0].events

    def tells(self, number: int) -> tuple[Mapping[str, Any], ...]:
        """See `Frame.tells`."""
        return self._go(number, inputs=False)[0].tells

    def told(self, number: int) -> tuple[Mapping[str, Any], ...]:
        """The same, but nothing else is decoded and no other read is disturbed."""
        return frame_tells(payload_of(self._buffer, self._entry(number)[1]))

    def _entry(self, number: int) -> tuple[int, Entry]:
        """The number of a frame's life, and its record; raises IndexError."""
        if not 0 <= number < len(self._times):
            raise IndexError(number)
        life = bisect_right(self.lives, number, key=lambda one: one.first_frame) - 1
        return life, self._frames[life].entries[number - self.lives[life].first_frame]

    def _go(self, number: int, *, inputs: bool) -> tuple[StreamDecoder, Entry]:
        life, entry = self._entry(number)
        player = self._players.get((life, inputs))
        if player is None:
            self._players = {key: one for key, one in self._players.items() if key[1] != inputs}
            player = self._players[life, inputs] = Player(
                self._buffer, self._frames[life], self._heads[life], inputs=inputs
            )
        return player.go(number - self.lives[life].first_frame), entry
