"""A snapshot as one line of plain text, for scripts, logs and the moment after the screen is left.

Never more than one line and never a control character: what data brings is cleaned.
"""

from __future__ import annotations

from cockpit.core.snapshot import SideView, Snapshot
from cockpit.tui.alarms import alarms
from cockpit.tui.clean import clean
from cockpit.tui.format import age, clock, day, utc
from cockpit.tui.fresh import is_stale


def plain_line(snapshot: Snapshot, *, replay: bool = False) -> str:
    """Time, plan, wave, step, who owns the writes, rollback, data ages, mirror and alarms."""
    status = snapshot.status
    step = status.outcome or status.step
    number = len(alarms(snapshot))
    parts = [
        f"REPLAY {day(snapshot.at_ms)}" if replay else "",
        utc(snapshot.at_ms),
        "SIMULATED" if status.simulated else "",
        f"{status.environment} {status.plan}".strip(),
        f"wave {status.wave_number}/{status.waves} {status.wave} {step}".rstrip(),
        f"WRITES: {status.writes}{_blocked(snapshot)}",
        f"ROLLBACK {status.rollback}",
        "PAUSED" if status.paused else "",
        _side(snapshot.source, snapshot.at_ms),
        _side(snapshot.target, snapshot.at_ms),
        f"mirror {snapshot.mirror}",
        f"alarms {number}" if number else "",
    ]
    return clean("  ".join(part for part in parts if part))


def _blocked(snapshot: Snapshot) -> str:
    status = snapshot.status
    if status.blocked_since_ms is None:
        return ""
    blocked = f" blocked {clock(snapshot.at_ms - status.blocked_since_ms)}"
    if status.deadline_ms is None:
        return blocked
    return f"{blocked}/{clock(status.deadline_ms - status.blocked_since_ms)}"


def _side(side: SideView, now_ms: int) -> str:
    if side.asked_at_ms is None:
        return f"{side.side} {side.health} --"
    old = age(now_ms - side.asked_at_ms)
    if side.health == "connected":
        return f"{side.side} {'STALE' if is_stale(side.asked_at_ms, now_ms) else 'ok'} {old}"
    return f"{side.side} {side.health} {old}"
