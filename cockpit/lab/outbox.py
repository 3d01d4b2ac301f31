"""A producer that never drops a record and never lets one overtake another in its partition.

One batch a partition is on its way at a time, and a refused one is sent again before anything
newer. Not idempotent on purpose: an idempotent aiokafka producer never recovers once a broker has
refused one of its batches. Never makes up records.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from aiokafka.structs import RecordMetadata

from cockpit.lab.clusters import Login
from cockpit.lab.ledger import Entry, Ledger
from cockpit.lab.meter import Meter
from cockpit.lab.oldclients import OldProducer
from cockpit.lab.schemaids import SchemaIds

BATCH_RECORDS = 200
BATCH_BYTES = 64 * 1024
REQUEST_TIMEOUT_MS = 3_000
SEND_TIMEOUT_S = 15.0
"""Longer than aiokafka keeps a batch that nobody takes."""
CLOSE_TIMEOUT_S = 2.0
Reply = Awaitable[RecordMetadata] | BaseException
"""What the client gave for a batch: word to come, or an error at once."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to write. `cause` says what it was made from: (topic, partition, offset)."""

    topic: str
    partition: int
    key: bytes
    producer: str
    seq: int
    at_ms: int
    cause: tuple[str, int, int] | None = None
    ends_at: str | None = None
    """Of a spoiled record: the dead-letter topic that it must end at."""

    @property
    def value(self) -> bytes:
        """The record's value. A spoiled one is read by Python alone."""
        more = ', "amount": NaN' if self.ends_at else ""
        return (
            f'{{"producer": "{self.producer}", "seq": {self.seq}, "at_ms": {self.at_ms}{more}}}'
        ).encode()

    def entry(self, cluster: str, offset: int) -> Entry:
        """The record as it was acknowledged, under the topic where it must be read."""
        topic = self.ends_at or self.topic
        return Entry(cluster, topic, self.partition, offset, self.producer, self.seq, self.at_ms)


class Outbox:
    """Records that wait to be acknowledged by one cluster after the other."""

    def __init__(
        self,
        ledger: Ledger,
        meter: Meter,
        now_s: Callable[[], float],
        schemas: SchemaIds | None = None,
        topics: tuple[str, ...] = (),
    ) -> None:
        """`topics`: those that are written, where records have ids of schemas."""
        self._schemas = schemas
        self._topics = topics
        self._stamps: dict[str, bytes] = {}
        self._ledger = ledger
        self._meter = meter
        self._now_s = now_s
        self._waiting: dict[tuple[str, int], deque[Outgoing]] = {}
        self._producer: Any = None
        self._login: Login | None = None
        self._cluster = ""
        self._broken = False

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._waiting.values())

    def put(self, record: Outgoing) -> None:
        """Take one more record."""
        self._waiting.setdefault((record.topic, record.partition), deque()).append(record)

    def forget(self) -> None:
        """Drop what is not acknowledged: its cause will be processed again."""
        self._waiting.clear()

    async def open(self, cluster: str, login: Login) -> None:
        """Write to this cluster from now on. Raises KafkaError, OSError."""
        self._cluster, self._login = cluster, login
        if self._schemas is not None:
            self._stamps = await self._schemas.stamps(cluster, self._topics)
        producer = OldProducer(login) if login.zookeeper else _new(login)
        self._producer = producer
        self._broken = False
        try:
            await producer.start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Let go of the cluster; what waits stays."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await producer.stop()

    async def flush(self) -> tuple[Outgoing, ...]:
        """Send one batch of each partition that has any; those acknowledged. Never raises.

        Empty while nothing gets through: the caller paces.
        """
        if self._broken or self._producer is None:
            # What a client that timed out would still send later must not overtake what we send.
            await self.close()
            if self._login is None or not await self._reopened(self._login):
                return ()
        sent = {}
        for place in [place for place, queue in self._waiting.items() if queue]:
            batch = self._batch(place)
            if self._meter.fails_on_purpose():
                self._meter.error(self._now_s(), "injected fault", len(batch))
            else:
                sent[place] = (batch, await self._sent(place, batch))
        done: list[Outgoing] = []
        entries: list[Entry] = []
        for place, (batch, reply) in sent.items():
            base = await self._acknowledged(batch, reply)
            if base is None:
                continue
            queue = self._waiting[place]
            for index, record in enumerate(batch):
                queue.popleft()
                entries.append(record.entry(self._cluster, base + index))
            done += batch
        self._ledger.add(entries)
        return tuple(done)

    async def _reopened(self, login: Login) -> bool:
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await self.open(self._cluster, login)
        except (KafkaError, TimeoutError, OSError) as error:
            self._meter.error(self._now_s(), _text(error))
            return False
        return True

    def _batch(self, place: tuple[str, int]) -> list[Outgoing]:
        queue = self._waiting[place]
        return [queue[index] for index in range(min(len(queue), BATCH_RECORDS))]

    async def _sent(self, place: tuple[str, int], batch: list[Outgoing]) -> Reply:
        """The future of a batch handed to the client, or the error that kept it from that."""
        builder = self._producer.create_batch()
        for record in batch:
            value = self._stamps.get(record.topic, b"") + record.value
            builder.append(key=record.key, value=value, timestamp=record.at_ms)
        builder.close()
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                reply: Reply = await self._producer.send_batch(
                    builder, place[0], partition=place[1]
                )
        except (KafkaError, TimeoutError, KeyError, AssertionError) as error:
            return error
        return reply

    async def _acknowledged(self, batch: list[Outgoing], reply: Reply) -> int | None:
        """The offset of the batch's first record; None when it was not acknowledged."""
        error: BaseException
        if isinstance(reply, BaseException):
            error = reply
        else:
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    offset = int((await reply).offset)
            except (KafkaError, TimeoutError, KeyError) as failure:
                error = failure
            else:
                self._meter.ok(self._now_s(), len(batch))
                return offset
        if not isinstance(error, TopicAuthorizationFailedError):
            self._broken = True
        self._meter.error(self._now_s(), _text(error), len(batch))
        return None


def _new(login: Login) -> Any:  # noqa: ANN401 - aiokafka ships no types
    return AIOKafkaProducer(
        **login.client_options(),
        client_id=login.username,
        acks="all",
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_batch_size=BATCH_BYTES,
    )


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
