"""What the fake brokers answer to the slower looks: quotas, users, disks, producers, transactions.

Written from Kafka's message definitions, not from the readers that it is used against.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cockpit.kafka.protocol.codec import Reader, Writer

VERSIONS = {
    32: (1, 4),
    35: (1, 4),
    48: (0, 1),
    50: (0, 0),
    60: (0, 1),
    61: (0, 0),
    65: (0, 0),
    66: (0, 1),
}
"""As Kafka 3.8 offers them."""
FLEXIBLE_FROM = {32: 4, 35: 2, 48: 1, 50: 0, 60: 0, 61: 0, 65: 0, 66: 0}


@dataclass
class Dir:
    """A log directory: its replicas are (topic, partition, bytes, future)."""

    path: str
    replicas: list[tuple[str, int, int, bool]] = field(default_factory=list)
    error: int = 0
    total: int = 1_000
    usable: int = 400


@dataclass
class Transaction:
    """A transactional id as its coordinator knows it."""

    producer_id: int
    state: str = "Ongoing"
    timeout_ms: int = 60_000
    started_at_ms: int = 5
    topics: dict[str, list[int]] = field(default_factory=dict)
    error: int = 0


@dataclass
class Surveyed:
    """What there is to survey. Error codes are answered instead, or beside it."""

    quotas: list[tuple[list[tuple[str, str | None]], dict[str, float]]] = field(
        default_factory=list
    )
    quotas_error: int = 0
    users: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    users_error: int = 0
    user_errors: dict[str, int] = field(default_factory=dict)
    dirs: dict[int, list[Dir]] = field(default_factory=dict)
    dirs_error: dict[int, int] = field(default_factory=dict)
    producers: dict[tuple[str, int], list[tuple[int, int, int, int, int]]] = field(
        default_factory=dict
    )
    """Producer id, epoch, last sequence, last timestamp, start of the open transaction."""
    producer_errors: dict[tuple[str, int], int] = field(default_factory=dict)
    unanswered: set[tuple[str, int]] = field(default_factory=set)
    transactions: dict[int, dict[str, Transaction]] = field(default_factory=dict)
    transactions_error: dict[int, int] = field(default_factory=dict)
    cluster_operations: int = 0
    topic_operations: dict[str, int] = field(default_factory=dict)
    """What everybody may do with a topic, a bit field; absent: the broker does not say."""
    configs: dict[str, str] = field(default_factory=dict)
    """Of every topic, and of every broker."""
    config_errors: dict[str, int] = field(default_factory=dict)
    """By topic, or a broker's number."""

    def answer(self, node: int, key: int, version: int, r: Reader, w: Writer) -> bool:
        """Write the answer of one of these APIs; False where it is none of them."""
        writers: dict[int, Callable[[int, int, Reader, Writer], None]] = {
            32: self._configs,
            35: self._dirs,
            48: self._quotas,
            50: self._users,
            60: self._cluster,
            61: self._producers,
            65: self._describe,
            66: self._list,
        }
        if key not in writers:
            return False
        writers[key](node, version, r, w)
        w.end_struct()
        return True

    def _quotas(self, node: int, version: int, r: Reader, w: Writer) -> None:
        assert r.count() == 0
        assert not r.boolean()
        w.int32(0)
        w.int16(self.quotas_error)
        w.string("no" if self.quotas_error else None)
        w.count(None if self.quotas_error else len(self.quotas))
        for entity, values in () if self.quotas_error else self.quotas:
            w.count(len(entity))
            for kind, name in entity:
                w.string(kind)
                w.string(name)
                w.end_struct()
            w.count(len(values))
            for key, value in values.items():
                w.string(key)
                w.float64(value)
                w.end_struct()
            w.end_struct()

    def _configs(self, node: int, version: int, r: Reader, w: Writer) -> None:
        names: list[tuple[int, str]] = []
        for _ in range(r.count()):
            names.append((r.int8(), r.string()))
            keys = [r.string() for _ in range(r.count())]
            assert names[-1][0] == 4 or not keys, "all configs of topics"
            r.end_struct()
        w.int32(0)
        w.count(len(names))
        for kind, name in names:
            error = self.config_errors.get(name, 0)
            values = {} if error else self.configs
            w.int16(error)
            w.string("no" if error else "")
            w.int8(kind)
            w.string(name)
            w.count(len(values))
            for key, value in values.items():
                w.string(key)
                w.string(value)
                w.boolean(False)
                w.int8(1)
                w.boolean(False)
                w.count(0)
                if version >= 3:
                    w.int8(1)
                    w.string(None)
                w.end_struct()
            w.end_struct()

    def _users(self, node: int, version: int, r: Reader, w: Writer) -> None:
        assert r.uvarint() == 0, "a null list asks for all users"
        w.int32(0)
        w.int16(self.users_error)
        w.string("no" if self.users_error else None)
        w.count(len(self.users))
        for user, credentials in self.users.items():
            w.string(user)
            w.int16(self.user_errors.get(user, 0))
            w.string(None)
            w.count(len(credentials))
            for mechanism, iterations in credentials:
                w.int8(mechanism)
                w.int32(iterations)
                w.end_struct()
            w.end_struct()

    def _dirs(self, node: int, version: int, r: Reader, w: Writer) -> None:
        w.int32(0)
        if version >= 3:
            w.int16(self.dirs_error.get(node, 0))
        dirs = [] if node in self.dirs_error else self.dirs.get(node, [])
        w.count(len(dirs))
        for found in dirs:
            w.int16(found.error)
            w.string(found.path)
            w.count(len(found.replicas))
            for topic, partition, size, future in found.replicas:
                w.string(topic)
                w.count(1)
                w.int32(partition)
                w.int64(size)
                w.int64(0)
                w.boolean(future)
                w.end_struct()
                w.end_struct()
            if version >= 4:
                w.int64(-1 if found.error else found.total)
                w.int64(-1 if found.error else found.usable)
            w.end_struct()

    def _producers(self, node: int, version: int, r: Reader, w: Writer) -> None:
        wanted: list[tuple[str, tuple[int, ...]]] = []
        for _ in range(r.count()):
            wanted.append((r.string(), r.int32s()))
            r.end_struct()
        w.int32(0)
        w.count(len(wanted))
        for topic, partitions in wanted:
            told = [p for p in partitions if (topic, p) not in self.unanswered]
            w.string(topic)
            w.count(len(told))
            for partition in told:
                error = self.producer_errors.get((topic, partition), 0)
                states = [] if error else self.producers.get((topic, partition), [])
                w.int32(partition)
                w.int16(error)
                w.string(None)
                w.count(len(states))
                for producer_id, epoch, sequence, timestamp, start in states:
                    w.int64(producer_id)
                    w.int32(epoch)
                    w.int32(sequence)
                    w.int64(timestamp)
                    w.int32(0)
                    w.int64(start)
                    w.end_struct()
                w.end_struct()
            w.end_struct()

    def _list(self, node: int, version: int, r: Reader, w: Writer) -> None:
        w.int32(0)
        w.int16(self.transactions_error.get(node, 0))
        w.count(0)
        mine = self.transactions.get(node, {})
        w.count(len(mine))
        for name, transaction in mine.items():
            w.string(name)
            w.int64(transaction.producer_id)
            w.string(transaction.state)
            w.end_struct()

    def _describe(self, node: int, version: int, r: Reader, w: Writer) -> None:
        names = r.array(r.string)
        w.int32(0)
        w.count(len(names))
        for name in names:
            known = self.transactions.get(node, {}).get(name)
            found = known or Transaction(-1, error=105)
            w.int16(found.error)
            w.string(name)
            w.string(found.state)
            w.int32(found.timeout_ms)
            w.int64(found.started_at_ms)
            w.int64(found.producer_id)
            w.int16(3)
            w.count(len(found.topics))
            for topic, partitions in found.topics.items():
                w.string(topic)
                w.int32s(partitions)
                w.end_struct()
            w.end_struct()

    def _cluster(self, node: int, version: int, r: Reader, w: Writer) -> None:
        assert r.boolean()
        w.int32(0)
        w.int16(0)
        w.string(None)
        if version >= 1:
            w.int8(1)
        w.string("fake")
        w.int32(1)
        w.count(0)
        w.int32(self.cluster_operations)


def consumer_assignment(topics: dict[str, list[int]]) -> bytes:
    """An assignment as a Java consumer gets it: version 3, with empty user data."""
    w = Writer(flexible=False)
    w.int16(3)
    w.count(len(topics))
    for topic, partitions in topics.items():
        w.string(topic)
        w.int32s(partitions)
    w.int32(-1)
    return w.done()
