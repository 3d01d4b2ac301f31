"""What was seen, by the snapshots: series for plots, verdicts over time, alarms, ages, differences.

One pass over a session; every number keeps the time of the snapshot that showed it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cockpit.core.observe import I64, MISSING, Unknown
from cockpit.core.snapshot import AlarmView, ArmedView, CheckView, GateView, Snapshot, StragglerView
from cockpit.report.document import Point
from cockpit.report.seen_rows import Run, SeenRows, look, no_rows, run_on

Condition = tuple[str, str, int]
"""Wave, name, and which one of that name: some are shown only until their wave has moved."""


@dataclass(slots=True)
class Verdicts:
    """One gate or trigger of one wave over time."""

    wave: str
    name: str
    limit: float
    unit: str
    for_ms: int
    runs: list[Run] = field(default_factory=list)
    """By verdict."""
    looks: dict[str, int] = field(default_factory=dict)
    """Snapshots by verdict."""
    points: list[Point] = field(default_factory=list)
    closest: tuple[int, float] | None = None
    """When the value was nearest to the limit or furthest over it, and the value."""
    first_fail: tuple[int, str] | None = None
    """When, and on what evidence."""


@dataclass(slots=True)
class AlarmSpan:
    """One subject of alarms."""

    subject: str
    level: str
    text: str
    spans: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class Met:
    """Somebody who was on the source after his service had moved, as he was seen last."""

    one: StragglerView
    first_ms: int
    looks: int = 0


@dataclass(frozen=True, slots=True)
class Parity:
    """The compared objects at one moment."""

    at_ms: int
    what: str
    """Which moment it is, such as `readers begins`."""
    counts: dict[str, int]
    checks: tuple[CheckView, ...]
    """Those that were not equal."""


@dataclass(slots=True)
class Seen:
    """Everything of one session."""

    lag: dict[str, list[Point]] = field(default_factory=dict)
    """Worst known lag of a partition, by wave."""
    written: dict[str, list[Point]] = field(default_factory=dict)
    """Records a second on `source` and `target`, over the topics of the wave at work."""
    groups: dict[tuple[str, str], list[Point]] = field(default_factory=dict)
    """Lag by group and side."""
    reread: dict[str, list[Point]] = field(default_factory=dict)
    """What each group would read again, by the exact image."""
    signals: dict[str, list[Point]] = field(default_factory=dict)
    signal_units: dict[str, str] = field(default_factory=dict)
    errors: dict[str, list[Point]] = field(default_factory=dict)
    """Errors of the running minute by class."""
    ages: dict[str, list[Point]] = field(default_factory=dict)
    """Age in ms of the newest good answer, by feed."""
    gates: dict[Condition, Verdicts] = field(default_factory=dict)
    triggers: dict[Condition, Verdicts] = field(default_factory=dict)
    alarms: dict[str, AlarmSpan] = field(default_factory=dict)
    parity: list[Parity] = field(default_factory=list)
    armed: dict[str, ArmedView] = field(default_factory=dict)
    """What was on the screen when somebody armed an order, by its token."""
    blocked: list[tuple[str, int, int]] = field(default_factory=list)
    """Wave, since when its clients were blocked, and when that was last seen or seen to be over."""
    met: dict[tuple[str, str, str], Met] = field(default_factory=dict)
    """Who was met on the source after his move, also where he has left again."""
    heads: dict[tuple[str, ...], tuple[int, str]] = field(default_factory=dict)
    """The journal's newest entry when it was last seen with the waves standing so, and when."""
    last: Snapshot | None = None
    looks: int = 0
    rows: SeenRows = field(default_factory=lambda: no_rows(0, 0))


def see(snapshots: Iterable[Snapshot], from_ms: int, to_ms: int) -> Seen:
    """Go through a session once. `from_ms`, `to_ms`: when it began and ended."""
    seen = Seen(rows=no_rows(from_ms, to_ms))
    words: dict[str, str] = {}
    for snapshot in snapshots:
        seen.looks += 1
        _partitions(seen, snapshot)
        look(seen.rows, snapshot)
        _numbers(seen, snapshot)
        _verdicts(seen.gates, snapshot, snapshot.gates)
        _verdicts(seen.triggers, snapshot, snapshot.triggers)
        _alarms(seen, snapshot, snapshot.alarms)
        _parity(seen, snapshot, words)
        _blocked(seen, snapshot)
        if snapshot.head:
            stood = tuple(wave.word for wave in snapshot.waves)
            seen.heads.pop(stood, None)  # in the order of the newest
            seen.heads[stood] = (snapshot.at_ms, snapshot.head)
        if snapshot.armed is not None:
            seen.armed.setdefault(snapshot.armed.token, snapshot.armed)
        seen.last = snapshot
        _met(seen, snapshot)
    return seen


def _met(seen: Seen, snapshot: Snapshot) -> None:
    """A job that comes once a minute is kept; that nobody could tell for a moment is not."""
    seen.met = {key: met for key, met in seen.met.items() if met.one.kind != "unknown"}
    for one in snapshot.stragglers:
        key = (one.kind, one.where if one.kind == "unlisted writer" else one.name, one.service)
        met = seen.met.setdefault(key, Met(one, one.at_ms))
        met.one = replace(one, who=one.who or met.one.who)
        met.looks = seen.looks


