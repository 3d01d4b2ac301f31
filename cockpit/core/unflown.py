"""What this version proves and does not fly yet, so that a flight is refused by name before it.

Pure: a plan in, reasons out.
"""

from __future__ import annotations

from cockpit.core.plan import Plan, PromoteStep, step_name
from cockpit.core.prove.model import KIND_NAMES


def unflown(plan: Plan) -> tuple[str, ...]:
    """Why the plan cannot be flown by this version; empty: it can."""
    reasons: list[str] = []
    if plan.replication.kind != "mirrormaker2":
        reasons.append(f"replication by {KIND_NAMES[plan.replication.kind]} is not flown yet")
    reasons += [
        f"wave {wave.name}: step {step_name(step)} is not flown yet"
        for wave in plan.waves
        for step in wave.steps
        if isinstance(step, PromoteStep)
    ]
    reasons += [
        f"allow_interleaving of {entry.topic} is not flown yet" for entry in plan.interleavings
    ]
    return tuple(reasons)
