"""Brokers of every supported version are read exactly, and say in words what they cannot answer."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.structs import TopicPartition as LibraryPartition

from cockpit.cli.preflight import patiently
from cockpit.core.observe import MISSING, AclBinding, GroupState, LogSample, TopicPartition
from cockpit.kafka.client import Client
from cockpit.kafka.cluster import KafkaCluster
from cockpit.kafka.effects.authorizer import authorizers, why_no_acl_stops
from cockpit.kafka.errors import UnsupportedError
from cockpit.kafka.protocol.acls import create_acls
from cockpit.kafka.protocol.commits import commit
from cockpit.kafka.protocol.groups import find_coordinators
from cockpit.kafka.protocol.request import Request
from cockpit.lab.versions import Broker, broker_of
from cockpit.ports import PortError
from tests.kafka.clock import RealClock, until
from tests.kafka.old_brokers import Errors, commit_old, produce, touch_topic

pytestmark = pytest.mark.broker
soak = pytest.mark.soak

TOPIC = "orders"
COUNTS = {0: 5, 1: 0, 2: 12}
"""Records by partition."""
FIRST = {0: 2, 1: 0, 2: 0}
"""Log starts, where the version can delete records."""
IN_KAFKA = {(TOPIC, 0): 3, (TOPIC, 2): 7}
IN_ZOOKEEPER = {(TOPIC, 0): 2, (TOPIC, 1): 0, (TOPIC, 2): 12}
GROUPS = ("in-kafka", "in-zookeeper", "in-both", "at-odds", "idle")
CREATING = {"auto.create.topics.enable": "true", "num.partitions": "3"}
"""Cockpit must create nothing even where asking is enough to do so."""


@contextlib.asynccontextmanager
async def reading(broker: Broker) -> AsyncIterator[KafkaCluster]:
    cluster = KafkaCluster(
        "source", broker.access(), RealClock(), topics=(TOPIC, "absent"), groups=GROUPS
    )
    try:
        yield cluster
    finally:
        await cluster.close()


@contextlib.asynccontextmanager
async def client_of(broker: Broker) -> AsyncIterator[Client]:
    client = Client(broker.access(), timeout_ms=15_000)
    try:
        yield client
    finally:
        await client.close()


async def commits_go_in(client: Client, request: Request[Errors]) -> None:
    """Commit; a broker that has just made its offsets topic may need a moment."""

    async def done() -> bool:
        try:
            return not any(error for _, error in await client.call(1, request))
        except PortError:
            return False

    await until(done, timeout_s=30)


async def fill_old(client: Client) -> None:
    """Topic, records and commits on a broker that is too old for the library."""

    async def created() -> bool:
        try:
            reply = await client.ask_any(touch_topic(TOPIC))
        except PortError:
            return False
        return any(
            t.name == TOPIC and not t.error and all(p.leader >= 0 for p in t.partitions)
            for t in reply.topics
        )

    await until(created, timeout_s=30)
    for partition, count in COUNTS.items():
        values = [b"record %d" % n for n in range(count)]
        if values:
            assert await client.call(1, produce(TOPIC, partition, values)) == 0


async def fill_new(broker: Broker) -> None:
    """Topic, records and log starts, by the library."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    producer = AIOKafkaProducer(bootstrap_servers=broker.address)
    await admin.start()
    try:
        configs = {"retention.ms": "123456789"}
        await admin.create_topics([NewTopic(TOPIC, 3, 1, topic_configs=configs)])
        await producer.start()
        for partition, count in COUNTS.items():
            for n in range(count):
                await producer.send_and_wait(TOPIC, b"record %d" % n, partition=partition)
        gone = {LibraryPartition(TOPIC, 0): RecordsToDelete(FIRST[0])}
        await admin.delete_records(gone)
    finally:
        await producer.stop()
        await admin.close()


async def make_store(client: Client) -> None:
    """The offsets topic, which a broker makes when it is first asked for a coordinator."""

    async def found() -> bool:
        (coordinator,) = await client.ask_any(find_coordinators(["in-kafka"]))
        return coordinator.error == 0

    await until(found, timeout_s=30)


