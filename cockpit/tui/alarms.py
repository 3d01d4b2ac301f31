"""What deserves attention now, worst first, one line each. Derived from a snapshot alone; never
remembers and never clears anything."""

from __future__ import annotations

import numpy as np

from cockpit.core.observe import MISSING, Unknown
from cockpit.core.snapshot import GateView, PartitionTable, SideView, Snapshot
from cockpit.tui.format import clock, count, quantity, unit_word
from cockpit.tui.fresh import is_stale


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
    found.extend(_ahead(snapshot.partitions, snapshot.at_ms))
    if snapshot.mirror not in {"running", ""}:
        found.append(f"mirror {snapshot.mirror}")
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


def _ahead(table: PartitionTable, now_ms: int) -> tuple[str, ...]:
    if is_stale(table.source_at_ms, now_ms) or is_stale(table.mirror_at_ms, now_ms):
        return ()
    ahead = (table.lag < 0) & (table.lag != MISSING)
    number = int(np.count_nonzero(ahead))
    if number == 0:
        return ()
    worst = int(np.argmin(np.where(ahead, table.lag, 0)))
    topic, partition = table.keys.names[worst]
    by = count(-int(table.lag[worst]))
    where = "1 partition" if number == 1 else f"{count(number)} partitions"
    return (f"target AHEAD on {where}, worst {topic}/{partition} by {by}",)
