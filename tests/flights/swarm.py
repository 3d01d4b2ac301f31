"""One seed of the swarm: a world, a plan and a random subset of the troubles, all drawn from it."""

from __future__ import annotations

import asyncio
import gc
import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from cockpit.cli.pilot import Orders, Result
from cockpit.cli.wiring import engine_ports
from cockpit.core.durable import restore
from cockpit.core.flight import FlightState, begin
from cockpit.core.plan import Plan
from cockpit.engine.journal import Journal, read_journal
from cockpit.engine.loop import Engine, Ports
from cockpit.engine.recovery import Unfinished, left_behind
from cockpit.ports import Clock
from cockpit.sim.factory import SimPorts, connect_sim
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.spec import WorldSpec
from cockpit.sim.world import World
from tests.flights.crew import Crew, Disk, Story, Told, TroubledEffector, TroubledJournal
from tests.flights.invariants import check
from tests.flights.invariants.case import Case
from tests.flights.invariants.recorder import Recorder
from tests.flights.simulate import Flown, look_at
from tests.flights.swarm_kinds import Kind, draw_kinds
from tests.flights.swarm_plan import GROUPS, draw_plan, draw_world
from tests.flights.troubles import TransactionMarkers, Trouble, Troubles

FLIGHT_LIMIT_S = 3_600
"""Virtual: no flight of the swarm takes an hour."""
SETTLE_MS = 5_000
MEMORY = Path("/dev/shm")
UNSEEN: Mapping[str, tuple[str, ...]] = {
    # made anew between the last look and the release, or while that was on its way: what was
    # announced was of the topic as it had been
    "topic recreated": tuple(f"I12: {name} starts" for name in GROUPS),
}
"""By kind of trouble that was really on: how violations are told whose evidence it takes away. What
became of records and clusters is judged in every flight."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """All that follows from a seed."""

    seed: int
    plan: Plan
    spec: WorldSpec
    kinds: tuple[Kind, ...]
    named: tuple[tuple[object, str], ...]
    """Each fault and trouble with the name of its kind."""
    troubles: tuple[Trouble, ...]
    orders: Orders


def draw(seed: int) -> Drawn:
    """What a seed says. Part of it draws from streams of its own, so that it stays as it is when
    another part is changed."""
    plan = draw_plan(random.Random(f"plan {seed}"))
    spec = draw_world(random.Random(f"world {seed}"), seed)
    dice = random.Random(f"troubles {seed}")
    kinds = draw_kinds(dice)
    named = [(kind.draw(dice), kind.name) for kind in kinds]
    troubles = tuple(t for t, _ in named if isinstance(t, Trouble))
    faults = tuple(t for t, _ in named if not isinstance(t, Trouble))
    dice = random.Random(f"orders {seed}")
    orders = Orders(
        user="test",
        gate_wait_ms=40_000,
        on_ask=dice.choice(("rollback", "rollback", "pause")),
        confirm_steps=dice.random() < 0.8,
        fly_again=dice.random() < 0.5,
        go_on=dice.random() < 0.7,
        accept_loss=dice.random() < 0.7,
    )
    spec = replace(spec, faults=faults)
    for marked in (t for t in troubles if isinstance(t, TransactionMarkers)):
        spec = replace(
            spec,
            source_marker_every=marked.source_every,
            target_marker_every=marked.target_every,
        )
    return Drawn(seed, plan, spec, kinds, tuple(named), troubles, orders)


def fly_seed(seed: int) -> Flown:
    """Fly what a seed says; AssertionError with the seed, its faults and what is broken."""
    drawn = draw(seed)
    flown = fly_drawn(drawn)
    broken = broken_invariants(flown)
    if broken:
        names = ", ".join(kind.name for kind in drawn.kinds)
        again = f"python -m tests.flights.swarm_soak {seed}"
        told = "\n  ".join(broken)
        raise AssertionError(f"seed {seed} ({names}):\n  {told}\n  again: {again}")
    return flown


def fly_drawn(drawn: Drawn) -> Flown:
    """Fly without judging."""
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as folder, _rare_collections():
        return run_virtual(_story(drawn, Path(folder) / "journal.jsonl"))


def broken_invariants(flown: Flown) -> tuple[str, ...]:
    """What no flight may end with, in words."""
    truth, broken = flown.truth, list(flown.truth.violations)
    if truth.lost:
        broken.append(f"I7: {truth.lost} records lost")
    if truth.disordered:
        broken.append(f"I7: {truth.disordered} records out of order")
    late = Case(flown).overtaken()
    again = sum(s.duplicated for s in truth.services if s.service not in late)
    if again > flown.predicted() + truth.excused and not flown.result.left_running:
        bound = f"{flown.predicted()} predicted and {truth.excused} by crashes and the mirror"
        broken.append(f"I12: {again} records read again, {bound}")
    broken.extend(f"defect: {e['text']}" for e in flown.events if e["kind"] == "defect")
    unseen = tuple(text for name in flown.opened for text in UNSEEN.get(name, ()))
    broken.extend(text for text in check(flown) if not text.startswith(unseen))
    return tuple(broken)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """A flight makes millions of small objects, hardly any of them in cycles."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class SteppedClock(VirtualClock):
    """Virtual time on a machine whose clock may be set; the world's time goes on as it did."""

    def carries(self, world: World) -> None:
        """Let a world's time follow this clock."""
        self._world = world
        self._begins = [(-world.spec.warmup_ms, world.begin_ms)]

    def step(self, by_ms: int) -> None:
        """Set the machine's clock."""
        self._world.advance_to(self.now_ms())
        self.stepped_ms += by_ms
        self._world.begin_ms += by_ms
        self._begins.append((self._world.now_ms, self._world.begin_ms))

    def utc_ms(self, world_ms: int) -> int:
        """What the machine's clock showed at a time of the world."""
        return world_ms + [begin for from_ms, begin in self._begins if from_ms <= world_ms][-1]


