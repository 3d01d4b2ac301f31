"""Flies a plan in simulation to its end and keeps what it saw, wave by wave.

The engine, the rules and the pilot are those of a real flight; only the world is not.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cockpit.cli import exits
from cockpit.cli.aftermath import MAY_LEAVE, Aftermath, aftermath
from cockpit.cli.keeping import Keep
from cockpit.cli.pilot import Orders, Pilot, Result
from cockpit.cli.wiring import engine_ports
from cockpit.core.beginning import Beginning, begun
from cockpit.core.intents import Pause
from cockpit.core.observe import AclBinding
from cockpit.core.plan import Plan
from cockpit.core.snapshot import GateView, Snapshot, StepView, WaveView
from cockpit.engine.fanout import News
from cockpit.engine.folders import FolderError, SessionFolder
from cockpit.engine.journal import Journal, JournalError
from cockpit.engine.loop import Engine, LocalSession
from cockpit.engine.recorder import Recorder
from cockpit.sim.factory import SimPorts
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.prepared import connect_prepared
from cockpit.sim.spec import WorldSpec
from cockpit.sim.truth import TruthReport

USER = "rehearsal"
GATE_WAIT_MS = 300_000
CATCH_UP_MS = 5_000
"""How long groups go on after the flight, before records are counted."""
ELSEWHERE: Final = ("going_back", "step_failed", "wave_rolled_back")
"""Kinds of event that are told in words of their own."""


@dataclass(frozen=True, slots=True)
class Told:
    """An alarm, or anything else that a person was warned of."""

    at_ms: int
    level: str
    """`warn` or `bad`."""
    text: str


@dataclass(slots=True)
class WaveLog:
    """What was seen of one wave."""

    name: str
    word: str = "pending"
    gates: tuple[GateView, ...] = ()
    """As they stood when it last began."""
    steps: tuple[StepView, ...] = ()
    began_at_ms: int | None = None
    waited_ms: int = 0
    """For its gates, since it could first have begun."""
    blocked_ms: int = 0
    """The longest time that its clients stood, over all attempts: at most, where the flight told
    that; of an attempt that went back before it could, as far as snapshots show it."""
    blocked_before_ms: int = 0
    """The same over all attempts but the newest."""
    told_blocked: bool = False
    """Whether the flight has told it of the newest attempt."""
    rereads: dict[str, int | None] = field(default_factory=dict)
    """Predicted at most, by group and side; None: nobody can say."""
    went_back: tuple[str, ...] = ()
    """Why, each time."""
    left_behind: tuple[str, ...] = ()
    """What was not as before after it went back."""
    failed: tuple[str, ...] = ()
    """Which steps, or their undos, and why, each time."""
    told: tuple[Told, ...] = ()
    """What a person was warned of while it was the current wave, as it came."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One flight: its result, its waves, and what really became of the records."""

    result: Result
    waves: tuple[WaveLog, ...]
    truth: TruthReport
    lasted_ms: int
    began_ms: int = 0
    """On the simulation's own clock."""
    aftermath: Aftermath | None = None
    """How it stands, where it did not complete."""
    accepted: frozenset[str] = frozenset()
    """Services whose owners accept that records are skipped."""
    met: frozenset[int] = frozenset()
    """Indexes of the world's faults that something was hit by."""
    outside: frozenset[str] = frozenset()
    """Services whose offsets are kept outside Kafka: nobody sets them in a simulation."""

    @property
    def exit_code(self) -> int:
        """The flight's own, unless records or the way back say that it went wrong."""
        return exits.FAILED if self.wrong else self.result.exit_code

    @property
    def wrong(self) -> tuple[str, ...]:
        """What must not be after any flight."""
        truth = self.truth
        known = [s for s in truth.services if s.service not in self.outside]
        whole = [s for s in known if s.service not in self.accepted]
        lost, disordered = sum(s.lost for s in whole), sum(s.disordered for s in whole)
        counts = (("lost", lost), ("out of order", disordered))
        found = [f"{count} records {what}" for what, count in counts if count]
        predicted = self.result.reread_max_records
        duplicated = sum(s.duplicated for s in known)
        excused = sum(s.excused for s in known)
        if predicted is not None and duplicated > predicted + excused:
            more = f" and {excused} come of crashes and of the mirror" if excused else ""
            found.append(f"{duplicated} records read twice, {predicted} were predicted{more}")
        found.extend(truth.violations)
        found.extend(f"{w.name}: {text}" for w in self.waves for text in w.left_behind)
        return tuple(found)


