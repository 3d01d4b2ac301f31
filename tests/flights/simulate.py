"""Flies the demonstration's plan in a simulated world with faults of the test's choice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cockpit.cli import exits
from cockpit.cli.pilot import Orders, Pilot, Result
from cockpit.cli.wiring import engine_ports
from cockpit.core.flight import begin
from cockpit.core.observe import AclBinding
from cockpit.core.plan import Plan
from cockpit.core.snapshot import Snapshot
from cockpit.engine.fanout import News
from cockpit.engine.journal import Journal, read_journal
from cockpit.engine.loop import Engine, LocalSession
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import SimPorts, connect_sim
from cockpit.sim.faults import Fault
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.spec import MirrorSpec, WorldSpec
from cockpit.sim.truth import TruthReport
from tests.flights.hands import Company, lend
from tests.flights.invariants.recorder import Recorder
from tests.flights.invariants.trace import Trace


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
    felt: tuple[tuple[int, str], ...]
    """The same with the virtual UTC ms at which it was felt."""
    journal: tuple[Mapping[str, Any], ...]
    """Every entry of the journal, of all engines of the flight; empty: none was kept."""
    faults: tuple[Any, ...]
    """Of the world, and of those who fly in it."""
    plan: Plan
    seed: int
    trace: Trace
    """All that was seen from outside, in order: what the invariants are checked on."""
    opened: frozenset[str] = frozenset()
    """Of a seed of the swarm: the kinds of trouble that were really on."""

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


ORDERS = Orders(user="test", confirm_steps=True, accept_loss=True)
ALONE = Company()
STUCK = Result("stuck", exits.UNKNOWN, (), left_running=True, why="it has not ended in time")


def fly(
    *faults: Fault,
    seed: int = 1,
    orders: Orders = ORDERS,
    plan: Plan | None = None,
    keep_demo_faults: bool = False,
    journal: Path | None = None,
    mirror: MirrorSpec | None = None,
    company: Company = ALONE,
) -> Flown:
    """One flight on virtual time, to its result."""
    spec = demo_world(seed)
    spec = replace(
        spec,
        faults=(*spec.faults, *faults) if keep_demo_faults else faults,
        mirror=mirror or spec.mirror,
    )
    return run_virtual(fly_in(spec, orders, plan or demo_plan(), journal, company))


async def fly_in(
    spec: WorldSpec, orders: Orders, plan: Plan, journal: Path | None, company: Company = ALONE
) -> Flown:
    """One flight in any world, on the loop that runs."""
    clock = VirtualClock()
    world = connect_sim(plan, clock, spec)
    state = begin(plan, session=f"seed-{spec.seed}", simulated=True, at_ms=clock.now_ms())
    recorder = Recorder(world.world, clock, lie=company.lie, meddling=company.meddling)
    kept = recorder.journal(Journal(journal)) if journal else None
    engine = Engine(state, recorder.ports(engine_ports(world, clock)), kept)
    recorder.watch(engine)
    session = Watching(engine)
    before = look_at(world)
    events: list[Mapping[str, Any]] = []
    async with asyncio.TaskGroup() as group:
        flight = group.create_task(engine.run(), name="engine")
        hands = lend(group, company.hands, engine, clock)
        result = STUCK
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(company.limit_ms / 1000):
                result = await Pilot(session, orders, events.append).fly()
        # let groups catch up before anybody counts
        await clock.sleep(5_000)
        for task in (flight, *hands):
            task.cancel()
    after = look_at(world)
    begin_ms = world.world.begin_ms
    return Flown(
        result=result,
        truth=world.truth(),
        events=tuple(events),
        snapshots=tuple(session.seen),
        before=before,
        after=after,
        effects=tuple(name for _, name in world.world.events),
        felt=tuple((begin_ms + at_ms, name) for at_ms, name in world.world.events),
        journal=tuple(read_journal(journal)) if journal else (),
        faults=spec.faults,
        plan=plan,
        seed=spec.seed,
        trace=recorder.trace(),
    )


def look_at(world: SimPorts) -> State:
    """What a rollback must leave as it was."""
    mirror = world.world.mirror
    connectors = {name: dict(config) for name, config in mirror.configs.items()}
    where = {name: str(side) for name, side in world.where().items()}
    return State(where, world.world.shores["source"].acls.bindings, connectors)
