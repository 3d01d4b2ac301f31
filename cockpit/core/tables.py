"""The large parts of a snapshot: partitions, groups, places of groups. Pure; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from cockpit.core.agreement import lag_by_logs
from cockpit.core.columns import missing, realign
from cockpit.core.costs import release_text
from cockpit.core.delta import delta_rows, image_sums
from cockpit.core.facts import Facts
from cockpit.core.flight import FlightState
from cockpit.core.history import append_rate_milli
from cockpit.core.lag import (
    ReplicationLag,
    group_behind,
    group_lag,
    position_column,
    replication_lag,
)
from cockpit.core.observe import (
    I64,
    GroupSample,
    LogSample,
    PartitionKeys,
    Unknown,
)
from cockpit.core.plan import SIDES, Service, Side, touched_topics
from cockpit.core.remember import Remembered
from cockpit.core.snapshot import DeltaRow, DrainView, GroupView, PartitionTable, TimeLeft
from cockpit.core.trends import ALL_TOPICS, Series, Trends, silent
from cockpit.core.turn import is_moved

_Pace = tuple[int | Unknown, TimeLeft | Unknown]
"""What a group reads per 1000 s, and how long its lag takes to be worked off."""

_KEYS: Remembered[PartitionKeys] = Remembered()
_DRAINS: Remembered[list[tuple[str, int | Unknown, TimeLeft | Unknown]]] = Remembered()
_PACES: Remembered[dict[tuple[Side, str], _Pace]] = Remembered()
_UNSEEN: Final = (Series().rate_milli(), Series().left())


def partitions(state: FlightState) -> PartitionTable:
    """All partitions of both sides in one order: the source's, then what only the target has."""
    facts = state.facts
    source, target = facts.newest_logs("source"), facts.newest_logs("target")
    keys = _merged(source, target)
    lag = replication_lag(facts)
    mirror = facts.newest_mirror()
    by_logs = lag_by_logs(facts)
    position = missing(keys)
    if isinstance(lag, ReplicationLag):
        position = realign(keys, lag.logs.keys, lag.position)
    elif mirror is not None:
        position = position_column(keys, mirror.positions)
    return PartitionTable(
        keys=keys,
        source_start=_column(keys, source, "start"),
        source_end=_column(keys, source, "end"),
        target_start=_column(keys, target, "start"),
        target_end=_column(keys, target, "end"),
        mirror_position=position,
        lag=missing(keys) if isinstance(lag, Unknown) else realign(keys, lag.logs.keys, lag.lag),
        lag_by_logs=missing(keys)
        if isinstance(by_logs, Unknown)
        else realign(keys, by_logs.source.keys, by_logs.lag),
        source_rate_milli=_rate(keys, facts, "source"),
        target_rate_milli=_rate(keys, facts, "target"),
        source_at_ms=source.asked_at_ms if source else None,
        target_at_ms=target.asked_at_ms if target else None,
        mirror_at_ms=mirror.asked_at_ms if mirror else None,
        wave=frozenset(touched_topics(state.plan.wave_services(state.wave().wave))),
        source_starts_at_ms=source.starts_asked_at_ms() if source else None,
        target_starts_at_ms=target.starts_asked_at_ms() if target else None,
    )


def _merged(source: LogSample | None, target: LogSample | None) -> PartitionKeys:
    left = source.keys if source else PartitionKeys.of(())
    right = target.keys if target else left
    return _KEYS.get((left, right), lambda: _merge(left, right))


def _merge(left: PartitionKeys, right: PartitionKeys) -> PartitionKeys:
    more = tuple(name for name in right.names if name not in left.position)
    return PartitionKeys.of((*left.names, *more)) if more else left


def _column(keys: PartitionKeys, logs: LogSample | None, which: str) -> I64:
    if logs is None:
        return missing(keys)
    return realign(keys, logs.keys, logs.start if which == "start" else logs.end)


def _rate(keys: PartitionKeys, facts: Facts, side: Side) -> I64:
    history = facts.history.get(side)
    rate = append_rate_milli(history)
    return missing(keys) if rate is None or history is None else realign(keys, history.keys, rate)


