"""For how long the last look before a release counts, and what follows from one that failed.

Producers are released on what was read a moment ago, or it is read again: a wave may have been
paused, or its engine asleep, between the look and the call.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.actions import CallService, ProveShut
from cockpit.core.fences import RELEASED, VOID
from cockpit.core.flight import Finished, Run, WaveState
from cockpit.core.turn import Turn

COUNTS_MS: Final = 10_000
SHUT_UNTIL: Final = "shut.until_ms"
"""Until when the look counts; absent: this release stands on none."""


def learn_shut(turn: Turn, action: object, event: Finished) -> None:
    """Keep until when the look counts. Where it was not so, every proof is void: the wave holds,
    and whoever orders on begins at the fence again."""
    if not isinstance(action, ProveShut):
        return
    if event.outcome == "done":
        turn.remember({SHUT_UNTIL: event.at_ms + COUNTS_MS})
    elif event.outcome == "failed" or turn.wave.memory.get(RELEASED):
        turn.remember({VOID: event.detail})
        turn.set_wave(escape_told=True)


def forget(turn: Turn) -> None:
    """A step begins, and stands on no look of before."""
    memory = turn.wave.memory
    if SHUT_UNTIL in memory:
        turn.set_wave(memory={k: v for k, v in memory.items() if k != SHUT_UNTIL})


def fresh_until_ms(wave: WaveState, action: object) -> int | None:
    """Until when an action may land; None: for as long as it takes."""
    if wave.back:
        return None
    times = [wave.memory.get("fresh_until_ms")]
    if _releases(action):
        times.append(wave.memory.get(SHUT_UNTIL))
    return min((at_ms for at_ms in times if at_ms is not None), default=None)


def must_look_again(turn: Turn, action: object) -> bool:
    """Whether the look on which this release stands is too old, and none of its calls has left."""
    until_ms = turn.wave.memory.get(SHUT_UNTIL)
    if turn.wave.back or until_ms is None or not _releases(action) or turn.now_ms <= until_ms:
        return False
    return not any(_has_begun(run) for run in turn.wave.stages[0])


def _releases(action: object) -> bool:
    return isinstance(action, CallService) and action.verb == "start"


def _has_begun(run: Run) -> bool:
    return run.done or run.asked or bool(run.action_id)
