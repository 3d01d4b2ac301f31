"""OffsetFetch, OffsetCommit and OffsetDelete: what groups have committed.

Never joins a group: commits are made as nobody (generation -1), which a group with members refuses.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cockpit.core.observe import I64, OffsetColumn, TopicPartition
from cockpit.kafka.protocol.codec import DecodeError, Reader, Writer
from cockpit.kafka.protocol.layout import Decoded, Learner, gather, spread
from cockpit.kafka.protocol.request import Api, Request

OFFSET_FETCH: Final = Api(9, "OffsetFetch", 2, 9, flexible_from=6)
OFFSET_COMMIT: Final = Api(8, "OffsetCommit", 2, 9, flexible_from=8)
OFFSET_DELETE: Final = Api(47, "OffsetDelete", 0, 0)

MANY_GROUPS_SINCE: Final = 8
STABLE_SINCE: Final = 7

PartitionErrors = tuple[tuple[TopicPartition, int], ...]


@dataclass(frozen=True, slots=True)
class GroupCommits:
    """Commits of one group. `error` is the group's error code, `failed` those of partitions.

    `offsets` is aligned to `keys`; a partition without a commit is in neither.
    """

    group: str
    error: int
    keys: tuple[TopicPartition, ...]
    offsets: Sequence[int]
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

    def decode(r: Reader, version: int) -> Decoded[_Shape]:
        return _decode(r, version, names)

    learner = Learner(decode)

    def read(r: Reader, version: int) -> tuple[GroupCommits, ...]:
        shape, values = learner.read(r, version)
        holes = bool(len(values)) and int(values.min()) < 0
        return tuple([_commits(slot, values, holes=holes) for slot in shape])

    since = MANY_GROUPS_SINCE if len(names) > 1 else OFFSET_FETCH.lowest
    return Request(OFFSET_FETCH, write, read, since=since)


@dataclass(frozen=True, slots=True, eq=False)
class _Slot:
    """One group in a reply: everything but its offsets, and where those are in its column."""

    group: str
    error: int
    keys: tuple[TopicPartition, ...]
    rows: slice | I64
    failed: PartitionErrors


_Shape = tuple[_Slot, ...]


def _commits(slot: _Slot, values: I64, *, holes: bool) -> GroupCommits:
    """One group's commits; where there may be negative offsets, those are no commits."""
    offsets = values[slot.rows]
    keys = slot.keys
    if holes and (offsets < 0).any():
        keys = tuple(keys[i] for i in np.flatnonzero(offsets >= 0))
        offsets = offsets[offsets >= 0]
    return GroupCommits(slot.group, slot.error, keys, OffsetColumn(offsets), slot.failed)


_Run = tuple[int, int, int, int, int, int]
"""Entries of a topic that follow each other at one distance: where the first offset is, how many
entries, their distance; then, counted from the offset: where the metadata is, which nobody reads,
its size, and where the error code is."""

_PARTITION: Final = -4


@dataclass(frozen=True, slots=True)
class _Found:
    """What passing once over a reply has told."""

    groups: list[tuple[str, int, list[tuple[str, int]]]]
    """Name, error, and each topic with its number of entries."""
    runs: list[_Run]


def _decode(r: Reader, version: int, names: Sequence[str]) -> Decoded[_Shape]:
    """The reply in any order, of any size."""
    throttle = 4 if version >= 3 else 0
    r.skip(throttle)
    found = _Found([], [])
    if version >= MANY_GROUPS_SINCE:
        for _ in range(r.count()):
            _group(r, version, r.string(), found)
    else:
        _group(r, version, names[0], found)
    columns = np.array(found.runs, dtype=np.int64).reshape(-1, 6).T
    first, count, stride, text, text_size, error = columns
    at = spread(first, count, stride)
    errors = gather(r.data, at + np.repeat(error, count), ">i2")
    partitions = gather(r.data, at + _PARTITION, ">i4")
    value_size = 12 if version >= 5 else 8
    return Decoded(
        _slots(found, partitions.tolist(), errors),
        at,
        np.concatenate([[0], at, at + np.repeat(text, count)]),
        np.concatenate([[throttle], np.full(len(at), value_size), np.repeat(text_size, count)]),
    )


def _group(r: Reader, version: int, group: str, found: _Found) -> None:
    topics: list[tuple[str, int]] = []
    for _ in range(r.count()):
        topic, count = r.string(), r.count()
        topics.append((topic, count))
        run = _alike(r, version, count) if count > 1 else None
        found.runs.extend(_one_by_one(r, version, count) if run is None else [run])
        r.end_struct()
    error = r.int16() if version >= 2 else 0
    r.end_struct()
    found.groups.append((group, error, topics))


