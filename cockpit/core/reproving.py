"""Proofs that no longer count: fence, drain and places are proved again before a wave goes on.

Only forward and only before the first start on the target is intended; never undoes anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from cockpit.core.fences import RELEASED
from cockpit.core.plan import DrainStep, FenceStep, OffsetsStep, step_name
from cockpit.core.turn import Turn

_MADE_VOID: Final[Mapping[type, tuple[str, ...]]] = {
    FenceStep: ("fence.", "drained.", RELEASED),
    DrainStep: ("drained.", RELEASED),
    OffsetsStep: (),  # places are found behind the drained end
}
"""What a wave must not remember any more of proofs that are taken again."""


def prove_again(turn: Turn, first: type[FenceStep] | type[DrainStep] | type[OffsetsStep]) -> bool:
    """Let the wave go on from its step of this kind; False where it is not past that.

    Steps find what is so already; what they changed is theirs to undo as before.
    """
    wave = turn.wave
    if wave.back or wave.start_intent_at_ms is not None:
        return False
    found = (n for n, s in enumerate(wave.steps[: wave.cursor]) if isinstance(s.step, first))
    index = next(found, None)
    if index is None:
        return False
    steps = tuple(
        replace(step, word="pending", detail="") if n >= index and step.word == "done" else step
        for n, step in enumerate(wave.steps)
    )
    void = _MADE_VOID[first]
    memory = {key: value for key, value in wave.memory.items() if not key.startswith(void)}
    turn.set_wave(cursor=index, stages=(), steps=steps, memory=memory)
    name = step_name(wave.steps[index].step)
    text = f"{wave.wave.name}: goes on at {name}, whose proof does not count any more"
    turn.tell("proves_again", text, "warn", wave=wave.wave.name, step=name)
    return True
