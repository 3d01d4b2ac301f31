"""Drives the wave machine by hand, on a clock of its own, and keeps what came out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cockpit.core.actions import Action, Fence, Unfence
from cockpit.core.durable import record, restore
from cockpit.core.flight import (
    Abandon,
    Asked,
    Event,
    Finished,
    FlightState,
    Keep,
    Observed,
    Outcome,
    Perform,
    Tell,
    Ticked,
    begin,
)
from cockpit.core.intents import Arm, Confirm, Intent, Verb
from cockpit.core.machine import step
from cockpit.core.observe import AclBinding, AclSample, Failure, Sample, SignalSample, Unknown
from cockpit.core.parity.fence import fence_bindings
from cockpit.core.plan import Manual, Plan, Rollback, Side, SignalGate, SignalSpec
from cockpit.core.readiness import ReadinessSurvey
from cockpit.core.snapshot import WaveWord
from cockpit.core.survey import Survey
from tests.core.build import group, groups, logs, mirror, syncs, two_wave_plan

SIDES: tuple[Side, Side] = ("target", "source")


class Script:
    """Drives the machine and remembers what came out."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.now_ms = 1_000
        self.state: FlightState = begin(
            plan or two_wave_plan(), session="s", simulated=False, at_ms=0
        )
        self.performs: list[Perform] = []
        self.abandoned: list[str] = []
        self.told: list[Tell] = []
        self.members = {"source": 1, "target": 0}
        self.commits = {
            "source": {("orders", 0): 90, ("orders", 1): 90},
            "target": {("orders", 0): 80, ("orders", 1): 80},
        }
        self.ends = {"source": (100, 100), "target": (100, 100)}
        self.starts = {"source": (0, 0), "target": (0, 0)}
        self.acls: dict[Side, set[AclBinding]] = {"source": set(), "target": set()}
        self.signal: float | Unknown = 0.0
        self.mirror_up = True
        self.no_syncs = False
        """Whether the mirror has told of no position yet."""
        self.members_unknown = ""
        """The side on which nobody can say who is in a group."""
        self.unread = ""
        """The side that tells nothing of the group."""
        self.anew: dict[str, frozenset[str]] = {}
        """By side, topics that were made anew while this was watched."""
        self.silent = ""
        """The side whose groups are not read."""
        self.ready: ReadinessSurvey | None = ReadinessSurvey(0, 0)
        """What is found each time that rights and fences are asked for; None: nobody asks."""
        self.no_acls: frozenset[Side] = frozenset()
        """Sides whose ACLs cannot be read."""

    def send(self, event: Event) -> None:
        self.state, commands = step(self.state, event)
        for command in commands:
            match command:
                case Perform():
                    self.performs.append(command)
                case Abandon(action_id=action_id):
                    self.abandoned.append(action_id)
                case Tell():
                    self.told.append(command)
                case Keep():
                    pass

    def see(self, sample: Sample | Survey | Failure) -> None:
        self.send(Observed(self.now_ms, sample))

    def look(self, seconds: int = 1) -> None:
        """Fresh samples of everything, then a tick; a second passes each time."""
        for _ in range(seconds):
            self.now_ms += 1_000
            now = self.now_ms
            for side in SIDES:
                if side == self.silent:
                    continue
                state = group("ledger", self.members[side], dict(self.commits[side]))
                if side == self.unread:
                    state = replace(state, unknown="not answered")
                if side == self.members_unknown:
                    state = replace(state, members_unknown="no right to describe it")
                self.see(groups(side, now - 400, state))
            if self.mirror_up:
                self.see(mirror(now - 300, (100, 100)))
            self.see(syncs(now - 200) if self.no_syncs else syncs(now - 200, (90, 90), (0, 0)))
            for side in SIDES:
                ends = logs(side, now - 100, self.ends[side])
                start = np.array(self.starts[side], dtype=np.int64)
                anew = self.anew.get(side, frozenset())
                self.see(replace(ends, start=start, recreated=anew))
                if side not in self.no_acls:
                    self.see(AclSample(side, now - 90, now - 80, frozenset(self.acls[side])))
            self.see(SignalSample("errors", now - 50, now - 40, self.signal))
            if self.ready is not None:
                self.see(replace(self.ready, asked_at_ms=now - 70, answered_at_ms=now - 60))
            self.send(Ticked(now))

    def ask(self, intent: Intent) -> None:
        self.send(Asked(self.now_ms, intent))

    def go(self, verb: Verb, *, wait_ms: int = 800) -> None:
        """Arm and confirm."""
        self.ask(Arm(verb, "ana"))
        assert self.state.armed is not None, self.told[-1].text
        self.now_ms += wait_ms
        self.ask(Confirm(self.state.armed.token, "ana"))

    def open_actions(self) -> list[Perform]:
        stages = self.state.wave().stages
        ids = {run.action_id for run in stages[0] if run.action_id} if stages else set()
        return [p for p in self.performs if p.action_id in ids]

    def end_all(self, outcome: Outcome = "done", **data: object) -> None:
        for perform in self.open_actions():
            if outcome == "done":
                self._happens(perform.action)
            self.send(Finished(self.now_ms, perform.action_id, outcome, "", data))

    def _happens(self, action: Action) -> None:
        """A fence shows in the source's ACLs."""
        match action:
            case Fence(topics=topics, principals=principals):
                self.acls["source"] |= fence_bindings(topics, principals)
            case Unfence(topics=topics, principals=principals):
                self.acls["source"] -= fence_bindings(topics, principals)
            case _:
                pass

    def word(self) -> WaveWord:
        return self.state.wave().word

    def kinds(self) -> list[str]:
        return [tell.kind for tell in self.told]

    def fly_to_stop(self, **data: object) -> None:
        """A wave up to its stop call, which is under way; `data` came of the mirror's change."""
        self.look(2)
        self.go("advance")
        self.end_all("done", **data)
        self.look(1)

    def fly_readers_to_start(self) -> None:
        """The first wave, up to the start call on its way."""
        self.fly_to_stop()  # its groups are out of the mirror's sync
        self.end_all()
        self.members["source"] = 0
        self.look(2)
        self.end_all(previous={"orders/0": 80, "orders/1": 80})
        self.commits["target"] = {("orders", 0): 90, ("orders", 1): 90}
        self.look(1)

    def fly_readers_to_soak(self) -> None:
        """The first wave, in its soak of two seconds, with a look before it could be over."""
        self.fly_readers_to_start()
        self.end_all()
        self.members["target"] = 1
        self.commits["target"] = {("orders", 0): 95, ("orders", 1): 95}
        self.look(1)

    def fly_readers(self) -> None:
        """The first wave, all of it."""
        self.fly_readers_to_soak()
        self.look(3)

    def fly_writers_to_drain(self, **data: object) -> None:
        """The second wave, up to the drain that is being proved; `data` as of fly_to_stop."""
        self.fly_to_stop(**data)
        for _ in range(2):  # stop, fence
            self.end_all()

    def fly_writers_to_last_look(self) -> None:
        """The second wave, drained, up to the look that its release stands on."""
        self.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
        self.look(1)
        ends = {"orders/0": 100, "orders/1": 100}
        self.end_all(source_end=ends, target_end=ends)

    def fly_writers_to_start(self) -> None:
        """The second wave, up to the start call on its way."""
        self.fly_writers_to_last_look()
        self.end_all()
        self.look(1)


