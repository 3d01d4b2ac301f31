"""Metadata: brokers, topics, leaders, and which operations the asking principal may do.

Never names a topic in a way that could create it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

METADATA: Final = Api(3, "Metadata", 0, 12, flexible_from=9)

OFFSETS_TOPIC: Final = "__consumer_offsets"
NO_CONTROLLER: Final = -1
OPERATIONS_NOT_RETURNED: Final = -(2**31)
WRITE_BIT: Final = 1 << 4
DESCRIBE_BIT: Final = 1 << 8


@dataclass(frozen=True, slots=True)
class Broker:
    """A live broker and the address that it advertises."""

    node: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """Who leads a partition and who holds it; leader -1: nobody."""

    partition: int
    error: int
    leader: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...] = ()
    """Replicas that have all that was acknowledged."""


@dataclass(frozen=True, slots=True)
class TopicInfo:
    """One topic as a broker knows it.

    `operations` is a bit field by operation code, OPERATIONS_NOT_RETURNED where not asked for.
    `topic_id` is empty before Kafka 2.8, else as Kafka's own tools write it.
    """

    error: int
    name: str
    internal: bool
    partitions: tuple[PartitionInfo, ...]
    operations: int
    topic_id: str = ""


@dataclass(frozen=True, slots=True)
class MetadataReply:
    """One broker's view of the cluster."""

    brokers: tuple[Broker, ...]
    cluster_id: str
    controller: int
    topics: tuple[TopicInfo, ...]


def all_topics() -> Request[MetadataReply]:
    """Every topic that the principal may describe."""
    return _metadata(None, operations=False, since=0, remember=True)


def brokers_only() -> Request[MetadataReply]:
    """No topic at all (brokers before 0.10 answer with every one)."""
    return _metadata((), operations=False, since=0)


def named_topics(topics: Sequence[str]) -> Request[MetadataReply]:
    """These topics, none of which is created by asking (brokers from 0.11 on)."""
    return _metadata(tuple(topics), operations=False, since=4)


def topic_operations(topics: Sequence[str]) -> Request[MetadataReply]:
    """These topics with the principal's authorised operations (brokers from 2.3 on)."""
    return _metadata(tuple(topics), operations=True, since=8)


def _metadata(
    topics: tuple[str, ...] | None, *, operations: bool, since: int, remember: bool = False
) -> Request[MetadataReply]:
    def write(w: Writer, version: int) -> None:
        # Version 0 has no null array: an empty one stands for every topic.
        w.count(None if topics is None and version else len(topics or ()))
        for name in topics or ():
            if version >= 10:
                w.raw(bytes(16))
            w.string(name)
            w.end_struct()
        if version >= 4:
            w.boolean(False)
        if 8 <= version <= 10:
            w.boolean(False)
        if version >= 8:
            w.boolean(operations)
        w.end_struct()

    return Request(METADATA, write, _read, since=since, remember=remember)


def _read(r: Reader, version: int) -> MetadataReply:
    if version >= 3:
        r.int32()
    brokers = tuple(r.array(lambda: _broker(r, version)))
    cluster_id = r.string() if version >= 2 else ""
    controller = r.int32() if version >= 1 else NO_CONTROLLER
    topics = tuple(r.array(lambda: _topic(r, version)))
    return MetadataReply(brokers, cluster_id, controller, topics)


def _broker(r: Reader, version: int) -> Broker:
    broker = Broker(r.int32(), r.string(), r.int32())
    if version >= 1:
        r.optional_string()
    r.end_struct()
    return broker


def _topic(r: Reader, version: int) -> TopicInfo:
    error, name = r.int16(), r.string()
    topic_id = _uuid(r.take(16)) if version >= 10 else ""
    internal = r.boolean() if version >= 1 else name == OFFSETS_TOPIC
    partitions = tuple(r.array(lambda: _partition(r, version)))
    operations = r.int32() if version >= 8 else OPERATIONS_NOT_RETURNED
    r.end_struct()
    return TopicInfo(error, name, internal, partitions, operations, topic_id)


def _uuid(data: bytes) -> str:
    """URL-safe base64 without padding; empty for the zero id of a cluster that has none."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=") if any(data) else ""


def _partition(r: Reader, version: int) -> PartitionInfo:
    error, partition, leader = r.int16(), r.int32(), r.int32()
    if version >= 7:
        r.int32()
    replicas, isr = r.int32s(), r.int32s()
    if version >= 5:
        r.int32s()
    r.end_struct()
    return PartitionInfo(partition, error, leader, replicas, isr)
