"""Recorded samples judged anew: what the gates and triggers of a plan say at each tick of a flight.

Follows the states that a flight went through; never changes what the flight did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from cockpit.core import openings
from cockpit.core.conditions import PLACES
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.gates import Reading, extend_history, measure, trigger_view
from cockpit.core.gathering import gather
from cockpit.core.plan import Plan, Wave
from cockpit.core.snapshot import GateView, Snapshot
from cockpit.core.turn import Turn, subject_of


@dataclass(frozen=True, slots=True)
class Judged:
    """One gate or trigger at one moment."""

    path: str
    """As in a plan, such as `waves.readers.gates.0`."""
    view: GateView
    reading: Reading


class Judge:
    """Measures and judges with the conditions of one plan, tick after tick.

    Of the plan only the gates, the triggers and the approved differences are taken; a wave is known
    by its name.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._waves = {wave.name: wave for wave in plan.waves}
        self._state: FlightState | None = None

    def judge(self, flown: FlightState) -> Mapping[str, Judged]:
        """Every condition of the wave that `flown` is at, by its path; none where the plan does not
        have that wave."""
        if flown.wave().wave.name not in self._waves:
            return {}
        turn = Turn(self._as_flown(flown))
        gather(turn)
        readings = measured(turn)
        self._state = turn.state
        views = _views(turn.state, turn.wave)
        return {path: Judged(path, view, readings[path]) for path, view in views}

    def _as_flown(self, flown: FlightState) -> FlightState:
        """The flight as it was, with this plan's conditions and what they have seen so far."""
        waves = tuple(
            replace(wave, wave=_with_conditions(wave.wave, self._waves.get(wave.wave.name)))
            for wave in flown.waves
        )
        before = self._state
        approved = self._plan.approved_differences
        return replace(
            flown,
            plan=replace(flown.plan, approved_differences=approved),
            waves=waves,
            histories=before.histories if before else {},
            gathered=before.gathered if before else flown.gathered,
        )


def _with_conditions(flown: Wave, other: Wave | None) -> Wave:
    """The wave as flown, its gates and triggers as in the other plan."""
    if other is None:
        return flown
    triggers = replace(flown.rollback, triggers=other.rollback.triggers)
    return replace(flown, gates=other.gates, rollback=triggers)


def measured(turn: Turn) -> dict[str, Reading]:
    """One reading for each condition of the wave, added to the histories; by path."""
    state, wave = turn.state, turn.wave
    subject = subject_of(state, wave)
    histories = dict(state.histories)
    found: dict[str, Reading] = {}
    name = wave.wave.name
    for kind, conditions in (("gates", wave.wave.gates), ("triggers", wave.wave.rollback.triggers)):
        for index, condition in enumerate(conditions):
            key = f"{name}.{kind}.{index}"
            reading = measure(condition, subject, state.facts, state.at_ms)
            histories[key] = extend_history(histories.get(key, ()), reading, condition)
            found[path_of(name, kind, index)] = reading
    turn.set(histories=histories)
    return found


def path_of(wave: str, kind: str, index: int) -> str:
    """What a condition is called: `waves.readers.gates.0`, `waves.readers.rollback.triggers.0`."""
    return f"waves.{wave}.{'rollback.' if kind == 'triggers' else ''}{kind}.{index}"


def _views(state: FlightState, wave: WaveState) -> Iterator[tuple[str, GateView]]:
    name = wave.wave.name
    for index, view in enumerate(openings.gate_views(state, wave)):
        yield path_of(name, "gates", index), view
    for index, condition in enumerate(wave.wave.rollback.triggers):
        history = state.histories.get(f"{name}.triggers.{index}", ())
        view = trigger_view(condition, history, state.plan, state.at_ms)
        yield path_of(name, "triggers", index), view


def shown(plan: Plan, snapshot: Snapshot) -> Iterator[tuple[str, GateView]]:
    """The gates and triggers that a snapshot shows, by path. Those that compare places are not
    shown any more once the wave has moved."""
    wave = next((one for one in plan.waves if one.name == snapshot.status.wave), None)
    if wave is None:
        return
    gates = tuple(enumerate(wave.gates))
    if len(gates) != len(snapshot.gates):
        gates = tuple((i, gate) for i, gate in gates if not isinstance(gate, PLACES))
    for (index, _), view in zip(gates, snapshot.gates, strict=False):
        yield path_of(wave.name, "gates", index), view
    for index, view in enumerate(snapshot.triggers):
        yield path_of(wave.name, "triggers", index), view
