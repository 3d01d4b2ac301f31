"""What the measured brokers hold, and how the real one comes to hold it.

Sizes are the ones that the limits speak of. Never measures.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from cockpit.kafka.client import CHANGE_TIMEOUT_MS, Client
from cockpit.kafka.protocol.commits import commit
from cockpit.kafka.protocol.groups import find_coordinators
from cockpit.kafka.security import Access
from cockpit.ports import PortError

TOPICS, PARTITIONS, GROUPS = 200, 50, 200
"""10,000 partitions; each group has committed on every partition of one topic: 10,000 commits."""
BATCH = 20
"""Topics created by one request; a controller refuses some thousands of partitions at once."""
READY_TIMEOUT_S = 300.0


def topic_name(number: int) -> str:
    """Name of a topic of the real broker."""
    return f"bench-{number:04d}"


def group_name(number: int) -> str:
    """Name of a group of the real broker."""
    return f"bench-group-{number:04d}"


@dataclass(slots=True)
class Content:
    """The real broker's topics and groups, and a way to stir them."""

    client: Client
    producer: AIOKafkaProducer
    node: int
    committed: int = 0

    async def fill(self, bootstrap: str) -> None:
        """Create everything, and wait until the broker knows it."""
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            for first in range(0, TOPICS, BATCH):
                numbers = range(first, min(first + BATCH, TOPICS))
                topics = [NewTopic(topic_name(n), PARTITIONS, 1) for n in numbers]
                made = await admin.create_topics(topics, timeout_ms=60_000)
                if any(code for _, code, *_ in made.topic_errors):
                    raise RuntimeError(f"topics were not created: {made.topic_errors}")
        finally:
            await admin.close()
        async with asyncio.timeout(READY_TIMEOUT_S):
            while True:
                if await self._ready():
                    break
                await asyncio.sleep(0.5)
        await self.stir(GROUPS)

    async def close(self) -> None:
        """Let go of every connection."""
        await self.producer.stop()
        await self.client.close()

    async def _ready(self) -> bool:
        """Whether every partition has a leader, and groups a coordinator."""
        try:
            view = await self.client.view()
            leaders = [p.leader for name in view.topics for p in view.topics[name].partitions]
            if len(leaders) < TOPICS * PARTITIONS or min(leaders) < 0:
                return False
            (found,) = await self.client.ask_any(find_coordinators([group_name(0)]))
        except PortError:
            return False
        self.node = found.node
        return found.error == 0

    async def stir(self, groups: int) -> None:
        """One record to a partition of each topic, and newer commits of some groups."""
        self.committed += 1
        for number in range(TOPICS):
            await self.producer.send(
                topic_name(number), b"x", partition=self.committed % PARTITIONS
            )
        await self.producer.flush()
        for number in range(groups):
            places = [((topic_name(number), p), self.committed) for p in range(PARTITIONS)]
            for _, error in await self.client.call(
                self.node, commit(group_name(number), places, "")
            ):
                if error:
                    raise RuntimeError(f"commit of {group_name(number)} failed: {error}")


@asynccontextmanager
async def filled(access: Access) -> AsyncIterator[Content]:
    """The content of a fresh broker."""
    bootstrap = ",".join(f"{host}:{port}" for host, port in access.bootstrap)
    client = Client(access, timeout_ms=CHANGE_TIMEOUT_MS)
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=5)
    content = Content(client, producer, node=-1)
    await producer.start()
    try:
        await content.fill(bootstrap)
        yield content
    finally:
        await content.close()


@asynccontextmanager
async def synthetic_broker(
    *, topics: int, groups: int, failing: bool = False
) -> AsyncIterator[Access]:
    """A synthetic broker in a process of its own, PARTITIONS a topic, until the block ends."""
    command = [sys.executable, "-m", "cockpit.cli.observing.synthetic"]
    command += ["--topics", str(topics), "--partitions", str(PARTITIONS), "--groups", str(groups)]
    command += ["--failing"] * failing
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        yield Access((("127.0.0.1", port),), "PLAINTEXT")
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(5.0):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
