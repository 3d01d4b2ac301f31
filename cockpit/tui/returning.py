"""What is told to somebody who comes back: how long he was away, and what happened meanwhile."""

from __future__ import annotations

from collections.abc import Sequence

from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.tui.format import age

SHORT_MS = 5_000
"""Who was away for less has missed nothing worth a word."""


def missed(snapshot: Snapshot, past: Sequence[LogLine], *, user: str) -> str:
    """In a line; empty: he is here for the first time, or was hardly away."""
    me = next((one for one in snapshot.crew.people if one.user == user), None)
    if me is None or me.left_ms is None or me.since_ms - me.left_ms < SHORT_MS:
        return ""
    lines = {line.seq: line for line in (*past, *snapshot.log) if line.at_ms > me.left_ms}
    bad = [line for line in lines.values() if line.level == "bad"]
    told = f"{len(lines)} event{'' if len(lines) == 1 else 's'}"
    worst = f", {len(bad)} of them bad, last: {bad[-1].text}" if bad else ""
    return f"away for {age(me.since_ms - me.left_ms)}: {told}{worst}; pane 7 has them"
