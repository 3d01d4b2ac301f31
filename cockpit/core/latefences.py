"""Orders to fence whose answer was lost: they may land when the wave is back already, or its flight
has ended and nobody is there to say that a fence stands.

So a wave that goes back looks at its topics once more, after everything else is undone, until such
an order cannot land any more, and takes down what has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cockpit.core.actions import Fence
from cockpit.core.fences import bindings_by_topic, fence_step, fencing, is_fenced
from cockpit.core.flight import Finished
from cockpit.core.late import AwaitLate
from cockpit.core.plan import FenceStep
from cockpit.core.turn import Turn

LOST: Final = "late_fence.lost_ms"
AGAIN: Final = "late_fence.again"
WATCHED: Final = "late_fence.watched"


def mark_sent(turn: Turn, action: object) -> None:
    """Another order while one is missing: what is seen standing may be of either."""
    if isinstance(action, Fence) and LOST in turn.wave.memory:
        turn.remember({AGAIN: True})


def learn(turn: Turn, action: object, event: Finished) -> None:
    """Keep that an order to fence is missing."""
    if not isinstance(action, Fence) or turn.wave.back:
        return
    if event.data.get("reply_lost") and event.outcome != "done":
        turn.remember({LOST: event.at_ms, WATCHED: False})


def kept(memory: Mapping[str, Any]) -> Mapping[str, Any]:
    """What another try of the wave has to know of it."""
    return {key: memory[key] for key in (LOST, AGAIN) if key in memory}


def watch(turn: Turn) -> None:
    """What is seen standing has landed: nothing is missing any more."""
    memory, acls = turn.wave.memory, turn.state.facts.acls.get("source")
    if LOST not in memory or memory.get(AGAIN) or acls is None:
        return
    if any(isinstance(s.step, FenceStep) and s.word == "undone" for s in turn.wave.steps):
        return  # it has landed behind its own undo: who looks once more takes it down
    if acls.asked_at_ms > memory[LOST] and is_fenced(turn.wave.wave, turn.state.plan, acls):
        turn.set_wave(memory={key: value for key, value in memory.items() if key != LOST})


def missing(turn: Turn) -> AwaitLate | None:
    """What is to be awaited before the wave is back; None: nothing is, or it was awaited."""
    wave = turn.wave
    lost_ms = wave.memory.get(LOST)
    step = fence_step(wave.wave)
    if lost_ms is None or wave.memory.get(WATCHED) or step is None:
        return None
    if not bindings_by_topic(wave.wave, turn.state.plan):
        return None
    fence = fencing(step, wave.wave, turn.state.plan)
    return AwaitLate(fence, lost_ms) if isinstance(fence, Fence) else None
