"""Outages of clusters whose brokers advertise other addresses than the plan has: known in time,
no connection thrown away for being slow, and nothing unknown for longer than it must be."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from typing import Any

import pytest

from cockpit.core.observe import MISSING, Failure, GroupSample, LogSample, feed_name
from cockpit.engine.feeds import cluster_feeds, follow
from cockpit.kafka import client as client_module
from cockpit.kafka import cluster as cluster_module
from cockpit.kafka.client import Client
from cockpit.kafka.cluster import KafkaCluster
from cockpit.kafka.patience import Tasks, Unhurried
from cockpit.kafka.protocol.metadata import brokers_only
from cockpit.kafka.security import Access
from cockpit.ports import PortError
from tests.kafka.clock import RealClock, until
from tests.kafka.fake_broker import API_VERSIONS, FakeCluster, Group, Partition, fake_cluster

LIST_OFFSETS, METADATA, OFFSET_FETCH = 2, 3, 9
GROUPS_APIS = (9, 15, 16)


def world(brokers: int = 2) -> FakeCluster:
    return FakeCluster(
        topics={"orders": [Partition(1 + n % brokers, 0, 10 + n) for n in range(2 * brokers)]},
        groups={f"g{n}": Group(n, offsets={("orders", 0): 5}) for n in range(1, brokers + 1)},
    )


def by_another_name(cluster: FakeCluster) -> Access:
    """The plan has names; the brokers advertise numbers."""
    ports = tuple(("localhost", port) for port in cluster.ports.values())
    return replace(cluster.access(), bootstrap=ports)


@contextlib.asynccontextmanager
async def observed(cluster: FakeCluster, *, brokers: int = 2) -> AsyncIterator[KafkaCluster]:
    groups = tuple(cluster.groups)
    async with fake_cluster(cluster, brokers=brokers):
        access = by_another_name(cluster)
        kafka = KafkaCluster("source", access, RealClock(), topics=["orders"], groups=groups)
        try:
            yield kafka
        finally:
            await kafka.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same patience, a quarter as long."""
    monkeypatch.setattr(cluster_module, "FEED_TIMEOUT_MS", 1_500)
    monkeypatch.setattr(cluster_module, "PATIENCE_S", 0.3)
    monkeypatch.setattr(cluster_module, "WITHIN_S", 0.5)
    monkeypatch.setattr(client_module, "LATE_PATIENCE_S", 0.25)


async def logs_of(cluster: KafkaCluster) -> LogSample | PortError:
    try:
        return await cluster.logs()
    except PortError as error:
        return error


async def until_whole(cluster: KafkaCluster, *, timeout_s: float) -> LogSample:
    """The next sample in which nothing is unknown."""
    async with asyncio.timeout(timeout_s):
        while True:
            found = await logs_of(cluster)
            if isinstance(found, LogSample) and not found.errors:
                return found
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("phase_s", [0.1, 0.6, 0.95])
async def test_a_cluster_that_stops_is_known_to_have_stopped_within_three_seconds(
    phase_s: float,
) -> None:
    """Three brokers, three other bootstrap addresses, at any moment of a look's second."""
    cluster = world(3)
    known: dict[str, float] = {}
    looked = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def put(sample: Any) -> None:
        if isinstance(sample, Failure) or (
            isinstance(sample, GroupSample) and all(g.unknown for g in sample.groups.values())
        ):
            known.setdefault(feed_name(sample), loop.time())
        elif isinstance(sample, GroupSample):
            looked.set()

    async with observed(cluster, brokers=3) as kafka:
        feeds = cluster_feeds("source", kafka, lambda: 1_000)[:2]
        watching = Tasks()
        for feed in feeds:
            watching.start(follow(feed, RealClock(), put), feed.name)
        await looked.wait()
        await asyncio.sleep(phase_s)
        cluster.silent |= {1, 2, 3}
        stopped_s = loop.time()

        async def both_are_known() -> bool:
            return len(known) == 2

        await until(both_are_known, timeout_s=4)
        await watching.close()
    assert {name: at - stopped_s < 3.0 for name, at in known.items()} == {
        "source.logs": True,
        "source.groups": True,
    }


@pytest.mark.usefixtures("hurried")
async def test_one_broker_of_two_that_stops_costs_its_own_alone_and_comes_back() -> None:
    cluster = world()
    async with observed(cluster) as kafka:
        await kafka.logs()
        await kafka.groups()
        cluster.silent.add(2)
        for _ in range(3):
            logs, groups = await kafka.logs(), await kafka.groups()
            assert [int(end) == MISSING for end in logs.end] == [False, True, False, True]
            assert groups.groups["g1"].unknown is None
            assert "within" in str(groups.groups["g2"].unknown) or "still" in str(
                groups.groups["g2"].unknown
            )
        cluster.silent.clear()
        assert (await until_whole(kafka, timeout_s=3)).end.tolist() == [10, 11, 12, 13]


async def test_any_broker_will_do_and_one_that_hangs_is_not_waited_for() -> None:
    cluster = world(3)
    async with fake_cluster(cluster, brokers=3):
        client = Client(by_another_name(cluster))
        await client.brokers()
        first = client._candidates()[0]
        cluster.silent.add(next(n for n, p in cluster.ports.items() if str(p) in first.address))
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        assert (await client.describe()).cluster_id == "fake"
        assert loop.time() - began_s < 1.0
        await client.close()


