"""Clients of the services for brokers before 0.9, in the shape of those that they use elsewhere.

By `kafka-python`, which still speaks to 0.8.2, and `kazoo`: packages of the lab alone. Such a
broker knows no members of groups; a consumer registers in ZooKeeper, as those of its time did, and
is alone in its group here. Never commits by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Final, TypeVar

from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import TopicPartition

from cockpit.lab.clusters import Login
from cockpit.lab.home import LabError
from cockpit.lab.workload import Hurry

IN_KAFKA: Final = (0, 8, 2)
IN_ZOOKEEPER: Final = (0, 8, 1)
"""What kafka-python is told that the broker is: it decides where commits are kept."""
ACKNOWLEDGED_WITHIN_S: Final = 10.0
SESSION_S: Final = 6.0
_PACKAGES: Final = {"kafka-python": "kafka", "kazoo": "kazoo"}

T = TypeVar("T")


class _Alone:
    """Runs what blocks, one call after the other, beside the loop."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1)

    def start(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Begin; the future raises KafkaError for whatever the old client raises."""
        return asyncio.get_running_loop().run_in_executor(self._pool, _translated, work)

    def close(self) -> None:
        """Take nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _translated(work: Callable[[], T]) -> T:
    from kafka.errors import KafkaError as OldError
    from kazoo.exceptions import KazooException
    from kazoo.handlers.threading import KazooTimeoutError

    try:
        return work()
    except (OldError, KazooException, KazooTimeoutError, OSError) as error:
        raise KafkaConnectionError(f"{type(error).__name__}: {error}") from error


class OldConsumer:
    """Reads all partitions of some topics for one group."""

    def __init__(
        self, topics: Sequence[str], group: str, login: Login, hurry: Hurry, *, in_zookeeper: bool
    ) -> None:
        self._topics = tuple(topics)
        self._group = group
        self._login = login
        self._hurry = hurry
        self._version = IN_ZOOKEEPER if in_zookeeper else IN_KAFKA
        self._alone = _Alone()
        self._consumer: Any = None
        self._registration: Any = None

    async def start(self) -> None:
        """Register and begin where the group's commits are. Raises KafkaError."""
        await self._alone.start(self._open)

    def _open(self) -> None:
        from kafka import KafkaConsumer
        from kafka import TopicPartition as OldPartition

        self._register()
        self._consumer = KafkaConsumer(
            bootstrap_servers=self._login.bootstrap,
            api_version=self._version,
            client_id=self._login.username,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=self._hurry.fetch_wait_ms,
        )
        self._consumer.assign(
            [
                OldPartition(topic, partition)
                for topic in self._topics
                for partition in sorted(self._consumer.partitions_for_topic(topic) or ())
            ]
        )

    def _register(self) -> None:
        from kazoo.client import KazooClient

        self._registration = KazooClient(self._login.zookeeper, timeout=SESSION_S)
        self._registration.start(timeout=SESSION_S)
        path = f"/consumers/{self._group}/ids"
        self._registration.ensure_path(path)
        name = f"{path}/{self._group}_{self._login.username}"
        self._registration.create(name, b'{"version": 1}', ephemeral=True)

    async def getmany(
        self, *, timeout_ms: int, max_records: int
    ) -> Mapping[TopicPartition, Sequence[Any]]:
        """Whatever has arrived. Raises KafkaError."""
        found = await self._alone.start(
            lambda: self._consumer.poll(timeout_ms=timeout_ms, max_records=max_records)
        )
        return {TopicPartition(old.topic, old.partition): found[old] for old in found}

    def assignment(self) -> set[TopicPartition]:
        """Every partition."""
        return {TopicPartition(old.topic, old.partition) for old in self._consumer.assignment()}

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit these. Raises KafkaError."""
        from kafka import OffsetAndMetadata
        from kafka import TopicPartition as OldPartition

        old = {
            OldPartition(name.topic, name.partition): OffsetAndMetadata(offset, "", -1)
            for name, offset in offsets.items()
        }
        await self._alone.start(lambda: self._consumer.commit(old))

    async def stop(self) -> None:
        """Leave: the registration goes at once. Raises KafkaError."""
        await self._alone.start(self._leave)
        self._alone.close()

    def _leave(self) -> None:
        with contextlib.ExitStack() as closing:
            if self._registration is not None:
                closing.callback(self._registration.close)
                closing.callback(self._registration.stop)
            if self._consumer is not None:
                self._consumer.close(autocommit=False)


@dataclass
class OldBatch:
    """Records of one partition that are sent together."""

    records: list[tuple[bytes, bytes]] = field(default_factory=list)

    def append(self, *, key: bytes, value: bytes, timestamp: int) -> None:
        """Take one more; its time is only in its value."""
        self.records.append((key, value))

    def close(self) -> None:
        """Nothing is left to be done."""


class OldProducer:
    """Writes batches, each acknowledged by every replica, without trying again by itself."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._alone = _Alone()
        self._producer: Any = None

    async def start(self) -> None:
        """Connect. Raises KafkaError."""
        await self._alone.start(self._open)

    def _open(self) -> None:
        from kafka import KafkaProducer

        self._producer = KafkaProducer(
            bootstrap_servers=self._login.bootstrap,
            api_version=IN_KAFKA,
            client_id=self._login.username,
            acks="all",
            retries=0,
            max_in_flight_requests_per_connection=1,
        )

    def create_batch(self) -> OldBatch:
        """An empty batch."""
        return OldBatch()

    async def send_batch(self, batch: OldBatch, topic: str, *, partition: int) -> Any:  # noqa: ANN401 - as the other client's
        """The future of the first record's place."""
        return self._alone.start(lambda: self._write(batch, topic, partition))

    def _write(self, batch: OldBatch, topic: str, partition: int) -> Any:  # noqa: ANN401 - as above
        from kafka.errors import KafkaError as OldError

        sent = [
            self._producer.send(topic, key=key, value=value, partition=partition)
            for key, value in batch.records
        ]
        places = [future.get(timeout=ACKNOWLEDGED_WITHIN_S) for future in sent]
        offsets = [place.offset for place in places]
        if offsets != list(range(offsets[0], offsets[0] + len(offsets))):
            raise OldError(f"{topic}/{partition}: a batch lies at {offsets}")
        return places[0]

    async def stop(self) -> None:
        """Disconnect. Raises KafkaError."""
        if self._producer is not None:
            await self._alone.start(lambda: self._producer.close(timeout=2))
        self._alone.close()


def require_packages() -> None:
    """Raises LabError where the packages that speak to such brokers are not installed."""
    missing = [name for name, module in _PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise LabError(
            f"this profile needs the Python packages {', '.join(missing)}: "
            "pip install 'kafka-cutover-cockpit[lab]'"
        )
