"""Steps that a plan may say and that hardly do what is meant: warnings, each with its place.

Never refuses anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cockpit.core.calls import HttpCall
from cockpit.core.conditions import (
    Condition,
    GroupLagGate,
    Momentary,
    OffsetDeltaGate,
    ReplicationLagGate,
    SignalGate,
    name,
)
from cockpit.core.drills import DrillStep
from cockpit.core.plan import (
    CommandCall,
    CommandStep,
    DrainStep,
    FenceStep,
    HttpStep,
    OffsetsStep,
    ProbeStep,
    PromoteStep,
    ReverseStep,
    StartStep,
    Step,
    Wave,
    step_name,
)
from cockpit.plan.loader import LoadedPlan
from cockpit.plan.problems import Place
from cockpit.plan.units import format_duration


def step_doubts(loaded: LoadedPlan) -> Iterator[tuple[Place, str]]:
    """All of them, with the place of the step."""
    waves = loaded.plan.waves
    for index, (wave, places) in enumerate(zip(waves, loaded.steps, strict=True)):
        deadline_ms: int | None = None  # it runs from the fence to the start
        for step, place in zip(wave.steps, places, strict=True):
            match step:
                case DrillStep():
                    text = _spoilt(step, waves[index + 1 :])
                case FenceStep():
                    deadline_ms, text = step.deadline_ms, ""
                case StartStep():
                    deadline_ms, text = None, ""
                case _:
                    text = _outlasts(step, deadline_ms) if deadline_ms is not None else ""
            if text:
                yield place, f"wave {wave.name}: {text}"


def _spoilt(drill: DrillStep, later: Sequence[Wave]) -> str:
    """Which gate of a later wave looks back on what a drill breaks, the longest one; empty: none
    does."""
    found = [
        (gate.over.over_ms, f"{name(gate)} of wave {wave.name}")
        for wave in later
        for gate in wave.gates
        if not isinstance(gate, Momentary) and gate.over is not None and _sees(drill, gate)
    ]
    if not found:
        return ""
    over_ms, gate = max(found, key=lambda one: one[0])
    back = format_duration(over_ms)
    return (
        f"what {drill.words()} breaks counts in {gate}, which looks back for {back}: it may not "
        f"pass until {back} after the drill"
    )


def _sees(drill: DrillStep, gate: Condition) -> bool:
    """Whether a gate may see what a drill breaks."""
    if drill.do == "call":
        return isinstance(gate, GroupLagGate | SignalGate)
    if drill.do == "stop-task":
        return isinstance(gate, ReplicationLagGate | OffsetDeltaGate)
    return not isinstance(gate, SignalGate)


def _outlasts(step: Step, deadline_ms: int) -> str:
    """That a step may be given more time than the fence's deadline leaves it; empty: it is not,
    or does not say its time."""
    most_ms, usual_ms = _timeouts_ms(step)
    if most_ms <= deadline_ms or most_ms == usual_ms:
        return ""
    return (
        f"{step_name(step)} may take {format_duration(most_ms)} while clients are blocked, and the "
        f"fence's deadline is {format_duration(deadline_ms)}: it strikes first"
    )


def _timeouts_ms(step: Step) -> tuple[int, int]:
    """What a step may take, and what one may that says nothing."""
    match step:
        case DrainStep() | OffsetsStep() | ProbeStep() | PromoteStep():
            return step.timeout_ms, type(step)().timeout_ms
        case ReverseStep():
            return step.timeout_ms, ReverseStep("").timeout_ms
        case HttpStep():
            return step.call.timeout_ms, HttpCall("").timeout_ms
        case CommandStep():
            return step.call.timeout_ms, CommandCall(()).timeout_ms
        case _:
            return 0, 0
