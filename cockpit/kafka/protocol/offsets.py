"""ListOffsets: where logs begin and end, decoded as columns since it runs each second.

Never asks for a partition twice in one request: a broker refuses both.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cockpit.core.observe import I64, TopicPartition
from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.layout import Decoded, Learner, gather, spread
from cockpit.kafka.protocol.request import Api, Request

LIST_OFFSETS: Final = Api(2, "ListOffsets", 0, 9, flexible_from=6)

LATEST: Final = -1
EARLIEST: Final = -2

CONSUMER: Final = -1
"""Replica id of a client: the high watermark, or the last stable offset if committed only."""
DEBUGGER: Final = -2
"""Replica id that is shown the log end, unreplicated records included."""

_ERROR: Final = 4
_TIMESTAMP: Final = 6
_OFFSET: Final = 14
"""Where these are in the entry of a partition; it begins with the partition's number."""


@dataclass(frozen=True, slots=True, eq=False)
class OffsetsShape:
    """Everything in a reply but the offsets: topics, and columns over all their partitions."""

    topics: tuple[str, ...]
    counts: I64
    """Number of entries of each topic."""
    partitions: I64
    errors: I64


@dataclass(frozen=True, slots=True, eq=False)
class OffsetColumns:
    """A whole reply; `offsets` is aligned to the columns of `shape`, -1 where there is none.

    `shape` is the same object from reply to reply while nothing but offsets changes.
    """

    shape: OffsetsShape
    offsets: I64


@dataclass(frozen=True, slots=True)
class TopicOffsets:
    """Columns of one topic: partition, error code, offset (-1 where there is none)."""

    topic: str
    partitions: I64
    errors: I64
    offsets: I64


def list_offsets(
    wanted: Mapping[str, Sequence[int]],
    timestamp_ms: int,
    *,
    replica_id: int = CONSUMER,
    committed_only: bool = False,
) -> Request[tuple[TopicOffsets, ...]]:
    """Offset of the first record at or after a time, or LATEST or EARLIEST, of each partition.

    `wanted` has partition numbers by topic, all led by the broker that is asked.
    """
    exact = {(t, p): timestamp_ms for t, partitions in wanted.items() for p in partitions}
    return list_offsets_at(exact, replica_id=replica_id, committed_only=committed_only)


def list_offsets_at(
    timestamps_ms: Mapping[TopicPartition, int],
    *,
    replica_id: int = CONSUMER,
    committed_only: bool = False,
) -> Request[tuple[TopicOffsets, ...]]:
    """As `list_offsets`, with a time for each partition."""
    by_topic: dict[str, list[tuple[int, int]]] = {}
    for (topic, partition), timestamp in timestamps_ms.items():
        by_topic.setdefault(topic, []).append((partition, timestamp))
    write = _writer(by_topic, replica_id, committed_only=committed_only)
    # Version 0 knows no time but that of whole segments.
    since = 2 if committed_only else int(any(t >= 0 for t in timestamps_ms.values()))
    return Request(LIST_OFFSETS, write, _by_topic, since=since)


def offset_columns(
    wanted: Mapping[str, Sequence[int]], timestamp_ms: int
) -> Request[OffsetColumns]:
    """As `list_offsets`, for a request that is made again and again: it learns the reply's layout.

    LATEST is then the high watermark.
    """
    learner = Learner(_decode)

    def read(r: Reader, version: int) -> OffsetColumns:
        return _oldest(r) if version == 0 else OffsetColumns(*learner.read(r, version))

    by_topic = {topic: [(p, timestamp_ms) for p in numbers] for topic, numbers in wanted.items()}
    return Request(LIST_OFFSETS, _writer(by_topic, CONSUMER, committed_only=False), read)


