"""What happened, by its events: attempts of waves with their steps, orders, effects.

Never guesses: what no event tells stays None.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from cockpit.report.material import Event

Result = Literal["done", "rolled back", "found on target", "failed", "under way"]


@dataclass(slots=True)
class Step:
    """One step of an attempt, or its undo: one, however many engines it took."""

    name: str
    begun: Event
    ended: Event | None = None
    undo: bool = False
    again: list[Event] = field(default_factory=list)
    """It was begun once more, by an engine that took over in the middle of it."""
    left: Event | None = None
    """What took its place before it had ended, such as the way back."""

    @property
    def over(self) -> Event | None:
        """With which event it was over, ended or left; None: it is under way."""
        return self.ended or self.left


@dataclass(slots=True)
class Attempt:
    """One try of a wave, from the order to its end."""

    wave: str
    number: int
    begun: Event
    order: Event | None
    """The confirmation that began it."""
    steps: list[Step] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    """Everything of this wave until its end, and the effects meanwhile."""
    result: Result = "under way"
    ended: Event | None = None

    def first(self, kind: str) -> Event | None:
        """The first event of a kind."""
        return next((event for event in self.events if event.kind == kind), None)

    def no_return(self) -> Event | None:
        """The start that crossed the point of no return; None: none, or the disk refused each."""
        taken_back = self.all("no_return_taken_back")
        after = taken_back[-1].number if taken_back else -1
        return next((e for e in self.all("point_of_no_return") if e.number > after), None)

    def all(self, kind: str) -> tuple[Event, ...]:
        """Every event of a kind."""
        return tuple(event for event in self.events if event.kind == kind)

    def fence(self) -> Event | None:
        """When its fence was asked for first: a fence that is proved again has stood all along."""
        return next((s.begun for s in self.steps if s.name == "fence" and not s.undo), None)

    def step(self, name: str, *, undo: bool = False) -> Step | None:
        """The last step of that name."""
        found = (s for s in reversed(self.steps) if s.name == name and s.undo == undo)
        return next(found, None)


@dataclass(frozen=True, slots=True)
class Effect:
    """One action on a cluster or a service."""

    action_id: str
    begun: Event
    ended: Event | None
    """None: the engine that did it has not said what became of it."""
    read: Event | None = None
    """What an engine that took over has read of it."""

    @property
    def outcome(self) -> str:
        """`done`, `failed`, `unknown`, or what is said of one without an end."""
        return self.ended.word("outcome") if self.ended is not None else "no outcome recorded"

    @property
    def is_unknown(self) -> bool:
        """Whether the engine that did it did not know what became of it."""
        return self.outcome not in ("done", "already", "failed")


@dataclass(frozen=True, slots=True)
class Story:
    """Everything, sorted out."""

    attempts: tuple[Attempt, ...]
    effects: tuple[Effect, ...]
    orders: tuple[Event, ...]
    """What people asked for, and what was refused."""
    notes: tuple[Event, ...]
    outcome: Event | None
    """The end of the flight; None: it has none."""


ORDERS: Final = ("armed", "confirmed", "disarmed", "refused", "paused", "resumed", "retry")
_ENDS: Final[dict[str, Result]] = {
    "wave_done": "done",
    "wave_rolled_back": "rolled back",
    "wave_found": "found on target",
}


def story(events: Iterable[Event]) -> Story:
    """Sort events out; they come in the order in which they were told."""
    teller = _Teller()
    every = tuple(events)
    for event in every:
        teller.take(event)
    return Story(
        attempts=tuple(teller.attempts),
        effects=tuple(
            Effect(key, begun, teller.finished.get(key), teller.read.get(key))
            for key, begun in teller.started.items()
        ),
        orders=tuple(event for event in every if event.kind in ORDERS),
        notes=tuple(event for event in every if event.kind == "note"),
        outcome=next((e for e in reversed(every) if e.kind == "flight_ended"), None),
    )


class _Teller:
    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.started: dict[str, Event] = {}
        self.finished: dict[str, Event] = {}
        self.read: dict[str, Event] = {}
        self._order: Event | None = None

    def take(self, event: Event) -> None:
        if event.kind == "confirmed" and event.word("verb") == "advance":
            self._order = event
        if event.kind == "wave_started":
            number = event.count("attempt") or 1
            self.attempts.append(Attempt(event.word("wave"), number, event, self._order))
            self._order = None
        elif event.kind == "action_started":
            self.started[event.word("action_id")] = event
        elif event.kind == "action_finished":
            self.finished[event.word("action_id")] = event
        elif event.kind == "outcome_read":
            self.read[event.word("action_id")] = event
        attempt = self._of(event)
        if attempt is None:
            if event.kind == "wave_found":
                self.attempts.append(_found(event))
            return
        attempt.events.append(event)
        _steps(attempt, event)
        if event.kind in _ENDS:
            attempt.result, attempt.ended = _ENDS[event.kind], event

    def _of(self, event: Event) -> Attempt | None:
        """The attempt that an event belongs to: the newest of its wave, or the one at work."""
        wave = event.word("wave")
        if not wave:
            newest = self.attempts[-1] if self.attempts else None
            return newest if newest is not None and newest.ended is None else None
        if event.kind == "wave_found":
            return None
        return next((a for a in reversed(self.attempts) if a.wave == wave), None)


def _found(event: Event) -> Attempt:
    return Attempt(
        event.word("wave"), 0, event, None, events=[event], result="found on target", ended=event
    )


def _steps(attempt: Attempt, event: Event) -> None:
    name = event.word("step")
    newest = attempt.steps[-1] if attempt.steps else None
    running = newest if newest is not None and newest.over is None else None
    match event.kind:
        case "step_started" | "undo_started":
            _begin(attempt, running, event)
        case "step_done" | "step_failed" | "step_undone":
            if running is not None and running.name == name:
                running.ended = event
        case "rollback_started" | "proves_again" | "wave_done" | "wave_rolled_back":
            if running is not None:
                running.left = event
        case _:
            pass


def _begin(attempt: Attempt, running: Step | None, event: Event) -> None:
    name, undo = event.word("step"), event.kind == "undo_started"
    if running is not None and (running.name, running.undo) == (name, undo):
        running.again.append(event)
        return
    if running is not None:
        running.left = event
    step = Step(name, event, undo=undo)
    before = attempt.events[-2] if len(attempt.events) > 1 else event
    if undo and before.kind == "step_undone" and before.word("step") == name:
        step.ended = before  # of what had nothing to undo, older engines told the end first
    attempt.steps.append(step)
