"""The hot path against a real broker: open transactions, half-truths after a crash, new topics
under old names. States are as old as the engine lets them be."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from cockpit.core.observe import MISSING, GroupSample, LogSample
from cockpit.kafka.client import Client
from cockpit.kafka.cluster import KafkaCluster
from cockpit.kafka.protocol.commits import commit
from cockpit.kafka.protocol.groups import find_coordinators
from cockpit.lab.versions import Broker, broker_of
from cockpit.ports import PortError
from tests.kafka.clock import RealClock, until

pytestmark = pytest.mark.broker

STATES_MAX_AGE_MS = 2_000
TOPICS, GROUPS, PARTITIONS = ("orders", "payments"), ("ledger", "audit", "search"), 20
COMMITS = {(topic, p): p for topic in TOPICS for p in range(PARTITIONS)}


async def test_a_real_broker_is_never_misread(tmp_path: Path) -> None:
    async with broker_of("4.3.1", tmp_path / "broker") as broker, watching(broker) as cluster:
        async with admin_of(broker) as admin:
            await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in TOPICS])
        await commit_all(broker)
        await until(lambda: complete(cluster), timeout_s=20)
        await assert_an_open_transaction_is_seen(broker, cluster)
        await assert_killed_is_never_misread(broker, cluster)
        await assert_a_topic_made_again_is_another(broker, cluster)


@contextlib.asynccontextmanager
async def watching(broker: Broker) -> AsyncIterator[KafkaCluster]:
    cluster = KafkaCluster("source", broker.access(), RealClock(), topics=TOPICS, groups=GROUPS)
    try:
        yield cluster
    finally:
        await cluster.close()


@contextlib.asynccontextmanager
async def admin_of(broker: Broker) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def commit_all(broker: Broker) -> None:
    """The same commits for every group, as nobody."""
    client = Client(broker.access())

    async def committed() -> bool:
        found = await client.ask_any(find_coordinators(GROUPS))
        if any(coordinator.error for coordinator in found):
            return False
        made = [await client.call(c.node, commit(c.group, COMMITS.items(), "")) for c in found]
        return not any(error for errors in made for _, error in errors)

    try:
        await until(committed, timeout_s=20)
    finally:
        await client.close()


async def groups_of(cluster: KafkaCluster) -> GroupSample:
    return await cluster.groups(states_max_age_ms=STATES_MAX_AGE_MS)


async def complete(cluster: KafkaCluster) -> bool:
    """Whether everything is known."""
    try:
        groups, logs = await groups_of(cluster), await cluster.logs()
    except PortError:
        return False
    known = all(groups.groups[name].unknown is None for name in GROUPS)
    return known and len(logs.keys) == len(COMMITS) and not logs.errors


async def assert_an_open_transaction_is_seen(broker: Broker, cluster: KafkaCluster) -> None:
    """A commit that hangs in a transaction hides the last commit of a group without members."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.address, transactional_id="t")
    await producer.start()
    try:
        await producer.begin_transaction()
        place = {TopicPartition("orders", 3): 30}
        await producer.send_offsets_to_transaction(place, "ledger")
        groups = (await groups_of(cluster)).groups
        assert groups["ledger"].unknown == "commit of orders/3: a transactional commit is open (88)"
        assert groups["audit"].committed() == COMMITS
        await producer.commit_transaction()

        async def known() -> bool:
            return (await groups_of(cluster)).groups["ledger"].unknown is None

        await until(known, timeout_s=10)
        ledger = (await groups_of(cluster)).groups["ledger"]
        assert ledger.committed() == {**COMMITS, ("orders", 3): 30}
    finally:
        await producer.stop()


async def assert_killed_is_never_misread(broker: Broker, cluster: KafkaCluster) -> None:
    """Whatever is said while a broker dies and comes back is what was, or is unknown."""
    before = (await groups_of(cluster)).groups
    ends = (await cluster.logs()).end.tolist()
    os.kill(broker.processes["broker"].pid, signal.SIGKILL)
    groups: list[GroupSample] = []
    logs: list[LogSample] = []
    async with asyncio.TaskGroup() as tasks:
        restarting = tasks.create_task(restart(broker), name="restart")
        while not (restarting.done() and groups and logs and await complete(cluster)):
            with contextlib.suppress(PortError):
                groups.append(await groups_of(cluster))
            with contextlib.suppress(PortError):
                logs.append(await cluster.logs())
            await asyncio.sleep(0.02)
    for sample in groups:
        for name in GROUPS:
            group = sample.groups[name]
            assert group.unknown is not None or group.committed() == before[name].committed()
    for seen in logs:
        assert all(end in (MISSING, was) for end, was in zip(seen.end.tolist(), ends, strict=True))
        assert all(seen.keys.names[i] in seen.errors for i in (seen.end == MISSING).nonzero()[0])


async def restart(broker: Broker) -> None:
    await broker.stop()
    await broker.start()


async def assert_a_topic_made_again_is_another(broker: Broker, cluster: KafkaCluster) -> None:
    """A topic of the same name is another topic, and every sample says so from then on."""
    async with admin_of(broker) as admin:
        producer = AIOKafkaProducer(bootstrap_servers=broker.address)
        await producer.start()
        for partition in range(PARTITIONS):
            await producer.send_and_wait("payments", b"x", partition=partition)
        await producer.stop()
        before = await cluster.logs()
        assert before.end[before.keys.position["payments", 0]] == 1
        await admin.delete_topics(["payments"])
        await admin.create_topics([NewTopic("payments", PARTITIONS, 1)])
    samples: list[LogSample] = []

    async def settled() -> bool:
        samples.append(await cluster.logs())
        return "payments" in samples[-1].recreated and not samples[-1].errors

    await until(settled, timeout_s=20)
    for sample in samples:
        at = sample.keys.position.get(("payments", 0))
        if at is not None and sample.end[at] == 0:
            assert sample.recreated == {"payments"}
    assert (await cluster.logs()).recreated == {"payments"}
