"""DescribeLogDirs: bytes on one broker's disks, by directory and partition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

DESCRIBE_LOG_DIRS: Final = Api(35, "DescribeLogDirs", 0, 4, flexible_from=2)

NOT_TOLD: Final = -1
"""Sizes of a directory where the broker does not say."""


@dataclass(frozen=True, slots=True)
class LogReplica:
    """One partition's log in one directory; `future` while it is being moved there."""

    topic: str
    partition: int
    size_bytes: int
    future: bool


@dataclass(frozen=True, slots=True)
class LogDirReply:
    """One directory; sizes of its volume NOT_TOLD before Kafka 3.3."""

    error: int
    path: str
    replicas: tuple[LogReplica, ...]
    total_bytes: int
    usable_bytes: int


@dataclass(frozen=True, slots=True)
class LogDirsReply:
    """Error code (always 0 before Kafka 3.2), and every directory of the asked broker.

    Brokers before 3.2 answer without any directory when the right is missing.
    """

    error: int
    dirs: tuple[LogDirReply, ...]


def describe_log_dirs() -> Request[LogDirsReply]:
    """Every directory and partition: a null list of topics asks for all."""

    def write(w: Writer, version: int) -> None:
        w.count(None)
        w.end_struct()

    def read(r: Reader, version: int) -> LogDirsReply:
        r.int32()
        error = r.int16() if version >= 3 else 0
        return LogDirsReply(error, tuple(r.array(lambda: _dir(r, version))))

    return Request(DESCRIBE_LOG_DIRS, write, read, aside=True)


def _dir(r: Reader, version: int) -> LogDirReply:
    error, path = r.int16(), r.string()
    topics = r.array(lambda: _topic(r))
    told = version >= 4
    total_bytes = r.int64() if told else NOT_TOLD
    usable_bytes = r.int64() if told else NOT_TOLD
    r.end_struct()
    replicas = tuple(replica for topic in topics for replica in topic)
    return LogDirReply(error, path, replicas, total_bytes, usable_bytes)


def _topic(r: Reader) -> list[LogReplica]:
    topic = r.string()
    replicas = r.array(lambda: _replica(r, topic))
    r.end_struct()
    return replicas


def _replica(r: Reader, topic: str) -> LogReplica:
    partition, size_bytes = r.int32(), r.int64()
    r.int64()
    replica = LogReplica(topic, partition, size_bytes, r.boolean())
    r.end_struct()
    return replica
