"""`project(state) -> Snapshot`: what a screen may know of a flight. Pure; decides nothing."""

from __future__ import annotations

import numpy as np

from cockpit.core import arming
from cockpit.core.delta import delta_rows
from cockpit.core.facts import Facts, Health
from cockpit.core.flight import FlightState, StepState, WaveState
from cockpit.core.gates import trigger_view
from cockpit.core.lag import append_rate_milli, group_lag, position_column, replication_lag
from cockpit.core.machine import deadline_ms
from cockpit.core.observe import (
    I64,
    MISSING,
    GroupSample,
    LogSample,
    PartitionKeys,
    TopicPartition,
    Unknown,
)
from cockpit.core.parity import acl_checks, fence_binding, topic_checks
from cockpit.core.plan import Side, SignalGate, step_name, touched_topics
from cockpit.core.snapshot import (
    ActionView,
    ArmedView,
    CheckView,
    DeltaRow,
    GateView,
    GroupView,
    PartitionTable,
    SideView,
    SignalView,
    Snapshot,
    StatusView,
    StepView,
    WaveView,
    WritesWord,
)
from cockpit.core.turn import is_moved, produces

WRITES_MAX_AGE_MS = 15_000
"""Who owns writes is read from ACLs and log ends; older readings say nothing."""


def project(state: FlightState, seq: int) -> Snapshot:
    """The whole flight at `state.at_ms`."""
    facts = state.facts
    wave = state.wave()
    return Snapshot(
        seq=seq,
        at_ms=state.at_ms,
        status=_status(state),
        source=_side(state, "source"),
        target=_side(state, "target"),
        mirror=_mirror_word(facts),
        waves=tuple(_wave(state, w) for w in state.waves),
        gates=arming.live_gates(state, wave),
        triggers=_triggers(state, wave),
        partitions=_partitions(state),
        groups=_groups(state),
        deltas=_deltas(state),
        signals=_signals(state),
        checks=_checks(state),
        log=state.log,
        armed=_armed(state),
        actions=_actions(state),
    )


def _status(state: FlightState) -> StatusView:
    wave = state.wave()
    index = _rollback_wave(state)
    waits = index == state.current and wave.word in ("ready", "pending") and index > 0
    if waits and state.waves[index - 1].attempt:
        index -= 1  # until the next wave begins, the one before is what could go back
    word, since, detail = arming.rollback_word(state, state.waves[index])
    writes, writes_detail = writes_word(state)
    step = wave.steps[wave.cursor] if 0 <= wave.cursor < len(wave.steps) else None
    name = step_name(step.step) if step and wave.word not in ("ready", "done") else ""
    return StatusView(
        plan=state.plan.name,
        environment=state.plan.environment,
        session=state.session,
        simulated=state.simulated,
        wave=wave.wave.name,
        wave_number=state.current + 1,
        waves=len(state.waves),
        step=f"undo {name}" if wave.back and name else name,
        paused=state.paused,
        writes=writes,
        writes_detail=writes_detail,
        blocked_since_ms=wave.blocked_since_ms,
        deadline_ms=deadline_ms(state),
        rollback=word,
        rollback_since_ms=since,
        rollback_detail=detail,
        outcome=state.outcome,
    )


def _rollback_wave(state: FlightState) -> int:
    index, _ = arming.rollback_index(state)
    return state.current if index is None else index


def writes_word(state: FlightState) -> tuple[WritesWord, str]:
    """Who owns the writes of the current wave's topics, read from the clusters.

    The fence is read from the source's ACLs, a write on the target from its log ends. What the
    flight has ordered counts only as long as no reading is newer.
    """
    wave, facts = state.wave(), state.facts
    topics = produces(state, wave)
    if not topics:
        return "SOURCE", "this wave writes nothing"
    detail = ", ".join(topics)
    if wave.closed_at_ms is not None:
        return "TARGET", detail
    acls = facts.acls.get("source")
    if acls is None or state.at_ms - acls.asked_at_ms > WRITES_MAX_AGE_MS:
        return "UNKNOWN", "the source's ACLs are not known"
    fenced = sum(fence_binding(topic) in acls.bindings for topic in topics)
    if acls.asked_at_ms <= (wave.fenced_at_ms or 0):
        return "FENCED", f"{detail} (ordered, not read yet)"
    if fenced == len(topics):
        done = wave.word == "done"
        return ("TARGET", detail) if done else ("FENCED", detail)
    if fenced:
        return "UNKNOWN", f"{fenced} of {len(topics)} topics are fenced"
    return "SOURCE", detail


