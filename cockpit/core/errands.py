"""Calls that a wave makes for itself, as steps or to recover: never made twice unless it is known
that the first one did not happen.

Values and the wave's memory only; nothing is called here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cockpit.core.actions import Errand
from cockpit.core.flight import Outcome
from cockpit.core.plan import (
    CommandCall,
    CommandStep,
    ConfirmStep,
    HttpCall,
    HttpStep,
    Plan,
    RecoveryStep,
    Step,
    Wave,
)
from cockpit.core.tasks import Ask, Do, Task

_MAYBE: Final = "maybe"


def call_text(call: HttpCall | CommandCall) -> str:
    """What a call is, in a few words: no query, no arguments."""
    if isinstance(call, CommandCall):
        return f"command {call.argv[0]}"
    return f"{call.method} {call.url.partition('?')[0]}"


def call_of(plan: Plan, errand: Errand) -> HttpCall | CommandCall | None:
    """The call that an errand stands for; None: the plan has none."""
    wave = next((wave for wave in plan.waves if wave.name == errand.wave), None)
    steps: tuple[Step, ...] = () if wave is None else wave.steps
    if wave is not None and errand.part == "recovery":
        steps = wave.recovery
    step = steps[errand.number] if errand.number < len(steps) else None
    if not isinstance(step, HttpStep | CommandStep):
        return None
    return step.undo if errand.part == "undo" else step.call


def of_step(step: RecoveryStep, wave: Wave, memory: Mapping[str, Any]) -> Task:
    """The task of such a step, or of one that only asks."""
    if isinstance(step, ConfirmStep):
        return Ask(step.text)
    number = next(n for n, one in enumerate(wave.steps) if one is step)
    return _task(Errand(wave.name, number, "step", call_text(step.call)), step.call, memory)


def of_undo(step: HttpStep | CommandStep, wave: Wave, memory: Mapping[str, Any]) -> Task | None:
    """The task that undoes such a step; None: it has no undo."""
    if step.undo is None:
        return None
    number = next(n for n, one in enumerate(wave.steps) if one is step)
    return _task(Errand(wave.name, number, "undo", call_text(step.undo)), step.undo, memory)


def of_recovery(
    step: HttpStep | CommandStep, wave: Wave, number: int, memory: Mapping[str, Any]
) -> Task:
    """The task of a step that recovers a wave."""
    return _task(Errand(wave.name, number, "recovery", call_text(step.call)), step.call, memory)


def _task(errand: Errand, call: HttpCall | CommandCall, memory: Mapping[str, Any]) -> Task:
    if memory.get(_key(errand)) == _MAYBE:
        return Ask(
            f"{errand.what} was begun, and how it ended is not known: see that it is so, then "
            "confirm; it is not called again"
        )
    return Do(errand, call.timeout_ms)


def begun(errand: Errand) -> Mapping[str, Any]:
    """What to remember before it leaves."""
    return {_key(errand): _MAYBE}


def ended(errand: Errand, outcome: Outcome) -> Mapping[str, Any]:
    """What to remember of how it ended: of a lost answer, that nobody knows."""
    return {} if outcome == "unknown" else {_key(errand): outcome}


def _key(errand: Errand) -> str:
    return f"errand.{errand.part}.{errand.number}"
