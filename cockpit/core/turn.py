"""One call of `step` on its way: the state so far and the commands so far.

A local notebook of the pure rules; it never outlives the call that made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from cockpit.core.actions import Action, action_text
from cockpit.core.fences import bindings_by_topic
from cockpit.core.flight import (
    Command,
    FlightState,
    Perform,
    StepState,
    Tell,
    WaveState,
)
from cockpit.core.gates import Subject
from cockpit.core.observe import AclBinding
from cockpit.core.plan import (
    PromoteStep,
    ReverseStep,
    Service,
    Side,
    produced_topics,
    promoted_topics,
    step_name,
    touched_topics,
)
from cockpit.core.remember import Remembered
from cockpit.core.snapshot import LogLine
from cockpit.core.stragglers import Moved

KEEP_LOG_LINES = 400
_PRODUCED: Remembered[tuple[str, ...]] = Remembered(8)
_FENCES: Remembered[frozenset[AclBinding]] = Remembered()
_SUBJECTS: Remembered[Subject] = Remembered(4)


class Turn:
    """The state and the commands of one `step`."""

    def __init__(self, state: FlightState) -> None:
        self.state = state
        self.commands: list[Command] = []

    @property
    def now_ms(self) -> int:
        """The event's time."""
        return self.state.at_ms

    @property
    def wave(self) -> WaveState:
        """The wave that keys act on."""
        return self.state.wave()

    def set(self, **changes: Any) -> None:
        """Change fields of the flight."""
        self.state = replace(self.state, **changes)

    def set_wave(self, index: int | None = None, **changes: Any) -> None:
        """Change fields of one wave, the current one unless told otherwise.

        Where nothing changes by it, the waves stay the same object.
        """
        at = self.state.current if index is None else index
        waves = self.state.waves
        if not _is_so(waves[at], changes):
            changed = replace(waves[at], **changes)
            self.set(waves=(*waves[:at], changed, *waves[at + 1 :]))

    def set_step(self, index: int, **changes: Any) -> None:
        """Change fields of one step of the current wave."""
        steps = self.wave.steps
        if not _is_so(steps[index], changes):
            changed = replace(steps[index], **changes)
            self.set_wave(steps=(*steps[:index], changed, *steps[index + 1 :]))

    def remember(self, facts: Mapping[str, Any]) -> None:
        """Add to the current wave's memory. What was so before the wave is only learnt once."""
        memory = dict(self.wave.memory)
        for key, value in facts.items():
            if not (key.endswith(".previous") and key in memory):
                memory[key] = value
        self.set_wave(memory=memory)

    def tell(
        self,
        kind: str,
        text: str,
        level: Literal["info", "good", "warn", "bad"] = "info",
        **data: Any,
    ) -> None:
        """Journal it, log it, let everybody know."""
        told = self.state.told + 1
        line = LogLine(told, self.now_ms, level, text)
        self.set(told=told, log=(*self.state.log[1 - KEEP_LOG_LINES :], line))
        self.commands.append(Tell(kind, text, level, data))

    def perform(
        self, action: Action, verify_ms: int, fresh_until_ms: int | None, step: str = ""
    ) -> str:
        """Send an action on its way; its id. `step`: of what it is, if not of the step at work."""
        wave = self.wave
        number = self.state.next_action
        step = step or step_name(wave.steps[wave.cursor].step)
        direction = "undo-" if wave.back else ""
        action_id = f"{wave.wave.name}.{wave.attempt}.{direction}{step}.{number}"
        self.set(next_action=number + 1)
        self.commands.append(Perform(action_id, action, verify_ms, fresh_until_ms))
        self.tell("action_started", action_text(action), action_id=action_id, wave=wave.wave.name)
        return action_id

    def current_step(self) -> StepState:
        """The step at work."""
        return self.wave.steps[self.wave.cursor]


def _is_so(one: object, changes: Mapping[str, Any]) -> bool:
    return all(getattr(one, name) == value for name, value in changes.items())


def services_of(state: FlightState, wave: WaveState) -> tuple[Service, ...]:
    """The services of a wave."""
    return state.plan.wave_services(wave.wave)


