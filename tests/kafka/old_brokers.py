"""Requests that fill old brokers with records and commits, which cockpit itself never sends."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

from cockpit.core.observe import TopicPartition
from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.metadata import METADATA, MetadataReply, all_topics
from cockpit.kafka.protocol.request import Api, Request

PRODUCE = Api(0, "Produce", 0, 0)
OFFSET_COMMIT = Api(8, "OffsetCommit", 0, 1)

Errors = tuple[tuple[TopicPartition, int], ...]


def touch_topic(name: str) -> Request[MetadataReply]:
    """Metadata of a topic by name, which creates it where the broker is told to."""

    def write(w: Writer, version: int) -> None:
        w.strings([name])

    return Request(METADATA, write, all_topics().read, until=1)


def produce(topic: str, partition: int, values: Sequence[bytes]) -> Request[int]:
    """Write records in the format of 0.8 (magic 0); the error code. Acknowledged by the leader."""
    records = b"".join(_message(value) for value in values)

    def write(w: Writer, version: int) -> None:
        w.int16(1)
        w.int32(5_000)
        w.count(1)
        w.string(topic)
        w.count(1)
        w.int32(partition)
        w.int32(len(records))
        w.raw(records)

    def read(r: Reader, version: int) -> int:
        ((_, error),) = _entries(r, extra=8)
        return error

    return Request(PRODUCE, write, read, changes=True)


def _message(value: bytes) -> bytes:
    body = struct.pack(">bbii", 0, 0, -1, len(value)) + value
    message = struct.pack(">I", zlib.crc32(body)) + body
    return struct.pack(">qi", 0, len(message)) + message


def commit_old(
    group: str, offsets: Mapping[TopicPartition, int], *, zookeeper: bool
) -> Request[Errors]:
    """Commit as consumers of 0.8.2 do: version 0 into ZooKeeper, version 1 into Kafka."""

    def write(w: Writer, version: int) -> None:
        w.string(group)
        if version == 1:
            w.int32(-1)
            w.string("")
        w.count(len(offsets))
        for (topic, partition), offset in offsets.items():
            w.string(topic)
            w.count(1)
            w.int32(partition)
            w.int64(offset)
            if version == 1:
                w.int64(-1)
            w.string("")

    def read(r: Reader, version: int) -> Errors:
        return _entries(r)

    version = 0 if zookeeper else 1
    return Request(OFFSET_COMMIT, write, read, since=version, until=version, changes=True)


def _entries(r: Reader, *, extra: int = 0) -> Errors:
    found: list[tuple[TopicPartition, int]] = []
    for _ in range(r.count()):
        topic = r.string()
        for _ in range(r.count()):
            found.append(((topic, r.int32()), r.int16()))
            r.take(extra)
    return tuple(found)
