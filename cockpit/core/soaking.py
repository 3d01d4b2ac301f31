"""How a soak stands: the wave's gates must hold, its triggers be known to be quiet and its services
be at work, for a time without a break. Moves nothing."""

from __future__ import annotations

from cockpit.core.afterwards import views_after_move
from cockpit.core.away import away
from cockpit.core.conditions import Beforehand
from cockpit.core.gates import gate_view
from cockpit.core.scene import Done, Failed, Wait
from cockpit.core.snapshot import Verdict
from cockpit.core.tasks import Soak
from cockpit.core.turn import Turn


def soaked(turn: Turn, soak: Soak, started_at_ms: int) -> Wait | Done | Failed:
    """Whether the wave's gates have held for the soak's time; what takes far longer has failed."""
    progress = _soaked(turn, soak)
    spent_ms = turn.now_ms - started_at_ms
    if isinstance(progress, Wait) and spent_ms > soak.timeout_ms:
        return Failed(f"not held within {spent_ms / 1000:.0f} s: {progress.detail}")
    return progress


def _soaked(turn: Turn, soak: Soak) -> Wait | Done:
    """What the wave's gates and triggers still say after the move must be good without a break."""
    broken = next((why for _, why in away(turn.state, turn.wave)), "")
    broken = broken or _broken_gate(turn) or _trigger(turn, "FAIL", "UNKNOWN")
    since = turn.wave.memory.get("soak.since_ms")
    if broken:
        turn.remember({"soak.since_ms": None})
        return Wait(f"soak starts again: {broken}")
    if since is None:
        turn.remember({"soak.since_ms": turn.now_ms})
        since = turn.now_ms
    held_ms = turn.now_ms - since
    held = f"held for {held_ms / 1000:.0f}"
    if held_ms < soak.for_ms:
        return Wait(f"{held} of {soak.for_ms / 1000:.0f} s")
    if undecided := _trigger(turn, "INCONCLUSIVE"):
        return Wait(f"{held} s, but {undecided}")
    turn.remember({"soak.since_ms": None})
    return Done(f"{held} s")


def _broken_gate(turn: Turn) -> str:
    """The first gate that does not hold; empty: all do."""
    for index, condition in enumerate(turn.wave.wave.gates):
        if isinstance(condition, Beforehand):
            continue  # they compare places before the move
        key = f"{turn.wave.wave.name}.gates.{index}"
        history = turn.state.histories.get(key, ())
        view = gate_view(condition, history, turn.state.plan, turn.now_ms)
        if view.verdict not in ("PASS", "INCONCLUSIVE"):
            return f"{view.name} {view.verdict}: {view.evidence}"
    return ""


def _trigger(turn: Turn, *verdicts: Verdict) -> str:
    """The first trigger that is judged so; empty: none is."""
    for view in views_after_move(turn.state, turn.wave):
        if view.verdict in verdicts:
            word = "fired" if view.verdict == "FAIL" else view.verdict
            return f"trigger {view.name} {word}: {view.evidence}"
    return ""
