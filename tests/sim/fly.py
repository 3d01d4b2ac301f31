"""Moves the demonstration's waves by hand, straight through the effector: no engine in between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from cockpit.core.actions import (
    Action,
    CallService,
    CommitOffsets,
    ExcludeGroups,
    Fence,
    PatchConnector,
    ProveDrained,
    ServiceVerb,
)
from cockpit.core.delta import to_target
from cockpit.core.observe import TopicPartition
from cockpit.core.plan import Plan, Service, produced_topics
from cockpit.sim.demo import demo_plan
from cockpit.sim.factory import SimPorts, connect_sim
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.spec import MirrorSpec, WorldSpec

T = TypeVar("T")

PLAN = demo_plan()
READERS = PLAN.wave_services(PLAN.waves[0])
WRITERS = PLAN.wave_services(PLAN.waves[1])
TOPICS = produced_topics(WRITERS)
SYNC_OFF = PatchConnector("mm2-source", (("sync.topic.acls.enabled", "false"),))

CALM = WorldSpec(
    seed=7,
    default_partitions=3,
    warmup_ms=4_000,
    mirror=MirrorSpec(latency_ms=200),
)
"""A small world in which nothing goes wrong."""


def in_world(
    scene: Callable[[SimPorts], Coroutine[Any, Any, T]],
    spec: WorldSpec = CALM,
    plan: Plan = PLAN,
) -> T:
    """Play a scene in a fresh world, on virtual time."""

    async def play() -> T:
        return await scene(connect_sim(plan, VirtualClock(), spec))

    return run_virtual(play())


def with_faults(*faults: Any) -> WorldSpec:
    """The calm world with faults in it."""
    return replace(CALM, faults=faults)


async def until(clock: VirtualClock, holds: Callable[[], Awaitable[bool]]) -> None:
    """Poll until it holds; the deadline is one virtual minute."""
    for _ in range(300):
        if await holds():
            return
        await clock.sleep(200)
    raise AssertionError("it did not come to hold within a minute")


async def make_so(ports: SimPorts, action: Action) -> None:
    """Do it, then wait until reading says that it is so."""
    await ports.effector.do(action)

    async def holds() -> bool:
        return bool((await ports.effector.verify(action)).holds)

    await until(VirtualClock(), holds)


async def call_all(ports: SimPorts, services: tuple[Service, ...], verb: ServiceVerb) -> None:
    """Call each service, one after the other."""
    for service in services:
        await ports.effector.do(CallService(service.name, verb))


async def exclude(ports: SimPorts, services: tuple[Service, ...]) -> None:
    """Take the services' groups out of the mirror's group sync."""
    await make_so(ports, ExcludeGroups(tuple(s.group for s in services if s.group), True))


async def fence_and_drain(ports: SimPorts) -> None:
    """The writers' topics: ACL sync off, fence, drain."""
    await make_so(ports, SYNC_OFF)
    await make_so(ports, Fence(TOPICS))

    async def drained() -> bool:
        return bool((await ports.effector.verify(ProveDrained(TOPICS))).holds)

    await until(VirtualClock(), drained)


async def mirror_has_passed(ports: SimPorts, group: str) -> dict[TopicPartition, int]:
    """Wait until the mirror's positions are past a stopped group's commits; those commits."""
    committed = (await ports.source.groups()).groups[group].committed()
    # A consumer skips a trailing marker; the mirror's position stays in front of it.
    marker = 1 if ports.world.spec.source_marker_every else 0

    async def passed() -> bool:
        positions = (await ports.replication.mirror()).positions
        return all(positions.get(name, 0) >= offset - marker for name, offset in committed.items())

    await until(VirtualClock(), passed)
    return committed


async def place(ports: SimPorts, service: Service) -> int:
    """Commit a stopped service's translated place on the target; the predicted re-reads at most."""
    assert service.group is not None
    committed = await mirror_has_passed(ports, service.group)
    slots = (await ports.replication.syncs()).slots
    offsets, reread = [], 0
    for name, offset in committed.items():
        found = to_target(slots[name], offset)
        assert found is not None
        offsets.append((name, found.offset))
        reread += found.reread_max
    await make_so(ports, CommitOffsets("target", service.group, tuple(offsets)))
    return reread


async def move_readers(ports: SimPorts) -> int:
    """The whole first wave; the predicted re-reads at most."""
    await exclude(ports, READERS)
    await call_all(ports, READERS, "stop")
    reread = sum([await place(ports, service) for service in READERS])
    await call_all(ports, READERS, "start")
    return reread


async def move_writers(ports: SimPorts) -> int:
    """The whole second wave; the predicted re-reads at most."""
    await exclude(ports, WRITERS)
    await call_all(ports, WRITERS, "stop")
    await fence_and_drain(ports)
    reread = sum([await place(ports, service) for service in WRITERS if service.group])
    await call_all(ports, WRITERS, "start")
    return reread
