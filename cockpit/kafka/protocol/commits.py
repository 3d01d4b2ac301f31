"""OffsetFetch, OffsetCommit and OffsetDelete: what groups have committed.

Never joins a group: commits are made as nobody (generation -1), which a group with members refuses.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cockpit.core.observe import TopicPartition
from cockpit.kafka.protocol.codec import DecodeError, Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

OFFSET_FETCH: Final = Api(9, "OffsetFetch", 2, 9, flexible_from=6)
OFFSET_COMMIT: Final = Api(8, "OffsetCommit", 2, 9, flexible_from=8)
OFFSET_DELETE: Final = Api(47, "OffsetDelete", 0, 0)

MANY_GROUPS_SINCE: Final = 8
STABLE_SINCE: Final = 7

PartitionErrors = tuple[tuple[TopicPartition, int], ...]


@dataclass(frozen=True, slots=True)
class GroupCommits:
    """Commits of one group. `error` is the group's error code, `failed` those of partitions."""

    group: str
    error: int
    keys: tuple[TopicPartition, ...]
    offsets: tuple[int, ...]
    failed: PartitionErrors


def fetch_commits(
    groups: Sequence[str], *, stable: bool = False
) -> Request[tuple[GroupCommits, ...]]:
    """All commits of these groups; more than one group needs brokers from 3.0 on.

    With `stable` a partition whose commit hangs in an open transaction answers an error (where
    the broker knows how to, from 2.5 on).
    """
    names = tuple(groups)

    def write(w: Writer, version: int) -> None:
        if version < MANY_GROUPS_SINCE:
            w.string(names[0])
            w.count(None)
        else:
            w.count(len(names))
            for name in names:
                w.string(name)
                if version >= 9:
                    w.string(None)
                    w.int32(-1)
                w.count(None)
                w.end_struct()
        if version >= STABLE_SINCE:
            w.boolean(stable)
        w.end_struct()

    def read(r: Reader, version: int) -> tuple[GroupCommits, ...]:
        if version >= 3:
            r.int32()
        if version >= MANY_GROUPS_SINCE:
            return tuple(r.array(lambda: _group(r, version, r.string())))
        return (_group(r, version, names[0]),)

    since = MANY_GROUPS_SINCE if len(names) > 1 else OFFSET_FETCH.lowest
    return Request(OFFSET_FETCH, write, read, since=since)


_HEAD_PLAIN = struct.Struct(">iq")
_HEAD_EPOCH = struct.Struct(">iqi")
_INT16 = struct.Struct(">h")


def _group(r: Reader, version: int, group: str) -> GroupCommits:
    keys: list[TopicPartition] = []
    offsets: list[int] = []
    failed: list[tuple[TopicPartition, int]] = []
    for _ in range(r.count()):
        topic = r.string()
        partitions, places, errors = _alike(r) or _one_by_one(r, version)
        if min(places, default=0) >= 0 and not any(errors):
            keys.extend((topic, partition) for partition in partitions)
            offsets.extend(places)
        else:
            for partition, offset, error in zip(partitions, places, errors, strict=True):
                if error:
                    failed.append(((topic, partition), error))
                elif offset >= 0:
                    keys.append((topic, partition))
                    offsets.append(offset)
        r.end_struct()
    error = r.int16()
    r.end_struct()
    return GroupCommits(group, error, tuple(keys), tuple(offsets), tuple(failed))


_Columns = tuple[list[int], list[int], list[int]]
"""Partitions, offsets and error codes."""


@cache
def _layout(metadata_size: int) -> np.dtype[Any]:
    """An entry of the flexible encoding whose metadata has this size, length byte included."""
    return np.dtype(
        [
            ("partition", ">i4"),
            ("offset", ">i8"),
            ("epoch", ">i4"),
            ("length", "u1"),
            ("metadata", f"V{metadata_size - 1}"),
            ("error", ">i2"),
            ("tags", "u1"),
        ]
    )


