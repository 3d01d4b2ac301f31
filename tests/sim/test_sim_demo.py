"""The demonstration is a plausible plan, says that it is simulated, and has its one bad minute."""

from __future__ import annotations

from cockpit.core.actions import Fence, Unfence
from cockpit.core.plan import SignalGate, produced_topics
from cockpit.sim.demo import BURST, demo_plan, demo_world
from cockpit.sim.factory import SimPorts
from tests.sim.fly import TOPICS, WRITERS, call_all, exclude, fence_and_drain, in_world, make_so

PLAN = demo_plan()


def test_the_demo_moves_every_service_once_and_readers_before_writers() -> None:
    moved = [name for wave in PLAN.waves for name in wave.services]
    assert sorted(moved) == sorted(service.name for service in PLAN.services)
    assert produced_topics(PLAN.wave_services(PLAN.waves[0])) == ()
    assert produced_topics(PLAN.wave_services(PLAN.waves[1])) == PLAN.topics()


def test_every_topic_of_the_demo_is_written_and_read() -> None:
    read = {topic for service in PLAN.services for topic in service.consumes}
    assert read == set(PLAN.topics()) == set(demo_world().partitions)
    assert all(4 <= count <= 8 for count in demo_world().partitions.values())


def test_the_demo_says_that_it_is_simulated_wherever_it_can() -> None:
    async def scene(ports: SimPorts) -> None:
        for cluster in (ports.source, ports.target):
            info = await cluster.info()
            assert info.cluster_id.startswith("simulated-")
            assert all("simulated" in broker for broker in info.brokers)

    assert PLAN.environment == "DEMO"
    in_world(scene, demo_world())


def test_the_burst_comes_after_the_first_fence_of_the_writers_and_not_after_the_second() -> None:
    trigger = PLAN.waves[1].rollback.triggers[0]
    assert isinstance(trigger, SignalGate)

    async def scene(ports: SimPorts) -> None:
        async def errors() -> float:
            value = (await ports.signals.read(trigger.name)).value
            assert isinstance(value, float)
            return value

        assert await errors() < trigger.max_value
        await exclude(ports, WRITERS)
        await call_all(ports, WRITERS, "stop")
        before = (await ports.target.logs()).end
        await make_so(ports, Fence(TOPICS))
        await ports.clock.sleep(trigger.for_ms + 1_000)
        # The mirror hangs with it: nobody can have started before the trigger fires.
        assert await errors() == BURST > trigger.max_value
        assert ((await ports.target.logs()).end == before).all()
        await make_so(ports, Unfence(TOPICS))
        await call_all(ports, WRITERS, "undo")
        await ports.clock.sleep(10_000)
        assert await errors() < trigger.max_value
        await call_all(ports, WRITERS, "stop")
        await fence_and_drain(ports)
        await ports.clock.sleep(trigger.for_ms + 1_000)
        assert await errors() < trigger.max_value

    in_world(scene, demo_world(3))