def rehearse(
    plan: Plan,
    spec: WorldSpec,
    *,
    session: str,
    back_once: bool = False,
    on_event: Any = lambda _event: None,  # noqa: ANN401  # takes an event, gives nothing
    keep: Keep | None = None,
) -> Rehearsed:
    """One flight on virtual time. `back_once`: each wave is rolled back once, at the last place
    where that costs nothing, and flown again. The same arguments give the same flight, and keep
    the same bytes. Raises FolderError."""
    with tempfile.TemporaryDirectory(prefix="cockpit-") as name:
        folder = SessionFolder(Path(name)) if keep is None else keep.begin(plan.name)
        seen = Seen(on_event, folder, keep)
        return run_virtual(_fly(plan, spec, seen, session=session, back_once=back_once))


@dataclass(frozen=True, slots=True)
class Seen:
    """Where goes what is seen of a flight."""

    on_event: Any
    folder: SessionFolder
    keep: Keep | None

    def journal(self) -> Journal:
        """A new journal. Raises FolderError."""
        try:
            return Journal(self.folder.journal)
        except JournalError as error:
            raise FolderError(str(error)) from error

    def recorder(self, plan: Plan, beginning: Beginning) -> Recorder | None:
        """The recording; None: there is to be none."""
        return None if self.keep is None else self.keep.recorder(self.folder, plan, beginning)


async def _fly(
    plan: Plan,
    spec: WorldSpec,
    seen: Seen,
    *,
    session: str,
    back_once: bool,
) -> Rehearsed:
    clock = VirtualClock()
    world = connect_prepared(plan, clock, spec)
    ports = engine_ports(world, clock)
    beginning = Beginning(session=session, simulated=True, at_ms=clock.now_ms())
    journal = seen.journal()
    recorder = seen.recorder(plan, beginning)
    engine = Engine(begun(plan, beginning), ports, journal, recorder=recorder)
    watching = _Watching(engine, world)
    orders = Orders(
        user=USER,
        gate_wait_ms=GATE_WAIT_MS,
        confirm_steps=True,
        fly_again=back_once,
        beyond="a person decides (without a screen: --accept-loss of cockpit run)",
    )
    pilot = _ThereAndBack if back_once else Pilot
    began_ms = clock.now_ms()
    async with asyncio.TaskGroup() as group:
        flight = group.create_task(engine.run(), name="engine")
        result = await pilot(watching, orders, seen.on_event).fly()
        lasted_ms = clock.now_ms() - began_ms
        await clock.sleep(CATCH_UP_MS)
        flight.cancel()
    journal.close()
    if recorder is not None:
        recorder.close(f"the rehearsal ended: {result.outcome}")
    truth = world.truth()  # before anybody looks: looking takes time, in which groups go on
    after = None
    if result.exit_code in MAY_LEAVE:
        stands = result.left_running
        after = await aftermath(engine.state, seen.folder, ports, world, stands=stands)
    placed = [(s.name, s.offsets) for s in plan.services if s.offsets is not None]
    return Rehearsed(
        result,
        tuple(watching.waves.values()),
        truth,
        lasted_ms,
        began_ms,
        after,
        met=world.world.script.met,
        accepted=frozenset(name for name, offsets in placed if offsets.accept_loss is not None),
        outside=frozenset(name for name, offsets in placed if offsets.resume == "external"),
    )