def _writer(
    by_topic: Mapping[str, Sequence[tuple[int, int]]], replica_id: int, *, committed_only: bool
) -> Callable[[Writer, int], None]:
    """Writes partitions and their times, by topic."""

    def write(w: Writer, version: int) -> None:
        w.int32(replica_id)
        if version >= 2:
            w.int8(1 if committed_only else 0)
        w.count(len(by_topic))
        if version == 0:
            _write_oldest(w, by_topic)
            return
        entry = struct.Struct(">i" + ("i" if version >= 4 else "") + "q" + ("x" * w.flexible))
        epoch = (-1,) if version >= 4 else ()
        for topic, items in by_topic.items():
            w.string(topic)
            w.count(len(items))
            w.raw(b"".join([entry.pack(p, *epoch, timestamp) for p, timestamp in items]))
            w.end_struct()
        w.end_struct()

    return write


def _write_oldest(w: Writer, by_topic: Mapping[str, Sequence[tuple[int, int]]]) -> None:
    """Entries of version 0: at most one offset of each partition is wanted."""
    for topic, items in by_topic.items():
        w.string(topic)
        w.count(len(items))
        w.raw(b"".join([struct.pack(">iqi", p, timestamp, 1) for p, timestamp in items]))


def _oldest(r: Reader) -> OffsetColumns:
    """A reply of version 0: an array of offsets for each partition, empty where there is none."""
    topics: list[str] = []
    counts: list[int] = []
    rows: list[tuple[int, int, int]] = []
    for _ in range(r.count()):
        topics.append(r.string())
        counts.append(r.count())
        for _ in range(counts[-1]):
            partition, error = r.int32(), r.int16()
            offsets = r.array(r.int64)
            rows.append((partition, error, offsets[0] if offsets else -1))
    partitions, errors, found = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    shape = OffsetsShape(tuple(topics), np.array(counts, dtype=np.int64), partitions, errors)
    return OffsetColumns(shape, found)


def _by_topic(r: Reader, version: int) -> tuple[TopicOffsets, ...]:
    if version == 0:
        oldest = _oldest(r)
        shape, offsets = oldest.shape, oldest.offsets
    else:
        decoded = _decode(r, version)
        shape, offsets = decoded.shape, gather(r.data, decoded.at, ">i8")
    found: list[TopicOffsets] = []
    begin = 0
    for topic, count in zip(shape.topics, shape.counts.tolist(), strict=True):
        rows = slice(begin, begin + count)
        columns = (shape.partitions[rows], shape.errors[rows], offsets[rows])
        found.append(TopicOffsets(topic, *columns))
        begin += count
    return tuple(found)


def _decode(r: Reader, version: int) -> Decoded[OffsetsShape]:
    """The reply in any order, of any size."""
    throttle = 4 if version >= 2 else 0
    r.skip(throttle)
    size = _OFFSET + 8 + (4 if version >= 4 else 0)
    topics: list[str] = []
    counts: list[int] = []
    runs: list[tuple[int, int]] = []
    """Where the first entry is and how many follow without a gap."""
    for _ in range(r.count()):
        topics.append(r.string())
        count = r.count()
        counts.append(count)
        runs.extend(_entries(r, size, count))
        r.end_struct()
    firsts, sizes = np.array(runs, dtype=np.int64).reshape(-1, 2).T
    entries = spread(firsts, sizes, size + r.flexible)
    return Decoded(
        OffsetsShape(
            tuple(topics),
            np.array(counts, dtype=np.int64),
            gather(r.data, entries, ">i4"),
            gather(r.data, entries + _ERROR, ">i2"),
        ),
        entries + _OFFSET,
        np.concatenate([[0], entries + _TIMESTAMP]),
        np.concatenate([[throttle], np.full(len(entries), size - _TIMESTAMP, dtype=np.int64)]),
    )


def _entries(r: Reader, size: int, count: int) -> list[tuple[int, int]]:
    """Passes over a topic's entries; they are in one run unless tagged fields lie between."""
    first, stride = r.pos, size + r.flexible
    end = first + count * stride
    if end <= len(r.data) and (
        not r.flexible or r.data[first + size : end : stride].count(0) == count
    ):
        r.pos = end
        return [(first, count)]
    runs: list[tuple[int, int]] = []
    for _ in range(count):
        runs.append((r.pos, 1))
        r.skip(size)
        r.end_struct()
    return runs