def _partitions(seen: Seen, snapshot: Snapshot) -> None:
    table = snapshot.partitions
    rows = table.keys.of_topics(table.wave)
    at_ms = snapshot.at_ms
    lag = _known(table.lag[rows])
    worst = None if lag is None else float(lag.max())
    seen.lag.setdefault(snapshot.status.wave, []).append((at_ms, worst))
    for side, column in (("source", table.source_rate_milli), ("target", table.target_rate_milli)):
        rates = _known(column[rows])
        total = None if rates is None else float(rates.sum()) / 1_000
        seen.written.setdefault(side, []).append((at_ms, total))


def _known(column: I64) -> I64 | None:
    """The known values; None where there are none."""
    known = column[column != MISSING]
    return known if np.any(column != MISSING) else None


def _numbers(seen: Seen, snapshot: Snapshot) -> None:
    at_ms = snapshot.at_ms
    for group in snapshot.groups:
        if not group.service:
            continue
        for side, lag in (
            ("source", group.source_lag_records),
            ("target", group.target_lag_records),
        ):
            seen.groups.setdefault((group.name, side), []).append((at_ms, _number(lag)))
        seen.reread.setdefault(group.name, []).append((at_ms, _number(group.reread_records)))
    for signal in snapshot.signals:
        old = signal.at_ms is None or at_ms - signal.at_ms > signal.max_age_ms
        value = None if old else _number(signal.value)
        seen.signals.setdefault(signal.name, []).append((at_ms, value))
        seen.signal_units[signal.name] = signal.unit
    kinds: dict[str, float] = {}
    for rate in snapshot.error_rates:
        newest = rate.per_minute[-1] if rate.per_minute else 0
        kinds[rate.kind] = kinds.get(rate.kind, 0.0) + newest
    for kind in sorted({*kinds, *seen.errors}):
        seen.errors.setdefault(kind, []).append((at_ms, kinds.get(kind, 0.0)))
    for feed in snapshot.feeds:
        age = None if feed.asked_at_ms is None else float(at_ms - feed.asked_at_ms)
        seen.ages.setdefault(feed.feed, []).append((at_ms, age))


def _number(value: Any) -> float | None:  # noqa: ANN401  # a number or an Unknown
    return None if isinstance(value, Unknown) else float(value)


def _verdicts(
    known: dict[Condition, Verdicts],
    snapshot: Snapshot,
    views: tuple[GateView, ...],
) -> None:
    wave, at_ms = snapshot.status.wave, snapshot.at_ms
    namesakes: dict[str, int] = {}
    for view in views:
        number = namesakes[view.name] = namesakes.get(view.name, 0) + 1
        key = (wave, view.name, number)
        one = known.get(key)
        if one is None:
            one = known[key] = Verdicts(wave, view.name, view.limit, view.unit, view.for_ms)
        one.looks[view.verdict] = one.looks.get(view.verdict, 0) + 1
        run_on(one.runs, at_ms, view.verdict)
        value = _number(view.value)
        one.points.append((at_ms, value))
        if value is not None and (one.closest is None or value > one.closest[1]):
            one.closest = (at_ms, value)
        if view.verdict == "FAIL" and one.first_fail is None:
            one.first_fail = (at_ms, view.evidence)


def _alarms(seen: Seen, snapshot: Snapshot, alarms: tuple[AlarmView, ...]) -> None:
    at_ms = snapshot.at_ms
    for alarm in alarms:
        one = seen.alarms.setdefault(
            alarm.subject, AlarmSpan(alarm.subject, alarm.level, alarm.text)
        )
        one.text = alarm.text
        one.level = "bad" if "bad" in (one.level, alarm.level) else "warn"
        if one.spans and one.spans[-1][0] == alarm.since_ms:
            one.spans[-1] = (alarm.since_ms, at_ms)
        else:
            one.spans.append((alarm.since_ms, at_ms))


def _blocked(seen: Seen, snapshot: Snapshot) -> None:
    status, before = snapshot.status, seen.last.status if seen.last is not None else None
    since_ms = status.blocked_since_ms
    if before is not None and before.blocked_since_ms not in (None, since_ms):
        seen.blocked[-1] = (*seen.blocked[-1][:2], snapshot.at_ms)
    if since_ms is not None:
        if before is None or before.blocked_since_ms != since_ms:
            seen.blocked.append((status.wave, since_ms, snapshot.at_ms))
        seen.blocked[-1] = (*seen.blocked[-1][:2], snapshot.at_ms)


def _parity(seen: Seen, snapshot: Snapshot, words: dict[str, str]) -> None:
    """The comparison at the first look, and whenever a wave begins or ends."""
    for wave in snapshot.waves:
        before, words[wave.name] = words.get(wave.name), wave.word
        moments = {"running": "begins", "done": "is done", "rolled back": "is back"}
        if before not in (None, wave.word) and wave.word in moments:
            seen.parity.append(_compared(snapshot, f"{wave.name} {moments[wave.word]}"))
    if not seen.parity and snapshot.checks:
        seen.parity.append(_compared(snapshot, "first look"))


def _compared(snapshot: Snapshot, what: str) -> Parity:
    counts: dict[str, int] = {}
    for check in snapshot.checks:
        counts[check.word] = counts.get(check.word, 0) + 1
    others = tuple(check for check in snapshot.checks if check.word not in ("equal", "noted"))
    return Parity(snapshot.at_ms, what, counts, others)
