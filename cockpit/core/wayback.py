"""What going back would do now: which wave, which steps, until when. Pure; decides nothing."""

from __future__ import annotations

from cockpit.core.confirming import level
from cockpit.core.flight import FlightState
from cockpit.core.goingback import rollback_index
from cockpit.core.plan import step_name
from cockpit.core.script import undo_order, undo_words
from cockpit.core.serviceview import UndoView, WayBackView


def way_back_view(state: FlightState) -> WayBackView:
    """Of the wave that `rollback` would take back, else of the current one."""
    index, why = rollback_index(state)
    wave = state.waves[state.current if index is None else index]
    window = wave.wave.rollback_window_ms
    until = None if window is None or wave.done_at_ms is None else wave.done_at_ms + window
    steps = (wave.steps[number].step for number in undo_order(wave))
    undo = tuple(UndoView(step_name(step), words) for step in steps if (words := undo_words(step)))
    return WayBackView(
        wave=wave.wave.name,
        services=wave.wave.services,
        why_not=why,
        undo=undo,
        until_ms=until,
        level=level(state, "rollback"),
    )
