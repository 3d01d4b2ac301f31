"""What is wrong with the flight itself: fence, waves, triggers, sides, mirror.

As `cockpit.core.alarms` has it for the clusters: derived anew each time, with a subject each. An
event tells of some of these too, at the moment when they begin; an alarm stands for as long as they
are so.
"""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.core.alarms import HOLD_MS, Trouble
from cockpit.core.flight import FlightState
from cockpit.core.gates import trigger_view
from cockpit.core.mirrorword import RUNNING, mirror_word
from cockpit.core.plan import SIDES
from cockpit.core.subjects import DEADLINE, FAILED, HOLDS, MIRROR, SIDE, TRIGGER


def standing(state: FlightState, deadline_ms: int | None) -> tuple[Trouble, ...]:
    """All of it. `deadline_ms`: when the fence's deadline strikes; None: nobody is blocked by
    one."""
    return tuple(_found(state, deadline_ms))


def _found(state: FlightState, deadline_ms: int | None) -> Iterator[Trouble]:
    wave = state.wave()
    if deadline_ms is not None and state.at_ms >= deadline_ms:
        yield Trouble("bad", DEADLINE, "the fence's deadline has passed, and clients are blocked")
    for one in state.waves:
        if one.word == "failed":
            why = one.detail or "going back did not succeed"
            yield Trouble("bad", f"{FAILED}{one.wave.name}", f"wave {one.wave.name} failed: {why}")
        if one.word == "holding":
            text = f"wave {one.wave.name} holds, a person decides: {one.detail}"
            yield Trouble("bad", f"{HOLDS}{one.wave.name}", text)
    for index, condition in enumerate(wave.wave.rollback.triggers):
        history = state.histories.get(f"{wave.wave.name}.triggers.{index}", ())
        view = trigger_view(condition, history, state.plan, state.at_ms)
        if view.verdict == "FAIL":
            text = f"trigger {view.name} fires: {view.evidence}"
            yield Trouble("bad", f"{TRIGGER}{view.name}", text)
    for side in SIDES:
        health = state.facts.health.get(side)
        if health is not None and health.word not in ("connected", "connecting"):
            text = f"{side} {health.word}: {health.reason}"
            yield Trouble("bad", f"{SIDE}{side}", text, HOLD_MS)
    word = mirror_word(state.facts, state.at_ms)
    if word != RUNNING and state.facts.newest_mirror() is not None:
        yield Trouble("warn", MIRROR, f"mirror {word}", HOLD_MS)
