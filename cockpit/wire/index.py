"""The index of a recording: where its records are, so that opening it reads little.

An index record tells the records since the index before it, and where that one is. It is believed
in nothing: each record is checked where it is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from cockpit.core.observe import I64
from cockpit.wire.binary import Cursor, pack, put_number, unpack
from cockpit.wire.records import (
    INDEX,
    KINDS,
    MARK,
    START,
    Buffer,
    Entry,
    Hole,
    RecordingError,
    head_at,
    payload_of,
    scan,
)
from cockpit.wire.residuals import from_planes, planes
from cockpit.wire.values import WireError

MAX_RECORDS = 1_000_000
_TRIES = 16


def write_index(entries: Sequence[Entry], before: int) -> bytes:
    """The payload of an index. `before`: where the index before it is; -1: there is none."""
    body = bytearray()
    put_number(body, before + 1)
    put_number(body, len(entries))
    body += bytes(entry.kind for entry in entries)
    for column in ([e.offset for e in entries], [e.at_ms for e in entries]):
        body += planes(np.array([b - a for a, b in pairwise([0, *column])], dtype=np.int64))
    return pack(body, 6)


def read_index(payload: bytes) -> tuple[int, list[Entry]]:
    """Where the index before is (-1: there is none), and the records since; raises WireError."""
    body = Cursor(unpack(payload))
    before, count = body.number() - 1, body.number()
    kinds = body.take(count)
    if not KINDS.issuperset(kinds):
        raise WireError("an index has records of a kind that is not known")
    offsets, times = (_summed(body, count) for _ in range(2))
    if not body.is_done() or (count and (offsets[0] < len(START) or (np.diff(offsets) < 1).any())):
        raise WireError("an index is not in order")
    rows = zip(kinds, offsets.tolist(), times.tolist(), strict=True)
    return before, [Entry(kind, offset, at_ms) for kind, offset, at_ms in rows]


def _summed(body: Cursor, count: int) -> I64:
    column: I64 = np.cumsum(from_planes(body.take(8 * count), count), dtype=np.int64)
    return column


class Contents:
    """All records of a recording, oldest first, and the holes that were seen."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.holes: list[Hole] = []
        self.last_index = -1
        """Where the newest index is; -1: there is none."""
        self.unindexed = 0
        """From which of `entries` on they are in no index."""
        self.end = 0
        """Where the last sound record ends: what is behind is a torn tail."""


def contents(buffer: Buffer) -> Contents:
    """Find every record: by the indexes as far as they go, else by looking for them. Raises
    RecordingError where there are more than a reader takes."""
    found = Contents()
    begin = len(START)
    for offset in _indexes(buffer):
        try:
            entries = _chain(buffer, offset)
        except WireError:
            continue
        head = head_at(buffer, offset)
        if head is None:
            continue
        found.entries, found.last_index, begin = entries, offset, head.end
        break
    found.unindexed = len(found.entries)
    found.end = begin
    look_on(buffer, found)
    if begin == len(START):
        found.last_index, found.unindexed = -1, 0  # the indexes that there are lead nowhere
    return found


def look_on(buffer: Buffer, found: Contents) -> None:
    """Find what has been appended since."""
    while found.holes and found.holes[-1].is_tail:
        found.holes.pop()
    for one in scan(buffer, found.end):
        if isinstance(one, Hole):
            found.holes.append(one)
            continue
        found.end = one.end
        if one.kind == INDEX:
            found.last_index, found.unindexed = one.offset, len(found.entries)
            continue
        found.entries.append(Entry(one.kind, one.offset, one.at_ms))
        if len(found.entries) > MAX_RECORDS:
            raise RecordingError("more records than a reader takes", offset=one.offset)


def _indexes(buffer: Buffer) -> Iterator[int]:
    """Where indexes seem to be, the last first; what is before one is not looked at unless the next
    is asked for."""
    mark, end = MARK + bytes([INDEX]), len(buffer)
    for _ in range(_TRIES):
        end = buffer.rfind(mark, len(START), end)
        if end < 0:
            break
        yield end


def _chain(buffer: Buffer, offset: int) -> list[Entry]:
    """The records before an index, by all indexes; raises WireError."""
    parts: list[list[Entry]] = []
    count = 0
    while offset >= 0:
        before, entries = read_index(payload_of(buffer, Entry(INDEX, offset, 0)))
        if before >= offset or (entries and entries[-1].offset >= offset):
            raise WireError("an index points forward")
        if entries and entries[0].offset <= before:
            raise WireError("an index has records of the one before it")
        count += len(entries)
        if count > MAX_RECORDS:
            raise WireError("more records than a reader takes")
        parts.append(entries)
        offset = before
    return [entry for entries in reversed(parts) for entry in entries]
