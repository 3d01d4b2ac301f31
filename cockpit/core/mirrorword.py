"""The mirror in a word or two."""

from __future__ import annotations

from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.freshness import why_blind

RUNNING: Final = "running"


def mirror_word(facts: Facts, now_ms: int) -> str:
    """How it is: `running`, what has failed (the state first: a line may be cut), or why nobody
    knows."""
    failure = facts.failures.get("mirror")
    if failure is not None:
        return f"unknown: {failure.reason}"
    mirror = facts.newest_mirror()
    if mirror is None:
        return "unknown: no answer yet"
    if (why := why_blind(facts, "mirror", now_ms)) is not None:
        return f"unknown: {why}"
    for connector in mirror.connectors:
        for task in connector.tasks:
            if task.state != "RUNNING":
                cause = f": {task.cause}" if task.cause else ""
                return f"{task.state} {connector.name} task {task.id}{cause}"
        if connector.state != "RUNNING":
            return f"{connector.state} {connector.name}"
    return RUNNING
