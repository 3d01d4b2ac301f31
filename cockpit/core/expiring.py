"""Evidence that is gathered only while a wave waits, and may grow too old while its clients are
blocked: decided before anybody is, never in between.

Judges only. What a running wave goes on reading is not its matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.core.actions import Action, CallService
from cockpit.core.fences import fence_step
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.gates import gate_view
from cockpit.core.plan import ClientProbeGate
from cockpit.core.snapshot import GateView
from cockpit.core.tasks import Ask, Task

UNFENCED_MS: Final = 60_000
"""How long the clients of a wave without a fence are expected to wait at most."""


def expected_blocked_ms(wave: WaveState) -> int:
    """For how long the wave's clients may be blocked before something else happens."""
    fence = fence_step(wave.wave)
    return UNFENCED_MS if fence is None else fence.deadline_ms


def would_expire(state: FlightState, wave: WaveState) -> str:
    """What would be too old before the clients are at work again; empty: nothing.

    Half of the time for which it counts is always enough: by then there is another.
    """
    blocked_ms = expected_blocked_ms(wave)
    for gate, view in _gathered(state, wave):
        if view.at_ms is None:
            continue
        left_ms = view.at_ms + gate.max_age_ms - state.at_ms
        if left_ms < min(blocked_ms, gate.max_age_ms // 2):
            return (
                f"gate {view.name}: what it stands on counts for {max(left_ms, 0) / 1000:.0f} s"
                f" more, and clients may be blocked for {blocked_ms / 1000:.0f} s: the next is due"
            )
    return ""


def expired(state: FlightState, wave: WaveState, next_up: Task | Action) -> str:
    """Why clients must not be blocked now, if `next_up` is what blocks them first; empty: nothing
    is against it."""
    stops = isinstance(next_up, Ask | CallService) and next_up.verb == "stop"
    if not stops or wave.back or wave.blocked_since_ms is not None:
        return ""
    for _, view in _gathered(state, wave):
        if view.verdict != "PASS":
            return f"gate {view.name} {view.verdict}: {view.evidence}; nobody is blocked yet"
    return ""


def _gathered(state: FlightState, wave: WaveState) -> Iterator[tuple[ClientProbeGate, GateView]]:
    for index, gate in enumerate(wave.wave.gates):
        if isinstance(gate, ClientProbeGate):
            history = state.histories.get(f"{wave.wave.name}.gates.{index}", ())
            yield gate, gate_view(gate, history, state.plan, state.at_ms)
