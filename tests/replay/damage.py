"""Recordings of which one record is damaged, and recordings of two lives."""

from __future__ import annotations

from cockpit.wire.recording import Frame, Reader, Told
from cockpit.wire.records import HEAD_SIZE, HEADER, START, Record, scan
from cockpit.wire.retelling import Begins, Rewriter, parts

FIRST, MIDDLE, LAST = 0.0, 0.5, 1.0


def records(data: bytes, kind: int) -> list[Record]:
    """The records of a kind, in order."""
    found = (one for one in scan(data, len(START)) if isinstance(one, Record))
    return [one for one in found if one.kind == kind]


def flipped(data: bytes, kind: int, where: float = FIRST, *, head: bool = False) -> bytes:
    """One byte of the first, the middle or the last record of a kind is another one: of its
    payload, or of its head, after which nobody knows that it was a record."""
    found = records(data, kind)
    one = found[round(where * (len(found) - 1))]
    at = one.offset + (5 if head else HEAD_SIZE + one.length // 2)
    return data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]


def of_two_lives(data: bytes) -> bytes:
    """The flight of a recording, recorded by one engine and once more by another."""
    writer, out = Rewriter(), b""
    for _ in range(2):
        for part in parts(Reader(data)):
            match part:
                case Begins(at_ms=at_ms, head=head):
                    out += writer.begin(at_ms, head)
                case Told(at_ms=at_ms, content=content):
                    out += writer.event(at_ms, content)
                case Frame():
                    out += writer.frame(part.inputs(), part.tells(), part.snapshot())
    out += writer.close()
    assert len(records(out, HEADER)) == 2
    return out
