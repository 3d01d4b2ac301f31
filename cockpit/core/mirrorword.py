"""The mirror in a word or two."""

from __future__ import annotations

from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.freshness import why_blind

RUNNING: Final = "running"


def mirror_word(facts: Facts, now_ms: int) -> str:
    """How it is: `running`, what has failed, or why nobody knows."""
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
                return f"{connector.name} task {task.id} {task.state}{cause}"
        if connector.state != "RUNNING":
            return f"{connector.name} {connector.state}"
    return RUNNING