def _side(state: FlightState, side: Side) -> SideView:
    facts = state.facts
    health = facts.health.get(side, Health("connecting", state.at_ms, "no answer yet"))
    logs, groups, info = facts.newest_logs(side), facts.newest_groups(side), facts.info.get(side)
    asked = min((s.asked_at_ms for s in (logs, groups) if s is not None), default=None)
    return SideView(
        side=side,
        health=health.word,
        since_ms=health.since_ms,
        reason=health.reason,
        asked_at_ms=asked,
        cluster_id=info.cluster_id if info else "",
        brokers=len(info.brokers) if info else 0,
        simulated=state.simulated,
    )


def _mirror_word(facts: Facts) -> str:
    failure = facts.failures.get("mirror")
    if failure is not None:
        return f"unknown: {failure.reason}"
    mirror = facts.newest_mirror()
    if mirror is None:
        return "unknown: no answer yet"
    for connector in mirror.connectors:
        for task in connector.tasks:
            if task.state != "RUNNING":
                cause = f": {task.cause}" if task.cause else ""
                return f"{connector.name} task {task.id} {task.state}{cause}"
        if connector.state != "RUNNING":
            return f"{connector.name} {connector.state}"
    return "running"


def _wave(state: FlightState, wave: WaveState) -> WaveView:
    steps = tuple(_step(step) for step in wave.steps)
    return WaveView(wave.wave.name, wave.word, wave.wave.services, steps, wave.detail)


def _step(step: StepState) -> StepView:
    return StepView(
        step_name(step.step), step.word, step.detail, step.started_at_ms, step.ended_at_ms
    )


def _triggers(state: FlightState, wave: WaveState) -> tuple[GateView, ...]:
    name = wave.wave.name
    return tuple(
        trigger_view(t, state.histories.get(f"{name}.triggers.{i}", ()), state.plan, state.at_ms)
        for i, t in enumerate(wave.wave.rollback.triggers)
    )


def _partitions(state: FlightState) -> PartitionTable:
    """All partitions of both sides in one order: the source's, then what only the target has."""
    facts = state.facts
    source, target = facts.newest_logs("source"), facts.newest_logs("target")
    names = list(source.keys.names) if source else []
    if target:
        seen = source.keys.position if source else {}
        names.extend(name for name in target.keys.names if name not in seen)
    keys = (
        source.keys if source and len(names) == len(source.keys) else PartitionKeys.of(tuple(names))
    )
    lag = replication_lag(facts)
    empty = np.full(len(keys), MISSING, dtype=np.int64)
    rate = append_rate_milli(facts, "source")
    mirror = facts.newest_mirror()
    known = None if isinstance(lag, Unknown) else lag
    position = empty
    if known is not None:
        position = _align(keys, known.logs.keys.names, known.position)
    elif source is not None and mirror is not None:
        position = _align(keys, source.keys.names, position_column(source, mirror.positions))
    return PartitionTable(
        keys=keys,
        source_start=_column(keys, source, "start"),
        source_end=_column(keys, source, "end"),
        target_start=_column(keys, target, "start"),
        target_end=_column(keys, target, "end"),
        mirror_position=position,
        lag=empty if known is None else _align(keys, known.logs.keys.names, known.lag),
        source_rate_milli=empty
        if rate is None or source is None
        else _align(keys, source.keys.names, rate),
        source_at_ms=source.asked_at_ms if source else None,
        target_at_ms=target.asked_at_ms if target else None,
        mirror_at_ms=mirror.asked_at_ms if mirror else None,
        wave=frozenset(touched_topics(state.plan.wave_services(state.wave().wave))),
    )


def _column(keys: PartitionKeys, logs: LogSample | None, which: str) -> I64:
    if logs is None:
        return np.full(len(keys), MISSING, dtype=np.int64)
    return _align(keys, logs.keys.names, logs.start if which == "start" else logs.end)


def _align(keys: PartitionKeys, names: tuple[TopicPartition, ...], values: I64) -> I64:
    """A column in another key order; MISSING where it has no value."""
    if names is keys.names:
        return values
    column = np.full(len(keys), MISSING, dtype=np.int64)
    for name, value in zip(names, values.tolist(), strict=True):
        index = keys.position.get(name)
        if index is not None:
            column[index] = value
    return column


def _groups(state: FlightState) -> tuple[GroupView, ...]:
    facts = state.facts
    source, target = facts.newest_groups("source"), facts.newest_groups("target")
    by_group = {s.group: s for s in state.plan.services if s.group}
    names = [*by_group]
    for sample in (source, target):
        names.extend(n for n in (sample.groups if sample else ()) if n not in names)
    views: list[GroupView] = []
    for name in names:
        service = by_group.get(name)
        words = [_group_word(sample, name) for sample in (source, target)]
        lags: list[int | Unknown] = []
        for side in ("source", "target"):
            topics = service.consumes if service else _group_topics(facts, side, name)
            lag = group_lag(facts, side, name, topics)
            lags.append(lag if isinstance(lag, Unknown) else lag.records)
        views.append(
            GroupView(
                name=name,
                service=service.name if service else "",
                source_state=words[0][0],
                target_state=words[1][0],
                source_members=words[0][1],
                target_members=words[1][1],
                source_lag_records=lags[0],
                target_lag_records=lags[1],
                source_at_ms=source.asked_at_ms if source else None,
                target_at_ms=target.asked_at_ms if target else None,
            )
        )
    return tuple(views)


