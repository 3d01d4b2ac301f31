"""Proofs that no longer count: fence and drain are proved again before a wave goes on.

Only forward and only before the first start on the target is intended; never undoes anything.
"""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.plan import DrainStep, FenceStep, step_name
from cockpit.core.turn import Turn


def prove_again(turn: Turn, first: type[FenceStep] | type[DrainStep]) -> None:
    """Let the wave go on from its step of this kind, where it is past that.

    Steps find what is so already; what they changed is theirs to undo as before.
    """
    wave = turn.wave
    if wave.back or wave.start_intent_at_ms is not None:
        return
    found = (n for n, s in enumerate(wave.steps[: wave.cursor]) if isinstance(s.step, first))
    index = next(found, None)
    if index is None:
        return
    steps = tuple(
        replace(step, word="pending", detail="") if n >= index and step.word == "done" else step
        for n, step in enumerate(wave.steps)
    )
    memory = {key: value for key, value in wave.memory.items() if not key.startswith("drained.")}
    turn.set_wave(cursor=index, stages=(), steps=steps, memory=memory)
    name = step_name(wave.steps[index].step)
    text = f"{wave.wave.name}: goes on at {name}, whose proof does not count any more"
    turn.tell("proves_again", text, "warn", wave=wave.wave.name, step=name)
