"""The engine: one inbox, one `step`, the journal, the runner, the fan-out.

The single writer of a flight's state. No screen, no Kafka client, no decision of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import traceback
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cockpit.core.coordination import goes_alone
from cockpit.core.durable import OpenIntent, record
from cockpit.core.flight import (
    QUESTION,
    Abandon,
    Asked,
    Command,
    Event,
    Finished,
    FlightState,
    Keep,
    Observed,
    Perform,
    Tell,
    Ticked,
)
from cockpit.core.intents import Attach, Beat, Detach, Intent
from cockpit.core.machine import pace_ms, step
from cockpit.core.mistakes import wants_readiness
from cockpit.core.observe import Failure, Sample
from cockpit.core.ownsurvey import RECORDING, RecordingSurvey
from cockpit.core.plan import Side
from cockpit.core.project import project
from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.core.survey import Survey
from cockpit.core.turn import next_wave
from cockpit.core.windows import Row
from cockpit.engine.chain import Head
from cockpit.engine.fanout import Fanout, News
from cockpit.engine.feeds import Waiting, all_feeds, follow
from cockpit.engine.intake import asked, taken_in
from cockpit.engine.journal import Journal, JournalError
from cockpit.engine.outcomes import ENDED, Outcomes
from cockpit.engine.paced import Vain
from cockpit.engine.recorder import Recorder, Trouble
from cockpit.engine.rollup import GateRows, RollupError
from cockpit.engine.runner import Runner
from cockpit.engine.sharing import Sharing
from cockpit.ports import Clock, Cluster, Effector, Replication, Signals, Surveyor
from cockpit.wire.values import to_json

INBOX_LIMIT = 10_000
MAX_AT_ONCE = 64
"""So many events are taken before what came of them is shown and others have their turn."""
TICK_MS = 1_000
TICK_BUSY_MS = 200
BORDERS = (
    *("flight_started", "flight_resumed", "flight_ended", "asked_person"),
    *("vetoed", "veto_lifted"),
)
"""Entries that are on disk before anything else happens, though they are no effects. A person who
is asked may act long before the answer."""
WITH_RECORD = ("asked_person", "vetoed", "veto_lifted", "drives")
"""Before these comes the record of where the flight stands by then: the next engine must not know
less of it than whoever was told."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside that one flight works through."""

    source: Cluster
    target: Cluster
    replication: Replication
    signals: Signals
    effector: Effector
    clock: Clock
    surveyor: Surveyor | None = None
    sharing: Sharing | None = None
    """Brings the journal to where other hosts can take the flight over; None: it lives here
    alone."""


