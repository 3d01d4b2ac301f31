"""The few pieces of Kafka's protocol that the link's stand-in takes apart: bytes in, bytes out.

Never opens a connection. Only versions without tagged fields are understood; `offered` sees to it
that clients use no others.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

PRODUCE: Final = 0
METADATA: Final = 3
API_VERSIONS: Final = 18
_HIGHEST: Final = {PRODUCE: 7, METADATA: 8, API_VERSIONS: 2}
"""Newest versions whose form is the plain one (KIP-482 has changed the later ones)."""
_LEFT_OUT: Final = frozenset({22, 24, 25, 26, 28, 60})
"""InitProducerId and transactions: an id that the target has given means somebody else on the
source. DescribeCluster: it would tell the brokers' own addresses."""
_UNSUPPORTED_VERSION: Final = 35
_BATCH_HEAD: Final = struct.Struct(">qiibIhi")
_TRANSACTIONAL, _CONTROL = 0x10, 0x20


class WireError(Exception):
    """Bytes that are not what they should be, or of a form that is not understood here."""


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a request: what it asks for, and where its body begins."""

    api: int
    version: int
    correlation: int
    body_at: int


def head_of(frame: bytes) -> Head:
    """The head of a request. Raises WireError."""
    try:
        api, version, correlation, size = struct.unpack_from(">hhih", frame)
    except struct.error as error:
        raise WireError("a request without a head") from error
    return Head(api, version, correlation, 10 + max(size, 0))


def _text(data: bytes, at: int) -> tuple[str | None, int]:
    (size,) = struct.unpack_from(">h", data, at)
    if size < 0:
        return None, at + 2
    return data[at + 2 : at + 2 + size].decode(), at + 2 + size


def _text_bytes(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">h", len(raw)) + raw


@dataclass(frozen=True, slots=True)
class Produce:
    """A request to write. `topics` are the bytes of each topic's part as they came."""

    preamble: bytes
    """Head and everything before the topics."""
    acks: int
    topics: Mapping[str, bytes]

    def part(self, wanted: Callable[[str], bool]) -> bytes:
        """The same request with only those topics that are wanted; empty: none is."""
        chosen = [raw for name, raw in self.topics.items() if wanted(name)]
        if not chosen:
            return b""
        return self.preamble + struct.pack(">i", len(chosen)) + b"".join(chosen)


def produce_of(frame: bytes, head: Head) -> Produce:
    """A Produce request of version 3 to 7, taken apart. Raises WireError."""
    if not 3 <= head.version <= _HIGHEST[PRODUCE]:
        raise WireError(f"Produce of version {head.version}")
    try:
        transactional, at = _text(frame, head.body_at)
        if transactional is not None:
            raise WireError("a transactional producer: the stand-in takes none")
        acks, _timeout_ms, count = struct.unpack_from(">hii", frame, at)
        preamble, at = frame[: at + 6], at + 10
        topics: dict[str, bytes] = {}
        for _ in range(count):
            begin = at
            name, at = _text(frame, at)
            (partitions,) = struct.unpack_from(">i", frame, at)
            at += 4
            for _ in range(partitions):
                (size,) = struct.unpack_from(">i", frame, at + 4)
                at += 8 + max(size, 0)
            topics[name or ""] = frame[begin:at]
    except (struct.error, UnicodeDecodeError) as error:
        raise WireError("a Produce request that cannot be read") from error
    if at != len(frame):
        raise WireError("a Produce request with bytes left over")
    return Produce(preamble, acks, topics)


def merged(replies: list[bytes]) -> bytes:
    """One answer to a Produce request that was sent in parts."""
    if len(replies) == 1:
        return replies[0]
    counts = [struct.unpack_from(">i", reply, 4)[0] for reply in replies]
    bodies = b"".join(reply[8:-4] for reply in replies)
    return replies[0][:4] + struct.pack(">i", sum(counts)) + bodies + replies[0][-4:]


def redirected(reply: bytes, version: int, host: str, port: int) -> bytes:
    """An answer to Metadata in which every broker is at this address. Raises WireError."""
    if version > _HIGHEST[METADATA]:
        raise WireError(f"Metadata of version {version}")
    try:
        at = 8 if version >= 3 else 4
        (count,) = struct.unpack_from(">i", reply, at)
        out = [reply[: at + 4]]
        at += 4
        for _ in range(count):
            node = reply[at : at + 4]
            _, at = _text(reply, at + 4)
            at += 4
            begin = at
            if version >= 1:
                _, at = _text(reply, at)
            out.append(node + _text_bytes(host) + struct.pack(">i", port) + reply[begin:at])
    except (struct.error, UnicodeDecodeError) as error:
        raise WireError("an answer to Metadata that cannot be read") from error
    return b"".join(out) + reply[at:]


def offered(target: bytes, head: Head) -> bytes:
    """The answer to ApiVersions, made of the target's own one (version 0): less than that, so that
    both clusters and the stand-in understand whatever a client sends."""
    rows = [
        (api, low, min(high, _HIGHEST.get(api, high)))
        for api, low, high in struct.iter_unpack(">hhh", target[10:])
        if api not in _LEFT_OUT
    ]
    too_new = head.version > _HIGHEST[API_VERSIONS]
    error = _UNSUPPORTED_VERSION if too_new else 0
    body = struct.pack(">ihi", head.correlation, error, len(rows))
    body += b"".join(struct.pack(">hhh", *row) for row in rows)
    return body if too_new or head.version == 0 else body + struct.pack(">i", 0)


API_VERSIONS_REQUEST: Final = struct.pack(">hhih", API_VERSIONS, 0, 0, -1)
"""Asks a broker what it understands, in the oldest form."""


@dataclass(frozen=True, slots=True)
class Batch:
    """One record batch as it is on disk."""

    base: int
    last: int
    """Offsets of its first and last record."""
    raw: bytes
    odd: str
    """Why it cannot be copied; empty: it can."""

    def unplaced(self) -> bytes:
        """As a broker takes it from a client: it gives the offset itself. The checksum begins
        behind it."""
        return bytes(8) + self.raw[8:]


def batches(raw: bytes) -> Iterator[Batch]:
    """The whole batches of a fetched piece of a log; a last one that is cut off is left out."""
    at = 0
    while at + 61 <= len(raw):
        base, size, _epoch, magic, _crc, attributes, delta = _BATCH_HEAD.unpack_from(raw, at)
        end = at + 12 + size
        if end > len(raw):
            return
        odd = ""
        if magic != 2:
            odd = f"records of format {magic}"
        elif attributes & (_TRANSACTIONAL | _CONTROL):
            odd = "records of a transaction"
        yield Batch(base, base + delta, raw[at:end], odd)
        at = end