def _slots(found: _Found, partitions: Sequence[int], errors: I64) -> _Shape:
    slots: list[_Slot] = []
    failing = bool(errors.any())
    begin = 0
    for group, error, topics in found.groups:
        keys: list[TopicPartition] = []
        end = begin
        for topic, count in topics:
            keys.extend([(topic, p) for p in partitions[end : end + count]])
            end += count
        rows = np.arange(begin, end)
        if failing and errors[rows].any():
            codes = errors[rows].tolist()
            failed = tuple((key, code) for key, code in zip(keys, codes, strict=True) if code)
            good = tuple(key for key, code in zip(keys, codes, strict=True) if not code)
            slots.append(_Slot(group, error, good, rows[errors[rows] == 0], failed))
        else:
            slots.append(_Slot(group, error, tuple(keys), slice(begin, end), ()))
        begin = end
    return tuple(slots)


def _alike(r: Reader, version: int, count: int) -> _Run | None:
    """Passes over entries that are all of one size: the usual case.

    None, with nothing passed over, where they are not.
    """
    head = 16 if version >= 5 else 12
    begin, data = r.pos + head, r.data
    prefix = 1 if r.flexible else 2
    length = data[begin : begin + prefix]
    if len(length) < prefix or (length[0] >= 0x80 and r.flexible):
        return None
    size = int.from_bytes(length, "big", signed=not r.flexible) - r.flexible
    size = max(size, 0)
    stride = head + prefix + size + 2 + r.flexible
    end = r.pos + count * stride
    if end > len(data):
        return None
    if any(data[begin + i : end : stride] != length[i : i + 1] * count for i in range(prefix)):
        return None
    if r.flexible and data[r.pos + stride - 1 : end : stride].count(0) != count:
        return None
    first = r.pos + 4
    text = begin + prefix - first
    r.pos = end
    return first, count, stride, text, size, text + size


def _one_by_one(r: Reader, version: int, count: int) -> list[_Run]:
    """Entries of any size."""
    head, tail = (16 if version >= 5 else 12), 2 + r.flexible
    data, pos = r.data, r.pos
    runs: list[_Run] = []
    for _ in range(count):
        first, text = pos + 4, pos + head + 1
        size = data[text - 1] - 1
        if size >= 0x7F or not r.flexible:
            r.pos = pos + head
            size = r.text_size()
            text = r.pos
        size = max(size, 0)
        pos = text + size + tail
        if pos > len(data):
            raise DecodeError("OffsetFetch: reply ends within a partition")
        if r.flexible and data[pos - 1]:
            r.pos = pos - 1
            r.end_struct()
            pos = r.pos
        runs.append((first, 1, 0, text - first, size, text - first + size))
    r.pos = pos
    return runs


def commit(
    group: str, offsets: Iterable[tuple[TopicPartition, int]], metadata: str
) -> Request[PartitionErrors]:
    """Commit for a group without members; answers an error code for each partition."""
    named = by_topic(offsets)

    def write(w: Writer, version: int) -> None:
        w.string(group)
        w.int32(-1)
        w.string("")
        if version >= 7:
            w.string(None)
        if version <= 4:
            w.int64(-1)
        w.count(len(named))
        for topic, items in named.items():
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
        return partition_errors(r)

    return Request(OFFSET_COMMIT, write, read, changes=True)


def delete_commits(
    group: str, partitions: Iterable[TopicPartition]
) -> Request[tuple[int, PartitionErrors]]:
    """Forget the commits of these partitions; answers the group's error code, then theirs."""
    named = by_topic((tp, 0) for tp in partitions)

    def write(w: Writer, version: int) -> None:
        w.string(group)
        w.count(len(named))
        for topic, items in named.items():
            w.string(topic)
            w.int32s(partition for partition, _ in items)

    def read(r: Reader, version: int) -> tuple[int, PartitionErrors]:
        error = r.int16()
        r.int32()
        return error, partition_errors(r)

    return Request(OFFSET_DELETE, write, read, changes=True)


def by_topic(
    items: Iterable[tuple[TopicPartition, int]],
) -> dict[str, list[tuple[int, int]]]:
    """Items of partitions by their topics."""
    found: dict[str, list[tuple[int, int]]] = {}
    for (topic, partition), value in items:
        found.setdefault(topic, []).append((partition, value))
    return found


def partition_errors(r: Reader) -> PartitionErrors:
    """The code of each partition in an answer."""
    found: list[tuple[TopicPartition, int]] = []
    for _ in range(r.count()):
        topic = r.string()
        for _ in range(r.count()):
            found.append(((topic, r.int32()), r.int16()))
            r.end_struct()
        r.end_struct()
    return tuple(found)