class Engine:
    """One flight."""

    def __init__(
        self,
        state: FlightState,
        ports: Ports,
        journal: Journal | None,
        *,
        takes_over: bool = False,
        open_intents: Iterable[OpenIntent] = (),
        gate_rows: GateRows | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        """`takes_over`: the flight was begun by another engine, which is no more; `open_intents`
        are those of its effects that have no outcome. `gate_rows`: what gates over long windows
        have sampled is kept there. `recorder`: everything that is seen and done goes there."""
        self._sharing = ports.sharing
        self._acting: set[asyncio.Task[None]] = set()
        self.state = state
        self._takes_over = takes_over
        self._gate_rows = gate_rows
        self._rows_lost = False
        self._recorder = recorder
        self.fanout = Fanout()
        self._ports = ports
        self._journal = journal
        self._inbox: asyncio.Queue[Event] = asyncio.Queue(INBOX_LIMIT)
        self._outcomes = Outcomes(
            self._write_action, ports.effector, ports.clock, open_intents, self._tell_read
        )
        self._runner = Runner(
            ports.effector, ports.clock, self._outcomes.write, self._finished, ports.sharing
        )
        self._snapshot_seq = 0
        self._event_seq = 0
        self._unasked: list[str] = []
        """Services for which a person was to be asked, and the disk refused that."""
        self._last_defect = ""
        self._vain = Vain()
        self._kept: dict[str, Any] = {}
        """The record of the flight as it is in the journal."""
        self._kept_waves: object = None
        self._kept_besides: tuple[object, ...] = ()

    async def run(self) -> None:
        """Fly until the flight has an outcome. Cancelling it leaves everything as it is."""
        clock = self._ports.clock
        self._tell(self._beginning())
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._tick(), name="tick")]
            if self._recorder is not None:
                self._recorder.on_trouble(self._recording)
                keeping = self._recorder.keep(clock)
                tasks.append(group.create_task(keeping, name="recording"))
            if self._sharing is not None:
                sharing = self._sharing.keep(self._observe)
                tasks.append(group.create_task(sharing, name="sharing"))
            tasks.append(group.create_task(self._outcomes.settle(), name="open intents"))
            clusters: dict[Side, Cluster] = {
                "source": self._ports.source,
                "target": self._ports.target,
            }
            for feed in all_feeds(
                self.state.plan,
                clusters,
                self._ports.replication,
                self._ports.signals,
                lambda: pace_ms(self.state),
                self._ports.surveyor,
                Waiting(lambda: next_wave(self.state), lambda: wants_readiness(self.state)),
            ):
                coroutine = follow(feed, clock, self._observe)
                tasks.append(group.create_task(coroutine, name=f"feed {feed.name}"))
            try:
                while not self.state.outcome:
                    await self._drain(await self._inbox.get(), group)
            finally:
                self._tell_vain(None)
            for task in tasks:
                task.cancel()
            if self.state.outcome == "taken_over":
                for action in self._acting:  # what became of it is the other engine's to read
                    action.cancel()
        if self._sharing is not None:
            await self._sharing.finish()
        self._publish()
        self.fanout.close()

    async def submit(self, intent: Intent, seat: str = "") -> None:
        """Hand in what a person wants, from his seat; empty: from this process itself."""
        await self._inbox.put(Asked(self._ports.clock.now_ms(), asked(intent), seat))

    def _beginning(self) -> Tell:
        wave = self.state.wave()
        if not self._takes_over:
            return Tell("flight_started", f"plan {self.state.plan.name}", data=self._identity())
        text = f"plan {self.state.plan.name} is taken over: wave {wave.wave.name} is {wave.word}"
        if wave.detail:
            text += f" - {wave.detail}"
        return Tell("flight_resumed", text, "warn", self._identity())

    def _identity(self) -> Mapping[str, Any]:
        state = self.state
        return {
            "plan": state.plan.name,
            "session": state.session,
            "simulated": state.simulated,
            "waves": [wave.wave.name for wave in state.waves],
        }

    async def _observe(self, sample: Sample | Survey | Failure) -> None:
        await self._inbox.put(Observed(self._ports.clock.now_ms(), taken_in(sample)))

    async def _finished(self, finished: Finished) -> None:
        await self._inbox.put(replace(finished, detail=taken_in(finished.detail)))

    async def _tick(self) -> None:
        clock = self._ports.clock
        while True:
            await self._inbox.put(Ticked(clock.now_ms()))
            busy = pace_ms(self.state) < TICK_MS or self.state.armed is not None
            await clock.sleep(TICK_BUSY_MS if busy else TICK_MS)

    async def _drain(self, event: Event, group: asyncio.TaskGroup) -> None:
        """Take an event and what has come in behind it, and show once what came of them."""
        shows = self._take(event, group)
        for _ in range(min(self._inbox.qsize(), MAX_AT_ONCE)):
            if not self.state.outcome:
                shows |= self._take(self._inbox.get_nowait(), group)
        if shows:
            self._publish()
        if not self._inbox.empty():
            await asyncio.sleep(0)  # however many come, effects and screens have their turn

    def _take(self, event: Event, group: asyncio.TaskGroup) -> bool:
        """One event: step, then everything that came out, in order. Whether there is something to
        show."""
        try:
            state, commands = step(self.state, event)
        except Exception as error:  # noqa: BLE001  # the last line: a defect must not end the watch
            self._record_input(event)
            self._defect(error)
            return True
        if isinstance(event, Asked) and event.seat:
            alone = self._vain.answer(event, self.state, state, commands)
            if alone is not None:  # it is as if it had never come
                self.fanout.tell_alone(event.seat, alone)
                return False
        self._record_input(event)
        self.state = state
        if self.state.outcome:
            self._outcomes.close(ENDED)
        self._outcomes.pay()
        for command in commands:
            self._dispatch(command, group)
        if self._unasked:
            self._take(self._withdrawn(), group)
        self._keep_record()
        if self._sharing is not None:
            self._sharing.go_alone(goes_alone(self.state))
        if isinstance(event, Ticked):
            self._tell_vain(event.at_ms)
        return bool(commands) or isinstance(event, Ticked | Asked | Finished)

    def _record_input(self, event: Event) -> None:
        """Keep what the core is given."""
        if isinstance(event, Asked) and not isinstance(event.intent, Attach | Detach | Beat):
            seat = {"seat": event.seat} if event.seat else {}
            content = {"intent": type(event.intent).__name__, **to_json(event.intent), **seat}
            self._write("asked", content)
        self.fanout.observe(event)
        if self._recorder is not None:
            self._recorder.observe(event)

    def _tell_vain(self, now_ms: int | None) -> None:
        """Tell everybody how much was told to nobody but whoever asked. None: for the last time."""
        for tell in self._vain.sums(now_ms):
            self._tell(tell)

    def _tell_read(self, intent: OpenIntent, outcome: str, detail: str) -> None:
        """Say what became of an effect whose engine is no more."""
        text = f"{intent.text}: {outcome}, by reading: {detail}"
        data = {"action_id": intent.action_id, "outcome": outcome}
        self._tell(Tell("outcome_read", text, "good" if outcome == "done" else "warn", data))

    def _defect(self, error: Exception) -> None:
        """A rule of ours is broken: act no more by ourselves, go on showing, say which one."""
        text = f"a defect of the cockpit's own, it is paused: {type(error).__name__}: {error}"
        self.state = replace(self.state, paused=True)
        if text != self._last_defect:
            self._last_defect = text
            sys.stderr.write("".join(traceback.format_exception(error)))
            self._tell(Tell("defect", text, "bad"))

    def _dispatch(self, command: Command, group: asyncio.TaskGroup) -> None:
        match command:
            case Perform(action_id=action_id):
                acting = group.create_task(self._runner.run(command), name=f"action {action_id}")
                self._acting.add(acting)
                acting.add_done_callback(self._acting.discard)
            case Abandon(action_id=action_id):
                self._runner.abandon(action_id)
            case Tell():
                self._tell(command)
            case Keep(rows=rows):
                self._keep_rows(rows)

    def _keep_rows(self, rows: tuple[tuple[str, Row], ...]) -> None:
        """Keep what gates have sampled; each time that this begins to fail it is said once."""
        if self._gate_rows is None:
            return
        try:
            self._gate_rows.append(rows, self.state.at_ms)
            self._rows_lost = False
        except RollupError as error:
            text = f"samples of gates over long windows are not kept: {error}"
            if not self._rows_lost:
                self._tell(Tell("gate_rows_lost", text, "bad"))
            self._rows_lost = True

    def _tell(self, tell: Tell) -> None:
        data = taken_in({**to_json(tell.data), "text": tell.text, "level": tell.level})
        entry = self._write(tell.kind, data)
        if entry is None and self._journal is not None and _is_intent(tell):
            self._unasked.append(tell.data["service"])
            return  # whoever is told may act at once
        self._event_seq += 1
        event = {"seq": self._event_seq, "at_ms": self.state.at_ms, "kind": tell.kind, **data}
        if entry is not None:
            event["entry"] = entry.short()
        self.fanout.tell(event)
        if self._recorder is not None:
            self._recorder.tell(event)

    def _withdrawn(self) -> Finished:
        """That nobody was asked, for the core."""
        why = "nobody was asked: the journal cannot be written"
        services, self._unasked = self._unasked, []
        data = {"services": services}
        return Finished(self.state.at_ms, QUESTION, "failed", why, data, intended=False)

    def _recording(self, trouble: Trouble) -> None:
        """The recording has degraded, or is in order again: everybody must know."""
        now_ms = self._ports.clock.now_ms()
        if trouble.reason:
            text = f"nothing is recorded from here: {trouble.reason}"
            failure = Failure(RECORDING, now_ms, now_ms, "refused", trouble.reason)
            self.hear(failure, Tell("recording_degraded", text, "bad"))
        else:
            lost_ms = now_ms - trouble.from_ms
            text = f"recording again; of {lost_ms / 1000:.0f} s nothing is recorded"
            self.hear(RecordingSurvey(now_ms, now_ms), Tell("recording_resumed", text, "warn"))

    def hear(self, sample: Survey | Failure, tell: Tell) -> None:
        """Something about this process itself, such as what it writes or sends."""
        self._tell(tell)
        # A full inbox has worse troubles; the event was told.
        with contextlib.suppress(asyncio.QueueFull):
            self._inbox.put_nowait(Observed(sample.answered_at_ms, sample))

    def _write(self, kind: str, data: Mapping[str, Any]) -> Head | None:
        """Journal something that is no effect; a full disk must not end the watch. Its place; None:
        the journal does not have it."""
        if self._journal is None:
            return None
        data = taken_in(data)
        try:
            sync = kind in BORDERS
            if kind in WITH_RECORD:
                self._append_record(self._journal, self.state.at_ms)
            self._journal.append(kind, self.state.at_ms, data, sync=sync)
        except JournalError as error:
            at_ms = self.state.at_ms
            broken = {"seq": 0, "at_ms": at_ms, "kind": "journal_broken", "level": "bad"}
            self.fanout.tell({**broken, "text": str(error)})
            return None
        return self._journal.kept_head

    def _write_action(self, kind: str, data: Mapping[str, Any]) -> None:
        """Journal an intent or an outcome, synced; raises JournalError.

        The record of the flight that led to it comes before it, under the same sync.
        """
        if self._journal is None:
            return
        if "detail" in data:  # names and places are kept as they are: the way back needs them
            data = {**data, "detail": taken_in(data["detail"])}
        now_ms = self._ports.clock.now_ms()
        self._append_record(self._journal, now_ms)
        self._journal.append(kind, now_ms, data, sync=True)

    def _keep_record(self) -> None:
        """Journal where the flight stands, when that has changed."""
        if self._journal is None or self._is_kept():
            return
        # Where it cannot be written, the next event tries again, or the next intent fails by it.
        with contextlib.suppress(JournalError):
            self._append_record(self._journal, self.state.at_ms)
            self._kept_waves = self.state.waves
            self._kept_besides = self._besides()

    def _is_kept(self) -> bool:
        """Whether the record has it."""
        return self._kept_waves is self.state.waves and self._kept_besides == self._besides()

    def _besides(self) -> tuple[object, ...]:
        """What outlives the engine besides the waves: a veto that stands, topics made anew."""
        crew = self.state.crew
        return crew.token, crew.veto, self.state.facts.recreated

    def _append_record(self, journal: Journal, at_ms: int) -> None:
        """Append the flight's record unless the journal has it already; raises JournalError."""
        content = record(self.state)
        if content != self._kept:
            journal.append("state", at_ms, {"state": content}, sync=False)
            self._kept = content

    def _publish(self) -> None:
        self._snapshot_seq += 1
        head = "" if self._journal is None else str(self._journal.kept_head)
        snapshot = replace(project(self.state, self._snapshot_seq), head=head)
        self.fanout.offer(snapshot)
        if self._recorder is not None:
            self._recorder.publish(snapshot)


def _is_intent(tell: Tell) -> bool:
    """Whether a person is told to stop or start a service: that is an effect like any other."""
    return tell.kind == "asked_person" and "service" in tell.data


class LocalSession:
    """A Session on an engine in the same process: for demonstrations and tests."""

    seat = ""
    past: Sequence[LogLine] = ()

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._listener = engine.fanout.join()

    async def news(self) -> News | None:
        """Events and the newest snapshot, as they come; None when it is over."""
        return await self._listener.news()

    def snapshots(self) -> AsyncIterator[Snapshot]:
        """Newest snapshots."""
        return self._listener.snapshots()

    async def submit(self, intent: Intent) -> None:
        """Hand in an intent."""
        await self._engine.submit(intent)

    async def close(self) -> None:
        """Stop listening."""
        self._engine.fanout.leave(self._listener)
