"""What the three kinds of services do while they run: generate, read, transform.

Never listens for commands: `cockpit.lab.service` starts and stops them.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from cockpit.lab.clusters import Login
from cockpit.lab.feed import Feed, Incoming
from cockpit.lab.layout import Layout
from cockpit.lab.ledger import Entry, Ledger, next_seq
from cockpit.lab.meter import Meter
from cockpit.lab.outbox import Outbox, Outgoing
from cockpit.lab.schemaids import SchemaIds
from cockpit.lab.workload import PARTITIONS, Hurry, Work, Workload

KEYS = 61
"""Keys of a generator; no divisor of its records a tick, so that every topic sees every key."""
BACKLOG_RECORDS = 5_000
"""A fenced generator makes no more than this: its clients would be waiting, too."""
COMMIT_EVERY_S = 1.0
BACKOFF_S = 0.5


class Worker(Protocol):
    """What a service does between a start and a stop."""

    consumed: Ledger | None
    produced: Ledger | None

    async def open(self, cluster: str, login: Login) -> None:
        """Connect. Raises KafkaError or TimeoutError."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until asked to stop."""

    async def close(self) -> str | None:
        """Commit and disconnect; why the last commit failed, None when it did not."""


def worker_for(
    work: Work,
    workload: Workload,
    folder: Path,
    meter: Meter,
    schemas: SchemaIds | None = None,
) -> Worker:
    """The worker of a service. `schemas`: where records have ids of them."""
    layout = Layout(folder)
    consumed = Ledger(layout.consumed / f"{work.name}.jsonl")
    path = layout.produced / f"{work.name}.jsonl"
    sequence = Sequence(work.name, path, workload.partitions)
    if work.generates:
        spoiled = Spoiled(work.spoils_every, workload)
        outbox = Outbox(produced := Ledger(path), meter, _now_s, schemas, work.produces)
        return Generator(work, sequence, produced, outbox, workload.tick_s, spoiled)
    feed = _feed(work, workload.hurry, schemas)
    if work.emits:
        outbox = Outbox(produced := Ledger(path), meter, _now_s, schemas, work.produces)
        ends = (feed, outbox)
        return Transformer(work, sequence, (consumed, produced), ends, meter, workload.hurry)
    return Reader(feed, consumed, meter, workload.hurry)


def _feed(work: Work, hurry: Hurry, schemas: SchemaIds | None) -> Feed:
    in_zookeeper = work.commits_in_zookeeper
    group = work.group or work.name
    return Feed(work.consumes, group, hurry, schemas, in_zookeeper=in_zookeeper)


