"""Orders to fence whose answer was lost: they may land when the wave is back already, or its flight
has ended and nobody is there to say that a fence stands.

So a wave that goes back looks at its topics once more, when its services are at work again, until
such an order cannot land any more, and takes down what has come (`cockpit.core.script`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cockpit.core.actions import Fence
from cockpit.core.fences import is_fenced
from cockpit.core.flight import Finished
from cockpit.core.late import LOST, AwaitLate
from cockpit.core.plan import FenceStep
from cockpit.core.turn import Turn

AGAIN: Final = "late_fence.again"


def mark_sent(turn: Turn, action: object) -> None:
    """Another order while one is missing: what is seen standing may be of either."""
    if isinstance(action, Fence) and LOST in turn.wave.memory:
        turn.remember({AGAIN: True})


def learn(turn: Turn, action: object, event: Finished) -> None:
    """Keep that an order to fence is missing."""
    if not isinstance(action, Fence) or turn.wave.back:
        return
    if event.data.get("reply_lost") and event.outcome != "done":
        turn.remember({LOST: event.at_ms})


def kept(memory: Mapping[str, Any]) -> Mapping[str, Any]:
    """What another try of the wave has to know of it."""
    return {key: memory[key] for key in (LOST, AGAIN) if key in memory}


def watch(turn: Turn) -> None:
    """What is seen standing has landed: nothing is missing any more."""
    memory, acls = turn.wave.memory, turn.state.facts.acls.get("source")
    if LOST not in memory or memory.get(AGAIN) or acls is None:
        return
    if any(isinstance(s.step, FenceStep) and s.word == "undone" for s in turn.wave.steps):
        return  # it has landed behind its own undo: the stop's undo takes it down
    if acls.asked_at_ms > memory[LOST] and is_fenced(turn.wave.wave, turn.state.plan, acls):
        turn.set_wave(memory={key: value for key, value in memory.items() if key != LOST})


def serve_again(turn: Turn, task: object) -> None:
    """While it is waited for, everybody is at work again: nobody is blocked by it."""
    if isinstance(task, AwaitLate) and turn.wave.blocked_since_ms is not None:
        turn.set_wave(blocked_since_ms=None)