def drains(state: FlightState) -> tuple[DrainView, ...]:
    """Replication of all topics of the plan, then of each."""
    lag = replication_lag(state.facts)
    at_ms = None if isinstance(lag, Unknown) else lag.at_ms
    names, trends = (ALL_TOPICS, *state.plan.topics()), state.watch.trends
    known = _DRAINS.get((state.plan, trends), lambda: [_drain(n, trends) for n in names])
    return tuple(DrainView(*drain, at_ms) for drain in known)


def _drain(topic: str, trends: Trends) -> tuple[str, int | Unknown, TimeLeft | Unknown]:
    series = trends.topics.get(topic, Series())
    lag = Unknown(series.why) if series.now is None else series.now.lag
    return topic, lag, series.left()


def groups(state: FlightState, rows: tuple[DeltaRow, ...]) -> tuple[GroupView, ...]:
    """Groups of the plan first, in its order; then every other one."""
    facts = state.facts
    by_group = {s.group: s for s in state.plan.services if s.group}
    samples = [facts.newest_groups(side) for side in SIDES]
    names = dict.fromkeys(by_group)
    for sample in samples:
        names.update(dict.fromkeys(sample.groups if sample else ()))
    by_rows: dict[str, list[DeltaRow]] = {}
    for row in rows:
        by_rows.setdefault(row.group, []).append(row)
    notes = silent(state.watch.trends, facts)
    return tuple(
        _group(state, name, by_group.get(name), by_rows.get(name, []), notes) for name in names
    )


def _group(
    state: FlightState,
    name: str,
    service: Service | None,
    rows: list[DeltaRow],
    notes: Mapping[str, str],
) -> GroupView:
    facts = state.facts
    source, target = facts.newest_groups("source"), facts.newest_groups("target")
    words = [_group_word(sample, name) for sample in (source, target)]
    lags: list[int | Unknown] = []
    times: list[int | None] = []
    for side, sample in zip(SIDES, (source, target), strict=True):
        lag = group_lag(facts, side, name, service.consumes if service else None)
        lags.append(lag if isinstance(lag, Unknown) else lag.records)
        at_ms = sample.asked_at_ms if sample else None
        times.append(at_ms if at_ms is None or isinstance(lag, Unknown) else min(at_ms, lag.at_ms))
    view = GroupView(
        name=name,
        service=service.name if service else "",
        source_state=words[0][0],
        target_state=words[1][0],
        source_members=words[0][1],
        target_members=words[1][1],
        source_lag_records=lags[0],
        target_lag_records=lags[1],
        source_at_ms=times[0],
        target_at_ms=times[1],
    )
    return view if service is None else _of_plan(state, view, service, rows, notes)


def _of_plan(
    state: FlightState,
    view: GroupView,
    service: Service,
    rows: list[DeltaRow],
    notes: Mapping[str, str],
) -> GroupView:
    """What is worked out for the plan's own groups alone."""
    pace = _PACES.get((state.watch.trends,), lambda: _paces(state.watch.trends))
    source, target = (pace.get((side, view.name), _UNSEEN) for side in SIDES)
    behind = [group_behind(state.facts, side, view.name, service.consumes) for side in SIDES]
    reread, skipped = image_sums(rows) if rows else (Unknown("no rows"), Unknown("no rows"))
    return replace(
        view,
        source_rate_milli=source[0],
        target_rate_milli=target[0],
        source_left=source[1],
        target_left=target[1],
        source_behind=behind[0],
        target_behind=behind[1],
        reread_records=reread,
        skipped_records=skipped,
        note=notes.get(view.name, ""),
        release=release_text(state.facts, service) if rows else "",
    )


def _paces(trends: Trends) -> dict[tuple[Side, str], _Pace]:
    return {key: (series.rate_milli(), series.left()) for key, series in trends.groups.items()}


def _group_word(sample: GroupSample | None, name: str) -> tuple[str, int | None]:
    if sample is None:
        return "unknown", None
    state = sample.groups.get(name)
    if state is None:
        return "absent", 0
    if state.unknown is not None:
        return "unknown", None
    return state.state, None if state.members_unknown is not None else state.members


def deltas(state: FlightState) -> tuple[DeltaRow, ...]:
    """Groups that still run on the source: those of moved waves have their own place."""
    rows: list[DeltaRow] = []
    for wave in state.waves:
        if is_moved(wave):
            continue
        for service in state.plan.wave_services(wave.wave):
            rows.extend(delta_rows(state.facts, service))
    return tuple(rows)
