"""What a screen knows about its own connection to the engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """What the screen knows about its own connection to the engine."""

    silent_s: int = 0
    """Whole seconds since the last snapshot came; below 3 nothing is said."""
    ended: bool = False
    """No snapshot will come any more: what is shown is the last state."""
    lost: bool = False
    """It ended without an outcome: the engine or the way to it is gone."""

    @property
    def word(self) -> str:
        """Empty while snapshots come."""
        if self.lost:
            return "ENGINE LOST"
        if self.ended:
            return "SESSION ENDED"
        return f"NO NEWS FOR {self.silent_s}s" if self.silent_s >= 3 else ""


CONNECTED = Link()
