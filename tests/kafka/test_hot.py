"""How often brokers are asked for what, and what makes us ask again at once."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator

import pytest

from cockpit.cli.observing.measure import StepClock
from cockpit.core.observe import MISSING
from cockpit.kafka import client as client_module
from cockpit.kafka.client import Client
from cockpit.kafka.groups import GroupReader
from cockpit.kafka.logs import STARTS_EVERY_MS, VIEW_EVERY_LEADERLESS_MS, VIEW_EVERY_MS, LogReader
from cockpit.ports import PortError
from tests.kafka.fake_broker import NEW, OLD, FakeCluster, Group, Partition, fake_cluster

LIST_OFFSETS, METADATA, FETCH, FIND, DESCRIBE, LIST_GROUPS = 2, 3, 9, 10, 15, 16


class Reading:
    """Both readers over one fake cluster, and what they ask for."""

    def __init__(self, cluster: FakeCluster, client: Client) -> None:
        self.clock = StepClock()
        self.cluster = cluster
        self.logs = LogReader("source", client, self.clock, ())
        self.groups = GroupReader("source", client, self.clock, ("ledger", "audit"))

    async def refresh(self, after_ms: int = 1_000) -> list[tuple[int, int]]:
        """One refresh of both, states no older than 10 s; broker and API key of its requests."""
        self.clock.ms += after_ms
        self.cluster.asked.clear()
        await self.groups.read(states_max_age_ms=10_000)
        await self.logs.read()
        return sorted(self.cluster.asked)

    def asked(self, key: int) -> int:
        """Requests of one kind since the last refresh began."""
        return sum(1 for _, found in self.cluster.asked if found == key)


def small_cluster() -> FakeCluster:
    return FakeCluster(
        topics={"orders": [Partition(1, 3, 10), Partition(2, 0, 20)]},
        groups={
            "ledger": Group(node=1, offsets={("orders", 0): 7}),
            "audit": Group(node=2, state="Empty", members=0, offsets={("orders", 1): 3}),
        },
    )


@contextlib.asynccontextmanager
async def reading(cluster: FakeCluster, *, timeout_ms: int = 1_000) -> AsyncIterator[Reading]:
    async with fake_cluster(cluster):
        client = Client(cluster.access(1, 2), timeout_ms=timeout_ms)
        try:
            found = Reading(cluster, client)
            await found.refresh()
            yield found
        finally:
            await client.close()


async def test_a_calm_refresh_is_two_requests_to_each_broker() -> None:
    async with reading(small_cluster()) as hot:
        for _ in range(3):
            both = [(1, LIST_OFFSETS), (1, FETCH), (2, LIST_OFFSETS), (2, FETCH)]
            assert await hot.refresh() == both


async def test_an_old_broker_is_asked_for_each_group_by_itself() -> None:
    cluster = small_cluster()
    cluster.groups["second"] = Group(node=1, offsets={("orders", 0): 8})
    cluster.versions = dict(OLD)
    async with reading(cluster) as hot:
        expected = [(1, LIST_OFFSETS), (1, FETCH), (1, FETCH), (2, LIST_OFFSETS), (2, FETCH)]
        assert await hot.refresh() == expected
        cluster.groups["second"].error = 14
        groups = (await hot.groups.read(states_max_age_ms=10_000)).groups
        assert groups["second"].unknown == "coordinator is loading (14)"
        assert groups["ledger"].committed() == {("orders", 0): 7}


async def test_topics_and_leaders_are_read_again_after_five_seconds() -> None:
    async with reading(small_cluster()) as hot:
        await hot.refresh(VIEW_EVERY_MS - 1)
        assert hot.asked(METADATA) == 0
        await hot.refresh(1)
        assert hot.asked(METADATA) == 1


async def test_starts_are_read_again_after_half_a_minute_and_are_kept_in_between() -> None:
    cluster = small_cluster()
    async with reading(cluster) as hot:
        cluster.topics["orders"][0].start = 5
        assert (await hot.logs.read()).start.tolist() == [3, 0]
        hot.clock.ms += STARTS_EVERY_MS
        assert (await hot.logs.read()).start.tolist() == [5, 0]


@pytest.mark.parametrize("code", [3, 5, 6, 9, 74, 75, 100])
async def test_an_error_that_tells_of_another_leader_makes_us_look_at_once(code: int) -> None:
    cluster = small_cluster()
    async with reading(cluster) as hot:
        cluster.topics["orders"][0].error = code
        sample = await hot.logs.read()
        assert sample.end.tolist() == [MISSING, 20]
        assert f"({code})" in sample.errors["orders", 0]
        cluster.topics["orders"][0].error = 0
        await hot.refresh()
        assert hot.asked(METADATA) == 1
        assert (await hot.logs.read()).end.tolist() == [10, 20]


@pytest.mark.parametrize("code", [29, 78])
async def test_other_errors_of_a_partition_do_not(code: int) -> None:
    cluster = small_cluster()
    async with reading(cluster) as hot:
        cluster.topics["orders"][0].error = code
        assert f"({code})" in (await hot.logs.read()).errors["orders", 0]
        await hot.refresh()
        assert hot.asked(METADATA) == 0


async def test_a_partition_without_a_leader_is_looked_at_each_second() -> None:
    cluster = small_cluster()
    async with reading(cluster) as hot:
        cluster.topics["orders"][0].leader = -1
        await hot.refresh(VIEW_EVERY_MS)
        cluster.topics["orders"][0].leader = 2
        await hot.refresh(VIEW_EVERY_LEADERLESS_MS)
        sample = await hot.logs.read()
        assert (sample.end.tolist(), sample.errors) == ([10, 20], {})


async def test_a_lost_broker_makes_us_look_at_once() -> None:
    cluster = small_cluster()
    async with reading(cluster, timeout_ms=200) as hot:
        cluster.silent.add(2)
        await hot.refresh()
        cluster.silent.clear()
        await hot.refresh()
        assert hot.asked(METADATA) >= 1


async def test_a_new_partition_and_a_new_topic_have_their_starts_at_once() -> None:
    cluster = small_cluster()
    async with reading(cluster) as hot:
        cluster.topics["orders"].append(Partition(1, 4, 9))
        cluster.topics["payments"] = [Partition(2, 1, 2)]
        cluster.topics["orders"][0].start = 6
        hot.clock.ms += VIEW_EVERY_MS
        sample = await hot.logs.read()
        assert sample.keys.names[2:] == (("orders", 2), ("payments", 0))
        assert sample.start.tolist() == [3, 0, 4, 1]
        assert sample.end.tolist() == [10, 20, 9, 2]


async def test_a_start_that_was_missing_is_asked_for_as_soon_as_the_partition_answers() -> None:
    cluster = small_cluster()
    cluster.topics["orders"][0].error = 78
    async with reading(cluster) as hot:
        sample = await hot.logs.read()
        assert (sample.start[0], sample.end[0]) == (MISSING, MISSING)
        cluster.topics["orders"][0].error = 0
        sample = await hot.logs.read()
        assert (sample.start.tolist(), sample.errors) == ([3, 0], {})


async def test_a_deleted_topic_is_unknown_and_then_gone() -> None:
    cluster = small_cluster()
    cluster.topics["payments"] = [Partition(1, 0, 5)]
    async with reading(cluster) as hot:
        del cluster.topics["payments"]
        sample = await hot.logs.read()
        assert int(sample.end[2]) == MISSING
        assert sample.errors["payments", 0] == "unknown topic or partition (3)"
        assert (await hot.logs.read()).keys.names == (("orders", 0), ("orders", 1))


async def test_a_topic_that_was_created_again_is_named_in_the_sample_that_first_shows_it() -> None:
    """Its log is shorter than before: that makes us look at the ids in the same refresh."""
    cluster = small_cluster()
    cluster.topic_ids["orders"] = b"a" * 16
    async with reading(cluster) as hot:
        hot.clock.ms += VIEW_EVERY_MS
        assert (await hot.logs.read()).recreated == frozenset()
        cluster.topics["orders"] = [Partition(1, 0, 1), Partition(2, 0, 2)]
        cluster.topic_ids["orders"] = b"b" * 16
        hot.clock.ms += 1
        sample = await hot.logs.read()
        assert sample.recreated == {"orders"}
        assert (sample.start.tolist(), sample.end.tolist()) == ([0, 0], [1, 2])
        hot.clock.ms += 1
        assert (await hot.logs.read()).recreated == {"orders"}


async def test_a_truncated_log_is_shown_as_it_is() -> None:
    cluster = small_cluster()
    async with reading(cluster) as hot:
        cluster.topics["orders"][0].end = 8
        hot.clock.ms += 1
        sample = await hot.logs.read()
        assert (sample.end.tolist(), sample.recreated) == ([8, 20], frozenset())


async def test_states_are_as_old_as_they_say() -> None:
    cluster = small_cluster()
    async with reading(cluster) as hot:
        first = await hot.groups.read(states_max_age_ms=10_000)
        cluster.groups["ledger"].state = "PreparingRebalance"
        cluster.groups["ledger"].offsets["orders", 0] = 8
        hot.clock.ms += 9_000 - hot.clock.ms + first.states_at_ms
        second = await hot.groups.read(states_max_age_ms=10_000)
        assert second.states_at_ms == first.states_at_ms < second.asked_at_ms
        assert second.groups["ledger"].state == "Stable"
        assert second.groups["ledger"].committed() == {("orders", 0): 8}
        hot.clock.ms += 1_000
        third = await hot.groups.read(states_max_age_ms=10_000)
        assert third.states_at_ms == third.asked_at_ms
        assert third.groups["ledger"].state == "PreparingRebalance"
        fourth = await hot.groups.read()
        assert fourth.states_at_ms == fourth.asked_at_ms


@pytest.mark.parametrize("code", [15, 16])
async def test_a_group_that_has_moved_is_found_in_the_same_refresh(code: int) -> None:
    cluster = small_cluster()
    async with reading(cluster) as hot:
        cluster.groups["ledger"].error = code
        hot.clock.ms += 1
        before = len(cluster.asked)
        groups = (await hot.groups.read(states_max_age_ms=10_000)).groups
        assert f"({code})" in (groups["ledger"].unknown or "")
        assert (2, LIST_GROUPS) in cluster.asked[before:]


async def test_a_group_whose_commits_vanish_is_looked_at_in_the_same_refresh() -> None:
    cluster = small_cluster()
    async with reading(cluster) as hot:
        del cluster.groups["ledger"]
        hot.clock.ms += 1
        sample = await hot.groups.read(states_max_age_ms=10_000)
        assert set(sample.groups) == {"audit"}
        assert sample.states_at_ms == hot.clock.ms


async def test_an_open_transaction_hides_the_commit_of_a_group_without_members_only() -> None:
    """A group with members goes on: what it has committed by now is asked for once more."""
    cluster = small_cluster()
    async with reading(cluster) as hot:
        for group in cluster.groups.values():
            group.partition_error = 88
        groups = (await hot.groups.read(states_max_age_ms=10_000)).groups
        assert groups["audit"].unknown == "commit of orders/1: a transactional commit is open (88)"
        assert groups["ledger"].committed() == {("orders", 0): 7}
        for group in cluster.groups.values():
            group.partition_error = 0
        await hot.refresh()
        assert hot.asked(FETCH) == 2


async def test_a_broker_that_stays_silent_keeps_the_others_waiting_once_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "LATE_PATIENCE_S", 0.05)
    cluster = small_cluster()
    async with reading(cluster, timeout_ms=700) as hot:
        cluster.silent.add(2)
        await hot.logs.read()
        loop = asyncio.get_running_loop()
        for _ in range(5):
            began = loop.time()
            sample = await hot.logs.read()
            assert sample.end.tolist() == [10, MISSING]
            assert loop.time() - began < 0.5


@pytest.mark.parametrize("versions", [OLD, NEW], ids=["2.1", "3.8"])
@pytest.mark.parametrize("failing", [False, True], ids=["good", "failed"])
async def test_nothing_grows_over_many_refreshes(
    versions: dict[int, tuple[int, int]], failing: bool
) -> None:
    cluster = small_cluster()
    cluster.versions = dict(versions)
    async with reading(cluster) as hot:

        async def refresh(rounds: int) -> int:
            for n in range(rounds):
                if failing and n % 2:
                    cluster.drop(1)
                    cluster.topics["orders"][1].error = 6
                    cluster.groups["audit"].error = 16
                with contextlib.suppress(PortError):
                    await hot.refresh()
                cluster.bodies.clear()
            cluster.asked.clear()
            gc.collect()
            return len(gc.get_objects())

        few = await refresh(20)
        many = await refresh(100)
        assert many - few < 100
