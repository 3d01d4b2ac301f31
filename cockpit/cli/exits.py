"""Exit codes: one table for every command."""

from __future__ import annotations

from typing import Final

COMPLETED: Final = 0
INTERNAL: Final = 1
USAGE: Final = 2
ROLLED_BACK: Final = 3
FAILED: Final = 4
REFUSED: Final = 5
GATE_NOT_MET: Final = 6
UNKNOWN: Final = 7
STOPPED: Final = 8
CHANGED: Final = 9
TORN: Final = 10
INTERRUPTED: Final = 130
TERMINATED: Final = 143

MEANINGS: dict[int, str] = {
    COMPLETED: "completed",
    INTERNAL: "internal error",
    USAGE: "usage, or the plan is invalid",
    ROLLED_BACK: "rolled back",
    FAILED: "failed",
    REFUSED: "refused",
    GATE_NOT_MET: "a gate was not met in time",
    UNKNOWN: "outcome unknown",
    STOPPED: "stopped or paused",
    CHANGED: "a journal was changed",
    TORN: "a journal ends in a torn line",
    INTERRUPTED: "interrupted",
    TERMINATED: "terminated",
}

OF_OUTCOME: dict[str, int] = {
    "completed": COMPLETED,
    "rolled_back": ROLLED_BACK,
    "failed": FAILED,
    "stopped": STOPPED,
    "taken_over": REFUSED,
}
"""Of a flight's outcome, as a snapshot names it."""
