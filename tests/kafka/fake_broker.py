"""Brokers on real sockets that answer what a test tells them to, errors above all.

A real broker shows most of these answers only for seconds, after a crash. What they look like on
the wire is checked against real brokers elsewhere.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.security import Access
from tests.kafka import fake_surveys
from tests.kafka.fake_surveys import Surveyed

API_VERSIONS = 18
OLD = {1: (0, 8), 2: (0, 4), 3: (0, 7), 8: (0, 5), 9: (0, 4), 10: (0, 2), 15: (0, 2), 16: (0, 2)}
"""Roughly a broker 2.1."""
NEW = (
    OLD
    | {1: (11, 11)}
    | {2: (1, 7), 3: (0, 12), 9: (1, 8), 10: (0, 4), 15: (0, 5), 16: (0, 5), 69: (0, 0)}
    | fake_surveys.VERSIONS
)
"""Roughly a broker 3.8."""
FLEXIBLE_FROM = {2: 6, 3: 9, 9: 6, 10: 3, 15: 5, 16: 3, 69: 0} | fake_surveys.FLEXIBLE_FROM


@dataclass
class Partition:
    """A partition as its leader knows it."""

    leader: int
    start: int = 0
    end: int = 0
    error: int = 0
    replicas: tuple[int, ...] = ()
    """Empty: its leader alone."""
    isr: tuple[int, ...] = ()
    """Empty: all of them."""
    stable: int | None = None
    """Where an open transaction begins; None: none is open."""


@dataclass
class Group:
    """A group as its coordinator knows it."""

    node: int = 1
    state: str = "Stable"
    members: int = 1
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)
    error: int = 0
    partition_error: int = 0
    listed: bool = True
    kind: str = "classic"
    assignment: bytes = b"abc"
    in_zookeeper: dict[tuple[str, int], int] = field(default_factory=dict)


@dataclass
class FakeCluster:
    """Two brokers, and what is in them. Tests change the fields while it runs."""

    versions: dict[int, tuple[int, int]] = field(default_factory=lambda: dict(NEW))
    versions_of: dict[int, dict[int, tuple[int, int]]] = field(default_factory=dict)
    """Of brokers that are of another release."""
    topics: dict[str, list[Partition]] = field(default_factory=dict)
    topic_ids: dict[str, bytes] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Topics that are left out where all are asked for."""
    topic_errors: dict[str, int] = field(default_factory=dict)
    """Errors of topics that are asked for by name."""
    groups: dict[str, Group] = field(default_factory=dict)
    coordinator_error: int = 0
    listing_error: int = 0
    listing_errors: dict[int, int] = field(default_factory=dict)
    """Of single brokers; they list nothing then."""
    silent: set[int] = field(default_factory=set)
    """Brokers that read and never answer."""
    blank: bool = False
    """Metadata is empty, as for a moment after a start."""
    mute: set[int] = field(default_factory=set)
    """API keys at which every broker closes the connection instead of answering."""
    cuts: dict[int, int] = field(default_factory=dict)
    """API keys at which the connection is closed so many times more."""
    passed_over: set[int] = field(default_factory=set)
    """API keys that are dropped without an answer, as by 0.9 those that it does not know."""
    delays_s: dict[int, float] = field(default_factory=dict)
    """How long the answer to an API key takes."""
    garble: set[int] = field(default_factory=set)
    """API keys that every broker answers with bytes that mean nothing."""
    batches: dict[str, bytes] = field(default_factory=dict)
    """Record batches in partition 0 of a topic, from its start on."""
    surveyed: Surveyed = field(default_factory=Surveyed)
    asked: list[tuple[int, int]] = field(default_factory=list)
    """Broker number and API key of each request."""
    bodies: list[bytes] = field(default_factory=list)
    ports: dict[int, int] = field(default_factory=dict)
    writers: dict[int, list[asyncio.StreamWriter]] = field(default_factory=dict)

    def access(self, *nodes: int) -> Access:
        """Access that bootstraps from these brokers, or from the first."""
        return Access(tuple(("127.0.0.1", self.ports[n]) for n in nodes or (1,)), "PLAINTEXT")

    def drop(self, node: int) -> None:
        """Cut every connection to a broker."""
        for writer in self.writers.pop(node, []):
            writer.close()

    def answer(self, node: int, key: int, version: int, r: Reader) -> Writer:
        """The body of an answer."""
        w = Writer(flexible=r.flexible)
        match key:
            case 1:
                self._records(w, r)
            case 3:
                self._metadata(w, version, r)
            case 2:
                self._list_offsets(w, version, r)
            case 16:
                self._list_groups(node, w, version)
            case 10:
                self._find(w, version, r)
            case 15 | 69:
                self._describe(key, w, version, r)
            case 9:
                self._fetch(w, version, r)
            case _ if self.surveyed.answer(node, key, version, r, w):
                pass
            case _:
                raise AssertionError(f"the fake knows no API {key}")
        return w

    def _metadata(self, w: Writer, version: int, r: Reader) -> None:
        named, wanted = self._wanted(version, r)
        if version >= 3:
            w.int32(0)
        ports = {} if self.blank else self.ports
        w.count(len(ports))
        for node, port in ports.items():
            w.int32(node)
            w.string("127.0.0.1")
            w.int32(port)
            if version >= 1:
                w.string(None)
            w.end_struct()
        if version >= 2:
            w.string("fake")
        if version >= 1:
            w.int32(1)
        topics = [] if self.blank else wanted
        w.count(len(topics))
        for name in topics:
            error = self.topic_errors.get(name, 0 if name in self.topics else 3) if named else 0
            partitions = [] if error else self.topics[name]
            w.int16(error)
            w.string(name)
            if version >= 10:
                w.raw(self.topic_ids.get(name, bytes(16)))
            if version >= 1:
                w.boolean(False)
            w.count(len(partitions))
            for i, part in enumerate(partitions):
                self._partition(w, version, i, part)
            if version >= 8:
                w.int32(self.surveyed.topic_operations.get(name, -(2**31)))
            w.end_struct()
        w.end_struct()

    def _wanted(self, version: int, r: Reader) -> tuple[bool, list[str]]:
        """Whether topics are asked for by name, and which."""
        everything = r.data[r.pos] == 0 if r.flexible else r.data[r.pos :][:4] == b"\xff" * 4
        names: list[str] = []
        for _ in range(0 if everything else r.count()):
            if version >= 10:
                r.take(16)
            names.append(r.string())
            r.end_struct()
        if everything or (version == 0 and not names):
            return False, [name for name in self.topics if name not in self.hidden]
        return True, names

    def _partition(self, w: Writer, version: int, i: int, part: Partition) -> None:
        w.int16(0 if part.leader >= 0 else 5)
        w.int32(i)
        w.int32(part.leader)
        if version >= 7:
            w.int32(0)
        replicas = part.replicas or (part.leader,)
        w.int32s(replicas)
        w.int32s(part.isr or replicas)
        if version >= 5:
            w.int32s([])
        w.end_struct()

    def _list_offsets(self, w: Writer, version: int, r: Reader) -> None:
        r.int32()
        committed_only = False
        if version >= 2:
            committed_only = r.int8() == 1
            w.int32(0)
        count = r.count()
        w.count(count)
        for _ in range(count):
            topic = r.string()
            w.string(topic)
            parts = r.count()
            w.count(parts)
            for _ in range(parts):
                number = r.int32()
                if version >= 4:
                    r.int32()
                timestamp = r.int64()
                if version == 0:
                    r.int32()
                r.end_struct()
                known = self.topics.get(topic, [])
                part = known[number] if number < len(known) else Partition(-1, error=3)
                w.int32(number)
                w.int16(part.error)
                end = part.stable if committed_only and part.stable is not None else part.end
                offset = part.start if timestamp == -2 else end
                if version == 0:
                    w.count(0 if part.error else 1)
                    w.raw(b"" if part.error else struct.pack(">q", offset))
                    continue
                w.int64(-1)
                w.int64(-1 if part.error else offset)
                if version >= 4:
                    w.int32(0)
                w.end_struct()
            r.end_struct()
            w.end_struct()
        w.end_struct()

    def _records(self, w: Writer, r: Reader) -> None:
        """Fetch in version 11 of one partition; all there is, whatever the offset asked for."""
        r.take(4 + 4 + 4 + 4 + 1 + 4 + 4)
        assert r.count() == 1
        topic = r.string()
        assert r.count() == 1
        number = r.int32()
        part, data = self.topics[topic][number], self.batches.get(topic, b"")
        w.int32(0)
        w.int16(0)
        w.int32(0)
        w.count(1)
        w.string(topic)
        w.count(1)
        w.int32(number)
        w.int16(part.error)
        for offset in (part.end, part.end, part.start):
            w.int64(offset)
        w.count(0)
        w.int32(-1)
        w.int32(len(data))
        w.raw(data)

    def _list_groups(self, node: int, w: Writer, version: int) -> None:
        error = self.listing_errors.get(node, self.listing_error)
        mine = {n: g for n, g in self.groups.items() if g.node == node and g.listed}
        if node in self.listing_errors:
            mine = {}
        if version >= 1:
            w.int32(0)
        w.int16(error)
        w.count(len(mine))
        for name, group in mine.items():
            w.string(name)
            w.string("consumer")
            if version >= 4:
                w.string(group.state)
            if version >= 5:
                w.string(group.kind)
            w.end_struct()
        w.end_struct()

    def _find(self, w: Writer, version: int, r: Reader) -> None:
        def place(name: str) -> tuple[int, int]:
            group = self.groups.get(name)
            return self.coordinator_error, group.node if group else 1

        if version >= 1:
            w.int32(0)
        if version < 4:
            error, node = place(r.string())
            w.int16(error)
            if version >= 1:
                w.string(None)
            w.int32(node)
            w.string("127.0.0.1")
            w.int32(self.ports[node])
            w.end_struct()
            return
        r.int8()
        names = r.array(r.string)
        w.count(len(names))
        for name in names:
            error, node = place(name)
            w.string(name)
            w.int32(node)
            w.string("127.0.0.1")
            w.int32(1)
            w.int16(error)
            w.string(None)
            w.end_struct()
        w.end_struct()

    def _describe(self, key: int, w: Writer, version: int, r: Reader) -> None:
        names = r.array(r.string)
        if version >= 1 or key == 69:
            w.int32(0)
        w.count(len(names))
        for name in names:
            group = self.groups.get(name)
            if group is None or (group.kind == "consumer") != (key == 69):
                group = Group(state="Dead", members=0, error=69 if key == 69 else 0)
            w.int16(group.error)
            if key == 69:
                w.string(None)
            w.string(name)
            w.string(group.state)
            if key == 69:
                w.int64(0)
                w.string("uniform")
                w.count(group.members)
                for _ in range(group.members):
                    _new_member(w)
            else:
                w.string("consumer")
                w.string("range")
                w.count(group.members)
                for _ in range(group.members):
                    _old_member(w, version, group.assignment)
            if version >= 3 or key == 69:
                w.int32(0)
            w.end_struct()
        w.end_struct()

    def _fetch(self, w: Writer, version: int, r: Reader) -> None:
        if version >= 3:
            w.int32(0)
        if version < 2:
            self._named_commits(w, version, r)
            return
        if version < 8:
            name, _ = r.string(), r.count()
            self._commits(w, version, name, stable=version >= 7 and r.boolean())
            return
        names: list[str] = []
        for _ in range(r.count()):
            names.append(r.string())
            r.count()
            r.end_struct()
        stable = r.boolean()
        w.count(len(names))
        for name in names:
            w.string(name)
            self._commits(w, version, name, stable=stable)
        w.end_struct()

    def _named_commits(self, w: Writer, version: int, r: Reader) -> None:
        """Version 0 has ZooKeeper's commits, and one word for a commit and a topic not there."""
        group = self.groups.get(r.string()) or Group()
        commits = group.offsets if version == 1 else group.in_zookeeper
        count = r.count()
        w.count(count)
        for _ in range(count):
            topic, numbers = r.string(), r.int32s()
            w.string(topic)
            w.count(len(numbers))
            for number in numbers:
                offset = commits.get((topic, number))
                w.int32(number)
                w.int64(-1 if offset is None else offset)
                w.string("")
                w.int16(3 if offset is None and version == 0 else group.partition_error)

    def _commits(self, w: Writer, version: int, name: str, *, stable: bool) -> None:
        group = self.groups.get(name) or Group()
        hangs = group.partition_error == 88 and not stable
        w.count(len(group.offsets))
        for (topic, partition), offset in group.offsets.items():
            w.string(topic)
            w.count(1)
            w.int32(partition)
            w.int64(offset)
            if version >= 5:
                w.int32(-1)
            w.string("")
            w.int16(0 if hangs else group.partition_error)
            w.end_struct()
            w.end_struct()
        w.int16(group.error)
        w.end_struct()


