"""What the engine refused of what this user asked for, as the event log tells it.

Pure: remembers which events were looked at, so that each refusal is told once.
"""

from __future__ import annotations

from cockpit.core.snapshot import LogLine, Snapshot


class Refusals:
    """The refusals of one user that are new with a snapshot."""

    def __init__(self, user: str) -> None:
        self._mark = f" refused ({user}): "
        self._seen: int | None = None

    def newest(self, snapshot: Snapshot) -> LogLine | None:
        """The newest that came since the last snapshot; None: none, or it is the first snapshot,
        and whatever its log has was told when it happened."""
        seen, self._seen = self._seen, max((one.seq for one in snapshot.log), default=self._seen)
        if seen is None:
            return None
        new = (one for one in reversed(snapshot.log) if one.seq > seen)
        return next((one for one in new if one.level == "warn" and self._mark in one.text), None)
