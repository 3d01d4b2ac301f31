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

FETCH: Final = Api(1, "Fetch", 4, 11)

RESPONSE_BYTES: Final = 16 << 20
PARTITION_BYTES: Final = 1 << 20

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One data record. `append_time`: the broker set the timestamp, not the producer."""

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
    offsets: Mapping[TopicPartition, int], *, committed_only: bool
) -> Request[tuple[FetchedPartition, ...]]:
    """Record batches from these offsets on, of partitions that the asked broker leads."""
    by_topic: dict[str, list[tuple[int, int]]] = {}
    for (topic, partition), offset in offsets.items():
        by_topic.setdefault(topic, []).append((partition, offset))

    def write(w: Writer, version: int) -> None:
        w.int32(-1)
        w.int32(0)
        w.int32(0)
        w.int32(RESPONSE_BYTES)
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
                w.int32(PARTITION_BYTES)
        if version >= 7:
            w.count(0)
        if version >= 11:
            w.string("")

    return Request(FETCH, write, _read)


def _read(r: Reader, version: int) -> tuple[FetchedPartition, ...]:
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
    partition, error, end, stable_end = r.int32(), r.int16(), r.int64(), r.int64()
    if version >= 5:
        r.int64()
    aborted = tuple(r.array(lambda: (r.int64(), r.int64())))
    if version >= 11:
        r.int32()
    return FetchedPartition(topic, partition, error, end, stable_end, aborted, r.blob() or b"")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Data records in order, and where the next batch begins (None: no whole batch came)."""

    records: tuple[Record, ...]
    next_offset: int | None


def decode_records(part: FetchedPartition, *, committed_only: bool) -> Decoded:
    """Data records of a fetched partition: control batches skipped, aborted ones on request.

    Records before the offset that was asked for may come first: batches are sent whole. Raises
    DecodeError.
    """
    try:
        return _decode(part, committed_only=committed_only)
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
    append_time = raw.timestamp_type == 1
    return Record(
        raw.offset, raw.timestamp or 0, append_time, raw.key, raw.value, tuple(raw.headers)
    )


def _decode(part: FetchedPartition, *, committed_only: bool) -> Decoded:
    batches = MemoryRecords(part.records)
    waiting = sorted(part.aborted, key=lambda entry: entry[1]) if committed_only else []
    aborting: set[int] = set()
    found: list[Record] = []
    next_offset: int | None = None
    while batches.has_next():
        batch = batches.next_batch()
        next_offset = batch.next_offset
        while waiting and waiting[0][1] < next_offset:
            aborting.add(waiting.pop(0)[0])
        producer = getattr(batch, "producer_id", None)
        if batch.is_control_batch:
            aborting.discard(producer)
        elif not (batch.is_transactional and producer in aborting):
            found.extend(_record(raw) for raw in batch)
    return Decoded(tuple(found), next_offset)
