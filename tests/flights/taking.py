"""Flies in simulation with an engine whose flight another host takes at a chosen point, or whose
topic is lost there. Both engines go on in one world, on virtual time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cockpit.cli.pilot import Orders, Pilot, Result
from cockpit.cli.wiring import engine_ports
from cockpit.core.actions import Action, Finding, Look, Proof
from cockpit.core.coordination import wait_ms
from cockpit.core.durable import restore
from cockpit.core.elsewhere import Coordination
from cockpit.core.flight import FlightState, begin
from cockpit.core.plan import Plan
from cockpit.engine.journal import Journal
from cockpit.engine.loop import Engine, LocalSession
from cockpit.engine.recovery import Unfinished, left_behind
from cockpit.engine.sharing import Sharing
from cockpit.ports import Effector, Piece
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import SimPorts, connect_sim
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.sharedlog import Moment, SimLog, SimTopic
from cockpit.sim.truth import TruthReport

Point = Literal["before intent", "on disk", "in the topic", "after effect"]
POINTS: tuple[Point, ...] = ("before intent", "on disk", "in the topic", "after effect")
SPEC = Coordination("journal")


def shared_plan() -> Plan:
    """The demonstration's, whose flights can be taken over."""
    return replace(demo_plan(), coordination=SPEC)


@dataclass
class Strike:
    """What happens at a point of an engine's so-manieth effect, counted from 1."""

    point: Point
    number: int
    does: Literal["take", "lose"]
    struck_at_ms: int | None = None


@dataclass
class Host:
    """One engine of the story."""

    name: str
    path: Path
    sharing: Sharing
    journal: Journal
    events: list[Mapping[str, Any]] = field(default_factory=list)
    effects: list[int] = field(default_factory=list)
    """When each effect began."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it."""

    strike: Strike
    safe_at_ms: int
    first: Host
    first_result: Result | None
    second: Host | None
    result: Result | None
    truth: TruthReport
    where: Mapping[str, str]
    fenced: bool
    left: Unfinished | None


