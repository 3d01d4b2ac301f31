"""What deserves attention now, worst first, one line each: what the core raised, and what the
snapshot's other parts say. Never remembers and never clears anything."""

from __future__ import annotations

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import GateView, SideView, Snapshot
from cockpit.tui.format import clock, quantity, unit_word


def alarms(snapshot: Snapshot) -> tuple[str, ...]:
    """One line for each thing that is wrong; many partitions with one trouble are one line."""
    found: list[str] = []
    found.extend(_fence(snapshot))
    found.extend(
        f"wave {wave.name} failed: {wave.detail or 'going back did not succeed'}"
        for wave in snapshot.waves
        if wave.word == "failed"
    )
    found.extend(_fired(trigger) for trigger in snapshot.triggers if trigger.verdict == "FAIL")
    found.extend(
        f"{side.side} {side.health}: {side.reason}"
        for side in (snapshot.source, snapshot.target)
        if _is_down(side)
    )
    found.extend(alarm.text for alarm in snapshot.alarms if alarm.level == "bad")
    if snapshot.mirror not in {"running", ""}:
        found.append(f"mirror {snapshot.mirror}")
    found.extend(alarm.text for alarm in snapshot.alarms if alarm.level == "warn")
    return tuple(found)


def _is_down(side: SideView) -> bool:
    return side.health not in {"connected", "connecting"}


def _fence(snapshot: Snapshot) -> tuple[str, ...]:
    deadline = snapshot.status.deadline_ms
    if deadline is None or snapshot.status.blocked_since_ms is None or snapshot.at_ms < deadline:
        return ()
    return (f"the fence's deadline passed {clock(snapshot.at_ms - deadline)} ago",)


def _fired(trigger: GateView) -> str:
    limit = quantity(trigger.limit, trigger.unit)
    value = (
        "unknown" if isinstance(trigger.value, Unknown) else quantity(trigger.value, trigger.unit)
    )
    unit = unit_word(trigger.unit)
    return f"trigger {trigger.name} fired: {value} over {limit} {unit}".rstrip()
