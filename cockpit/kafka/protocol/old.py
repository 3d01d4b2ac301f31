"""OffsetFetch as brokers before 2.0 are asked, and OffsetCommit as those before 0.9: where commits
live, and every partition by name.

Version 0 is about ZooKeeper, version 1 about the broker's own offsets topic; neither can ask for
"all".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cockpit.core.observe import TopicPartition
from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.commits import GroupCommits, PartitionErrors, by_topic, partition_errors
from cockpit.kafka.protocol.request import Api, Request

OFFSET_FETCH: Final = Api(9, "OffsetFetch", 0, 1)
OFFSET_COMMIT: Final = Api(8, "OffsetCommit", 0, 1)
IN_ZOOKEEPER: Final = 0
IN_KAFKA: Final = 1

NO_COMMIT: Final = 3
"""What version 0 answers for a partition without a commit, and for one that the broker does not
know: ask only for what that very broker has just named."""


def fetch_named(
    group: str, partitions: Iterable[TopicPartition], version: int
) -> Request[GroupCommits]:
    """Commits of one group for these partitions, from IN_ZOOKEEPER or IN_KAFKA."""
    by_topic: dict[str, list[int]] = {}
    for topic, partition in partitions:
        by_topic.setdefault(topic, []).append(partition)

    def write(w: Writer, version: int) -> None:
        w.string(group)
        w.count(len(by_topic))
        for topic, numbers in by_topic.items():
            w.string(topic)
            w.int32s(numbers)

    def read(r: Reader, version: int) -> GroupCommits:
        absent = NO_COMMIT if version == IN_ZOOKEEPER else 0
        found: dict[TopicPartition, int] = {}
        failed: list[tuple[TopicPartition, int]] = []
        for _ in range(r.count()):
            topic = r.string()
            for _ in range(r.count()):
                partition, offset = r.int32(), r.int64()
                r.optional_string()
                error = r.int16()
                if error not in (0, absent):
                    failed.append(((topic, partition), error))
                elif not error and offset >= 0:
                    found[topic, partition] = offset
        return GroupCommits(group, 0, tuple(found), tuple(found.values()), tuple(failed))

    return Request(OFFSET_FETCH, write, read, since=version, until=version)


def commit_named(
    group: str, offsets: Iterable[tuple[TopicPartition, int]], metadata: str, version: int
) -> Request[PartitionErrors]:
    """Commit for a group into IN_ZOOKEEPER or IN_KAFKA; an error code for each partition."""
    items = by_topic(offsets)

    def write(w: Writer, version: int) -> None:
        w.string(group)
        if version == IN_KAFKA:
            w.int32(-1)
            w.string("")
        w.count(len(items))
        for topic, places in items.items():
            w.string(topic)
            w.count(len(places))
            for partition, offset in places:
                w.int32(partition)
                w.int64(offset)
                if version == IN_KAFKA:
                    w.int64(-1)
                w.string(metadata)

    def read(r: Reader, version: int) -> PartitionErrors:
        return partition_errors(r)

    return Request(OFFSET_COMMIT, write, read, since=version, until=version, changes=True)
