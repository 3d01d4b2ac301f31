"""What a transactional producer sends, and CreateTopics: one partition, one batch at a time.

None of these is marked as a change: each may be sent again as it is. A broker takes a batch whose
sequence number it has had for one that it has, and an ended transaction for one that is ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

PRODUCE: Final = Api(0, "Produce", 3, 7)
CREATE_TOPICS: Final = Api(19, "CreateTopics", 4, 4)
INIT_PRODUCER_ID: Final = Api(22, "InitProducerId", 0, 1)
ADD_PARTITIONS: Final = Api(24, "AddPartitionsToTxn", 0, 2)
END_TXN: Final = Api(26, "EndTxn", 0, 2)

PRODUCE_TIMEOUT_MS: Final = 2_500
CREATE_TIMEOUT_MS: Final = 10_000
_BATCH_BYTES: Final = 16 << 20
_ALL_REPLICAS: Final = -1


@dataclass(frozen=True, slots=True)
class Producer:
    """Who writes, as the cluster knows it. A higher epoch of the same id refuses lower ones."""

    name: str
    """Its transactional id."""
    id: int
    epoch: int


Headers = tuple[tuple[str, bytes], ...]


def init_producer(name: str, timeout_ms: int) -> Request[tuple[int, Producer]]:
    """Error code, and the producer of this transactional id with a new epoch."""

    def write(w: Writer, version: int) -> None:
        w.string(name)
        w.int32(timeout_ms)

    def read(r: Reader, version: int) -> tuple[int, Producer]:
        r.int32()
        error = r.int16()
        return error, Producer(name, r.int64(), r.int16())

    return Request(INIT_PRODUCER_ID, write, read)


def add_partition(producer: Producer, topic: str) -> Request[int]:
    """Take a topic's partition 0 into the producer's transaction, which begins by it; the error
    code."""

    def write(w: Writer, version: int) -> None:
        _who(w, producer)
        w.count(1)
        w.string(topic)
        w.int32s([0])

    def read(r: Reader, version: int) -> int:
        r.int32()
        codes = [code for codes in r.array(lambda: _codes(r)) for code in codes]
        return next((code for code in codes if code), 0)

    return Request(ADD_PARTITIONS, write, read)


def _codes(r: Reader) -> list[int]:
    r.string()
    return r.array(lambda: (r.int32(), r.int16())[1])


def end_transaction(producer: Producer) -> Request[int]:
    """Commit; the error code."""

    def write(w: Writer, version: int) -> None:
        _who(w, producer)
        w.boolean(True)

    def read(r: Reader, version: int) -> int:
        r.int32()
        return r.int16()

    return Request(END_TXN, write, read)


def _who(w: Writer, producer: Producer) -> None:
    w.string(producer.name)
    w.int64(producer.id)
    w.int16(producer.epoch)


def produce(
    producer: Producer,
    topic: str,
    records: Sequence[tuple[bytes, bytes, Headers]],
    *,
    sequence: int,
    at_ms: int,
) -> Request[int]:
    """Append one batch (key, value, headers of each record) to partition 0 within the producer's
    transaction, on all replicas in sync; the error code. `sequence`: how many records the producer
    has written there before."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=1,
        producer_id=producer.id,
        producer_epoch=producer.epoch,
        base_sequence=sequence,
        batch_size=_BATCH_BYTES,
    )
    for number, (key, value, headers) in enumerate(records):
        builder.append(number, at_ms, key, value, list(headers))
    batch = bytes(builder.build())

    def write(w: Writer, version: int) -> None:
        w.string(producer.name)
        w.int16(_ALL_REPLICAS)
        w.int32(PRODUCE_TIMEOUT_MS)
        w.count(1)
        w.string(topic)
        w.count(1)
        w.int32(0)
        w.int32(len(batch))
        w.raw(batch)

    def read(r: Reader, version: int) -> int:
        codes = [code for codes in r.array(lambda: _produced(r, version)) for code in codes]
        return next((code for code in codes if code), 0)

    return Request(PRODUCE, write, read)


def _produced(r: Reader, version: int) -> list[int]:
    r.string()

    def partition() -> int:
        r.int32()
        error = r.int16()
        r.skip(24 if version >= 5 else 16)
        return error

    return r.array(partition)


def create_topic(name: str, configs: Mapping[str, str]) -> Request[tuple[int, str]]:
    """Make a topic of one partition, as often replicated as the cluster does by itself (Kafka 2.4
    and newer); error code and message."""

    def write(w: Writer, version: int) -> None:
        w.count(1)
        w.string(name)
        w.int32(1)
        w.int16(-1)
        w.count(0)
        w.count(len(configs))
        for key, value in configs.items():
            w.string(key)
            w.string(value)
        w.int32(CREATE_TIMEOUT_MS)
        w.boolean(False)

    def read(r: Reader, version: int) -> tuple[int, str]:
        r.int32()
        found = r.array(lambda: (r.string(), r.int16(), r.string()))
        return (found[0][1], found[0][2]) if found else (0, "")

    return Request(CREATE_TOPICS, write, read)
