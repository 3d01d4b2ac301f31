"""Other clients that read the same offsets and commits, as far as this machine has them.

Each is given its best case: a client that is connected already, coordinators known where its
interface takes them, requests at once where it allows that.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from cockpit.cli.observing.content import GROUPS, PARTITIONS, TOPICS, group_name, topic_name
from cockpit.cli.observing.measure import children_ms
from cockpit.lab.home import LabError
from cockpit.lab.versions import Broker

CONSUMER_GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"

Peer = Callable[[], Awaitable[int]]
"""One refresh; answers how many offsets and commits it has read."""


@contextlib.asynccontextmanager
async def aiokafka_admin(bootstrap: str, node: int) -> AsyncIterator[Peer]:
    """aiokafka's admin client for commits, its consumer for ends: the admin has none."""
    partitions = [
        TopicPartition(topic_name(t), p) for t in range(TOPICS) for p in range(PARTITIONS)
    ]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await admin.start()
    await consumer.start()
    # So that it knows all leaders; assigned no longer, it does nothing besides.
    consumer.assign(partitions)
    consumer.pause(*partitions)
    await consumer.end_offsets(partitions)
    consumer.unsubscribe()

    async def commits(group: str) -> int:
        return len(await admin.list_consumer_group_offsets(group, group_coordinator_id=node))

    async def refresh() -> int:
        async with asyncio.TaskGroup() as tasks:
            asking = [
                tasks.create_task(commits(group_name(n)), name=f"peer-{n}") for n in range(GROUPS)
            ]
        ends = await consumer.end_offsets(partitions)
        return len(ends) + sum(task.result() for task in asking)

    try:
        yield refresh
    finally:
        await consumer.stop()
        await admin.close()


def confluent_module() -> Any | None:  # noqa: ANN401  # a library that need not be there
    """confluent-kafka's admin module, if it is installed."""
    try:
        return importlib.import_module("confluent_kafka.admin")
    except ImportError:
        return None


@contextlib.asynccontextmanager
async def confluent_admin(bootstrap: str) -> AsyncIterator[Peer]:
    """confluent-kafka's admin client; its threads' CPU counts as its own process's would."""
    base, admin_module = importlib.import_module("confluent_kafka"), confluent_module()
    assert admin_module is not None
    admin = admin_module.AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    latest = admin_module.OffsetSpec.latest()
    ends = {
        base.TopicPartition(topic_name(t), p): latest
        for t in range(TOPICS)
        for p in range(PARTITIONS)
    }

    def read() -> int:
        asked = [
            admin.list_consumer_group_offsets([base.ConsumerGroupTopicPartitions(group_name(n))])
            for n in range(GROUPS)
        ]
        found = [future.result() for futures in asked for future in futures.values()]
        offsets = [future.result() for future in admin.list_offsets(ends).values()]
        return len(offsets) + sum(len(group.topic_partitions) for group in found)

    async def refresh() -> int:
        return await asyncio.to_thread(read)

    yield refresh


async def consumer_groups_tool(broker: Broker) -> float | None:
    """CPU milliseconds of one `kafka-consumer-groups --describe --all-groups`, start included.

    None where the tool is not among the jars.
    """
    before = children_ms()
    arguments = ("--bootstrap-server", broker.address, "--describe", "--all-groups", "--offsets")
    try:
        await broker.tool(CONSUMER_GROUPS, *arguments)
    except LabError as error:
        if "ClassNotFoundException" in str(error):
            return None
        raise
    return children_ms() - before
