"""Goes to any frame of one life of a recording, by the nearest way. Never goes past damage."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from cockpit.wire.binary import Cursor, unpack_begin
from cockpit.wire.decoder import StreamDecoder
from cockpit.wire.records import (
    CHANGE,
    DELTA,
    KEY,
    TABLE,
    Buffer,
    Entry,
    RecordingError,
    payload_of,
)
from cockpit.wire.state import Head
from cockpit.wire.tables import Names, TableShelf, read_table
from cockpit.wire.values import WireError

_LOADING: Final = 8
"""To begin at a sync point takes about as long as so many frames."""
_BEGIN: Final = 32
"""So many bytes have the first three numbers of a body."""


@dataclass(frozen=True, slots=True)
class Sync:
    """A sync point. `frames` is how many frames come before it."""

    frames: int
    entry: Entry
    key: int
    """Of a C record the frames before its K record; of a K record -1."""


@dataclass(slots=True)
class Frames:
    """Where the frames, tables and sync points of one life are, each in order."""

    entries: list[Entry] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    """The number of each frame in its life: without a gap unless records are lost."""
    tables: list[Entry] = field(default_factory=list)
    syncs: list[Sync] = field(default_factory=list)
    keys: dict[int, Entry] = field(default_factory=dict)
    """K records by the frames before them."""
    newest_key: int = -1
    """How many frames come before the last of them; -1: there is none."""

    @staticmethod
    def of(records: Sequence[Entry]) -> Frames:
        """By counting: nothing is missing among these records."""
        found = Frames()
        found.count(records)
        return found

    def count(self, records: Sequence[Entry]) -> None:
        """Take in more, among which nothing is missing either."""
        for entry in records:
            if entry.kind == DELTA:
                self.numbers.append(len(self.entries))
                self.entries.append(entry)
            elif entry.kind == TABLE:
                self.tables.append(entry)
            elif entry.kind == KEY:
                self.newest_key = len(self.entries)
                self._sync(Sync(self.newest_key, entry, -1))
            elif entry.kind == CHANGE and self.newest_key >= 0:
                self._sync(Sync(len(self.entries), entry, self.newest_key))

    @staticmethod
    def asked(buffer: Buffer, records: Sequence[Entry], life: int) -> Frames:
        """By what each record says of itself: others are lost. Those that cannot be read, or that
        belong to a life whose header is lost, are left out."""
        found = Frames()
        for entry in records:
            if entry.kind == TABLE:
                found.tables.append(entry)
            if entry.kind not in (DELTA, KEY, CHANGE):
                continue
            try:
                whose, number, second = first_numbers(payload_of(buffer, entry))
            except WireError:
                continue
            if whose != life:
                continue
            if entry.kind != DELTA:
                found._sync(Sync(number, entry, -1 if entry.kind == KEY else second))
            elif not found.numbers or number > found.numbers[-1]:
                found.numbers.append(number)
                found.entries.append(entry)
        found.syncs.sort(key=lambda one: one.frames)
        return found

    def _sync(self, sync: Sync) -> None:
        self.syncs.append(sync)
        if sync.key < 0:
            self.keys[sync.frames] = sync.entry


def first_numbers(payload: bytes) -> tuple[int, int, int]:
    """The first three numbers of a body; raises WireError."""
    begin = Cursor(unpack_begin(payload, _BEGIN))
    return begin.number(), begin.number(), begin.number()


class Player:
    """One decoder that is moved over the frames of a life."""

    def __init__(self, buffer: Buffer, frames: Frames, head: Head, *, inputs: bool) -> None:
        self._buffer = buffer
        self._frames = frames
        self._head = head
        self._inputs = inputs
        self._shelf = TableShelf(self._table)
        self._decoder: StreamDecoder | None = None
        self._began = 0
        """How many frames came before the first that the decoder has read whole."""
        self._since = 0
        """How many came before the first whose samples it has."""
        self._lost: set[int] = set()
        """Sync points that cannot be read, by the offset of their record."""

    def grow(self, buffer: Buffer) -> None:
        """Go on with a buffer that has more at its end; the frames know of it already."""
        self._buffer = buffer

    def go(self, index: int) -> StreamDecoder:
        """The decoder as one of the frames leaves it; raises RecordingError."""
        frames = self._frames
        entry, number = frames.entries[index], frames.numbers[index]
        if self._decoder is not None and self._decoder.frames == number + 1:
            return self._decoder
        try:
            reach = first_numbers(payload_of(self._buffer, entry))[2]
        except RecordingError:
            raise
        except WireError as error:
            raise _broken(error, entry) from error
        if reach > number:
            raise RecordingError(
                "it refers to before its beginning", offset=entry.offset, at_ms=entry.at_ms
            )
        decoder = self._ready(number - reach, number)
        for i in range(bisect_left(frames.numbers, decoder.frames), index + 1):
            self._step(decoder, frames.numbers[i], frames.entries[i])
        return decoder

    def _ready(self, first: int, number: int) -> StreamDecoder:
        """A decoder that can go on to a frame from where it is, and has all samples from `first`
        on: the one at hand, one at the last sync point before the frame, to which the samples of
        frames before that point are told; else one at the last sync point before `first`."""
        decoder, late = self._decoder, None if self._inputs else self._nearest(number)
        if decoder is not None and self._since <= first and decoder.frames <= number:
            is_far = late is not None and late.frames - decoder.frames > _LOADING
            sync = self._nearest(first)
            if not is_far and (sync is None or sync.frames <= decoder.frames):
                return decoder
        if late is not None and late.frames > first:
            with suppress(WireError):
                return self._looking_back(late, first)
        return self._begin(self._nearest(first), first)

    def _looking_back(self, sync: Sync, first: int) -> StreamDecoder:
        """A decoder at a sync point that has the samples from `first` on; raises WireError where
        that cannot be."""
        frames = self._frames
        begin = bisect_left(frames.numbers, first)
        end = bisect_left(frames.numbers, sync.frames)
        if frames.numbers[begin:end] != list(range(first, sync.frames)):
            raise WireError("frames are lost")
        self._decoder = None
        decoder = StreamDecoder(self._shelf, self._head)
        self._load(decoder, sync)
        for entry in frames.entries[begin:end]:
            decoder.remember(payload_of(self._buffer, entry))
        self._decoder, self._began, self._since = decoder, sync.frames, first
        return decoder

    def _nearest(self, first: int) -> Sync | None:
        """The last sync point that comes before that frame and can be read."""
        syncs = self._frames.syncs
        for i in range(bisect_right(syncs, first, key=lambda one: one.frames) - 1, -1, -1):
            if syncs[i].entry.offset not in self._lost:
                return syncs[i]
        return None

    def _begin(self, sync: Sync | None, first: int) -> StreamDecoder:
        """A decoder at a sync point, or at one before it where it cannot be read."""
        self._decoder = None
        while True:
            decoder = StreamDecoder(self._shelf, self._head, inputs=self._inputs)
            if sync is not None:
                try:
                    self._load(decoder, sync)
                except WireError:
                    self._lost.add(sync.entry.offset)
                    sync = self._nearest(first)
                    continue
            self._decoder, self._began, self._since = decoder, decoder.frames, decoder.frames
            return decoder

    def _load(self, decoder: StreamDecoder, sync: Sync) -> None:
        payload = payload_of(self._buffer, sync.entry)
        if sync.key < 0:
            decoder.load(payload)
        elif (key := self._frames.keys.get(sync.key)) is None:
            raise WireError("its key frame is lost")
        else:
            decoder.load(payload_of(self._buffer, key), payload)
        if decoder.frames != sync.frames:
            raise WireError("frames before it are lost")

    def _step(self, decoder: StreamDecoder, number: int, entry: Entry) -> None:
        """Read one frame; a key frame before it puts the rows in another order."""
        key = self._frames.keys.get(number)
        try:
            if key is not None and number > self._began:
                decoder.reorder(payload_of(self._buffer, key))
            decoder.frame(payload_of(self._buffer, entry))
        except RecordingError:
            self._decoder = None
            raise
        except WireError as error:
            self._decoder = None
            raise _broken(error, entry) from error

    def _table(self, number: int) -> Names:
        """The rows of a table. Tables are told in the order of their numbers."""
        tables = self._frames.tables
        likely = tables[number : number + 1]
        for entry in (*likely, *tables):
            try:
                found, names = read_table(payload_of(self._buffer, entry), self._head.life)
            except WireError:
                continue
            if found == number:
                return names
        msg = f"table {number} is lost"
        raise WireError(msg)


def _broken(error: WireError, entry: Entry) -> RecordingError:
    return RecordingError(str(error), offset=entry.offset, at_ms=entry.at_ms)
