"""Which wave `rollback` would take back, and when it may."""

from __future__ import annotations

from typing import Final

from cockpit.core import progress, recovering
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.intents import Verb
from cockpit.core.price import rollback_word

UNDER_WAY: Final = "an action is still under way"


def rollback_index(state: FlightState) -> tuple[int | None, str]:
    """The wave that `rollback` would take back; or None and why not."""
    if state.outcome:
        return None, "the flight has ended"
    wave = state.wave()
    if wave.recovery_at is not None:
        return None, recovering.UNDER_WAY
    if wave.back_wanted or wave.word == "rolling back":
        return None, f"wave {wave.wave.name} is going back already"
    if wave.word == "holding" and wave.back and progress.in_flight(wave.stages):
        return None, UNDER_WAY
    index = state.current
    if wave.word in ("ready", "pending", "rolled back"):
        index -= 1
        if index < 0 or state.waves[index].word != "done":
            return None, "nothing of this wave has been done"
        if state.waves[index].attempt == 0:
            return None, f"wave {state.waves[index].wave.name} was moved by an earlier flight"
    word, _, why = rollback_word(state, state.waves[index])
    if word == "closed":
        return None, why
    return index, ""


def wave_of(state: FlightState, verb: Verb) -> WaveState:
    """The wave that a verb acts on: an earlier one is taken back before the current has begun."""
    index = rollback_index(state)[0] if verb == "rollback" else None
    return state.wave() if index is None else state.waves[index]
