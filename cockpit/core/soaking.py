"""How a soak stands: the wave's gates must hold for a time without a break."""

from __future__ import annotations

from cockpit.core.conditions import Beforehand
from cockpit.core.gates import gate_view
from cockpit.core.scene import Done, Failed, Wait
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
    """The wave's gates that still mean something after the move must hold without a break."""
    broken = ""
    for index, condition in enumerate(turn.wave.wave.gates):
        if isinstance(condition, Beforehand):
            continue  # they compare places before the move
        key = f"{turn.wave.wave.name}.gates.{index}"
        history = turn.state.histories.get(key, ())
        view = gate_view(condition, history, turn.state.plan, turn.now_ms)
        if view.verdict not in ("PASS", "INCONCLUSIVE"):
            broken = f"{view.name} {view.verdict}: {view.evidence}"
            break
    since = turn.wave.memory.get("soak.since_ms")
    if broken:
        turn.remember({"soak.since_ms": None})
        return Wait(f"soak starts again: {broken}")
    if since is None:
        turn.remember({"soak.since_ms": turn.now_ms})
        since = turn.now_ms
    held_ms = turn.now_ms - since
    if held_ms >= soak.for_ms:
        turn.remember({"soak.since_ms": None})
        return Done(f"held for {held_ms / 1000:.0f} s")
    return Wait(f"held for {held_ms / 1000:.0f} of {soak.for_ms / 1000:.0f} s")
