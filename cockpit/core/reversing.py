"""The second mirror, from the target back to the source: when it stands, and how the first one
takes over again.

Names are the same on both sides: a topic is in one mirror's filter at a time, or its records would
go round. Never decides whether a plan may reverse; the prover does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cockpit.core.actions import StartMirror
from cockpit.core.observe import TopicPartition, partition_of
from cockpit.core.plan import Plan, ReverseStep, Wave
from cockpit.core.scene import Act, Failed, Progress, Scene


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