def _alike(r: Reader) -> _Columns | None:
    """Entries that are all of one size, in one step: the usual case, and this runs hot.

    None, with nothing read, where they are not.
    """
    begin = r.pos
    count = r.count()
    first_length = r.pos + _HEAD_EPOCH.size
    if r.flexible and count and first_length < len(r.data) and r.data[first_length] < 0x80:
        length = r.data[first_length]
        layout = _layout(max(length, 1))
        if count * layout.itemsize <= len(r.data) - r.pos:
            rows: NDArray[Any] = np.frombuffer(r.data, layout, count, r.pos)
            if (rows["length"] == length).all() and not rows["tags"].any():
                r.pos += count * layout.itemsize
                return rows["partition"].tolist(), rows["offset"].tolist(), rows["error"].tolist()
    r.pos = begin
    return None


def _one_by_one(r: Reader, version: int) -> _Columns:
    head = _HEAD_EPOCH if version >= 5 else _HEAD_PLAIN
    partitions: list[int] = []
    offsets: list[int] = []
    errors: list[int] = []
    try:
        for _ in range(r.count()):
            partition, offset = head.unpack_from(r.data, r.pos)[:2]
            r.pos += head.size
            r.optional_string()
            (error,) = _INT16.unpack_from(r.data, r.pos)
            r.pos += _INT16.size
            r.end_struct()
            partitions.append(partition)
            offsets.append(offset)
            errors.append(error)
    except struct.error:
        raise DecodeError("OffsetFetch: reply ends within a partition") from None
    return partitions, offsets, errors


def commit(
    group: str, offsets: Iterable[tuple[TopicPartition, int]], metadata: str
) -> Request[PartitionErrors]:
    """Commit for a group without members; answers an error code for each partition."""
    by_topic = _by_topic(offsets)

    def write(w: Writer, version: int) -> None:
        w.string(group)
        w.int32(-1)
        w.string("")
        if version >= 7:
            w.string(None)
        if version <= 4:
            w.int64(-1)
        w.count(len(by_topic))
        for topic, items in by_topic.items():
            w.string(topic)
            w.count(len(items))
            for partition, offset in items:
                w.int32(partition)
                w.int64(offset)
                if version >= 6:
                    w.int32(-1)
                w.string(metadata)
                w.end_struct()
            w.end_struct()
        w.end_struct()

    def read(r: Reader, version: int) -> PartitionErrors:
        if version >= 3:
            r.int32()
        return _partition_errors(r)

    return Request(OFFSET_COMMIT, write, read, changes=True)


def delete_commits(
    group: str, partitions: Iterable[TopicPartition]
) -> Request[tuple[int, PartitionErrors]]:
    """Forget the commits of these partitions; answers the group's error code, then theirs."""
    by_topic = _by_topic((tp, 0) for tp in partitions)

    def write(w: Writer, version: int) -> None:
        w.string(group)
        w.count(len(by_topic))
        for topic, items in by_topic.items():
            w.string(topic)
            w.int32s(partition for partition, _ in items)

    def read(r: Reader, version: int) -> tuple[int, PartitionErrors]:
        error = r.int16()
        r.int32()
        return error, _partition_errors(r)

    return Request(OFFSET_DELETE, write, read, changes=True)


def _by_topic(
    items: Iterable[tuple[TopicPartition, int]],
) -> dict[str, list[tuple[int, int]]]:
    by_topic: dict[str, list[tuple[int, int]]] = {}
    for (topic, partition), value in items:
        by_topic.setdefault(topic, []).append((partition, value))
    return by_topic


def _partition_errors(r: Reader) -> PartitionErrors:
    found: list[tuple[TopicPartition, int]] = []
    for _ in range(r.count()):
        topic = r.string()
        for _ in range(r.count()):
            found.append(((topic, r.int32()), r.int16()))
            r.end_struct()
        r.end_struct()
    return tuple(found)
