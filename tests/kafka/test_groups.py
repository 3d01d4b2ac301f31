"""Groups: silence is never taken for absence, and an error never for "no commits"."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from cockpit.core.observe import GroupState
from cockpit.kafka.client import Client
from cockpit.kafka.groups import GroupReader
from cockpit.kafka.surveys.members import MembersReader
from cockpit.ports import PortError
from tests.kafka.clock import RealClock, until
from tests.kafka.fake_broker import NEW, OLD, FakeCluster, Group, Partition, fake_cluster

LIST_GROUPS, DESCRIBE, FETCH = 16, 15, 9
COMMITS = {("orders", 0): 7, ("orders", 1): 9}


def two_groups() -> FakeCluster:
    return FakeCluster(
        topics={"orders": [Partition(1, 0, 10), Partition(2, 0, 10)]},
        groups={
            "ledger": Group(node=1, offsets=dict(COMMITS)),
            "audit": Group(node=2, state="Empty", members=0, offsets={("orders", 1): 3}),
        },
    )


@contextlib.asynccontextmanager
async def reading(cluster: FakeCluster, *groups: str) -> AsyncIterator[GroupReader]:
    client = Client(cluster.access(1, 2), timeout_ms=300)
    try:
        yield GroupReader("source", client, RealClock(), groups)
    finally:
        await client.close()


@pytest.mark.parametrize("versions", [OLD, NEW], ids=["2.1", "3.8"])
async def test_state_members_and_commits_of_every_coordinator(
    versions: dict[int, tuple[int, int]],
) -> None:
    cluster = two_groups()
    cluster.versions = dict(versions)
    async with fake_cluster(cluster), reading(cluster, "ledger") as groups:
        sample = await groups.read()
        assert sample.groups["ledger"].committed() == COMMITS
        assert sample.groups["ledger"].state == "Stable"
        assert sample.groups["ledger"].members == 1
        audit = sample.groups["audit"]
        assert (audit.state, audit.members, audit.offsets) == ("Empty", 0, (3,))


async def test_state_is_asked_before_commits_so_that_an_empty_group_has_said_its_last() -> None:
    cluster = two_groups()
    async with fake_cluster(cluster), reading(cluster) as groups:
        await groups.read()
        keys = [key for _, key in cluster.asked if key in (LIST_GROUPS, DESCRIBE, FETCH)]
        assert max(i for i, key in enumerate(keys) if key == DESCRIBE) < keys.index(FETCH)


async def test_a_group_of_the_plan_that_nobody_has_is_absent() -> None:
    cluster = two_groups()
    async with fake_cluster(cluster), reading(cluster, "nobody") as groups:
        assert set((await groups.read()).groups) == {"ledger", "audit"}


async def test_a_group_that_a_starting_broker_does_not_list_yet_is_unknown_not_gone() -> None:
    cluster = two_groups()
    async with fake_cluster(cluster), reading(cluster) as groups:
        await groups.read()
        cluster.groups["ledger"].listed = False
        cluster.coordinator_error = 15
        gone = (await groups.read()).groups["ledger"]
        assert gone.unknown == "coordinator not available (15)"
        cluster.coordinator_error = 0
        cluster.groups["ledger"].error = 14
        assert (await groups.read()).groups["ledger"].unknown == "coordinator is loading (14)"
        cluster.groups["ledger"].error = 0
        assert (await groups.read()).groups["ledger"].committed() == COMMITS


async def test_a_deleted_group_disappears() -> None:
    cluster = two_groups()
    async with fake_cluster(cluster), reading(cluster) as groups:
        await groups.read()
        del cluster.groups["ledger"]
        assert "ledger" not in (await groups.read()).groups


@pytest.mark.parametrize("code", [14, 15, 16, 30, -1])
async def test_a_group_error_is_unknown_and_never_no_commits(code: int) -> None:
    cluster = two_groups()
    cluster.groups["ledger"].error = code
    async with fake_cluster(cluster), reading(cluster) as groups:
        ledger = (await groups.read()).groups["ledger"]
        assert ledger.unknown is not None
        assert f"({code})" in ledger.unknown
        assert (ledger.keys, ledger.offsets) == ((), ())


async def test_an_error_of_one_partition_makes_the_group_unknown() -> None:
    cluster = two_groups()
    cluster.groups["audit"].partition_error = 88
    async with fake_cluster(cluster), reading(cluster) as groups:
        unknown = (await groups.read()).groups["audit"].unknown
        assert unknown == "commit of orders/1: a transactional commit is open (88)"


async def test_a_silent_broker_makes_its_own_groups_unknown_only() -> None:
    cluster = two_groups()
    async with fake_cluster(cluster), reading(cluster) as groups:
        await groups.read()
        cluster.silent.add(2)
        sample = await groups.read()
        assert sample.groups["ledger"].unknown is None
        assert sample.groups["audit"].unknown is not None


async def test_no_broker_that_lists_its_groups_is_an_error() -> None:
    cluster = two_groups()
    cluster.listing_error = 31
    async with fake_cluster(cluster), reading(cluster) as groups:
        with pytest.raises(PortError) as caught:
            await groups.read()
        assert caught.value.kind == "refused"


async def test_groups_of_the_newer_consumer_protocol_have_members_too() -> None:
    cluster = two_groups()
    cluster.groups["ledger"].kind = "consumer"
    cluster.groups["ledger"].members = 3
    async with fake_cluster(cluster), reading(cluster) as groups:
        ledger = (await groups.read()).groups["ledger"]
        assert ledger == GroupState("ledger", "Stable", 3, tuple(COMMITS), tuple(COMMITS.values()))


async def test_a_kind_of_group_whose_members_cannot_be_read_is_unknown() -> None:
    cluster = two_groups()
    cluster.groups["ledger"].kind = "streams"
    async with fake_cluster(cluster), reading(cluster) as groups:
        assert "streams" in ((await groups.read()).groups["ledger"].unknown or "")


def unlisted_consumer_group() -> FakeCluster:
    """A group of the newer protocol whose broker cannot list its groups just now."""
    cluster = two_groups()
    cluster.groups["ledger"].kind = "consumer"
    cluster.groups["ledger"].members = 3
    cluster.listing_errors[1] = 14
    return cluster


async def test_a_group_of_the_newer_protocol_that_nobody_lists_is_not_taken_for_a_dead_one() -> (
    None
):
    """DescribeGroups says of it what it says of a name that nobody has."""
    cluster = unlisted_consumer_group()
    async with fake_cluster(cluster), reading(cluster, "ledger", "nobody") as groups:
        sample = await groups.read()
        assert set(sample.groups) == {"ledger", "audit"}
        ledger = sample.groups["ledger"]
        assert (ledger.state, ledger.members, ledger.unknown) == ("Stable", 3, None)
        cluster.groups["ledger"].error = 14
        assert "(14)" in ((await groups.read()).groups["ledger"].unknown or "")


async def test_a_group_is_gone_where_a_broker_without_the_newer_protocol_denies_it() -> None:
    cluster = two_groups()
    cluster.versions = dict(OLD)
    async with fake_cluster(cluster), reading(cluster, "nobody") as groups:
        assert set((await groups.read()).groups) == {"ledger", "audit"}


async def test_a_group_that_nobody_knows_and_that_has_commits_is_unknown() -> None:
    cluster = two_groups()
    cluster.groups["ledger"].kind = "streams"
    cluster.listing_errors[1] = 14
    async with fake_cluster(cluster), reading(cluster, "ledger") as groups:
        cluster.groups["ledger"].state, cluster.groups["ledger"].members = "Dead", 0
        assert "commits" in ((await groups.read()).groups["ledger"].unknown or "")


async def test_a_group_that_is_made_between_the_two_questions_is_asked_for_again() -> None:
    """As when a mirror writes the first commits of a group: no error, and nobody's doubt."""
    cluster = two_groups()
    made = cluster.groups.pop("audit")
    cluster.delays_s[FETCH] = 0.2

    async def commits_are_asked_for() -> bool:
        return FETCH in {key for _, key in cluster.asked}

    async with fake_cluster(cluster), reading(cluster, "audit") as groups:
        async with asyncio.TaskGroup() as tasks:
            sample = tasks.create_task(groups.read(), name="sample")
            await until(commits_are_asked_for, timeout_s=2)
            cluster.groups["audit"] = made
        found = sample.result().groups["audit"]
        assert (found.state, found.unknown, found.offsets) == ("Empty", None, (3,))