def partition_of(key: bytes, partitions: int = PARTITIONS) -> int:
    """The partition that any Kafka client would choose for this key, of so many."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def _now_s() -> float:
    return asyncio.get_running_loop().time()


class Sequence:
    """Sequence numbers of one producer, going on where its ledger ends."""

    def __init__(self, producer: str, ledger: Path, partitions: int) -> None:
        self._producer = producer
        self._partitions = partitions
        self._next = next_seq(ledger)

    def record(self, topic: str, key: bytes, cause: Entry | None = None) -> Outgoing:
        """The next record."""
        seq, self._next = self._next, self._next + 1
        place = None if cause is None else (cause.topic, cause.partition, cause.offset)
        at_ms = time.time_ns() // 1_000_000
        partition = partition_of(key, self._partitions)
        return Outgoing(topic, partition, key, self._producer, seq, at_ms, place)

    def key(self) -> bytes:
        """The key of the next record of a generator."""
        return f"{self._producer}-{self._next % KEYS}".encode()


class Spoiled:
    """Which records are spoiled: one in so many, of a topic whose reader has dead letters."""

    def __init__(self, every: int, workload: Workload) -> None:
        self._every = every
        self._workload = workload

    def of(self, record: Outgoing) -> Outgoing:
        """The record as it is written."""
        if not self._every or record.seq % self._every:
            return record
        return replace(record, ends_at=self._workload.dead_letters_of(record.topic))


class Generator:
    """Makes records at a steady rate."""

    def __init__(
        self,
        work: Work,
        sequence: Sequence,
        produced: Ledger,
        outbox: Outbox,
        tick_s: float,
        spoiled: Spoiled,
    ) -> None:
        self._spoiled = spoiled
        self._work = work
        self._tick_s = tick_s
        self._sequence = sequence
        self._outbox = outbox
        self.produced: Ledger | None = produced
        self.consumed: Ledger | None = None

    async def open(self, cluster: str, login: Login) -> None:
        """Connect. What an earlier cluster never acknowledged will be sent here."""
        await self._outbox.open(cluster, login)

    async def run(self, stopping: asyncio.Event) -> None:
        """Make records and send them until asked to stop, then try once more to send the rest."""
        due_s = _now_s()
        while not stopping.is_set():
            while due_s <= _now_s():
                due_s += self._tick_s
                if len(self._outbox) < BACKLOG_RECORDS:
                    self._tick()
            sent = await self._outbox.flush()
            stuck = not sent and len(self._outbox) > 0
            pause_s = BACKOFF_S if stuck else due_s - _now_s()
            await _sleep(pause_s, stopping)
        if len(self._outbox):
            await self._outbox.flush()

    async def close(self) -> str | None:
        """Disconnect."""
        await self._outbox.close()
        return None

    def _tick(self) -> None:
        for topic, count in self._work.generates:
            for _ in range(count):
                record = self._sequence.record(topic, self._sequence.key())
                self._outbox.put(self._spoiled.of(record))


class Reader:
    """Reads, and writes down what it has read."""

    def __init__(self, feed: Feed, consumed: Ledger, meter: Meter, hurry: Hurry) -> None:
        self._feed = feed
        self._pace_s = hurry.pace_s
        self._meter = meter
        self._commits = Commits(self._feed, meter)
        self.consumed: Ledger | None = consumed
        self._ledger = consumed
        self.produced: Ledger | None = None

    async def open(self, cluster: str, login: Login) -> None:
        """Join the group."""
        await self._feed.open(cluster, login)

    async def run(self, stopping: asyncio.Event) -> None:
        """Read and commit until asked to stop."""
        while not stopping.is_set():
            batch = await _polled(self._feed, self._meter, stopping)
            _attempt_all(batch, self._meter)
            self._ledger.add(incoming.entry for incoming in batch)
            now_ms = time.time_ns() // 1_000_000
            for incoming in batch:
                self._feed.mark(incoming.entry)
                self._meter.took(_now_s(), now_ms - incoming.entry.at_ms)
            await self._commits.now_and_then()
            await _sleep(self._pace_s, stopping)

    async def close(self) -> str | None:
        """Commit, then leave the group."""
        failure = await self._commits.last()
        await self._feed.close()
        return failure


class Transformer:
    """Reads, writes what follows from it, and only then counts a record as processed."""

    def __init__(
        self,
        work: Work,
        sequence: Sequence,
        ledgers: tuple[Ledger, Ledger],
        ends: tuple[Feed, Outbox],
        meter: Meter,
        hurry: Hurry,
    ) -> None:
        self._pace_s = hurry.pace_s
        self._emits = dict(work.emits)
        self._sequence = sequence
        self._feed, self._outbox = ends
        self._meter = meter
        self._commits = Commits(self._feed, meter)
        self._ledger, produced = ledgers
        self._open: dict[tuple[str, int], deque[Entry]] = defaultdict(deque)
        """Inputs in order, by partition, that are not yet marked."""
        self._unsent: set[tuple[str, int, int]] = set()
        self.consumed: Ledger | None = self._ledger
        self.produced: Ledger | None = produced

    async def open(self, cluster: str, login: Login) -> None:
        """Connect both ways."""
        await self._outbox.open(cluster, login)
        try:
            await self._feed.open(cluster, login)
        except BaseException:
            await self._outbox.close()
            raise

    async def run(self, stopping: asyncio.Event) -> None:
        """Read, write and commit until asked to stop."""
        while not stopping.is_set():
            for incoming in await _polled(self._feed, self._meter, stopping):
                self._take(incoming)
            await self._deliver(stopping)
            self._settle()
            await self._commits.now_and_then()
            await _sleep(self._pace_s, stopping)

    async def close(self) -> str | None:
        """Commit what is done, drop what is not (its input will be read again), disconnect."""
        self._settle()
        failure = await self._commits.last()
        await self._feed.close()
        await self._outbox.close()
        self._outbox.forget()
        self._open.clear()
        self._unsent.clear()
        return failure

    def _take(self, incoming: Incoming) -> None:
        entry = incoming.entry
        self._open[entry.topic, entry.partition].append(entry)
        turns = self._emits[entry.topic]
        topic = turns[entry.offset % len(turns)]
        if topic is None:
            self._meter.ok(_now_s())
        else:
            self._outbox.put(self._sequence.record(topic, incoming.key, entry))
            self._unsent.add((entry.topic, entry.partition, entry.offset))

    async def _deliver(self, stopping: asyncio.Event) -> None:
        """Send until everything is acknowledged; when asked to stop, only once more."""
        while len(self._outbox):
            last_try = stopping.is_set()
            sent = await self._outbox.flush()
            self._unsent.difference_update(record.cause for record in sent if record.cause)
            if last_try:
                return
            if not sent:
                await _sleep(BACKOFF_S, stopping)

    def _settle(self) -> None:
        """Write down and mark every input that is done, with all before it in its partition."""
        done: list[Entry] = []
        for queue in self._open.values():
            while (
                queue and (queue[0].topic, queue[0].partition, queue[0].offset) not in self._unsent
            ):
                done.append(queue.popleft())
        self._ledger.add(done)
        for entry in done:
            self._feed.mark(entry)


class Commits:
    """Commits of one feed, about once a second."""

    def __init__(self, feed: Feed, meter: Meter) -> None:
        self._feed = feed
        self._meter = meter
        self._next_s = 0.0

    async def now_and_then(self) -> None:
        """Commit if the last time is long enough ago."""
        if _now_s() >= self._next_s and self._feed.has_marks:
            self._next_s = _now_s() + COMMIT_EVERY_S
            await self._try()

    async def last(self) -> str | None:
        """Commit what is left, in two tries; why it failed, None when it did not."""
        if not self._feed.has_marks:
            return None
        return await self._try() and await self._try()

    async def _try(self) -> str | None:
        try:
            await self._feed.commit()
        except (KafkaError, TimeoutError) as error:
            text = f"commit failed: {type(error).__name__}: {error}"
            self._meter.error(_now_s(), text)
            return text
        self._meter.ok(_now_s())
        return None


async def _polled(feed: Feed, meter: Meter, stopping: asyncio.Event) -> tuple[Incoming, ...]:
    try:
        return await feed.poll()
    except (KafkaError, KeyError) as error:
        meter.error(_now_s(), f"{type(error).__name__}: {error}")
        await _sleep(BACKOFF_S, stopping)
        return ()


def _attempt_all(batch: Iterable[Incoming], meter: Meter) -> None:
    """Count one good attempt for each record, and before it those that fail on purpose."""
    for _ in batch:
        while meter.fails_on_purpose():
            meter.error(_now_s(), "injected fault")
        meter.ok(_now_s())


async def _sleep(duration_s: float, stopping: asyncio.Event) -> None:
    """Wait, but not beyond a request to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(duration_s, 0.0)):
            await stopping.wait()
