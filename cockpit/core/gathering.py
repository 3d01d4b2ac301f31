"""Gathers the readings of every gate that is judged over a long window, of all waves still to come.

Reads facts and keeps rows; decides nothing. What is gathered under one name is the same number:
another topic, group or signal, or another side, is another name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from cockpit.core.conditions import (
    Condition,
    GroupLagGate,
    Momentary,
    OffsetDeltaGate,
    ReplicationLagGate,
    SignalGate,
    Windowed,
)
from cockpit.core.flight import FlightState, Keep, WaveState
from cockpit.core.gates import Judgement, Reading, Subject, judge, limit, measure, unit, view
from cockpit.core.observe import Unknown
from cockpit.core.peaks import Over
from cockpit.core.plan import touched_topics
from cockpit.core.snapshot import GateView
from cockpit.core.turn import Turn, is_moved, subject_of
from cockpit.core.windows import Gathered, Rollup, Row, add, judge_over

EVERY_MS = 1_000
_UNDER_WAY = ("running", "holding", "rolling back")
_SLACK_MS = 3_600_000
"""What is kept beyond the longest window."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One number that is gathered, for all gates that ask for it."""

    condition: Windowed
    subject: Subject
    limit: float
    """The strictest."""
    row_ms: int
    keep_ms: int


def over_of(condition: Condition) -> Over | None:
    """The long window of a condition; None: it has none."""
    return None if isinstance(condition, Momentary) else condition.over


def key_of(condition: Windowed, subject: Subject) -> str:
    """The name of the number that a condition is about, the same in every session."""
    services = subject.services
    words: list[object]
    match condition:
        case ReplicationLagGate():
            words = ["replication_lag", *touched_topics(services)]
        case GroupLagGate():
            groups = [
                (s.group, subject.running_on[s.name], s.consumes) for s in services if s.group
            ]
            words = ["group_lag", *groups]
        case OffsetDeltaGate(max_skipped_records=most):
            spec = [(s.group, s.consumes, s.resume) for s in services if s.group]
            words = ["offset_delta", most, *spec]
        case SignalGate(name=name):
            spec_of = [s for s in subject.plan.signals if s.name == name]
            words = [f"signal {name}", *((s.kind, s.url, s.path, s.query, s.argv) for s in spec_of)]
        case _:
            assert_never(condition)
    digest = hashlib.sha256(repr(words).encode()).hexdigest()[:16]
    return f"{words[0]} {digest}"


def watched(state: FlightState) -> Mapping[str, Watched]:
    """Everything that is to be gathered now, by name."""
    found: dict[str, Watched] = {}
    for wave in state.waves:
        for condition, over in _windowed(wave):
            subject = subject_of(state, wave)
            key = key_of(condition, subject)
            known = found.get(key)
            one = Watched(condition, subject, limit(condition), over.row_ms, over.over_ms)
            if known is not None:
                one = replace(
                    one,
                    limit=min(one.limit, known.limit),
                    row_ms=min(one.row_ms, known.row_ms),
                    keep_ms=max(one.keep_ms, known.keep_ms),
                )
            found[key] = one
    return found


def _windowed(wave: WaveState) -> Iterator[tuple[Windowed, Over]]:
    """Gates with a long window that still mean something. A wave under way has stopped its own
    groups: what they are behind then says nothing about the clusters."""
    if is_moved(wave):
        return
    for gate in wave.wave.gates:
        if isinstance(gate, Momentary) or gate.over is None:
            continue
        own = isinstance(gate, GroupLagGate | OffsetDeltaGate)
        if not (own and wave.word in _UNDER_WAY):
            yield gate, gate.over


def gather(turn: Turn) -> None:
    """One reading of everything that is watched, at most once a second."""
    state = turn.state
    if turn.now_ms - state.gathered.at_ms < EVERY_MS:
        return
    wanted = watched(state)
    if not wanted:
        return
    rollups, newest = dict(state.gathered.rollups), dict(state.gathered.newest)
    kept: list[tuple[str, Row]] = []
    for key, one in wanted.items():
        reading = measure(one.condition, one.subject, state.facts, turn.now_ms)
        if newest.get(key) == (reading.at_ms, reading.value):
            continue
        newest[key] = reading.at_ms, reading.value
        rollup = rollups.get(key, Rollup()).since(turn.now_ms - one.keep_ms - _SLACK_MS)
        rollups[key], closed = add(
            rollup, reading.at_ms, reading.value, limit=one.limit, row_ms=one.row_ms
        )
        kept.extend((key, row) for row in closed)
    turn.set(gathered=Gathered(turn.now_ms, rollups, newest))
    if kept:
        turn.commands.append(Keep(tuple(kept)))


def window_view(
    condition: Windowed,
    over: Over,
    history: tuple[Reading, ...],
    state: FlightState,
    wave: WaveState,
) -> GateView:
    """A gate over a long window: good now, and good all the time."""
    most = limit(condition)
    now = judge(
        history,
        good=lambda value: value <= most,
        for_ms=0,
        max_age_ms=condition.max_age_ms,
        now_ms=state.at_ms,
    )
    verdict = _over_all(condition, over, now, history, state, wave)
    shown = view(condition, history, state.plan, verdict)
    blind = verdict.verdict == "UNKNOWN" and now.verdict == "PASS"
    value: float | Unknown = history[-1].value if blind else shown.value
    return replace(shown, for_ms=over.over_ms, value=value)


def _over_all(
    condition: Windowed,
    over: Over,
    now: Judgement,
    history: tuple[Reading, ...],
    state: FlightState,
    wave: WaveState,
) -> Judgement:
    rollup = state.gathered.rollups.get(key_of(condition, subject_of(state, wave)), Rollup())
    at_ms = history[-1].at_ms if history else state.at_ms
    seen = judge_over(
        rollup,
        over,
        limit=limit(condition),
        counts=unit(condition, state.plan),
        at_ms=at_ms,
        now_ms=state.at_ms,
    )
    if now.verdict == "PASS":
        return Judgement(seen.verdict, seen.held_ms, f"{seen.evidence}; now {now.evidence}")
    return Judgement(now.verdict, 0, f"{now.evidence}; {seen.evidence}")
