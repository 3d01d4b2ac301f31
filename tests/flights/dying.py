"""Flies in simulation with an engine that dies at a chosen write of its journal, and one after it.

The world goes on in between: what the first engine has done stays done.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from cockpit.cli.pilot import Orders, Pilot, Result
from cockpit.cli.wiring import engine_ports
from cockpit.core.actions import Action, Finding
from cockpit.core.durable import restore
from cockpit.core.flight import FlightState, begin
from cockpit.core.plan import Plan
from cockpit.engine.journal import Journal, read_journal
from cockpit.engine.loop import Engine, LocalSession, Ports
from cockpit.engine.recovery import Unfinished, left_behind
from cockpit.ports import Effector
from cockpit.sim.demo import demo_world
from cockpit.sim.factory import SimPorts, connect_sim
from cockpit.sim.faults import Fault
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.truth import TruthReport

Point = Literal["before intent", "after intent", "after effect", "after outcome"]
POINTS: tuple[Point, ...] = ("before intent", "after intent", "after effect", "after outcome")


class EngineDied(BaseException):  # not an error of the code under test
    """The end of an engine, at once and without a word."""


@dataclass
class Death:
    """When an engine dies: at this point of its so-manieth action, counted from 1."""

    point: Point
    number: int
    power_cut: bool = False
    """What was not synced is gone too."""
    intents: int = 0
    outcomes: int = 0
    effects: int = 0
    died_at: str = ""

    def meets(self, point: Point, count: int, what: str) -> None:
        if point == self.point and count == self.number and not self.died_at:
            self.died_at = what
            raise EngineDied(what)


class DyingJournal(Journal):
    """A journal whose engine dies before or after one of its entries."""

    def __init__(self, path: Path, death: Death) -> None:
        super().__init__(path)
        self._path, self._death, self._synced = path, death, 0

    def append(
        self, kind: str, at_ms: int, data: Mapping[str, Any], *, sync: bool = True
    ) -> dict[str, Any]:
        what = str(data.get("text", data.get("action_id", "")))
        if kind == "intent":
            self._death.intents += 1
            self._death.meets("before intent", self._death.intents, what)
        entry = super().append(kind, at_ms, data, sync=sync)
        if sync:
            self._synced = self._path.stat().st_size
        if kind == "intent":
            self._death.meets("after intent", self._death.intents, what)
        if kind == "outcome":
            self._death.outcomes += 1
            self._death.meets("after outcome", self._death.outcomes, what)
        return entry

    def lose_power(self) -> None:
        """What the disk was never told to keep is gone."""
        os.truncate(self._path, self._synced)


class DyingEffector:
    """An effector whose engine dies right after an effect."""

    def __init__(self, effector: Effector, death: Death) -> None:
        self._effector, self._death = effector, death

    async def precheck(self, action: Action) -> Finding:
        return await self._effector.precheck(action)

    async def do(self, action: Action) -> Mapping[str, Any]:
        data = await self._effector.do(action)
        self._death.effects += 1
        self._death.meets("after effect", self._death.effects, type(action).__name__)
        return data

    async def verify(self, action: Action) -> Finding:
        return await self._effector.verify(action)

    async def close(self) -> None:
        await self._effector.close()


@dataclass(frozen=True, slots=True)
class Survived:
    """A flight of two engines, and what really came of it."""

    death: Death
    left: Unfinished | None
    result: Result
    truth: TruthReport
    events: tuple[Mapping[str, Any], ...]
    journal: tuple[Mapping[str, Any], ...]
    """Every entry, of both engines."""
    predicted: int
    where: Mapping[str, str]
    fenced: bool

    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.events]


def fly_and_die(
    death: Death, orders: Orders, plan: Plan, folder: Path, *faults: Fault, seed: int = 1
) -> Survived:
    """The whole story on virtual time."""
    return run_virtual(_story(death, orders, plan, folder, faults, seed))


async def _story(
    death: Death,
    orders: Orders,
    plan: Plan,
    folder: Path,
    faults: tuple[Fault, ...],
    seed: int,
) -> Survived:
    clock = VirtualClock()
    world = connect_sim(plan, clock, replace(demo_world(seed), faults=faults))
    ports = engine_ports(world, clock)
    path = folder / "journal.jsonl"
    events: list[Mapping[str, Any]] = []
    journal = DyingJournal(path, death)
    state = begin(plan, session="first", simulated=True, at_ms=clock.now_ms())
    dying = replace(ports, effector=DyingEffector(ports.effector, death))
    first = await _fly(state, dying, journal, replace(orders, go_on=False), events)
    journal.close()
    if death.power_cut:
        journal.lose_power()
    left = None
    if first is None:
        await clock.sleep(20_000)
        reopened, entries = Journal.reopened(path)
        left = left_behind(entries)
        assert left is not None
        first = await _take_over(left, plan, ports, reopened, orders, events)
        reopened.close()
    await clock.sleep(5_000)
    assert first is not None
    return _survived(world, death, left, first, events, tuple(read_journal(path)))


async def _take_over(
    left: Unfinished,
    plan: Plan,
    ports: Ports,
    journal: Journal,
    orders: Orders,
    events: list[Mapping[str, Any]],
) -> Result | None:
    now_ms = ports.clock.now_ms()
    state = begin(plan, session="second", simulated=True, at_ms=now_ms)
    if left.record:
        state = restore(
            plan,
            left.record,
            left.intents,
            intended=left.intended,
            session="second",
            simulated=True,
            at_ms=now_ms,
        )
    return await _fly(state, ports, journal, orders, events, takes_over=left)


async def _fly(
    state: FlightState,
    ports: Ports,
    journal: Journal,
    orders: Orders,
    events: list[Mapping[str, Any]],
    *,
    takes_over: Unfinished | None = None,
) -> Result | None:
    """One engine and its pilot; None: the engine died."""
    engine = Engine(
        state,
        ports,
        journal,
        takes_over=takes_over is not None,
        open_intents=takes_over.open if takes_over is not None else (),
    )
    result: Result | None = None
    try:
        async with asyncio.TaskGroup() as group:
            flight = group.create_task(engine.run(), name="engine")
            pilot = Pilot(LocalSession(engine), orders, events.append)
            result = await pilot.fly()
            flight.cancel()
    except BaseExceptionGroup as ended:
        if ended.subgroup(EngineDied) is None:
            raise
        return None
    return result


def _survived(
    world: SimPorts,
    death: Death,
    left: Unfinished | None,
    result: Result,
    events: list[Mapping[str, Any]],
    journal: tuple[Mapping[str, Any], ...],
) -> Survived:
    predicted = sum(e["reread_max_records"] for e in events if e["kind"] == "offsets_placed")
    return Survived(
        death=death,
        left=left,
        result=result,
        truth=world.truth(),
        events=tuple(events),
        journal=journal,
        predicted=predicted,
        where={name: str(side) for name, side in world.where().items()},
        fenced=any(b.permission == "deny" for b in world.world.shores["source"].acls.bindings),
    )