def produces(state: FlightState, wave: WaveState) -> tuple[str, ...]:
    """The topics that a wave's services write."""
    stands_on = (state.plan, wave.wave)
    return _PRODUCED.get(stands_on, lambda: produced_topics(services_of(state, wave)))


def closed_since_ms(state: FlightState, wave: WaveState) -> int | None:
    """Since when a wave cannot go back: records are where nothing brings them back from. Of a link
    it is so for whoever uses a topic that was promoted, by whichever wave. None: it can."""
    if state.plan.replication.kind != "link":
        return wave.closed_at_ms if produces(state, wave) else None
    mine = frozenset(touched_topics(services_of(state, wave)))
    times = [
        other.closed_at_ms
        for other in state.waves
        if other.closed_at_ms is not None and not mine.isdisjoint(_promotes(state, other))
    ]
    return min(times, default=None)


def _promotes(state: FlightState, wave: WaveState) -> frozenset[str]:
    services = services_of(state, wave)
    steps = (one.step for one in wave.steps if isinstance(one.step, PromoteStep))
    return frozenset(topic for step in steps for topic in promoted_topics(step, services))


def next_wave(state: FlightState) -> str:
    """The wave that waits to be begun, or to begin again; empty: one is under way, or none is
    left."""
    wave = state.wave()
    waits = wave.word in ("pending", "ready", "rolled back", "holding")
    return wave.wave.name if waits and wave.start_intent_at_ms is None else ""


def is_moved(wave: WaveState) -> bool:
    """Whether the wave's services run on the target, as far as the flight has ordered."""
    if wave.word == "done":
        return True
    return wave.start_intent_at_ms is not None and not wave.back


def moved_of(state: FlightState) -> Moved:
    """Which services run on the target, and since when; and which are on their way back."""
    since: dict[str, int] = {}
    for wave in state.waves:
        if is_moved(wave):
            at_ms = wave.start_intent_at_ms or wave.done_at_ms or 0
            since.update(dict.fromkeys(wave.wave.services, at_ms))
    back = (name for wave in state.waves if wave.back for name in wave.wave.services)
    if state.plan.replication.kind != "link":
        return Moved(state.plan, since, frozenset(back))
    promoted: dict[str, int] = {}
    for wave in state.waves:
        services = services_of(state, wave)
        for one in wave.steps:
            # up to the proof of it the source may still have grown, and rightly so
            if isinstance(one.step, PromoteStep) and "done" in (one.word, wave.word):
                topics = promoted_topics(one.step, services)
                promoted |= dict.fromkeys(topics, one.ended_at_ms or 0)
    return Moved(state.plan, since, frozenset(back), promoted)


def is_reversed(wave: WaveState) -> bool:
    """Whether what the wave writes on the target is brought back to the source."""
    return any(
        isinstance(s.step, ReverseStep)
        and s.begun
        and s.word != "undone"
        and (s.word == "done" or wave.back)
        for s in wave.steps
    )


def reversed_topics(state: FlightState) -> frozenset[str]:
    """Topics that run from the target to the source now."""
    waves = (wave for wave in state.waves if is_reversed(wave))
    return frozenset(topic for wave in waves for topic in produces(state, wave))


def fences_of(state: FlightState) -> frozenset[AclBinding]:
    """What the fences consist of that this flight, or one that it goes on from, has ordered and not
    taken down."""
    return _FENCES.get((state.plan, state.waves), lambda: _fences(state))


def _fences(state: FlightState) -> frozenset[AclBinding]:
    found: frozenset[AclBinding] = frozenset()
    for wave in state.waves:
        if wave.fenced_at_ms is not None or wave.word == "done":
            found = found.union(*bindings_by_topic(wave.wave, state.plan).values())
    return found


def subject_of(state: FlightState, wave: WaveState) -> Subject:
    """What a wave's gates are about now."""
    return _SUBJECTS.get((state.plan, state.waves, wave), lambda: _subject(state, wave))


def _subject(state: FlightState, wave: WaveState) -> Subject:
    running_on: dict[str, Side] = {}
    for other in state.waves:
        for name in other.wave.services:
            running_on[name] = "target" if is_moved(other) else "source"
    services = services_of(state, wave)
    return Subject(state.plan, services, running_on, fences_of(state), reversed_topics(state))