def actions(script: Script) -> list[object]:
    return [perform.action for perform in script.performs]


def died(script: Script) -> None:
    """The engine is no more, and another one has taken over from what is on disk."""
    script.state = restore(
        script.state.plan,
        record(script.state),
        [],
        intended=frozenset(),
        session="s",
        simulated=False,
        at_ms=script.now_ms,
    )
    script.look(3)


def fly_with_trigger(on_trigger: str) -> Script:
    rollback = Rollback((SignalGate("errors", 0.02, for_ms=2_000),), on_trigger)  # type: ignore[arg-type]  # one of the three words
    plan = two_wave_plan(rollback=rollback)
    import dataclasses

    signal = SignalSpec("errors", "http://127.0.0.1:1/", "ratio")
    script = Script(dataclasses.replace(plan, signals=(signal,)))
    script.fly_readers()
    script.fly_to_stop()
    script.end_all()
    script.signal = 0.5
    script.look(4)
    return script


def manual_plan(*verbs: str) -> Plan:
    """Wave 2's producer is handled by hand for these verbs."""
    import dataclasses

    plan = two_wave_plan()
    by_hand = {verb: Manual(f"{verb} it") for verb in verbs}
    ledger, checkout = plan.services
    return dataclasses.replace(plan, services=(ledger, dataclasses.replace(checkout, **by_hand)))  # type: ignore[arg-type]  # the verbs are field names
