"""`project(state) -> Snapshot`: what a screen may know of a flight. Pure; decides nothing."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core import arming, coordination, openings, tables
from cockpit.core.confirming import level, way_back
from cockpit.core.driving import crew_view
from cockpit.core.errorrates import error_rates
from cockpit.core.facts import Facts, Health
from cockpit.core.feedstate import feed_views
from cockpit.core.fences import bindings_by_topic, fenced_topics
from cockpit.core.flight import FlightState, StepState, WaveState
from cockpit.core.gates import trigger_view
from cockpit.core.goingback import rollback_index, wave_of
from cockpit.core.machine import deadline_ms
from cockpit.core.mirrorword import mirror_word
from cockpit.core.observe import Unknown
from cockpit.core.parity import all_checks
from cockpit.core.plan import Plan, Side, SignalGate, step_name, touched_topics
from cockpit.core.price import price, rollback_word
from cockpit.core.remember import Remembered
from cockpit.core.rereads import lately
from cockpit.core.services import service_views
from cockpit.core.snapshot import (
    ActionView,
    ArmedView,
    GateView,
    PriceView,
    SideView,
    SignalView,
    Snapshot,
    StatusView,
    StepView,
    WaveView,
    WritesWord,
)
from cockpit.core.turn import fences_of, moved_of, produces, services_of
from cockpit.core.wayback import way_back_view

WRITES_MAX_AGE_MS = 15_000
"""Who owns writes is read from ACLs and log ends; older readings say nothing."""
_WAVES: Remembered[tuple[WaveView, ...]] = Remembered()
_SIGNALS: Remembered[tuple[SignalView, ...]] = Remembered()


def project(state: FlightState, seq: int) -> Snapshot:
    """The whole flight at `state.at_ms`."""
    facts = state.facts
    wave = state.wave()
    rows = tables.deltas(state)
    return Snapshot(
        seq=seq,
        at_ms=state.at_ms,
        status=_status(state),
        source=_side(state, "source"),
        target=_side(state, "target"),
        mirror=mirror_word(facts, state.at_ms),
        waves=_WAVES.get((state.waves,), lambda: tuple(map(_wave, state.waves))),
        gates=openings.live_gates(state, wave),
        triggers=_triggers(state, wave),
        partitions=tables.partitions(state),
        groups=tables.groups(state, rows),
        deltas=rows,
        signals=_SIGNALS.get(
            (state.plan, facts.signals, facts.failures), lambda: _signals(state.plan, facts)
        ),
        checks=all_checks(
            state.plan,
            facts,
            frozenset(moved_of(state).produced()),
            fences_of(state),
            now_ms=state.at_ms,
        ),
        log=state.log,
        armed=_armed(state),
        actions=_actions(state),
        feeds=feed_views(facts.feeds),
        alarms=state.watch.alarms,
        drains=tables.drains(state),
        stragglers=state.watch.stragglers,
        error_rates=error_rates(facts.errors, state.at_ms),
        left_over=state.left.found,
        crew=crew_view(state),
        coordination=coordination.view(state),
        services=service_views(state),
        way_back=way_back_view(state),
        past=state.watch.past,
    )


def _status(state: FlightState) -> StatusView:
    wave = state.wave()
    index = _rollback_wave(state)
    waits = index == state.current and wave.word in ("ready", "pending") and index > 0
    if waits and state.waves[index - 1].attempt:
        index -= 1  # until the next wave begins, the one before is what could go back
    word, since, _ = rollback_word(state, state.waves[index])
    cost = _cost(state, state.waves[index])
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
        rollback_detail=cost.text,
        outcome=state.outcome,
        price=cost,
    )


def _cost(state: FlightState, wave: WaveState) -> PriceView:
    """What going back costs, and the most that it did lately."""
    cost = price(state, wave)
    if wave.word in ("ready", "pending", "rolled back"):
        return cost
    attempt = (wave.wave.name, wave.attempt)
    return replace(cost, reread_lately=lately(state.rereads, attempt, cost, state.at_ms))


def _rollback_wave(state: FlightState) -> int:
    index, _ = rollback_index(state)
    return state.current if index is None else index


def writes_word(state: FlightState) -> tuple[WritesWord, str]:
    """Who owns the writes of the current wave's topics, read from the clusters.

    The fence is read from the source's ACLs, a write on the target from its log ends. What the
    flight has ordered counts only as long as no reading is newer.
    """
    wave, facts = state.wave(), state.facts
    if state.plan.replication.kind == "link":
        return _by_link(state, wave)
    topics = produces(state, wave)
    if not topics:
        return "SOURCE", "this wave writes nothing"
    detail = ", ".join(topics)
    if wave.closed_at_ms is not None:
        return "TARGET", detail
    wanted = bindings_by_topic(wave.wave, state.plan)
    if not wanted:
        return _only_stopped(state, wave, detail)
    acls = facts.acls.get("source")
    if acls is None or state.at_ms - acls.asked_at_ms > WRITES_MAX_AGE_MS:
        return "UNKNOWN", "the source's ACLs are not known"
    fenced = len(fenced_topics(wave.wave, state.plan, acls))
    if acls.asked_at_ms <= (wave.fenced_at_ms or 0):
        return "FENCED", f"{detail} (ordered, not read yet)"
    if fenced == len(wanted):
        done = wave.word == "done"
        return ("TARGET", detail) if done else ("FENCED", detail)
    if fenced:
        return "UNKNOWN", f"{fenced} of {len(wanted)} topics are fenced"
    return "SOURCE", detail


def _by_link(state: FlightState, wave: WaveState) -> tuple[WritesWord, str]:
    """Who owns writes behind a link's proxy: the source, until a topic is promoted. That it is, the
    link itself has shown before the step was done."""
    promoted = moved_of(state).promoted_ms
    topics = touched_topics(services_of(state, wave))
    left = [topic for topic in topics if topic not in promoted]
    if left:
        return "SOURCE", f"{', '.join(left)}: by the link's proxy also what is sent to the target"
    return "TARGET", f"{', '.join(topics)}: promoted"


def _only_stopped(state: FlightState, wave: WaveState, detail: str) -> tuple[WritesWord, str]:
    """Who owns writes where no ACL refuses any: as far as the flight has ordered."""
    if wave.word == "done":
        return "TARGET", detail
    if wave.fenced_at_ms is not None:
        return "FENCED", f"{detail}: only stopped, nothing refuses a write"
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


def _wave(wave: WaveState) -> WaveView:
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


def _signals(plan: Plan, facts: Facts) -> tuple[SignalView, ...]:
    views: list[SignalView] = []
    for spec in plan.signals:
        samples = facts.signals.get(spec.name, ())
        failure = facts.failures.get(f"signal.{spec.name}")
        newest = samples[-1] if samples else None
        value: float | Unknown
        if failure is not None:
            value = Unknown(failure.reason)
        else:
            value = newest.value if newest else Unknown("not read yet")
        limits = [
            condition.max_value
            for wave in plan.waves
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


def _armed(state: FlightState) -> ArmedView | None:
    armed = state.armed
    if armed is None:
        return None
    poll = state.crew.poll
    return ArmedView(
        verb=armed.verb,
        wave=wave_of(state, armed.verb).wave.name,
        by=armed.by,
        token=armed.token,
        armed_at_ms=armed.armed_at_ms,
        confirm_from_ms=armed.armed_at_ms + arming.CONFIRM_AFTER_MS,
        expires_at_ms=armed.until_ms,
        lines=armed.lines,
        level=level(state, armed.verb),
        way_back=way_back(state, armed.verb),
        said=() if poll is None else tuple(f"{one.user} ({one.role})" for one in poll.said),
        waits_for="" if poll is None else poll.waits_for or "",
    )


def _actions(state: FlightState) -> tuple[ActionView, ...]:
    advance = openings.why_not_advance(state)
    back = rollback_index(state)[1]
    recover = openings.why_not_recover(state)
    end = openings.why_not_end(state)
    pause = "the flight has ended" if state.outcome else ""
    if not pause and state.paused:
        pause = "paused already"
    return (
        ActionView("advance", not advance, advance),
        ActionView("rollback", not back, back),
        ActionView("recover", not recover, recover),
        ActionView("pause", not pause, pause),
        ActionView("end", not end, end),
    )
