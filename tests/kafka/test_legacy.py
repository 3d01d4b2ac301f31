"""Brokers before 0.10: who is taken for one, who is not, and what they are then asked."""

from __future__ import annotations

import pytest

from cockpit.core.observe import GroupSample
from cockpit.kafka.client import Client
from cockpit.kafka.cluster import KafkaCluster
from cockpit.kafka.link import Link
from cockpit.kafka.protocol.metadata import brokers_only
from cockpit.kafka.security import Access
from cockpit.ports import PortError
from tests.kafka.clock import RealClock
from tests.kafka.fake_broker import (
    API_VERSIONS,
    OLD,
    FakeCluster,
    Group,
    Partition,
    fake_cluster,
)

LIST_OFFSETS, METADATA, OFFSET_FETCH, DESCRIBE_GROUPS, LIST_GROUPS = 2, 3, 9, 15, 16
T = "orders"


def of_0_8_2(**more: object) -> FakeCluster:
    """Closes the connection at what it does not know."""
    unknown = {API_VERSIONS, LIST_GROUPS, DESCRIBE_GROUPS}
    return FakeCluster(mute=unknown, topics={T: [Partition(1, 0, 9)]}, **more)  # type: ignore[arg-type]


def of_0_9() -> FakeCluster:
    """Drops what it does not know, and goes on."""
    return FakeCluster(passed_over={API_VERSIONS}, topics={T: [Partition(1, 0, 9)]})


def link_to(cluster: FakeCluster, *, protocol: str = "PLAINTEXT") -> Link:
    access = Access(cluster.access(1).bootstrap, protocol)
    return Link(*access.bootstrap[0], access, timeout_ms=400)


@pytest.mark.parametrize(
    ("cluster", "release"), [(of_0_8_2(), "0.8.2"), (of_0_9(), "0.9")], ids=["0.8.2", "0.9"]
)
async def test_an_old_broker_is_known_by_what_it_does_at_requests_it_does_not_know(
    cluster: FakeCluster, release: str
) -> None:
    async with fake_cluster(cluster, brokers=1):
        link = link_to(cluster)
        assert [broker.node for broker in (await link.call(brokers_only())).brokers] == [1]
        assert link.offered is not None
        assert (LIST_GROUPS in link.offered) == (release == "0.9")
        cluster.drop(1)
        assert (await link.call(brokers_only())).brokers
        await link.close()


async def test_a_new_broker_that_closes_once_is_not_taken_for_an_old_one() -> None:
    async with fake_cluster(FakeCluster(cuts={API_VERSIONS: 1})) as cluster:
        link = link_to(cluster)
        with pytest.raises(PortError, match="closed the connection during the handshake"):
            await link.call(brokers_only())
        assert link.offered is None
        link._held_until = 0.0
        assert (await link.call(brokers_only())).cluster_id == "fake"
        assert link.offered is not None
        assert API_VERSIONS in link.offered
        await link.close()


async def test_a_broker_that_hangs_is_slow_and_not_old() -> None:
    async with fake_cluster(FakeCluster(silent={1})) as cluster:
        link = link_to(cluster)
        with pytest.raises(PortError) as caught:
            await link.call(brokers_only())
        assert caught.value.kind == "slow"
        await link.close()


async def test_a_broker_that_worked_is_not_taken_for_an_old_one_while_it_dies() -> None:
    async with fake_cluster(FakeCluster()) as cluster:
        link = link_to(cluster)
        await link.call(brokers_only())
        cluster.mute = {API_VERSIONS, LIST_GROUPS}
        cluster.drop(1)
        with pytest.raises(PortError) as caught:
            await link.call(brokers_only())
        assert caught.value.kind == "unreachable"
        assert (1, LIST_OFFSETS) not in cluster.asked
        await link.close()


async def test_an_upgraded_broker_is_new_from_its_next_connection_on() -> None:
    cluster = of_0_8_2()
    async with fake_cluster(cluster, brokers=1):
        link = link_to(cluster)
        await link.call(brokers_only())
        cluster.mute.clear()
        cluster.drop(1)
        assert (await link.call(brokers_only())).cluster_id == "fake"
        assert link.offered is not None
        assert API_VERSIONS in link.offered
        await link.close()


