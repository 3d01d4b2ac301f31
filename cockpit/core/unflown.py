"""What this version proves and does not fly yet, so that a flight is refused by name before it.

Pure: a plan in, reasons out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.core.plan import (
    DrainStep,
    DrillStep,
    FenceStep,
    Plan,
    PromoteStep,
    ReverseStep,
    step_name,
)
from cockpit.core.prove.model import KIND_NAMES

_NOT_OVER_A_LINK: Final = (FenceStep, DrainStep, ReverseStep, DrillStep)


def unflown(plan: Plan) -> tuple[str, ...]:
    """Why the plan cannot be flown by this version; empty: it can."""
    kind = plan.replication.kind
    reasons = list(_of_link(plan)) if kind == "link" else []
    if kind == "msk-replicator":
        reasons.append(f"replication by {KIND_NAMES[kind]} is not flown yet")
    unknown = _NOT_OVER_A_LINK if kind == "link" else (PromoteStep,)
    reasons += [
        f"wave {wave.name}: step {step_name(step)} is not flown yet"
        + (" over a link" if kind == "link" else "")
        for wave in plan.waves
        for step in wave.steps
        if isinstance(step, unknown)
    ]
    reasons += [
        f"allow_interleaving of {entry.topic} is not flown yet" for entry in plan.interleavings
    ]
    return tuple(reasons)


def _of_link(plan: Plan) -> Iterator[str]:
    match plan.replication.api:
        case "":
            yield "replication by a link is flown only where its api is named"
        case "confluent":
            yield (
                "replication by Confluent Cluster Linking is not flown yet: it has no proxy for "
                "producers, which the proofs of a link stand on"
            )
        case "stand-in":
            pass
    for service in plan.services:
        if service.group and service.resume == "translated":
            yield f"{service.name}: a link translates no offsets, write resume: exact"