async def test_all_brokers_that_hang_are_reported_after_one_time_limit_not_six() -> None:
    cluster = world(3)
    async with fake_cluster(cluster, brokers=3):
        client = Client(by_another_name(cluster), timeout_ms=600)
        await client.brokers()
        cluster.silent |= {1, 2, 3}
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        with pytest.raises(PortError) as caught:
            await client.ask_any(brokers_only())
        assert caught.value.kind == "slow"
        assert loop.time() - began_s < 1.5
        await client.close()


@pytest.mark.usefixtures("hurried")
async def test_a_handshake_that_outlasts_all_patience_is_finished_all_the_same() -> None:
    """After an outage on a slow link: each try must not begin anew."""
    cluster = world()
    async with observed(cluster) as kafka:
        await kafka.logs()
        cluster.delays_s = dict.fromkeys((API_VERSIONS, METADATA, LIST_OFFSETS), 0.28)
        cluster.drop(2)
        before = cluster.asked.count((2, API_VERSIONS))
        found = await until_whole(kafka, timeout_s=4)
        assert found.end.tolist() == [10, 11, 12, 13]
        assert cluster.asked.count((2, API_VERSIONS)) - before == 1


@pytest.mark.usefixtures("hurried")
async def test_a_broker_that_needs_long_is_late_and_not_unknown_for_ever() -> None:
    cluster = world(1)
    async with observed(cluster, brokers=1) as kafka:
        await kafka.logs()
        connections = cluster.asked.count((1, API_VERSIONS))
        cluster.delays_s[LIST_OFFSETS] = 0.7
        clock = RealClock()
        began_ms = clock.now_ms()
        first = await logs_of(kafka)
        assert isinstance(first, PortError)
        assert first.kind == "slow"
        assert clock.now_ms() - began_ms < 700
        sample = await until_whole(kafka, timeout_s=3)
        assert sample.answered_at_ms - sample.asked_at_ms >= 650
        assert sample.asked_at_ms - began_ms < 200
        assert cluster.asked.count((1, API_VERSIONS)) == connections
        cluster.delays_s.clear()
        cluster.topics["orders"][0].end = 99
        await until_whole(kafka, timeout_s=3)
        assert (await until_whole(kafka, timeout_s=3)).end[0] == 99


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("slow", [LIST_OFFSETS, OFFSET_FETCH])
async def test_slow_offsets_and_slow_commits_do_not_hold_each_other_up(slow: int) -> None:
    cluster = world(1)
    async with observed(cluster, brokers=1) as kafka:
        await kafka.logs()
        await kafka.groups()
        cluster.delays_s[slow] = 1.0
        quick = kafka.groups if slow == LIST_OFFSETS else kafka.logs
        late = kafka.logs if slow == LIST_OFFSETS else kafka.groups
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(is_slow(late()), name="slow")
            await asyncio.sleep(0.05)
            began_s = loop.time()
            await quick(**({"states_max_age_ms": 9_000} if slow == LIST_OFFSETS else {}))
            assert loop.time() - began_s < 0.3
        assert waiting.result()


async def is_slow(reading: Awaitable[LogSample | GroupSample]) -> bool:
    """Whether a look tells that the cluster did not answer in time."""
    try:
        found = await reading
    except PortError as error:
        return error.kind == "slow"
    return isinstance(found, GroupSample) and all(g.unknown for g in found.groups.values())


@pytest.mark.usefixtures("hurried")
async def test_commits_that_come_late_are_never_put_beside_a_newer_state() -> None:
    """A group that was seen without members has committed its last: so the state is asked first."""
    cluster = world(1)
    async with observed(cluster, brokers=1) as kafka:
        await kafka.groups()
        cluster.delays_s[OFFSET_FETCH] = 0.45
        cluster.asked.clear()
        found: GroupSample | None = None
        async with asyncio.timeout(5):
            while found is None or found.groups["g1"].unknown is not None:
                with contextlib.suppress(PortError):
                    found = await kafka.groups()
                await asyncio.sleep(0.02)
        keys = [key for _, key in cluster.asked if key in GROUPS_APIS]
        assert found.states_asked_at_ms() <= found.answered_at_ms - 400
        # Of the rounds that were begun, each asked for states before commits.
        assert keys[0] != OFFSET_FETCH
        assert all(
            keys[at - 1] != OFFSET_FETCH for at, key in enumerate(keys) if key == OFFSET_FETCH
        )


@pytest.mark.usefixtures("hurried")
async def test_a_broker_that_never_answers_is_asked_no_more_than_one_thing_at_a_time() -> None:
    cluster = world()
    async with observed(cluster) as kafka:
        await kafka.logs()
        cluster.silent.add(2)
        cluster.asked.clear()
        before = len(asyncio.all_tasks())
        for _ in range(8):
            await logs_of(kafka)
        assert len(asyncio.all_tasks()) - before <= 6
        hung = [key for node, key in cluster.asked if node == 2 and key == LIST_OFFSETS]
        assert len(hung) <= 3


async def test_closing_ends_what_is_still_under_way() -> None:
    tasks = Tasks()
    hanging = asyncio.Event()

    async def read() -> bool:
        return await hanging.wait()

    reading = Unhurried[bool]("hanging", tasks)
    with pytest.raises(PortError, match="no answer from hanging within"):
        await reading.read(read, within_s=0.01)
    with pytest.raises(PortError, match="no answer from hanging within"):
        await reading.read(read, within_s=0.01)
    await tasks.close()
    with pytest.raises(PortError, match="closed"):
        await reading.read(read, within_s=0.01)