async def read_groups(cluster: FakeCluster) -> GroupSample:
    """One sample of the group `g`."""
    found = KafkaCluster("source", cluster.access(1), RealClock(), topics=[T], groups=["g"])
    try:
        return await found.groups()
    finally:
        await found.close()


@pytest.mark.parametrize(
    ("kafka", "zookeeper", "committed"),
    [
        ({}, {}, {}),
        ({(T, 0): 5}, {}, {(T, 0): 5}),
        ({}, {(T, 0): 0}, {(T, 0): 0}),
        ({(T, 0): 5}, {(T, 0): 5}, {(T, 0): 5}),
        ({(T, 0): 5}, {(T, 0): 6}, None),
        ({(T, 0): 5}, {(T, 1): 5}, None),
    ],
)
async def test_commits_count_wherever_they_are_unless_the_stores_disagree(
    kafka: dict[tuple[str, int], int],
    zookeeper: dict[tuple[str, int], int],
    committed: dict[tuple[str, int], int] | None,
) -> None:
    cluster = of_0_8_2(groups={"g": Group(offsets=kafka, in_zookeeper=zookeeper)})
    cluster.topics = {
        T: [Partition(1, 0, 9), Partition(1, 0, 9)],
        "__consumer_offsets": [Partition(1)],
    }
    async with fake_cluster(cluster, brokers=1):
        group = (await read_groups(cluster)).groups["g"]
    if committed is None:
        assert "in ZooKeeper" in (group.unknown or "")
        assert not group.keys
    else:
        assert (group.unknown, group.committed()) == (None, committed)
        assert (group.state, group.members) == ("Unknown", -1)


async def test_a_coordinator_is_not_asked_for_where_that_would_create_a_topic() -> None:
    cluster = of_0_8_2(groups={"g": Group(in_zookeeper={(T, 0): 3})})
    async with fake_cluster(cluster, brokers=1):
        group = (await read_groups(cluster)).groups["g"]
    assert group.committed() == {(T, 0): 3}
    assert (1, 10) not in cluster.asked


@pytest.mark.parametrize("store", ["group", "coordinator"])
async def test_an_error_of_either_store_is_unknown_and_never_no_commit(store: str) -> None:
    cluster = of_0_8_2(
        groups={"g": Group(offsets={(T, 0): 3}, partition_error=14 if store == "group" else 0)},
        coordinator_error=15 if store == "coordinator" else 0,
    )
    cluster.topics["__consumer_offsets"] = [Partition(1)]
    async with fake_cluster(cluster, brokers=1):
        group = (await read_groups(cluster)).groups["g"]
    assert "coordinator" in (group.unknown or "")


async def test_a_broker_that_keeps_silent_does_not_hide_what_is_in_zookeeper() -> None:
    cluster = FakeCluster(
        versions={k: v for k, v in OLD.items() if k != 9} | {9: (0, 3)},
        topics={T: [Partition(2, 0, 9)], "__consumer_offsets": [Partition(2)]},
        groups={"g": Group(node=2, in_zookeeper={(T, 0): 3})},
    )
    async with fake_cluster(cluster):
        access = cluster.access(2)
        found = KafkaCluster("source", access, RealClock(), topics=[T], groups=["g"])
        cluster.silent.add(1)
        group = (await found.groups()).groups["g"]
        await found.close()
    assert (group.unknown, group.committed()) == (None, {(T, 0): 3})


async def test_what_an_old_broker_cannot_do_is_said_in_words() -> None:
    cluster = of_0_8_2()
    async with fake_cluster(cluster, brokers=1):
        client = Client(cluster.access(1))
        found = KafkaCluster("source", cluster.access(1), RealClock(), topics=[T], groups=[])
        with pytest.raises(PortError, match=r"Kafka 0\.8\.2 has no ACL API"):
            await found.acls()
        configs = await found.configs()
        assert configs.configs_unknown[T].startswith("Kafka 0.8.2 has no config API")
        assert configs.partitions[T] == len(cluster.topics[T])
        assert (await found.groups()).unlisted.startswith(
            "Kafka 0.8.2 has no API that lists groups"
        )
        await found.close()
        await client.close()
