"""Flies the demonstration's plan in a simulated world with faults of the test's choice."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cockpit.cli.pilot import Orders, Pilot, Result
from cockpit.cli.wiring import engine_ports
from cockpit.core.flight import begin
from cockpit.core.observe import AclBinding
from cockpit.core.plan import Plan
from cockpit.core.snapshot import Snapshot
from cockpit.engine.fanout import News
from cockpit.engine.journal import Journal
from cockpit.engine.loop import Engine, LocalSession
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import SimPorts, connect_sim
from cockpit.sim.faults import Fault
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.spec import MirrorSpec, WorldSpec
from cockpit.sim.truth import TruthReport


@dataclass(frozen=True, slots=True)
class State:
    """What a rollback must leave as it was: read from the world, not from the cockpit."""

    where: Mapping[str, str]
    source_acls: frozenset[AclBinding]
    connectors: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Flown:
    """A flight and what really came of it."""

    result: Result
    truth: TruthReport
    events: tuple[Mapping[str, Any], ...]
    snapshots: tuple[Snapshot, ...]
    before: State
    after: State
    effects: tuple[str, ...]
    """What the world has felt, in its own words."""

    def predicted(self) -> int:
        bound = self.result.reread_max_records
        assert bound is not None
        return bound

    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.events]


class Watching(LocalSession):
    """A session that keeps every snapshot that went through it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.seen: list[Snapshot] = []

    async def news(self) -> News | None:
        news = await super().news()
        if news is not None and news[1] is not None:
            self.seen.append(news[1])
        return news


ORDERS = Orders(user="test", confirm_steps=True)


def fly(
    *faults: Fault,
    seed: int = 1,
    orders: Orders = ORDERS,
    plan: Plan | None = None,
    keep_demo_faults: bool = False,
    journal: Path | None = None,
    mirror: MirrorSpec | None = None,
) -> Flown:
    """One flight on virtual time, to its result."""
    spec = demo_world(seed)
    spec = replace(
        spec,
        faults=(*spec.faults, *faults) if keep_demo_faults else faults,
        mirror=mirror or spec.mirror,
    )
    return run_virtual(_fly(spec, orders, plan or demo_plan(), journal))


async def _fly(spec: WorldSpec, orders: Orders, plan: Plan, journal: Path | None) -> Flown:
    clock = VirtualClock()
    world = connect_sim(plan, clock, spec)
    state = begin(plan, session=f"seed-{spec.seed}", simulated=True, at_ms=clock.now_ms())
    engine = Engine(state, engine_ports(world, clock), Journal(journal) if journal else None)
    session = Watching(engine)
    before = _state(world)
    events: list[Mapping[str, Any]] = []
    async with asyncio.TaskGroup() as group:
        flight = group.create_task(engine.run(), name="engine")
        result = await Pilot(session, orders, events.append).fly()
        # let groups catch up before anybody counts
        await clock.sleep(5_000)
        flight.cancel()
    felt = tuple(name for _, name in world.world.events)
    after = _state(world)
    return Flown(result, world.truth(), tuple(events), tuple(session.seen), before, after, felt)


def _state(world: SimPorts) -> State:
    mirror = world.world.mirror
    connectors = {name: dict(config) for name, config in mirror.configs.items()}
    where = {name: str(side) for name, side in world.where().items()}
    return State(where, world.world.shores["source"].acls.bindings, connectors)