class Stage:
    """The world, its topic, and the engines in it."""

    def __init__(self, folder: Path, strike: Strike) -> None:
        self.folder, self.strike = folder, strike
        self.clock = VirtualClock()
        self.plan = shared_plan()
        self.world: SimPorts = connect_sim(self.plan, self.clock, replace(demo_world(1), faults=()))
        self.topic = SimTopic(self.clock, on_write=self._around_commit)
        self.struck = asyncio.Event()
        self.intents: list[str] = []
        """Of the first engine, by their actions."""
        self.effects = 0

    def meets(self, point: Point, number: int) -> None:
        """The blow, once."""
        strike = self.strike
        if strike.struck_at_ms is not None or (point, number) != (strike.point, strike.number):
            return
        strike.struck_at_ms = self.clock.now_ms()
        if strike.does == "take":
            self.topic.take("f")
        else:
            self.topic.lost = True
        self.struck.set()

    def _around_commit(self, moment: Moment, pieces: Sequence[Piece]) -> None:
        told = [json.loads(p.data) for p in pieces if b'"kind":"intent"' in p.data]
        ours = [entry["action_id"] for entry in told if entry["action_id"] in self.intents]
        for number in (self.intents.index(name) + 1 for name in ours):
            self.meets("on disk" if moment == "before commit" else "in the topic", number)

    def host(self, name: str, journal: Journal, path: Path) -> Host:
        log = SimLog(self.topic, flight="f", session="s", head={"host": name})
        sharing = Sharing(log, SPEC, self.clock, session="s", path=path, journal=journal)
        return Host(name, path, sharing, journal)

    async def fly(
        self, state: FlightState, host: Host, orders: Orders, left: Unfinished | None
    ) -> Result:
        effector = Watched(self.world.effector, self, host)
        ports = replace(engine_ports(self.world, self.clock, host.sharing), effector=effector)
        engine = Engine(
            state, ports, host.journal, takes_over=left is not None,
            open_intents=left.open if left is not None else (),
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            flight = group.create_task(engine.run(), name="engine")
            result = await Pilot(LocalSession(engine), orders, host.events.append).fly()
            if result.left_running:
                flight.cancel()
        return result


class Watched:
    """An effector that notes what begins, by whom."""

    def __init__(self, effector: Effector, stage: Stage, host: Host) -> None:
        self._effector, self._stage, self._host = effector, stage, host

    async def precheck(self, action: Action) -> Finding:
        return await self._effector.precheck(action)

    async def do(self, action: Action) -> Mapping[str, Any]:
        if isinstance(action, Look | Proof):
            return await self._effector.do(action)
        self._host.effects.append(self._stage.clock.now_ms())
        data = await self._effector.do(action)
        if self._host.name == "first":
            self._stage.effects += 1
            self._stage.meets("after effect", self._stage.effects)
        return data

    async def verify(self, action: Action) -> Finding:
        return await self._effector.verify(action)

    async def close(self) -> None:
        await self._effector.close()


class CountingJournal(Journal):
    """Counts intents, and is where another host may come before one."""

    stage: Stage

    def append(
        self, kind: str, at_ms: int, data: Mapping[str, Any], *, sync: bool = True
    ) -> dict[str, Any]:
        if kind == "intent":
            self.stage.intents.append(str(data["action_id"]))
            self.stage.meets("before intent", len(self.stage.intents))
        return super().append(kind, at_ms, data, sync=sync)


def fly_and_take(strike: Strike, orders: Orders, folder: Path) -> Taken:
    """The whole story."""

    async def story() -> Taken:
        return await _story(Stage(folder, strike), orders)

    return run_virtual(story())


async def _story(stage: Stage, orders: Orders) -> Taken:
    path = stage.folder / "first.jsonl"
    journal = CountingJournal(path)
    journal.stage = stage
    first = stage.host("first", journal, path)
    state = begin(stage.plan, session="s", simulated=True, at_ms=stage.clock.now_ms())
    await first.sharing.claim()
    second: Host | None = None
    result: Result | None = None
    left: Unfinished | None = None
    safe_at_ms = 0
    async with asyncio.TaskGroup() as group:
        flown = group.create_task(stage.fly(state, first, replace(orders, go_on=False), None))
        waiting = group.create_task(stage.struck.wait())
        await asyncio.wait({flown, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if stage.strike.struck_at_ms is not None and stage.strike.does == "take":
            second, left, safe_at_ms = await _taken(stage)
            result = await _second(stage, second, left, orders)
    journal.close()
    await stage.clock.sleep(5_000)
    return Taken(
        strike=stage.strike,
        safe_at_ms=safe_at_ms,
        first=first,
        first_result=flown.result(),
        second=second,
        result=result,
        truth=stage.world.truth(),
        where={name: str(side) for name, side in stage.world.where().items()},
        fenced=any(
            b.permission == "deny" for b in stage.world.world.shores["source"].acls.bindings
        ),
        left=left,
    )


async def _taken(stage: Stage) -> tuple[Host, Unfinished, int]:
    """What `cockpit takeover` does: the new host's folder from the topic, its entry, the wait."""
    path = stage.folder / "second.jsonl"
    path.write_bytes(stage.topic.sessions["s"].journal)
    journal, entries = Journal.reopened(path)
    host = stage.host("second", journal, path)
    await host.sharing.claim()
    now_ms = stage.clock.now_ms()
    safe_at_ms = now_ms + wait_ms(stage.plan)
    journal.append("took_over", now_ms, {"host": "second", "reason": "why not"})
    left = left_behind(entries)
    assert left is not None
    await host.sharing._round()
    await stage.clock.sleep(safe_at_ms - now_ms)
    return host, left, safe_at_ms


async def _second(stage: Stage, host: Host, left: Unfinished, orders: Orders) -> Result:
    now_ms = stage.clock.now_ms()
    state = begin(stage.plan, session="s", simulated=True, at_ms=now_ms)
    if left.record:
        state = restore(
            stage.plan, left.record, left.intents, intended=left.intended, session="s",
            simulated=True, at_ms=now_ms,
        )  # fmt: skip
    return await stage.fly(state, host, orders, left)
