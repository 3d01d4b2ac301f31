"""Raw Fetch at chosen offsets, and the records in what comes back.

Never waits for new records, never joins anything, keeps no fetch session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from aiokafka.record.memory_records import MemoryRecords

from cockpit.core.observe import TopicPartition
from cockpit.kafka.protocol.codec import DecodeError, Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

FETCH: Final = Api(1, "Fetch", 0, 11)

RESPONSE_BYTES: Final = 16 << 20
PARTITION_BYTES: Final = 1 << 20

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One data record. `append_time`: the broker set the timestamp, not the producer.

    `timestamp_ms` is -1 in the oldest record format, which has none.
    """

    offset: int
    timestamp_ms: int
    append_time: bool
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class FetchedPartition:
    """What one partition answered, its records still encoded.

    `stable_end` is the last stable offset; `aborted` has (producer id, first offset) of aborted
    transactions, only when committed records alone were asked for.
    """

    topic: str
    partition: int
    error: int
    end: int
    stable_end: int
    aborted: tuple[tuple[int, int], ...]
    records: bytes


def fetch(
    offsets: Mapping[TopicPartition, int],
    *,
    committed_only: bool,
    partition_bytes: int = PARTITION_BYTES,
) -> Request[tuple[FetchedPartition, ...]]:
    """Record batches from these offsets on, of partitions that the asked broker leads.

    At most about `partition_bytes` of each, from 0.10.1 on at least one batch of the first. Before
    0.11 (version 4) there are no transactions: everything is committed there.
    """
    by_topic: dict[str, list[tuple[int, int]]] = {}
    for (topic, partition), offset in offsets.items():
        by_topic.setdefault(topic, []).append((partition, offset))

    def write(w: Writer, version: int) -> None:
        w.int32(-1)
        w.int32(0)
        w.int32(0)
        if version >= 3:
            w.int32(RESPONSE_BYTES)
        if version >= 4:
            w.int8(1 if committed_only else 0)
        if version >= 7:
            w.int32(0)
            w.int32(-1)
        w.count(len(by_topic))
        for topic, items in by_topic.items():
            w.string(topic)
            w.count(len(items))
            for partition, offset in items:
                w.int32(partition)
                if version >= 9:
                    w.int32(-1)
                w.int64(offset)
                if version >= 5:
                    w.int64(-1)
                w.int32(partition_bytes)
        if version >= 7:
            w.count(0)
        if version >= 11:
            w.string("")

    return Request(FETCH, write, _read)


def _read(r: Reader, version: int) -> tuple[FetchedPartition, ...]:
    if version >= 1:
        r.int32()
    if version >= 7:
        error = r.int16()
        if error:
            raise DecodeError(f"Fetch: error {error}")
        r.int32()
    found: list[FetchedPartition] = []
    for _ in range(r.count()):
        topic = r.string()
        found.extend(_partition(r, version, topic) for _ in range(r.count()))
    return tuple(found)


def _partition(r: Reader, version: int, topic: str) -> FetchedPartition:
    partition, error, end = r.int32(), r.int16(), r.int64()
    if version < 4:
        return FetchedPartition(topic, partition, error, end, end, (), r.blob() or b"")
    stable_end = r.int64()
    if version >= 5:
        r.int64()
    aborted = tuple(r.array(lambda: (r.int64(), r.int64())))
    if version >= 11:
        r.int32()
    return FetchedPartition(topic, partition, error, end, stable_end, aborted, r.blob() or b"")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Data records in order, and where the next batch begins (None: no whole batch came).

    `left_out` has the offsets of control records and of aborted data, in order: what is neither
    there nor among the records has been removed from the log.
    """

    records: tuple[Record, ...]
    next_offset: int | None
    left_out: tuple[int, ...] = ()


def decode_records(
    part: FetchedPartition, *, committed_only: bool, begin: int = 0, until: int | None = None
) -> Decoded:
    """Data records of a fetched partition: control batches skipped, aborted ones on request.

    Batches that end before `begin` or start at `until` or later are not decoded; records outside
    may come along, for batches are sent whole. Raises DecodeError.
    """
    try:
        return _decode(part, committed_only=committed_only, begin=begin, until=until)
    except DecodeError:
        raise
    except Exception as error:
        # The record library raises what it likes on hostile bytes.
        raise DecodeError(f"records of {part.topic}/{part.partition}: {error}") from error


class _RawRecord(Protocol):
    offset: int
    timestamp: int | None
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def _record(raw: _RawRecord) -> Record:
    timestamp = -1 if raw.timestamp is None else raw.timestamp
    append_time = raw.timestamp_type == 1
    return Record(raw.offset, timestamp, append_time, raw.key, raw.value, tuple(raw.headers))


def _decode(
    part: FetchedPartition, *, committed_only: bool, begin: int, until: int | None
) -> Decoded:
    batches = MemoryRecords(part.records)
    waiting = sorted(part.aborted, key=lambda entry: entry[1]) if committed_only else []
    aborting: set[int] = set()
    found: list[Record] = []
    left_out: list[int] = []
    next_offset: int | None = None
    while batches.has_next():
        batch = batches.next_batch()
        if until is not None and getattr(batch, "base_offset", -1) >= until:
            next_offset = batch.base_offset
            break
        next_offset = batch.next_offset
        while waiting and waiting[0][1] < next_offset:
            aborting.add(waiting.pop(0)[0])
        producer = getattr(batch, "producer_id", None)
        if batch.is_control_batch:
            aborting.discard(producer)
            left_out.append(next_offset - 1)
        elif batch.is_transactional and producer in aborting:
            left_out.extend(raw.offset for raw in batch)
        elif next_offset > begin:
            found.extend(_record(raw) for raw in batch)
    return Decoded(tuple(found), next_offset, tuple(left_out))
