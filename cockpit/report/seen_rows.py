"""What figures with many rows are drawn from, and further lines; grows look by look."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cockpit.core.observe import MISSING, Unknown
from cockpit.core.snapshot import Behind, Snapshot
from cockpit.report.document import Point
from cockpit.report.grid import Grid

Run = tuple[int, int, str]
"""From, to, and the word that held in every look."""


def run_on(runs: list[Run], at_ms: int, word: str) -> None:
    """One more look: the same word makes the newest run longer."""
    if runs and runs[-1][2] == word:
        runs[-1] = (runs[-1][0], at_ms, word)
    else:
        runs.append((at_ms, at_ms, word))


@dataclass(slots=True)
class SeenRows:
    """Of one session."""

    lag: Grid
    """Replication lag by partition."""
    behind: Grid
    """Seconds that each group is behind, by group and side."""
    deltas: Grid
    """Offset delta of each partition of a group, without its sign."""
    near: Grid
    """Share of the limit, by wave and trigger."""
    most_lag: list[Point] = field(default_factory=list)
    """What 95 of 100 partitions of the wave at work stay under."""
    read: dict[str, list[Point]] = field(default_factory=dict)
    """Records a second, all groups of the plan together, by side."""
    took: dict[str, list[Point]] = field(default_factory=dict)
    """Seconds that the newest answer took, by feed."""
    touching: dict[str, list[Point]] = field(default_factory=dict)
    """Records a second that moved services still read or write on the source, by kind."""
    states: dict[tuple[str, str], list[Run]] = field(default_factory=dict)
    """By group and side."""


def no_rows(from_ms: int, to_ms: int) -> SeenRows:
    """Of a session from one moment to another, before the first look."""
    lag, behind, deltas, near = (Grid(from_ms, to_ms) for _ in range(4))
    return SeenRows(lag, behind, deltas, near)


def look(rows: SeenRows, snapshot: Snapshot) -> None:
    """Take a snapshot in."""
    _partitions(rows, snapshot)
    _groups(rows, snapshot)
    _conditions(rows, snapshot)
    at_ms = snapshot.at_ms
    for feed in snapshot.feeds:
        took = None if feed.took_ms is None else feed.took_ms / 1_000
        rows.took.setdefault(feed.feed, []).append((at_ms, took))
    kinds: dict[str, float | None] = dict.fromkeys(rows.touching, 0.0)
    for one in snapshot.stragglers:
        known = kinds.get(one.kind, 0.0)
        rate = None if isinstance(one.rate_milli, Unknown) else one.rate_milli / 1_000
        kinds[one.kind] = None if known is None or rate is None else known + rate
    for kind, rate in kinds.items():
        rows.touching.setdefault(kind, []).append((at_ms, rate))


def _partitions(rows: SeenRows, snapshot: Snapshot) -> None:
    table = snapshot.partitions
    rows.lag.put_all(snapshot.at_ms, table.keys, table.lag)
    lag = table.lag[table.keys.of_topics(table.wave)]
    known = lag[lag != MISSING]
    value = float(np.percentile(known, 95, method="inverted_cdf")) if known.size else None
    rows.most_lag.append((snapshot.at_ms, value))


def _groups(rows: SeenRows, snapshot: Snapshot) -> None:
    at_ms = snapshot.at_ms
    read: dict[str, float | None] = {"source": None, "target": None}
    for group in snapshot.groups:
        if not group.service:
            continue
        for side, state, behind, rate in (
            ("source", group.source_state, group.source_behind, group.source_rate_milli),
            ("target", group.target_state, group.target_behind, group.target_rate_milli),
        ):
            run_on(rows.states.setdefault((group.name, side), []), at_ms, state or "unknown")
            seconds = behind.duration_ms / 1_000 if isinstance(behind, Behind) else None
            rows.behind.put(f"{group.name} on {side}", at_ms, seconds)
            if not isinstance(rate, Unknown):
                read[side] = (read[side] or 0.0) + rate / 1_000
    for side, total in read.items():
        rows.read.setdefault(side, []).append((at_ms, total))


def _conditions(rows: SeenRows, snapshot: Snapshot) -> None:
    at_ms = snapshot.at_ms
    for trigger in snapshot.triggers:
        if trigger.limit:
            value = None if isinstance(trigger.value, Unknown) else trigger.value / trigger.limit
            rows.near.put(f"{snapshot.status.wave}: {trigger.name}", at_ms, value)
    if not rows.deltas.is_new(at_ms):
        return
    for row in snapshot.deltas:  # there may be very many: once a stretch
        delta = None if isinstance(row.delta, Unknown) else float(abs(row.delta))
        rows.deltas.put(f"{row.group}: {row.topic}/{row.partition}", at_ms, delta)
