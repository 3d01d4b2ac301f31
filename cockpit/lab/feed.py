"""A consumer that commits only what its owner has marked as processed.

Never commits by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord, TopicPartition

from cockpit.lab.clusters import Login
from cockpit.lab.ledger import Entry
from cockpit.lab.oldclients import OldConsumer
from cockpit.lab.schemaids import SchemaIds, UnknownSchemaError, without_id
from cockpit.lab.workload import Hurry

POLL_MS = 200
POLL_RECORDS = 500
REQUEST_TIMEOUT_MS = 6_000
COMMIT_TIMEOUT_S = 3.0
CLOSE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record that was read."""

    entry: Entry
    key: bytes


class Feed:
    """Records of some topics for one group."""

    def __init__(
        self,
        topics: tuple[str, ...],
        group: str,
        hurry: Hurry,
        schemas: SchemaIds | None = None,
        *,
        in_zookeeper: bool = False,
    ) -> None:
        """`in_zookeeper`: where commits are kept, on brokers before 0.9."""
        self._schemas = schemas
        self._in_zookeeper = in_zookeeper
        self._topics = topics
        self._hurry = hurry
        self._group = group
        self._cluster = ""
        self._consumer: Any = None
        self._marked: dict[TopicPartition, int] = {}

    async def open(self, cluster: str, login: Login) -> None:
        """Join the group on this cluster. Raises KafkaError."""
        self._cluster = cluster
        self._marked = {}
        consumer = self._old(login) if login.zookeeper else self._new(login)
        self._consumer = consumer
        try:
            await consumer.start()
        except BaseException:
            await self.close()
            raise

    def _old(self, login: Login) -> OldConsumer:
        keeps = self._in_zookeeper
        return OldConsumer(self._topics, self._group, login, self._hurry, in_zookeeper=keeps)

    def _new(self, login: Login) -> Any:  # noqa: ANN401 - aiokafka ships no types
        return AIOKafkaConsumer(
            *self._topics,
            **login.client_options(),
            client_id=login.username,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=6_000,
            heartbeat_interval_ms=2_000,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            fetch_min_bytes=self._hurry.fetch_bytes,
            fetch_max_wait_ms=self._hurry.fetch_wait_ms,
        )

    async def poll(self) -> tuple[Incoming, ...]:
        """Whatever has arrived, waiting a little. Raises KafkaError; UnknownSchemaError where it
        cannot be read, and it will come again."""
        batches = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=POLL_RECORDS)
        if self._schemas is not None:
            values = (record.value or b"" for records in batches.values() for record in records)
            try:
                await self._schemas.check(self._cluster, values)
            except UnknownSchemaError:
                for place, records in batches.items():
                    self._consumer.seek(place, records[0].offset)
                raise
        return tuple(
            incoming
            for records in batches.values()
            for record in records
            if (incoming := self._incoming(record)) is not None
        )

    def mark(self, entry: Entry) -> None:
        """This record has been processed, and all before it in its partition."""
        self._marked[TopicPartition(entry.topic, entry.partition)] = entry.offset + 1

    @property
    def has_marks(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self._marked)

    async def commit(self) -> None:
        """Commit what is marked. Raises KafkaError or TimeoutError; the marks then stay."""
        mine = self._consumer.assignment()
        offsets = {place: offset for place, offset in self._marked.items() if place in mine}
        if offsets:
            async with asyncio.timeout(COMMIT_TIMEOUT_S):
                await self._consumer.commit(offsets)
        self._marked = {}

    async def close(self) -> None:
        """Leave the group."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await consumer.stop()

    def _incoming(self, record: ConsumerRecord) -> Incoming | None:
        try:
            body = json.loads(without_id(record.value))
            entry = Entry(
                self._cluster,
                record.topic,
                record.partition,
                record.offset,
                str(body["producer"]),
                int(body["seq"]),
                int(body["at_ms"]),
            )
        except (ValueError, KeyError, TypeError):
            return None  # not of this workload: nothing that it could account for
        return Incoming(entry, record.key or b"")
