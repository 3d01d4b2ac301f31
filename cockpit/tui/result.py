"""How a screen was left. A leaf: it imports nothing of Textual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LeaveReason = Literal["quit", "session ended", "hang-up", "terminated", "failed"]
"""quit: by key. session ended: left after the session was over. hang-up: the terminal went away.
terminated: SIGTERM. failed: a defect of the screen; the flight goes on all the same."""


@dataclass(frozen=True, slots=True)
class ScreenResult:
    """What the caller needs to say goodbye and to choose an exit code."""

    reason: LeaveReason
    outcome: str = ""
    """The flight's outcome as last seen; empty while it goes on."""
    last_line: str = ""
    """The last state in one line of plain text; empty when there was none or the screen failed."""


class ScreenRefusedError(Exception):
    """This terminal cannot hold the screen; the text says what to do instead."""
