"""The simulated surveys tell what the simulated world is, and looking changes nothing about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.observe import Unknown
from cockpit.core.survey import (
    BrokersSurvey,
    ImagesSurvey,
    MembersSurvey,
    ProducersSurvey,
    QuotasSurvey,
    StorageSurvey,
    Survey,
    TopicsSurvey,
    UsersSurvey,
)
from cockpit.core.translate import translate
from cockpit.ports import PortError
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import SimPorts, connect_sim
from cockpit.sim.faults import ALWAYS, BrokerDown, ClusterUnreachable, Fault
from cockpit.sim.logs import COPIED
from cockpit.sim.loop import VirtualClock, run_virtual


async def surveys(ports: SimPorts) -> dict[str, Survey]:
    return {feed.name: await feed.read() for feed in ports.surveyor.feeds()}


def world(*faults: Fault) -> SimPorts:
    return connect_sim(demo_plan(), VirtualClock(), replace(demo_world(3), faults=faults))


def test_every_feed_is_read_and_says_that_it_is_simulated() -> None:
    async def look() -> None:
        ports = world()
        found = await surveys(ports)
        assert [survey.feed for survey in found.values()] == list(found)
        assert len(found) == 17
        brokers = found["source.brokers"]
        assert isinstance(brokers, BrokersSurvey)
        assert all("simulated" in broker.address for broker in brokers.brokers)
        await ports.surveyor.close()

    run_virtual(look())


def test_what_a_migration_prepares_is_equal_on_both_sides() -> None:
    async def look() -> None:
        found = await surveys(world())
        quotas = [found["source.quotas"], found["target.quotas"]]
        users = [found["source.users"], found["target.users"]]
        assert len({q.quotas for q in quotas if isinstance(q, QuotasSurvey)}) == 1
        assert len({u.credentials for u in users if isinstance(u, UsersSurvey)}) == 1
        source, target = found["source.topics"], found["target.topics"]
        assert isinstance(source, TopicsSurvey)
        assert isinstance(target, TopicsSurvey)
        assert set(source.topics) == set(target.topics) == set(demo_plan().topics())

    run_virtual(look())


def test_members_and_producers_are_where_the_services_are() -> None:
    async def look() -> None:
        ports = world()
        plan = demo_plan()
        before = await surveys(ports)
        members, producers = before["source.members"], before["source.producers"]
        assert isinstance(members, MembersSurvey)
        assert isinstance(producers, ProducersSurvey)
        reading = {s.name for s in plan.services if s.group}
        assert {m.client_id for g in members.groups.values() for m in g.members} == reading
        written = {topic for s in plan.services for topic in s.produces}
        assert {state.topic for state in producers.producers} == written
        ports.call_service("checkout", "stop")
        await ports.clock.sleep(3_000)
        after = await surveys(ports)
        still = after["source.producers"]
        assert isinstance(still, ProducersSurvey)
        assert {state.topic for state in still.producers} == written - {"payments"}

    run_virtual(look())


def test_a_broker_that_is_down_is_unknown_and_a_cluster_that_is_away_fails() -> None:
    async def look() -> None:
        ports = world(BrokerDown(side="source", broker=1, when=ALWAYS))
        await ports.clock.sleep(1_000)
        found = await surveys(ports)
        brokers, storage = found["source.brokers"], found["source.storage"]
        assert isinstance(brokers, BrokersSurvey)
        assert [b.word for b in brokers.brokers] == ["connected", "unreachable", "connected"]
        assert isinstance(storage, StorageSurvey)
        assert set(storage.unknown) == {1}
        away = world(ClusterUnreachable(side="target", when=ALWAYS))
        await away.clock.sleep(1_000)
        with pytest.raises(PortError, match="simulated"):
            await {feed.name: feed for feed in away.surveyor.feeds()}["target.quotas"].read()

    run_virtual(look())


def test_looking_changes_nothing_about_the_world() -> None:
    async def state(*, looking: bool) -> bytes:
        ports = world()
        for _ in range(20):
            if looking:
                await surveys(ports)
            until_ms = (ports.clock.now_ms() // 1_000 + 1) * 1_000
            await ports.clock.sleep(until_ms - ports.clock.now_ms())
        return await _dump(ports)

    assert run_virtual(state(looking=True)) == run_virtual(state(looking=False))


async def _dump(ports: SimPorts) -> bytes:
    at_ms = 60_000 - ports.clock.now_ms() % 60_000
    await ports.clock.sleep(at_ms)
    ports.where()
    return ports.world.dump()


def test_images_are_what_the_mirror_copied_and_no_translation_lies_past_one() -> None:
    async def look() -> None:
        ports = world()
        await ports.clock.sleep(20_000)
        survey = (await surveys(ports))["images"]
        slots = (await ports.replication.syncs()).slots
        assert isinstance(survey, ImagesSurvey)
        exact = {pair: g for pair, g in survey.images.items() if g.image.word == "EXACT"}
        assert len(exact) > 40
        source, target = ports.world.shores["source"], ports.world.shores["target"]
        for (_, name), group in exact.items():
            partition = ports.world.layout.keys.position[name]
            low = group.image.low
            assert isinstance(low, int)
            number = source.offset_map.place(partition, group.image.source_offset)
            place = target.offset_map.place(partition, low)
            copied = list(target.logs.pieces(partition, place, place + 1))
            assert copied in ([(COPIED, number, 1)], [])
            translated = translate(slots[name], group.image.source_offset)
            assert isinstance(translated, Unknown) or translated <= low

    run_virtual(look())