class _Watching(LocalSession):
    """A session that takes notes, and does by hand what a plan leaves to a person."""

    def __init__(self, engine: Engine, world: SimPorts) -> None:
        super().__init__(engine)
        self._world = world
        self.waves = {w.wave.name: WaveLog(w.wave.name) for w in engine.state.waves}
        self._ready_ms: dict[str, int] = {}
        self._before: _Standing | None = None
        self._wave = engine.state.wave().wave.name
        self._members = {w.wave.name: w.wave.services for w in engine.state.waves}

    async def news(self) -> News | None:
        """Events and the newest snapshot, as they come; None when it is over."""
        news = await super().news()
        if news is not None:
            events, snapshot = news
            for event in events:
                self._note(event)
            if snapshot is not None:
                self._look(snapshot)
        return news

    def _note(self, event: Mapping[str, Any]) -> None:
        if event.get("level") in ("warn", "bad") and event["kind"] not in ELSEWHERE:
            log = self.waves[event.get("wave", self._wave)]
            log.told += (Told(event["at_ms"], event["level"], event["text"]),)
        match event.get("kind"):
            case "asked_person" if event["verb"] in ("stop", "start", "undo"):
                self._world.call_service(event["service"], event["verb"])
            case "wave_started":
                log = self.waves[event["wave"]]
                log.began_at_ms = event["at_ms"]
                ready_ms = self._ready_ms.pop(log.name, event["at_ms"])
                log.waited_ms = event["at_ms"] - ready_ms
                log.rereads.clear()
                log.told_blocked, log.blocked_before_ms = False, log.blocked_ms
                self._before = _Standing.of(self._world)
            case "offsets_placed":
                rereads = self.waves[self._wave].rereads
                where = f"{event['group']} on {event['side']}"
                before, more = rereads.get(where, 0), event["reread_max_records"]
                rereads[where] = None if before is None or more is None else before + int(more)
            case "clients_blocked" if event["blocked_ms"] is not None:
                log = self.waves[event["wave"]]
                log.blocked_ms = max(log.blocked_before_ms, event["blocked_ms"])
                log.told_blocked = True
            case "rollback_started":  # they stand still once more
                self.waves[event["wave"]].told_blocked = False
            case "wave_rolled_back":
                log = self.waves[event["wave"]]
                log.went_back += (str(event["reason"]),)
                log.left_behind += self._left_behind(log.name)
            case "step_failed":
                self.waves[event["wave"]].failed += (str(event["text"]),)
            case _:
                pass

    def _left_behind(self, wave: str) -> tuple[str, ...]:
        """What going back has not put back."""
        before, now = self._before, _Standing.of(self._world)
        if before is None:
            return ()
        found = [
            f"{name} is {now.where[name]} after going back"
            for name in self._members[wave]
            if now.where[name] != before.where[name]
        ]
        if now.acls != before.acls:
            found.append("ACLs of the source are not as they were")
        found += [
            f"connector {name} is not set as it was"
            for name, config in now.connectors.items()
            if config != before.connectors.get(name)
        ]
        return tuple(found)

    def _look(self, snapshot: Snapshot) -> None:
        status = snapshot.status
        self._wave = status.wave
        for view in snapshot.waves:
            log = self.waves[view.name]
            log.word = view.word
            if view.word not in ("pending", "ready"):
                log.steps = view.steps
            if view.word in ("ready", "rolled back") and view.name == status.wave:
                log.gates = snapshot.gates
                self._ready_ms.setdefault(view.name, snapshot.at_ms)
        log = self.waves[status.wave]
        if status.blocked_since_ms is not None and not log.told_blocked:
            log.blocked_ms = max(log.blocked_ms, snapshot.at_ms - status.blocked_since_ms)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What going back must leave as it was, read from the world and not from the cockpit."""

    where: Mapping[str, str]
    acls: frozenset[AclBinding]
    connectors: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, ports: SimPorts) -> _Standing:
        where = {name: str(side) for name, side in ports.where().items()}
        world = ports.world
        connectors = {name: dict(config) for name, config in world.mirror.configs.items()}
        return cls(where, world.shores["source"].acls.bindings, connectors)


class _ThereAndBack(Pilot):
    """A pilot that takes each wave back once before it is flown to its end."""

    def _note(self, event: Mapping[str, Any]) -> None:
        super()._note(event)
        if self._paused_by == self._orders.user:
            self._paused_by = ""

    async def _decide(self, snapshot: Snapshot) -> Result | None:
        wave = snapshot.waves[snapshot.status.wave_number - 1]
        first = wave.name not in self._came_back and wave.word == "running"
        if first and snapshot.armed is None:
            if snapshot.status.paused:
                if _stands(wave):
                    await self._arm(snapshot, "rollback")
                return None
            if _is_far_enough(snapshot, wave):
                if wave.steps[_start(wave)].word == "done":
                    await self._arm(snapshot, "rollback")
                else:
                    await self._ask(snapshot, Pause(self._orders.user))
                return None
        return await super()._decide(snapshot)


def _start(wave: WaveView) -> int:
    return next(i for i, step in enumerate(wave.steps) if step.name == "start")


def _stands(wave: WaveView) -> bool:
    """Paused, and nothing of it moves any more."""
    return all(step.word != "running" for step in wave.steps)


def _is_far_enough(snapshot: Snapshot, wave: WaveView) -> bool:
    """A wave that writes goes back before its producers start; one that only reads, afterwards,
    unless its start is the end of it."""
    start = _start(wave)
    later = wave.steps[start + 1 :]
    if later and snapshot.status.writes_detail == "this wave writes nothing":
        return any(step.word == "running" for step in later)
    blocked = snapshot.status.blocked_since_ms is not None
    return blocked and wave.steps[start - 1].word in ("running", "waiting")