async def test_a_group_is_of_its_kind_also_while_it_is_not_listed() -> None:
    cluster = two_groups()
    cluster.groups["ledger"].kind = "share"
    cluster.groups["ledger"].offsets.clear()
    async with fake_cluster(cluster), reading(cluster) as groups:
        await groups.read()
        cluster.groups["ledger"].state = "Dead"
        cluster.listing_errors[1] = 14
        assert "share" in ((await groups.read()).groups["ledger"].unknown or "")
        cluster.listing_errors.clear()
        cluster.groups["ledger"].listed = False
        assert set((await groups.read()).groups) == {"audit"}


async def test_members_of_the_newer_protocol_are_found_where_nobody_lists_them() -> None:
    cluster = unlisted_consumer_group()
    async with fake_cluster(cluster):
        client = Client(cluster.access(1, 2), timeout_ms=300)
        found = await MembersReader("source", client, RealClock(), ["ledger", "nobody"]).read()
        await client.close()
    assert set(found.groups) == {"ledger", "audit"}
    assert (len(found.groups["ledger"].members), found.groups["ledger"].unknown) == (3, None)


async def test_a_broker_that_does_not_list_its_groups_may_have_others() -> None:
    cluster = two_groups()
    cluster.listing_errors[2] = 15
    async with fake_cluster(cluster), reading(cluster, "ledger") as groups:
        sample = await groups.read()
        assert set(sample.groups) == {"ledger"}
        assert sample.unlisted.startswith("not listed by broker 2: ")
        assert "(15)" in sample.unlisted
        cluster.listing_errors.clear()
        whole = await groups.read()
        assert (set(whole.groups), whole.unlisted) == ({"ledger", "audit"}, "")
