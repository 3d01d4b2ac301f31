"""Log ends as columns: partial answers stay partial, and nothing unknown becomes a number."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from cockpit.cli.observing.measure import StepClock
from cockpit.core.observe import MISSING, LogSample
from cockpit.kafka.client import Client
from cockpit.kafka.logs import VIEW_EVERY_MS, LogReader, is_internal
from cockpit.ports import PortError
from tests.kafka.clock import RealClock, until
from tests.kafka.fake_broker import NEW, OLD, FakeCluster, Partition, fake_cluster


def orders() -> dict[str, list[Partition]]:
    return {
        "orders": [Partition(1, 3, 10), Partition(2, 0, 20)],
        "mm2-offset-syncs.t.internal": [Partition(1, 0, 5)],
    }


def end_of(sample: LogSample, topic: str, partition: int) -> int:
    return int(sample.end[sample.keys.position[topic, partition]])


def reader(client: Client, *topics: str) -> LogReader:
    return LogReader("source", client, RealClock(), topics)


@pytest.mark.parametrize("versions", [OLD, NEW], ids=["2.1", "3.8"])
async def test_starts_and_ends_of_every_leader_are_put_together(
    versions: dict[int, tuple[int, int]],
) -> None:
    async with fake_cluster(FakeCluster(versions=dict(versions), topics=orders())) as cluster:
        client = Client(cluster.access())
        sample = await reader(client).read()
        assert sample.keys.names == (("orders", 0), ("orders", 1))
        assert sample.start.tolist() == [3, 0]
        assert sample.end.tolist() == [10, 20]
        assert not sample.errors
        assert sample.asked_at_ms <= sample.answered_at_ms
        await client.close()


async def test_keys_are_the_same_object_until_the_topics_change() -> None:
    async with fake_cluster(FakeCluster(topics=orders())) as cluster:
        client, clock = Client(cluster.access()), StepClock()
        logs = LogReader("source", client, clock, ())
        first, second = await logs.read(), await logs.read()
        assert first.keys is second.keys
        cluster.topics["orders"][0].leader = 2
        clock.ms += VIEW_EVERY_MS
        moved = await logs.read()
        assert moved.keys is first.keys
        assert end_of(moved, "orders", 0) == 10
        cluster.topics["payments"] = [Partition(1, 0, 1)]
        clock.ms += VIEW_EVERY_MS
        assert (await logs.read()).keys.names[-1] == ("payments", 0)
        await client.close()


async def test_a_silent_broker_makes_its_own_partitions_unknown_only() -> None:
    async with fake_cluster(FakeCluster(topics=orders())) as cluster:
        client = Client(cluster.access(), timeout_ms=300)
        logs = reader(client)
        await logs.read()
        cluster.silent.add(2)
        sample = await logs.read()
        assert end_of(sample, "orders", 0) == 10
        assert end_of(sample, "orders", 1) == MISSING
        assert "no answer" in sample.errors["orders", 1]
        cluster.silent.clear()

        async def recovered() -> bool:
            return not (await logs.read()).errors

        await until(recovered, timeout_s=5.0)
        await client.close()


async def test_error_codes_and_missing_leaders_are_unknown_with_their_reason() -> None:
    async with fake_cluster(FakeCluster(topics=orders())) as cluster:
        client = Client(cluster.access())
        cluster.topics["orders"][0].error = 6
        cluster.topics["orders"][1].leader = -1
        sample = await reader(client).read()
        assert sample.end.tolist() == [MISSING, MISSING]
        assert sample.errors["orders", 0] == "not leader (6)"
        assert sample.errors["orders", 1].startswith("no leader")
        await client.close()


async def test_no_answer_at_all_is_an_error_not_a_sample() -> None:
    async with fake_cluster(FakeCluster(topics=orders(), silent={1, 2})) as cluster:
        client = Client(cluster.access(), timeout_ms=200)
        with pytest.raises(PortError) as caught:
            await reader(client).read()
        assert caught.value.kind == "slow"
        await client.close()


async def test_a_broker_that_knows_nothing_yet_is_not_believed() -> None:
    async with fake_cluster(FakeCluster(topics=orders(), blank=True)) as cluster:
        client = Client(cluster.access())
        with pytest.raises(PortError) as caught:
            await reader(client).read()
        assert "knows no brokers yet" in caught.value.reason
        await client.close()


async def test_a_topic_of_the_plan_is_read_whatever_its_name() -> None:
    async with fake_cluster(FakeCluster(topics={"a.internal": [Partition(1, 0, 1)]})) as cluster:
        client = Client(cluster.access())
        assert len((await reader(client).read()).keys) == 0
        assert len((await reader(client, "a.internal").read()).keys) == 1
        await client.close()


@pytest.mark.parametrize(
    ("topic", "internal"),
    [
        ("__consumer_offsets", True),
        ("mm2-offset-syncs.target.internal", True),
        ("source.checkpoints.internal", True),
        ("x-internal", True),
        ("heartbeats", True),
        ("source.heartbeats", True),
        ("myheartbeats", False),
        ("orders", False),
        ("internal", False),
    ],
)
def test_internal_topics_are_known_by_name(topic: str, internal: bool) -> None:
    assert is_internal(topic) is internal


@contextlib.asynccontextmanager
async def watched(
    cluster: FakeCluster, *topics: str
) -> AsyncIterator[tuple[LogReader, StepClock, FakeCluster]]:
    """A reader that has read once, and its clock."""
    async with fake_cluster(cluster):
        client, clock = Client(cluster.access(1, 2), timeout_ms=1_000), StepClock()
        logs = LogReader("source", client, clock, topics)
        await logs.read()
        clock.ms += VIEW_EVERY_MS
        yield logs, clock, cluster
        await client.close()


async def test_a_topic_of_the_plan_that_may_not_be_described_any_more_stays_named() -> None:
    async with watched(FakeCluster(topics=orders()), "orders") as (logs, clock, cluster):
        keys = (await logs.read()).keys
        cluster.hidden.add("orders")
        cluster.topic_errors["orders"] = 29
        clock.ms += VIEW_EVERY_MS
        sample = await logs.read()
        assert sample.keys is keys
        assert sample.end.tolist() == [MISSING, MISSING]
        assert "not in the cluster's metadata any more" in sample.errors["orders", 1]
        assert "(29)" in sample.errors["orders", 1]
        cluster.topic_errors["orders"] = 3
        clock.ms += VIEW_EVERY_MS
        assert len((await logs.read()).keys) == 0


async def test_a_topic_of_the_plan_that_a_starting_broker_leaves_out_is_asked_for_by_name() -> None:
    async with watched(FakeCluster(topics=orders()), "orders") as (logs, _, cluster):
        cluster.hidden.add("orders")
        sample = await logs.read()
        assert (sample.end.tolist(), sample.errors) == ([10, 20], {})


async def test_a_topic_of_the_plan_on_a_broker_that_takes_no_names_stays_named() -> None:
    cluster = FakeCluster(topics=orders(), versions=OLD | {3: (0, 3)})
    async with watched(cluster, "orders") as (logs, _, cluster):
        cluster.hidden.add("orders")
        sample = await logs.read()
        assert sample.end.tolist() == [MISSING, MISSING]
        assert "metadata" in sample.errors["orders", 0]


async def test_a_topic_without_an_id_that_was_gone_is_another_one_when_it_is_back() -> None:
    cluster = FakeCluster(topics={"orders": [Partition(1, 90, 100)]}, versions=dict(OLD))
    async with watched(cluster, "orders") as (logs, clock, cluster):
        del cluster.topics["orders"]
        await logs.read()
        cluster.topics["orders"] = [Partition(1, 0, 150)]
        clock.ms += VIEW_EVERY_MS
        sample = await logs.read()
        assert sample.recreated == {"orders"}
        assert (sample.start.tolist(), sample.end.tolist()) == ([0], [150])


async def test_a_topic_without_an_id_that_ends_before_its_start_is_another_one() -> None:
    cluster = FakeCluster(topics={"orders": [Partition(1, 90, 100)]}, versions=dict(OLD))
    async with watched(cluster, "orders") as (logs, _, cluster):
        cluster.topics["orders"] = [Partition(1, 0, 5)]
        sample = await logs.read()
        assert sample.recreated == {"orders"}
        assert (sample.start.tolist(), sample.end.tolist()) == ([0], [5])


async def test_a_start_past_the_end_is_asked_for_again_and_unknown_if_it_stays() -> None:
    cluster = FakeCluster(topics={"orders": [Partition(1, 90, 100)]})
    cluster.topic_ids["orders"] = b"a" * 16
    async with watched(cluster, "orders") as (logs, _, cluster):
        cluster.topics["orders"] = [Partition(1, 90, 5)]
        sample = await logs.read()
        assert (sample.start.tolist(), sample.end.tolist()) == ([MISSING], [5])
        assert "start" in sample.errors["orders", 0]
        cluster.topics["orders"] = [Partition(1, 2, 5)]
        sample = await logs.read()
        assert (sample.start.tolist(), sample.errors) == ([2], {})
        assert sample.recreated == frozenset()
