"""The fake brokers of these tests answer as real ones do, in every version that both have."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from cockpit.core.plan import Side
from cockpit.kafka.client import Client
from cockpit.kafka.errors import UnsupportedError
from cockpit.kafka.protocol.cluster import api_versions
from cockpit.kafka.protocol.commits import commit, fetch_commits
from cockpit.kafka.protocol.groups import describe_groups, find_coordinators, list_groups
from cockpit.kafka.protocol.metadata import all_topics
from cockpit.kafka.protocol.offsets import EARLIEST, LATEST, list_offsets
from cockpit.kafka.protocol.old import IN_KAFKA, fetch_named
from cockpit.kafka.protocol.request import Request
from tests.kafka.fake_broker import NEW, FakeCluster, Group, Partition, fake_cluster
from tests.kafka.planting import delete_groups
from tests.kafka.real import client_as, producer_as, scratch_topic

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

TOPIC, GROUP, STRANGER = "alike.ledger", "alike-group", "alike-stranger"
COUNTS = (4, 0, 2)
COMMITS = {(TOPIC, 0): 3, (TOPIC, 2): 2}


@dataclass
class World:
    """A client of a broker that has TOPIC with its records, and GROUP with its commits."""

    client: Client

    async def each_version(self, request: Request[Any], *, at_least: int = 1) -> list[Any]:
        """The answers in every version that can be asked."""
        found = []
        for version in range(request.api.lowest, request.api.highest + 1):
            if max(version, request.since) <= min(version, request.until):
                one = replace(request, since=version, until=version, remember=False)
                with contextlib.suppress(UnsupportedError):
                    found.append(await self.client.call(1, one))
        assert len(found) >= at_least, request.api.name
        return found


@contextlib.asynccontextmanager
async def fake_world() -> AsyncIterator[World]:
    cluster = FakeCluster(
        versions=NEW | {2: (0, 7), 9: (0, 8)},
        topics={TOPIC: [Partition(1, 0, count) for count in COUNTS]},
        groups={GROUP: Group(state="Empty", members=0, offsets=dict(COMMITS))},
    )
    async with fake_cluster(cluster, brokers=1):
        client = Client(cluster.access(1))
        yield World(client)
        await client.close()


@contextlib.asynccontextmanager
async def real_world(lab: Status, side: Side) -> AsyncIterator[World]:
    async with scratch_topic(lab, TOPIC, sides=[side]):
        async with producer_as(lab, "admin", side=side) as producer:
            for partition, count in enumerate(COUNTS):
                for n in range(count):
                    await producer.send_and_wait(TOPIC, b"record %d" % n, partition=partition)
        async with client_as(lab, side, "admin") as client:
            assert not any(
                code for _, code in await client.ask_any(commit(GROUP, COMMITS.items(), ""))
            )
            try:
                yield World(client)
            finally:
                await client.ask_any(delete_groups([GROUP]))


async def test_the_fake_broker_is_what_the_others_here_are_compared_with() -> None:
    async with fake_world() as world:
        await assert_answers_alike(world)


@pytest.mark.broker
@pytest.mark.parametrize("side", ["source", "target"])
async def test_a_real_broker_answers_the_same(lab: Status, side: Side) -> None:
    async with real_world(lab, side) as world:
        await assert_answers_alike(world)


async def assert_answers_alike(world: World) -> None:
    """What holds for fake and real brokers, whatever else is on them."""
    await _versions_and_metadata(world)
    await _offsets(world)
    await _groups(world)
    await _commits(world)


async def _versions_and_metadata(world: World) -> None:
    for reply in await world.each_version(api_versions()):
        assert reply.error == 0
        assert {2, 3, 9, 10, 15, 16, 18} <= reply.versions.keys()
        assert all(0 <= low <= high for low, high in reply.versions.values())
    for reply in await world.each_version(all_topics()):
        assert [broker.node for broker in reply.brokers] == [1]
        (topic,) = [topic for topic in reply.topics if topic.name == TOPIC]
        assert (topic.error, topic.internal) == (0, False)
        rows = [(p.error, p.leader, p.replicas, p.isr) for p in topic.partitions]
        assert rows == [(0, 1, (1,), (1,))] * len(COUNTS)
        assert sorted(p.partition for p in topic.partitions) == [0, 1, 2]


async def _offsets(world: World) -> None:
    for time, wanted in ((LATEST, COUNTS), (EARLIEST, (0, 0, 0))):
        for (topic,) in await world.each_version(list_offsets({TOPIC: [0, 1, 2]}, time)):
            got = zip(topic.partitions.tolist(), topic.offsets.tolist(), strict=True)
            assert (topic.topic, dict(got)) == (TOPIC, dict(enumerate(wanted)))
            assert not topic.errors.any()
    for (topic,) in await world.each_version(list_offsets({"alike.nowhere": [0]}, LATEST)):
        assert (topic.errors.tolist(), topic.offsets.tolist()) == ([3], [-1])
    for nothing in await world.each_version(list_offsets({}, LATEST)):
        assert nothing == ()


async def _groups(world: World) -> None:
    for (found,) in await world.each_version(find_coordinators([GROUP])):
        assert (found.group, found.error, found.node) == (GROUP, 0, 1)
    several = find_coordinators([GROUP, STRANGER])  # from 3.0 on
    for both in await world.each_version(several, at_least=0):
        assert {c.group: (c.error, c.node) for c in both} == {GROUP: (0, 1), STRANGER: (0, 1)}
    for error, groups in await world.each_version(list_groups()):
        (group,) = [group for group in groups if group.name == GROUP]
        assert error == 0
        assert group.state in ("", "Empty")
        assert group.kind in ("", "classic")
        assert STRANGER not in {group.name for group in groups}
    for described in await world.each_version(describe_groups([GROUP, STRANGER])):
        rows = {g.name: (g.error, g.state, g.members) for g in described}
        assert rows == {GROUP: (0, "Empty", 0), STRANGER: (0, "Dead", 0)}


async def _commits(world: World) -> None:
    for (found,) in await world.each_version(fetch_commits([GROUP])):
        assert dict(zip(found.keys, found.offsets, strict=True)) == COMMITS
        assert (found.group, found.error, found.failed) == (GROUP, 0, ())
    for (found,) in await world.each_version(fetch_commits([STRANGER])):
        assert (found.keys, found.error, found.failed) == ((), 0, ())
    named = fetch_named(GROUP, [(TOPIC, p) for p in range(3)], IN_KAFKA)
    for found in await world.each_version(named):
        assert dict(zip(found.keys, found.offsets, strict=True)) == COMMITS
