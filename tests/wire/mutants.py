"""Recordings that somebody or something has changed, and what reading them may come to.

Allowed is a clear error with a place, or data that are those of the flight. Checksums are made
right again in half of the cases: then only the decoder stands between a mutant and the screen.
There no other data can be told from the flight's, so all that is asked for is an end: in an error
or a value, in bounded time and memory.
"""

from __future__ import annotations

import functools
import random
import zlib
from collections import Counter
from dataclasses import dataclass

from cockpit.core.snapshot import Snapshot
from cockpit.wire.recording import Reader
from cockpit.wire.records import HEAD_SIZE, START, Record, RecordingError, record, scan
from tests.wire.taping import differs


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed recording."""

    kind: str
    data: bytes
    sealed: bool
    """Whether its checksums are right."""


KINDS = ("flip", "cut", "drop", "swap", "double", "inflate", "zero", "splice", "number")


def mutant(whole: bytes, seed: int) -> Mutant:
    """The mutant of a seed."""
    rng = random.Random(seed)
    kind, sealed = KINDS[seed % len(KINDS)], bool(rng.getrandbits(1))
    found = [one for one in scan(whole, len(START)) if isinstance(one, Record)]
    parts = [(one.kind, one.at_ms, whole[one.offset + HEAD_SIZE : one.end]) for one in found]
    at, other = rng.randrange(len(parts)), rng.randrange(len(parts))
    if kind in ("cut", "splice"):
        return Mutant(kind, _bytes(kind, whole, rng), sealed=False)
    if kind == "drop":
        del parts[at : at + rng.choice((1, 1, 1, 5))]
    elif kind == "swap":
        parts[at], parts[other] = parts[other], parts[at]
    elif kind == "double":
        parts.insert(other, parts[at])
    elif not sealed:
        return Mutant(kind, _bytes(kind, whole, rng), sealed=False)
    else:
        record_kind, at_ms, payload = parts[at]
        parts[at] = (record_kind, at_ms, _payload(kind, payload, rng))
    return Mutant(kind, START + b"".join(record(*part) for part in parts), sealed)


def _bytes(kind: str, whole: bytes, rng: random.Random) -> bytes:
    """Bytes changed with no regard to records: checksums tell."""
    data = bytearray(whole)
    at = rng.randrange(len(data))
    length = rng.randrange(1, 400)
    if kind == "cut":
        return bytes(data[:at])
    if kind == "splice":
        other = rng.randrange(len(data))
        data[at : at + length] = data[other : other + rng.randrange(1, 400)]
    elif kind == "zero":
        data[at : at + length] = bytes(len(data[at : at + length]))
    elif kind == "inflate":
        found = [one for one in scan(whole, len(START)) if isinstance(one, Record)]
        head = rng.choice(found).offset
        data[head + 4 : head + 8] = rng.getrandbits(32).to_bytes(4, "little")
    else:
        for _ in range(rng.choice((1, 1, 3, 20))):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def _payload(kind: str, payload: bytes, rng: random.Random) -> bytes:
    """A payload whose body was changed and packed again as if it had always been so."""
    how, length = payload[0], int.from_bytes(payload[1:5], "little")
    body = bytearray(zlib.decompress(payload[5:]) if how else payload[5:])
    at = rng.randrange(len(body) + 1)
    if kind == "inflate":
        length = rng.choice((0, length * 1_000, 2**32 - 1, length + 1))
        bomb = _bomb(rng.choice((10, 1_000_000, 60_000_000)))
        return bytes([6]) + (length % 2**32).to_bytes(4, "little") + bomb
    if kind == "zero":
        del body[at : at + rng.randrange(1, 50)]
    elif kind == "number":
        body[at:at] = rng.choice((b"\xff\xff\xff\x7f", b"\xff" * 9 + b"\x01", b"\x80", b"\0"))
    else:
        for _ in range(rng.choice((1, 1, 4))):
            if body:
                body[rng.randrange(min(len(body), rng.choice((16, 400, len(body)))))] ^= (
                    1 << rng.randrange(8)
                )
    packed = zlib.compress(bytes(body), 1)
    return bytes([1]) + len(body).to_bytes(4, "little") + packed


@functools.cache
def _bomb(size: int) -> bytes:
    return zlib.compress(bytes(size), 1)


def read(
    one: Mutant, truth: dict[int, Snapshot], rng: random.Random, looks: int = 2
) -> Counter[str]:
    """Read it here and there; fails where it shows what was never there."""
    seen: Counter[str] = Counter()
    try:
        reader = Reader(one.data)
    except RecordingError:
        return Counter({"refused": 1})
    reader.gaps()
    reader.totals()
    reader.damages()
    assert reader.span_ms >= (0, 0)
    if not reader.frames:
        return Counter({"empty": 1})
    number = rng.randrange(reader.frames)
    frame = reader.frame(number)
    try:
        if rng.getrandbits(1):
            frame.inputs()
        snapshot = frame.snapshot()
    except RecordingError as error:
        if not 0 <= error.offset < len(one.data):
            raise
        seen["named"] += 1
        return seen
    seen["read"] += 1
    if one.kind in ("drop", "swap", "double") or not one.sealed:
        where = differs(truth[snapshot.seq], snapshot)
        assert not where, f"{one.kind}: frame {number} shows another {where}"
    return seen
