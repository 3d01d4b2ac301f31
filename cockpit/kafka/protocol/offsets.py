"""ListOffsets: where logs begin and end, decoded as columns since it runs each second.

Never asks for a partition twice in one request: a broker refuses both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cockpit.core.observe import I64, TopicPartition
from cockpit.kafka.protocol.codec import DecodeError, Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

LIST_OFFSETS: Final = Api(2, "ListOffsets", 1, 9, flexible_from=6)

LATEST: Final = -1
EARLIEST: Final = -2

CONSUMER: Final = -1
"""Replica id of a client: the high watermark, or the last stable offset if committed only."""
DEBUGGER: Final = -2
"""Replica id that is shown the log end, unreplicated records included."""

_COLUMNS = [("partition", ">i4"), ("error", ">i2"), ("timestamp", ">i8"), ("offset", ">i8")]
_EPOCH = [("epoch", ">i4")]
_TAGS = [("tags", "u1")]


def _layout(version: int) -> np.dtype[Any]:
    columns = _COLUMNS + (_EPOCH if version >= 4 else []) + (_TAGS if version >= 6 else [])
    return np.dtype(columns)


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

    def write(w: Writer, version: int) -> None:
        w.int32(replica_id)
        if version >= 2:
            w.int8(1 if committed_only else 0)
        w.count(len(by_topic))
        for topic, items in by_topic.items():
            w.string(topic)
            w.count(len(items))
            for partition, timestamp in items:
                w.int32(partition)
                if version >= 4:
                    w.int32(-1)
                w.int64(timestamp)
                w.end_struct()
            w.end_struct()
        w.end_struct()

    return Request(LIST_OFFSETS, write, _read, since=2 if committed_only else 1)


def _read(r: Reader, version: int) -> tuple[TopicOffsets, ...]:
    if version >= 2:
        r.int32()
    layout = _layout(version)
    return tuple(r.array(lambda: _topic(r, layout)))


def _topic(r: Reader, layout: np.dtype[Any]) -> TopicOffsets:
    topic, count = r.string(), r.count()
    rows: NDArray[Any] = np.frombuffer(r.take(count * layout.itemsize), dtype=layout)
    if "tags" in (layout.names or ()) and rows["tags"].any():
        raise DecodeError("ListOffsets: tagged fields where none are known")
    r.end_struct()
    return TopicOffsets(
        topic,
        rows["partition"].astype(np.int64),
        rows["error"].astype(np.int64),
        rows["offset"].astype(np.int64),
    )
