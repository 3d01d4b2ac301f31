"""Whether a drill was noticed, by the same gates, triggers and alarms as on any other day.

Looks only. A trigger that a drill is meant to set off is told, and takes nothing back.
"""

from __future__ import annotations

from typing import assert_never

from cockpit.core.conditions import Beforehand, name
from cockpit.core.drills import DrillStep, DrillTask, Expect, numbered
from cockpit.core.gates import gate_view, trigger_view
from cockpit.core.plan import Wave
from cockpit.core.scene import Done, Failed, Progress, Wait
from cockpit.core.turn import Turn, is_moved

NOTICED = "drill.noticed"
BROKEN = "drill.broken"
"""In a wave's memory: what is broken, so that another engine knows it."""


def poll(turn: Turn, task: DrillTask, started_at_ms: int) -> Progress:
    """How one part of a drill stands now."""
    spent_ms = turn.now_ms - started_at_ms
    late = spent_ms > task.timeout_ms
    match task.phase:
        case "before":
            noticed = _noticed(turn, task.step.expect)
            if not noticed:
                return Done("all is quiet before the drill", {BROKEN: task.step.words()})
            why = f"before the drill already: {noticed}"
            return Failed(why) if late else Wait(why)
        case "notice":
            noticed = _noticed(turn, task.step.expect)
            if noticed:
                text = f"noticed after {spent_ms / 1000:.1f} s: {noticed}"
                return Done(text, {NOTICED: text})
            if late:
                return Done("", {NOTICED: ""})
            return Wait(f"nobody has noticed for {spent_ms / 1000:.1f} s")
        case "recover":
            bad = _not_good(turn, task.step.expect)
            if not bad:
                return Done("all is good again", {BROKEN: ""})
            why = f"mended, but not good yet: {bad}"
            return Failed(why) if late else Wait(why)
        case "conclude":
            noticed = str(turn.wave.memory.get(NOTICED, ""))
            if noticed:
                return Done(f"{task.step.words()}: {noticed}")
            within_s = task.step.within_ms / 1000
            expected = f"{task.step.expect.kind} {task.step.expect.which}"
            return Failed(f"{task.step.words()}: {expected} did not notice within {within_s:g} s")
        case _:
            assert_never(task.phase)


def is_drilled(turn: Turn, trigger: int) -> bool:
    """Whether the drill at work is meant to set off this trigger."""
    wave = turn.wave
    if wave.back or wave.word != "running" or not 0 <= wave.cursor < len(wave.steps):
        return False
    step = wave.steps[wave.cursor].step
    if not isinstance(step, DrillStep) or step.expect.kind != "trigger":
        return False
    return _number(wave.wave, step.expect) == trigger


def _number(wave: Wave, expect: Expect) -> int | None:
    """The condition that is meant; the loader has proved that there is one."""
    conditions = wave.rollback.triggers if expect.kind == "trigger" else wave.gates
    found = numbered([name(condition) for condition in conditions], expect.which)
    return found if isinstance(found, int) else None


def _noticed(turn: Turn, expect: Expect) -> str:
    """What has noticed; empty: nothing."""
    state, wave = turn.state, turn.wave
    if expect.kind == "alarm":
        raised = [a for a in state.watch.alarms if a.subject.startswith(expect.which)]
        return f"alarm {raised[0].subject}: {raised[0].text}" if raised else ""
    number = _number(wave.wave, expect)
    if number is None:
        return ""
    key = f"{wave.wave.name}.{expect.kind}s.{number}"
    history = state.histories.get(key, ())
    if expect.kind == "trigger":
        trigger = wave.wave.rollback.triggers[number]
        view = trigger_view(trigger, history, state.plan, turn.now_ms)
        return f"trigger {view.name} fired: {view.evidence}" if view.verdict == "FAIL" else ""
    view = gate_view(wave.wave.gates[number], history, state.plan, turn.now_ms)
    return f"gate {view.name} {view.verdict}: {view.evidence}" if view.verdict != "PASS" else ""


def _not_good(turn: Turn, expect: Expect) -> str:
    """What is not as before the drill; empty: everything is."""
    state, wave = turn.state, turn.wave
    for side, health in sorted(state.facts.health.items()):
        if health.word != "connected":
            return f"{side} {health.word}: {health.reason}"
    moved = is_moved(wave)
    for index, gate in enumerate(wave.wave.gates):
        if moved and isinstance(gate, Beforehand):
            continue  # places are compared before a move only
        history = state.histories.get(f"{wave.wave.name}.gates.{index}", ())
        view = gate_view(gate, history, state.plan, turn.now_ms)
        if view.verdict != "PASS":
            return f"gate {view.name} {view.verdict}: {view.evidence}"
    return _noticed(turn, expect)
