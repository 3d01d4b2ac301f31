"""Groups of brokers before 2.0: what is asked of ZooKeeper, and what that would cost it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cockpit.core.observe import GroupState
from cockpit.kafka.any_groups import consumed
from cockpit.kafka.cluster import KafkaCluster
from tests.kafka.clock import RealClock
from tests.kafka.fake_broker import OLD, FakeCluster, Group, Partition, fake_cluster
from tests.plan.given import GOOD, load

OFFSET_FETCH = 9
T, U = "orders", "payments"


def of_1_0(**groups: Group) -> FakeCluster:
    topics = {name: [Partition(1, 0, 9)] for name in (T, U, "__consumer_offsets")}
    return FakeCluster(versions=OLD | {OFFSET_FETCH: (0, 3)}, topics=topics, groups=groups)


async def read(
    cluster: FakeCluster, consumes: Mapping[str, Sequence[str]] | None = None
) -> GroupState:
    """The group `g`, and what was asked for it."""
    async with fake_cluster(cluster, brokers=1):
        found = KafkaCluster(
            "source",
            cluster.access(1),
            RealClock(),
            topics=[T, U],
            groups=["g"],
            consumes=consumes,
        )
        try:
            return (await found.groups()).groups["g"]
        finally:
            await found.close()


async def test_living_members_commit_to_kafka_and_zookeeper_is_not_asked() -> None:
    """What an earlier consumer left there years ago makes their commits no less known."""
    left = Group(members=2, offsets={(T, 0): 5}, in_zookeeper={(T, 0): 2})
    cluster = of_1_0(g=left)
    group = await read(cluster)
    assert (group.unknown, group.committed(), group.members) == (None, {(T, 0): 5}, 2)
    assert cluster.asked.count((1, OFFSET_FETCH)) == 1


async def test_without_members_both_stores_count() -> None:
    left = Group(state="Empty", members=0, offsets={(T, 0): 5}, in_zookeeper={(T, 0): 2})
    group = await read(of_1_0(g=left))
    assert "5 committed in Kafka, 2 in ZooKeeper" in (group.unknown or "")


async def test_of_a_group_of_the_plan_only_its_own_topics_are_looked_up() -> None:
    """Each partition is a look-up of its own: a hundred groups of fifty topics take seconds."""
    both = {(T, 0): 3, (U, 0): 4}
    silent = Group(state="Empty", members=0, listed=False, in_zookeeper=both)
    assert (await read(of_1_0(g=silent), {"g": [T]})).committed() == {(T, 0): 3}
    assert (await read(of_1_0(g=silent))).committed() == both


def test_a_plan_says_what_its_groups_consume() -> None:
    plan = load(GOOD)
    assert consumed(plan) == {
        "ledger": {"orders", "payments"},
        "fraud-report-v2": {"payments"},
        "settlement": {"orders"},
    }


async def test_states_and_empty_places_in_zookeeper_may_be_as_old_as_the_caller_allows() -> None:
    resting = Group(state="Empty", members=0, offsets={(T, 0): 5})
    cluster = of_1_0(g=resting)
    async with fake_cluster(cluster, brokers=1):
        found = KafkaCluster("source", cluster.access(1), RealClock(), topics=[T, U], groups=["g"])
        try:
            first = await found.groups(states_max_age_ms=60_000)
            resting.offsets[T, 0] = 6
            resting.in_zookeeper[T, 0] = 2
            asked = len(cluster.asked)
            again = await found.groups(states_max_age_ms=60_000)
            new = cluster.asked[asked:]
            anew = await found.groups()
        finally:
            await found.close()
    assert again.groups["g"].committed() == {(T, 0): 6}
    assert again.states_asked_at_ms() == first.asked_at_ms < again.asked_at_ms
    assert new.count((1, OFFSET_FETCH)) == 1
    assert "6 committed in Kafka, 2 in ZooKeeper" in (anew.groups["g"].unknown or "")


async def test_after_anything_unknown_all_is_asked_again() -> None:
    group = Group(state="Empty", members=0, offsets={(T, 0): 5}, partition_error=14)
    cluster = of_1_0(g=group)
    async with fake_cluster(cluster, brokers=1):
        found = KafkaCluster("source", cluster.access(1), RealClock(), topics=[T], groups=["g"])
        try:
            assert (await found.groups(states_max_age_ms=60_000)).groups["g"].unknown
            group.partition_error = 0
            again = await found.groups(states_max_age_ms=60_000)
        finally:
            await found.close()
    assert again.groups["g"].committed() == {(T, 0): 5}
    assert again.states_asked_at_ms() == again.asked_at_ms