async def commit_both(client: Client) -> None:
    """Commits in ZooKeeper, in Kafka, in both alike, and in both with a difference."""
    await make_store(client)
    ahead = {**IN_KAFKA, (TOPIC, 2): 8}
    for group, offsets, zookeeper in [
        ("in-kafka", IN_KAFKA, False),
        ("in-zookeeper", IN_ZOOKEEPER, True),
        ("in-both", IN_KAFKA, False),
        ("in-both", IN_KAFKA, True),
        ("at-odds", IN_KAFKA, False),
        ("at-odds", ahead, True),
    ]:
        await commits_go_in(client, commit_old(group, offsets, zookeeper=zookeeper))


def assert_offsets(logs: LogSample, starts: Mapping[int, int]) -> None:
    """Exactly what was produced, of exactly the topics that there are."""
    assert not logs.errors
    assert logs.keys.names == tuple((TOPIC, p) for p in COUNTS)
    assert logs.start.tolist() == [starts[p] for p in COUNTS]
    assert logs.end.tolist() == list(COUNTS.values())


def assert_commits(groups: Mapping[str, GroupState]) -> None:
    """Each group has what was committed, wherever that is."""
    wanted: dict[str, dict[TopicPartition, int]] = {
        "in-kafka": IN_KAFKA,
        "in-zookeeper": IN_ZOOKEEPER,
        "in-both": IN_KAFKA,
        "idle": {},
    }
    for name, offsets in wanted.items():
        assert groups[name].unknown is None, name
        assert groups[name].committed() == offsets, name
    assert groups["at-odds"].unknown == (
        "orders/2: 7 committed in Kafka, 8 in ZooKeeper: its consumers' settings decide which"
        " counts"
    )
    assert groups["at-odds"].committed() == {}


@pytest.mark.parametrize(
    ("version", "release"),
    [
        pytest.param("0.8.2.2", "0.8.2", id="0.8.2.2"),
        pytest.param("0.9.0.1", "0.9", id="0.9.0.1", marks=soak),
    ],
)
async def test_a_broker_before_0_10_is_read_without_being_asked_for_its_versions(
    tmp_path: Path, version: str, release: str
) -> None:
    async with broker_of(version, tmp_path, settings=CREATING) as broker:
        async with client_of(broker) as client, reading(broker) as cluster:
            await fill_old(client)
            before = (await patiently(cluster.groups)).groups
            assert all(not group.keys for group in before.values())
            assert "__consumer_offsets" not in (await client.view()).topics
            await commit_both(client)
        async with client_of(broker) as client, reading(broker) as cluster:
            assert (await patiently(cluster.info)).brokers == (f"1 {broker.address}",)
            assert_offsets(await patiently(cluster.logs), dict.fromkeys(COUNTS, 0))
            sample = await patiently(cluster.groups)
            assert_commits(sample.groups)
            assert bool(sample.unlisted) == (release == "0.8.2")
            assert sample.unlisted.startswith("Kafka 0.8.2 has no API that lists groups") or (
                release != "0.8.2"
            )
            unseen = sample.groups["in-zookeeper"]
            assert (unseen.state, unseen.members) == ("Unknown", -1)
            assert "ZooKeeper" in (unseen.members_unknown or "")
            with pytest.raises(UnsupportedError, match=rf"Kafka {release} has no ACL"):
                await cluster.acls()
            with pytest.raises(PortError, match=rf"Kafka {release} has no config"):
                await authorizers(client)
            configs = await cluster.configs()
            assert configs.configs_unknown[TOPIC].startswith(f"Kafka {release} has no config API")
            assert configs.partitions[TOPIC] == len(COUNTS)
            assert "absent" not in (await client.view()).topics


async def test_an_old_broker_that_is_killed_comes_back_without_a_wrong_answer(
    tmp_path: Path,
) -> None:
    """A young broker says "unknown topic" where it would say "no commit": never believed."""
    async with (
        broker_of("0.8.2.2", tmp_path, settings=CREATING) as broker,
        client_of(broker) as client,
        reading(broker) as cluster,
    ):
        await fill_old(client)
        await commit_both(client)
        broker.signal(signal.SIGKILL)
        await until(lambda: _is_gone(cluster), timeout_s=5)
        async with asyncio.TaskGroup() as tasks:
            starting = tasks.create_task(broker.start(), name="restart")

            async def back() -> bool:
                return await _is_right(cluster) and starting.done()

            await until(back, timeout_s=60)
        assert await _is_right(cluster)