async def _story(drawn: Drawn, path: Path) -> Flown:
    clock = SteppedClock()
    world = connect_sim(drawn.plan, clock, drawn.spec)
    troubles = Troubles(world.world, clock, drawn.troubles)
    clock.carries(world.world)
    recorder = Recorder(world.world, clock)
    ports = recorder.ports(engine_ports(world, clock))
    ports = replace(ports, effector=TroubledEffector(ports.effector, troubles))
    flight = _Flight(drawn, ports, Disk(path), troubles, Story(), recorder, clock)
    before = look_at(world)
    async with asyncio.timeout(FLIGHT_LIMIT_S):
        result = await _lives(flight)
        # let groups catch up before anybody counts
        await clock.sleep(SETTLE_MS)
    felt = [(clock.utc_ms(at_ms), name) for at_ms, name in world.world.events]
    return Flown(
        result=replace(result, reread_max_records=flight.story.predicted()),
        truth=world.truth(),
        events=tuple(flight.story.events),
        snapshots=tuple(flight.story.snapshots),
        before=before,
        after=look_at(world),
        effects=tuple(name for _, name in felt),
        felt=tuple(felt),
        journal=tuple(read_journal(path)),
        faults=(*drawn.spec.faults, *drawn.troubles),
        plan=drawn.plan,
        seed=drawn.seed,
        trace=recorder.trace(),
        opened=_opened(flight, world),
    )


def _opened(flight: _Flight, world: SimPorts) -> frozenset[str]:
    """Names of the kinds that were really on: of effects, those that one has met."""
    numbers = {id(t): name for t, name in flight.drawn.named}
    faults = [flight.drawn.spec.faults[i] for i in world.world.script.met]
    troubles = [flight.drawn.troubles[i] for i in flight.troubles.opened()]
    return frozenset(numbers[id(trouble)] for trouble in (*faults, *troubles))


@dataclass(frozen=True, slots=True)
class _Flight:
    """All that every engine of a flight shares."""

    drawn: Drawn
    ports: Ports
    disk: Disk
    troubles: Troubles
    story: Story
    recorder: Recorder
    clock: SteppedClock


async def _lives(flight: _Flight) -> Result:
    """One engine after another, until one lives to the flight's end."""
    drawn, disk, clock, number = flight.drawn, flight.disk, flight.clock, 0
    disk.path.touch(0o600)
    while True:
        number += 1
        journal, entries = Journal.reopened(disk.path)
        if any(entry["kind"] == "flight_ended" for entry in entries):
            return Result("ended", 0, (), left_running=False)
        state, left = _state(drawn.plan, entries, f"life-{number}", clock)
        takes_over = left is not None
        troubled = TroubledJournal(flight.recorder.journal(journal), disk, flight.troubles)
        kept = flight.recorder.refusals(troubled)
        engine = Engine(
            state,
            flight.ports,
            cast("Journal", kept),
            takes_over=takes_over,
            open_intents=left.open if left is not None else (),
        )
        engine.fanout = Told(flight.story)
        flight.recorder.watch(engine)
        orders = replace(drawn.orders, go_on=drawn.orders.go_on and takes_over)
        ended = await Crew(engine, flight.troubles, flight.story, clock, orders).fly()
        journal.close()
        if isinstance(ended, Result):
            return ended
        if ended.power_cut:
            disk.lose_power()
        await clock.sleep(ended.down_ms)
        clock.step(ended.clock_step_ms)


def _state(
    plan: Plan, entries: tuple[dict[str, Any], ...], session: str, clock: Clock
) -> tuple[FlightState, Unfinished | None]:
    """Where an engine begins, and the flight that it takes over, if it does."""
    now_ms = clock.now_ms()
    left = left_behind(entries)
    if left is None or not left.record:
        return begin(plan, session=session, simulated=True, at_ms=now_ms), left
    state = restore(
        plan,
        left.record,
        left.intents,
        intended=left.intended,
        session=session,
        simulated=True,
        at_ms=now_ms,
    )
    return state, left
