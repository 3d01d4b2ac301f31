"""Records of a recording: a head with two checksums, and a payload. Never looks into a payload.

A recording begins with MAGIC and the number of the container. Each record is MARK, a byte of kind,
the payload's length, a time, the payload's CRC-32 and the CRC-32 of the head before it. MARK cannot
be part of a text in UTF-8: no text from a cluster can pass for a record.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, overload

from cockpit.wire.values import WireError

MAGIC: Final = b"\x89CKREC\r\n"
CONTAINER: Final = 1
_CONTAINER: Final = struct.Struct("<I")
START: Final = MAGIC + _CONTAINER.pack(CONTAINER)

HEADER, KEY, CHANGE, DELTA, EVENT, TOTALS, TABLE, INDEX = b"HKCDESPI"
KINDS: Final = frozenset(b"HKCDESPI")

MARK: Final = b"\xc5CK"
_HEAD: Final = struct.Struct("<3sBIqI")
_CHECK: Final = struct.Struct("<I")
HEAD_SIZE: Final = _HEAD.size + _CHECK.size
MAX_PAYLOAD: Final = 64 * 1024 * 1024


class Buffer(Protocol):
    """A recording's bytes: `bytes`, or an `mmap`."""

    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> bytes: ...
    def find(self, sub: bytes, start: int = ..., end: int = ...) -> int:
        """As of bytes."""

    def rfind(self, sub: bytes, start: int = ..., end: int = ...) -> int:
        """As of bytes."""


class RecordingError(WireError):
    """A recording cannot be read at a place."""

    def __init__(self, reason: str, *, offset: int, at_ms: int | None = None) -> None:
        when = "" if at_ms is None else f", at {at_ms} ms"
        super().__init__(f"the recording is damaged at byte {offset}{when}: {reason}")
        self.reason = reason
        self.offset = offset
        self.at_ms = at_ms


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a record is."""

    kind: int
    offset: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record whose head is sound."""

    kind: int
    offset: int
    at_ms: int
    length: int
    crc: int

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.offset + HEAD_SIZE + self.length


@dataclass(frozen=True, slots=True)
class Hole:
    """Bytes that are no records."""

    offset: int
    end: int
    is_tail: bool
    """Nothing comes after them: a record was being written."""


def record(kind: int, at_ms: int, payload: bytes) -> bytes:
    """One record."""
    if len(payload) > MAX_PAYLOAD:
        msg = f"a record of {len(payload)} bytes is over the limit of {MAX_PAYLOAD}"
        raise WireError(msg)
    head = _HEAD.pack(MARK, kind, len(payload), at_ms, zlib.crc32(payload))
    return head + _CHECK.pack(zlib.crc32(head)) + payload


def check_start(buffer: Buffer) -> None:
    """Raise RecordingError unless this is a recording of a kind that can be read."""
    start = buffer[: len(START)]
    if len(start) < len(START) or not start.startswith(MAGIC):
        raise RecordingError("this is no recording", offset=0)
    (number,) = _CONTAINER.unpack_from(start, len(MAGIC))
    if number != CONTAINER:
        reason = f"container {number}: this program reads container {CONTAINER}"
        raise RecordingError(reason, offset=0)


def head_at(buffer: Buffer, offset: int) -> Record | None:
    """The record that begins here, if its head is sound and all of it is there."""
    head = buffer[offset : offset + HEAD_SIZE]
    if len(head) < HEAD_SIZE:
        return None
    mark, kind, length, at_ms, crc = _HEAD.unpack_from(head)
    (check,) = _CHECK.unpack_from(head, _HEAD.size)
    if mark != MARK or kind not in KINDS or check != zlib.crc32(head[: _HEAD.size]):
        return None
    found = Record(kind, offset, at_ms, length, crc)
    return found if length <= MAX_PAYLOAD and found.end <= len(buffer) else None


def payload_of(buffer: Buffer, entry: Entry) -> bytes:
    """The payload of a record; raises RecordingError where it is not what it was."""
    found = head_at(buffer, entry.offset)
    if found is None or found.kind != entry.kind:
        raise RecordingError("no record here", offset=entry.offset, at_ms=entry.at_ms)
    payload = buffer[entry.offset + HEAD_SIZE : found.end]
    if zlib.crc32(payload) != found.crc:
        raise RecordingError("wrong checksum", offset=entry.offset, at_ms=entry.at_ms)
    return payload


def scan(buffer: Buffer, offset: int) -> Iterator[Record | Hole]:
    """Every record from `offset` on by its head, and what is between them. Payloads are not
    looked at."""
    size = len(buffer)
    while offset < size:
        if (found := head_at(buffer, offset)) is not None:
            yield found
            offset = found.end
            continue
        begin = offset
        while True:
            offset = buffer.find(MARK, offset + 1, size)
            if offset < 0 or head_at(buffer, offset) is not None:
                break
        yield Hole(begin, size if offset < 0 else offset, is_tail=offset < 0)
        if offset < 0:
            return
