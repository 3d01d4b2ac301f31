"""The second mirror, from the target back to the source: when it stands, and how the first one
takes over again.

Names are the same on both sides: a topic is in one mirror's filter at a time, or its records would
go round. Never decides whether a plan may reverse; the prover does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cockpit.core.actions import StartMirror
from cockpit.core.observe import (
    MISSING,
    LogSample,
    TopicPartition,
    partition_of,
)
from cockpit.core.plan import Plan, ReverseStep, StopStep, Wave
from cockpit.core.scene import Act, Failed, Progress, Scene

RETURNED: Final = "returned.target_end"
"""Where a wave's memory has the target's ends as of the proof that all was back."""
LATE: Final = "returned.late"
"""How many records the target was seen to have got since, by "topic/partition"; empty: none."""


@dataclass(frozen=True, slots=True)
class ResumeMirror:
    """The forward mirror goes on where the proof of the return has found the source's ends."""

    connector: str
    timeout_ms: int


def resume_mirror(task: ResumeMirror, scene: Scene) -> Progress:
    """Start it there; without the proof there is no place to start at."""
    ends = scene.memory.get("returned.source_end")
    if not ends:
        return Failed(f"where {task.connector} is to go on is not known: the return is not proved")
    return Act(StartMirror(task.connector, positions(ends)), task.timeout_ms)


def late_records(
    wave: Wave, memory: Mapping[str, Any], cursor: int, logs: LogSample | None
) -> Mapping[str, int]:
    """What came on the target after all was proved to be back: counted while the wave has not
    begun to start its services on the source again, for then the first mirror brings more."""
    known: Mapping[str, int] = memory.get(LATE) or {}
    ends, at_ms = memory.get(RETURNED, {}), memory.get("returned.at_ms", 0)
    starting = not 0 <= cursor < len(wave.steps) or isinstance(wave.steps[cursor], StopStep)
    if not ends or starting or logs is None or logs.asked_at_ms <= at_ms:
        return known
    found = dict(known)
    for text, before in ends.items():
        index = logs.keys.position.get(partition_of(text))
        end = MISSING if index is None else int(logs.end[index])
        if end != MISSING and end > before:
            found[text] = end - before
    return found


def positions(ends: Mapping[str, int]) -> tuple[tuple[TopicPartition, int], ...]:
    """From a proof's ends, {"topic/partition": offset}, to places in a fixed order."""
    return tuple((partition_of(text), offset) for text, offset in sorted(ends.items()))


def reverse_step(wave: Wave) -> ReverseStep | None:
    """The wave's step that lets the second mirror run."""
    return next((step for step in wave.steps if isinstance(step, ReverseStep)), None)


def connectors(plan: Plan) -> tuple[str, ...]:
    """Every connector that a wave of the plan runs in reverse, sorted."""
    steps = [reverse_step(wave) for wave in plan.waves]
    return tuple(sorted({step.connector for step in steps if step is not None}))
