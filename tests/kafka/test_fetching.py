"""Records as brokers of all ages send them."""

from __future__ import annotations

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder

from cockpit.kafka.protocol.codec import Writer
from cockpit.kafka.protocol.fetch import FetchedPartition, decode_records, fetch

GZIP = 1


def old_batch(magic: int, codec: int) -> bytes:
    builder = LegacyRecordBatchBuilder(magic=magic, compression_type=codec, batch_size=1 << 16)
    for at in range(3):
        builder.append(at, timestamp=1_000 + at, key=b"k", value=b"v%d" % at)
    return bytes(builder.build())


def new_batch(first: int, *, producer: int = -1, transactional: bool = False) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, transactional, producer, 0, 0, 1 << 16)
    for at in range(3):
        builder.append(at, 1_000 + at, None, b"v%d" % at, [("h", b"x")])
    batch = bytearray(builder.build())
    batch[:8] = first.to_bytes(8, "big")
    return bytes(batch)


def fetched(records: bytes, aborted: tuple[tuple[int, int], ...] = ()) -> FetchedPartition:
    return FetchedPartition("t", 0, 0, 99, 99, aborted, records)


@pytest.mark.parametrize("codec", [0, GZIP])
@pytest.mark.parametrize("magic", [0, 1])
def test_batches_of_the_oldest_formats(magic: int, codec: int) -> None:
    records = decode_records(fetched(old_batch(magic, codec)), committed_only=False).records
    assert [r.offset for r in records] == [0, 1, 2]
    assert [r.value for r in records] == [b"v0", b"v1", b"v2"]
    times = [-1, -1, -1] if magic == 0 else [1_000, 1_001, 1_002]
    assert [r.timestamp_ms for r in records] == times


def test_only_batches_within_are_decoded() -> None:
    part = fetched(new_batch(0) + new_batch(3) + new_batch(6) + new_batch(9))
    found = decode_records(part, committed_only=False, begin=4, until=6)
    assert [r.offset for r in found.records] == [3, 4, 5]
    assert found.next_offset == 6


def test_offsets_of_aborted_records_are_told_from_removed_ones() -> None:
    part = fetched(new_batch(2, producer=7, transactional=True) + new_batch(9), ((7, 2),))
    found = decode_records(part, committed_only=True)
    assert [r.offset for r in found.records] == [9, 10, 11]
    assert found.left_out == (2, 3, 4)
    assert len(decode_records(part, committed_only=False).records) == 6


@pytest.mark.parametrize("version", range(12))
def test_every_version_of_the_answer_is_read(version: int) -> None:
    w = Writer(flexible=False)
    if version >= 1:
        w.int32(0)
    if version >= 7:
        w.int16(0)
        w.int32(0)
    w.count(1)
    w.string("t")
    w.count(1)
    w.int32(4)
    w.int16(0)
    w.int64(50)
    if version >= 4:
        w.int64(40)
        if version >= 5:
            w.int64(0)
        w.count(0)
        if version >= 11:
            w.int32(-1)
    w.int32(3)
    w.raw(b"abc")
    (part,) = fetch({("t", 4): 9}, committed_only=True).decode(w.done(), version)
    assert (part.partition, part.end, part.records) == (4, 50, b"abc")
    assert part.stable_end == (40 if version >= 4 else 50)