def _old_member(w: Writer, version: int, assignment: bytes) -> None:
    w.string("member")
    if version >= 4:
        w.string(None)
    w.string("client")
    w.string("/127.0.0.1")
    for data in (b"abc", assignment):
        w.count(len(data))
        w.raw(data)
    w.end_struct()


def _new_member(w: Writer) -> None:
    w.string("member")
    w.string(None)
    w.string(None)
    w.int32(1)
    w.string("client")
    w.string("/127.0.0.1")
    w.strings(["orders"])
    w.string(None)
    for _ in range(2):
        w.count(1)
        w.raw(bytes(16))
        w.string("orders")
        w.int32s([0, 1])
        w.end_struct()
        w.end_struct()
    w.end_struct()


def _versions_body(versions: dict[int, tuple[int, int]]) -> bytes:
    entries = {API_VERSIONS: (0, 0), **versions}
    body = struct.pack(">hi", 0, len(entries))
    return body + b"".join(struct.pack(">hhh", key, *span) for key, span in entries.items())


async def _serve(
    cluster: FakeCluster, node: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    cluster.writers.setdefault(node, []).append(writer)
    try:
        while True:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            frame = await reader.readexactly(size)
            key, version, correlation, length = struct.unpack_from(">hhih", frame)
            cluster.asked.append((node, key))
            if node in cluster.silent:
                continue
            if key in cluster.mute:
                break
            if cluster.cuts.get(key):
                cluster.cuts[key] -= 1
                break
            if key in cluster.passed_over:
                continue
            await asyncio.sleep(cluster.delays_s.get(key, 0.0))
            flexible = version >= FLEXIBLE_FROM.get(key, 32767)
            body = frame[10 + max(length, 0) + (1 if flexible else 0) :]
            cluster.bodies.append(body)
            if key == API_VERSIONS:
                answer = _versions_body(cluster.versions_of.get(node, cluster.versions))
            elif key in cluster.garble:
                answer = b"\x00\x7f"
            else:
                reply = cluster.answer(node, key, version, Reader(body, flexible=flexible))
                answer = (b"\x00" if flexible else b"") + reply.done()
            writer.write(struct.pack(">ii", len(answer) + 4, correlation) + answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        pass
    except asyncio.CancelledError:
        # The test is over while an answer is still held back.
        return
    finally:
        writer.close()


@asynccontextmanager
async def fake_cluster(
    cluster: FakeCluster, *, brokers: int = 2, tls: ssl.SSLContext | None = None
) -> AsyncIterator[FakeCluster]:
    """Brokers numbered from 1 on free ports of the loopback interface."""
    async with AsyncExitStack() as stack:
        for node in range(1, brokers + 1):
            serve = functools.partial(_serve, cluster, node)
            listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
            stack.callback(listener.close)
            cluster.ports[node] = listener.sockets[0].getsockname()[1]
        try:
            yield cluster
        finally:
            for node in tuple(cluster.writers):
                cluster.drop(node)
            await asyncio.sleep(0.01)