async def _is_gone(cluster: KafkaCluster) -> bool:
    try:
        await cluster.groups()
    except PortError:
        return True
    return False


async def _is_right(cluster: KafkaCluster) -> bool:
    """Whether everything is known again; fails the test on anything that is known and wrong."""
    try:
        groups = (await cluster.groups()).groups
        logs = await cluster.logs()
    except PortError:
        return False
    known = {tp: int(logs.end[at]) for tp, at in logs.keys.position.items()}
    for (_, partition), end in known.items():
        assert end in (MISSING, COUNTS[partition])
    for name in ("in-kafka", "in-zookeeper", "in-both"):
        wanted = IN_ZOOKEEPER if name == "in-zookeeper" else IN_KAFKA
        if groups[name].unknown is None:
            assert groups[name].committed() == wanted
    if logs.errors or any(g.unknown for name, g in groups.items() if name != "at-odds"):
        return False
    assert groups["at-odds"].unknown
    if "in ZooKeeper" not in groups["at-odds"].unknown:
        return False
    assert_commits(groups)
    return True


@pytest.mark.parametrize(
    "version",
    [
        pytest.param("1.0.2", marks=soak),
        pytest.param("2.8.2", marks=soak),
        "3.9.2",
        pytest.param("4.3.1", marks=soak),
    ],
)
async def test_a_broker_that_tells_its_versions_is_read_exactly(
    tmp_path: Path, version: str
) -> None:
    async with broker_of(version, tmp_path, settings=CREATING) as broker:
        await fill_new(broker)
        async with client_of(broker) as client, reading(broker) as cluster:
            info = await cluster.info()
            assert info.cluster_id
            assert info.brokers == (f"1 {broker.address}",)
            assert_offsets(await cluster.logs(), FIRST)
            await _commit_new(client, version)
            sample = await cluster.groups()
            if version == "1.0.2":
                assert_commits(sample.groups)
            for name in ("in-kafka", "in-both"):
                group = sample.groups[name]
                assert (group.unknown, group.committed()) == (None, IN_KAFKA)
            group = sample.groups["in-kafka"]
            assert (group.state, group.members, group.members_unknown) == ("Empty", 0, None)
            assert sample.unlisted == ""
            configs = await cluster.configs()
            assert configs.partitions == {TOPIC: 3}
            assert configs.topics[TOPIC]["retention.ms"] == "123456789"
            await _acls_are_read(broker, client, cluster)
            assert "absent" not in (await client.view()).topics


@soak
async def test_where_a_broker_has_no_authorizer_no_acl_stops_anybody(tmp_path: Path) -> None:
    settings = {"authorizer.class.name": ""}
    async with broker_of("4.3.1", tmp_path, settings=settings) as broker, client_of(broker) as c:
        assert why_no_acl_stops(await authorizers(c)).startswith("broker 1 has no authorizer: ")


async def _commit_new(client: Client, version: str) -> None:
    if version == "1.0.2":
        await commit_both(client)
        return
    await make_store(client)
    for group in ("in-kafka", "in-both"):
        await commits_go_in(client, commit(group, IN_KAFKA.items(), ""))


async def _acls_are_read(broker: Broker, client: Client, cluster: KafkaCluster) -> None:
    """A binding that was made by the version's own tool, or over the wire."""
    assert why_no_acl_stops(await authorizers(client)) == ""
    wanted = AclBinding("topic", TOPIC, "literal", "User:ann", "*", "read", "allow")
    if broker.version == "1.0.2":
        where = ("--authorizer-properties", f"zookeeper.connect={broker.zookeeper}")
        what = ("--add", "--allow-principal", "User:ann", "--operation", "Read", "--topic", TOPIC)
        await broker.tool("kafka.admin.AclCommand", *where, *what)
    else:
        assert not any(result.error for result in await client.ask_any(create_acls([wanted])))

    async def read() -> bool:
        return (await cluster.acls()).bindings == {wanted}

    await until(read, timeout_s=10)
