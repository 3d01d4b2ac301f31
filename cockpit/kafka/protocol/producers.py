"""DescribeProducers: which idempotent and transactional producers a partition's leader remembers.

A producer without idempotence leaves no trace there, and none here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.core.survey import ProducerState
from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

DESCRIBE_PRODUCERS: Final = Api(61, "DescribeProducers", 0, 0, flexible_from=0)


@dataclass(frozen=True, slots=True)
class PartitionProducers:
    """Producers of one partition, or the error code instead of them."""

    topic: str
    partition: int
    error: int
    message: str
    producers: tuple[ProducerState, ...]


def describe_producers(
    partitions: Mapping[str, Sequence[int]],
) -> Request[tuple[PartitionProducers, ...]]:
    """Producers of these partitions, of the broker that leads them."""

    def write(w: Writer, version: int) -> None:
        w.count(len(partitions))
        for topic, numbers in partitions.items():
            w.string(topic)
            w.int32s(numbers)
            w.end_struct()
        w.end_struct()

    def read(r: Reader, version: int) -> tuple[PartitionProducers, ...]:
        r.int32()
        return tuple(part for topic in r.array(lambda: _topic(r)) for part in topic)

    return Request(DESCRIBE_PRODUCERS, write, read, aside=True)


def _topic(r: Reader) -> list[PartitionProducers]:
    topic = r.string()
    parts = r.array(lambda: _partition(r, topic))
    r.end_struct()
    return parts


def _partition(r: Reader, topic: str) -> PartitionProducers:
    partition, error, message = r.int32(), r.int16(), r.string()
    producers = tuple(r.array(lambda: _producer(r, topic, partition)))
    r.end_struct()
    return PartitionProducers(topic, partition, error, message, producers)


def _producer(r: Reader, topic: str, partition: int) -> ProducerState:
    producer_id, epoch, last_sequence, last_timestamp_ms = (
        r.int64(),
        r.int32(),
        r.int32(),
        r.int64(),
    )
    r.int32()
    transaction_start = r.int64()
    r.end_struct()
    return ProducerState(
        topic=topic,
        partition=partition,
        producer_id=producer_id,
        epoch=epoch,
        last_sequence=last_sequence,
        last_timestamp_ms=last_timestamp_ms,
        transaction_start=transaction_start,
    )