def _group_topics(facts: Facts, side: Side, group: str) -> tuple[str, ...]:
    sample = facts.newest_groups(side)
    state = sample.groups.get(group) if sample else None
    return tuple({topic for topic, _ in state.keys}) if state else ()


def _group_word(sample: GroupSample | None, name: str) -> tuple[str, int | None]:
    if sample is None:
        return "unknown", None
    state = sample.groups.get(name)
    if state is None:
        return "absent", 0
    if state.unknown is not None:
        return "unknown", None
    return state.state, state.members


def _deltas(state: FlightState) -> tuple[DeltaRow, ...]:
    """Groups that still run on the source: those of moved waves have their own place."""
    rows: list[DeltaRow] = []
    for wave in state.waves:
        if is_moved(wave):
            continue
        for service in state.plan.wave_services(wave.wave):
            rows.extend(delta_rows(state.facts, service))
    return tuple(rows)


def _signals(state: FlightState) -> tuple[SignalView, ...]:
    views: list[SignalView] = []
    for spec in state.plan.signals:
        samples = state.facts.signals.get(spec.name, ())
        failure = state.facts.failures.get(f"signal.{spec.name}")
        newest = samples[-1] if samples else None
        value: float | Unknown
        if failure is not None:
            value = Unknown(failure.reason)
        else:
            value = newest.value if newest else Unknown("not read yet")
        limits = [
            condition.max_value
            for wave in state.plan.waves
            for condition in (*wave.gates, *wave.rollback.triggers)
            if isinstance(condition, SignalGate) and condition.name == spec.name
        ]
        history = [(s.asked_at_ms, s.value) for s in samples]
        if failure is not None:
            history.append((failure.asked_at_ms, Unknown(failure.reason)))
        views.append(
            SignalView(
                name=spec.name,
                unit=spec.unit,
                value=value,
                at_ms=newest.asked_at_ms if newest else None,
                max_age_ms=spec.max_age_ms,
                history=tuple(history),
                limit=min(limits, default=None),
            )
        )
    return tuple(views)


def _checks(state: FlightState) -> tuple[CheckView, ...]:
    checks: list[CheckView] = []
    for kind, compare in (("config", topic_checks), ("acl", acl_checks)):
        found = compare(state.plan, state.facts)
        if isinstance(found, Unknown):
            word = "config" if kind == "config" else "acl"
            checks.append(CheckView(word, "all", "unknown", "?", "?", found.reason))  # type: ignore[arg-type]  # one of two literals
        else:
            checks.extend(found)
    mirror = state.facts.newest_mirror()
    for connector in mirror.connectors if mirror else ():
        tasks = ", ".join(f"{t.id} {t.state}" for t in connector.tasks) or "no tasks"
        bad = connector.state != "RUNNING" or any(t.state != "RUNNING" for t in connector.tasks)
        cause = next((t.cause for t in connector.tasks if t.cause), "")
        checks.append(
            CheckView(
                "connector",
                connector.name,
                "open" if bad else "equal",
                connector.state,
                tasks,
                cause,
            )
        )
    return tuple(checks)


def _armed(state: FlightState) -> ArmedView | None:
    armed = state.armed
    if armed is None:
        return None
    index = _rollback_wave(state) if armed.verb == "rollback" else state.current
    return ArmedView(
        verb=armed.verb,
        wave=state.waves[index].wave.name,
        by=armed.by,
        token=armed.token,
        armed_at_ms=armed.armed_at_ms,
        confirm_from_ms=armed.armed_at_ms + arming.CONFIRM_AFTER_MS,
        expires_at_ms=armed.armed_at_ms + arming.ARMED_FOR_MS,
        lines=armed.lines,
    )


def _actions(state: FlightState) -> tuple[ActionView, ...]:
    advance = arming.why_not_advance(state)
    back = arming.rollback_index(state)[1]
    end = arming.why_not_end(state)
    pause = "the flight has ended" if state.outcome else ""
    if not pause and state.paused:
        pause = "paused already"
    return (
        ActionView("advance", not advance, advance),
        ActionView("rollback", not back, back),
        ActionView("pause", not pause, pause),
        ActionView("end", not end, end),
    )
