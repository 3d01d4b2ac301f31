"""Triggers of waves that are done: they go on being evaluated for as long as going back is offered.

Tells and raises alarms, each naming its wave; takes nothing back by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.core.alarms import HOLD_MS, Trouble
from cockpit.core.conditions import ClientProbeGate, Condition, OffsetDeltaGate
from cockpit.core.drills import FIRED_LATER
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.gates import extend_history, measure, trigger_view
from cockpit.core.quantities import quantity
from cockpit.core.snapshot import GateView
from cockpit.core.turn import Turn, subject_of

SUBJECT: Final = FIRED_LATER
NOT_BEGUN: Final = ("ready", "pending", "rolled back")
BEFORE_A_MOVE: Final = (OffsetDeltaGate, ClientProbeGate)
"""What compares places, or asks whether a move could be made: nothing once it was made."""


def evaluate(turn: Turn) -> None:
    """Measure and judge the triggers of every wave that is done and could still be taken back."""
    for index in _watched(turn.state):
        _measure(turn, turn.state.waves[index])
        wave = turn.state.waves[index]
        fired = set(wave.fired)
        for key, view in _views(turn.state, wave):
            if view.verdict != "FAIL":
                fired.discard(key)
            elif key not in fired:
                fired.add(key)
                name = wave.wave.name
                text = f"wave {name}, done already: trigger {view.name} fired: {view.evidence}"
                text += f" (limit {quantity(view.limit, view.unit)})"
                turn.tell("trigger", text, "bad", wave=name, trigger=view.name)
        if fired != wave.fired:
            turn.set_wave(index, fired=frozenset(fired))


def alarming(state: FlightState) -> tuple[Trouble, ...]:
    """What fires by now of waves that are done, and what nobody can judge."""
    found: list[Trouble] = []
    for index in _watched(state):
        wave = state.waves[index]
        for _, view in _views(state, wave):
            subject = f"{SUBJECT} {wave.wave.name}: {view.name}"
            if view.verdict == "FAIL":
                text = f"wave {wave.wave.name} is done, and its trigger {view.name} fires"
                found.append(Trouble("bad", subject, f"{text}: {view.evidence}"))
            elif view.verdict == "UNKNOWN":
                text = f"whether it fires is not known: {view.evidence}"
                found.append(Trouble("warn", subject, text, HOLD_MS))
    return tuple(found)


def views_after_move(state: FlightState, wave: WaveState) -> tuple[GateView, ...]:
    """A wave's triggers as they are judged now, those that mean something once it has moved."""
    return tuple(view for _, view in _views(state, wave))


def _watched(state: FlightState) -> Iterator[int]:
    """Waves of this flight that are done: within their window for going back; where none is given,
    until the next wave has begun."""
    for index, wave in enumerate(state.waves):
        if wave.word != "done" or not wave.attempt or wave.done_at_ms is None or wave.back_wanted:
            continue
        window_ms = wave.wave.rollback_window_ms
        if window_ms is not None:
            watched = state.at_ms <= wave.done_at_ms + window_ms
        else:
            watched = all(other.word in NOT_BEGUN for other in state.waves[index + 1 :])
        if watched:
            yield index


def _triggers(wave: WaveState) -> Iterator[tuple[str, Condition]]:
    for number, trigger in enumerate(wave.wave.rollback.triggers):
        if not isinstance(trigger, BEFORE_A_MOVE):
            yield f"{wave.wave.name}.triggers.{number}", trigger


def _measure(turn: Turn, wave: WaveState) -> None:
    state = turn.state
    if wave is state.wave():
        return  # measured with the wave that keys act on
    histories, subject = dict(state.histories), subject_of(state, wave)
    for key, trigger in _triggers(wave):
        reading = measure(trigger, subject, state.facts, turn.now_ms)
        histories[key] = extend_history(histories.get(key, ()), reading, trigger)
    turn.set(histories=histories)


def _views(state: FlightState, wave: WaveState) -> Iterator[tuple[str, GateView]]:
    for key, trigger in _triggers(wave):
        history = state.histories.get(key, ())
        yield key, trigger_view(trigger, history, state.plan, state.at_ms)
