"""Gates and triggers: measure the clusters, then judge a window of measurements.

`measure` turns facts into one reading, `judge` turns readings into a verdict. No reading is not a
pass, an old reading is not a reading, and "for 60 s" means that every reading of an unbroken
minute was good.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np

from cockpit.core.clientprobes import failed_probes
from cockpit.core.conditions import name
from cockpit.core.costs import row_cost
from cockpit.core.delta import delta_rows
from cockpit.core.facts import Facts
from cockpit.core.lag import (
    first_unknown,
    group_lag,
    not_there,
    replication_lag,
    reverse_lag,
    select,
)
from cockpit.core.observe import AclBinding, Unknown, partition_text
from cockpit.core.parity import asked_at_ms, wanted_by
from cockpit.core.parity import checks as parity_checks
from cockpit.core.parity.found import ranked
from cockpit.core.plan import (
    ClientProbeGate,
    Condition,
    GroupLagGate,
    OffsetDeltaGate,
    ParityGate,
    Plan,
    ReplicationLagGate,
    Service,
    Side,
    SignalGate,
    touched_topics,
)
from cockpit.core.quantities import quantity
from cockpit.core.snapshot import CheckView, GateView, Verdict


@dataclass(frozen=True, slots=True)
class Reading:
    """One measurement. `at_ms` is the time of the oldest sample that it stands on."""

    at_ms: int
    value: float | Unknown
    evidence: str
    run_ms: int | None = None
    """Of the oldest that is kept: since when those before it, which are not kept any more, were on
    the same side of the limit without a gap; None: they were not."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a wave's conditions are about: its services, and the side on which each group runs."""

    plan: Plan
    services: tuple[Service, ...]
    running_on: Mapping[str, Side]
    """By service name."""
    fences: frozenset[AclBinding] = frozenset()
    """ACLs of the fences that the flight has ordered."""
    reversed: frozenset[str] = frozenset()
    """Topics that a second mirror brings from the target to the source by now."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and how it came about."""

    verdict: Verdict
    held_ms: int
    evidence: str


def judge(
    readings: tuple[Reading, ...],
    *,
    good: Callable[[float], bool],
    for_ms: int,
    max_age_ms: int,
    now_ms: int,
) -> Judgement:
    """PASS only when every reading of the last `for_ms` was good, without a gap over
    `max_age_ms`. Readings are in the order of measuring."""
    if not readings:
        return Judgement("UNKNOWN", 0, "no sample yet")
    newest = readings[-1]
    age_ms = now_ms - newest.at_ms
    if age_ms > max_age_ms:
        return Judgement("UNKNOWN", 0, f"newest sample is {age_ms / 1000:.1f} s old")
    if isinstance(newest.value, Unknown):
        return Judgement("UNKNOWN", 0, newest.value.reason)
    if not good(newest.value):
        return Judgement("FAIL", 0, newest.evidence)
    held_ms = max(0, newest.at_ms - _since_ms(readings, good, max_age_ms))
    if held_ms < for_ms:
        window = f"good for {held_ms / 1000:.0f} of {for_ms / 1000:.0f} s"
        return Judgement("INCONCLUSIVE", held_ms, f"{window}; {newest.evidence}")
    return Judgement("PASS", held_ms, newest.evidence)


def _since_ms(readings: tuple[Reading, ...], good: Callable[[float], bool], max_age_ms: int) -> int:
    """Since when all were good without a gap, up to the newest, which is."""
    oldest = readings[-1]
    since_ms = oldest.at_ms
    for reading in reversed(readings):
        gap = oldest.at_ms - reading.at_ms
        if gap > max_age_ms or isinstance(reading.value, Unknown) or not good(reading.value):
            break
        oldest = reading
        since_ms = min(since_ms, reading.at_ms)
        if reading.run_ms is not None:
            since_ms = min(since_ms, reading.run_ms)
    bad_ms = [r.at_ms for r in readings if isinstance(r.value, Unknown) or not good(r.value)]
    return max((since_ms, *bad_ms))


def limit(condition: Condition) -> float:
    """The number that a value may not exceed."""
    match condition:
        case ReplicationLagGate() | GroupLagGate():
            return condition.max_records
        case OffsetDeltaGate():
            return condition.max_reread_records
        case ParityGate() | ClientProbeGate():
            return 0
        case SignalGate():
            return condition.max_value


def unit(condition: Condition, plan: Plan) -> str:
    """What the value counts."""
    match condition:
        case ReplicationLagGate() | GroupLagGate() | OffsetDeltaGate():
            return "records"
        case ParityGate():
            return "differences"
        case ClientProbeGate():
            return "failed"
        case SignalGate(name=signal):
            return next((s.unit for s in plan.signals if s.name == signal), "")


def measure(condition: Condition, subject: Subject, facts: Facts, now_ms: int) -> Reading:
    """The value of a condition now."""
    match condition:
        case ReplicationLagGate():
            return _replication_lag(subject, facts, now_ms)
        case GroupLagGate():
            return _group_lag(subject, facts, now_ms)
        case OffsetDeltaGate():
            return _offset_delta(condition, subject, facts, now_ms)
        case ParityGate():
            return _parity(condition, subject, facts, now_ms)
        case SignalGate(name=signal):
            return _signal(signal, unit(condition, subject.plan), facts, now_ms)
        case ClientProbeGate():
            return _client_probe(subject, facts, now_ms)
        case _:
            assert_never(condition)


def _unknown(now_ms: int, reason: str) -> Reading:
    return Reading(now_ms, Unknown(reason), reason)


def _replication_lag(subject: Subject, facts: Facts, now_ms: int) -> Reading:
    """Each topic's lag in the direction in which it is mirrored by now."""
    topics = touched_topics(subject.services)
    back = subject.reversed.intersection(topics)
    if not back:
        return _forward_lag(topics, facts, now_ms)
    reverse = reverse_lag(facts, back)
    if isinstance(reverse, Unknown):
        return _unknown(now_ms, reverse.reason)
    text = f"back to the source: worst {partition_text(reverse.worst)} {reverse.records:,}"
    forth = tuple(topic for topic in topics if topic not in back)
    if not forth:
        return Reading(reverse.at_ms, float(reverse.records), text)
    ahead = _forward_lag(forth, facts, now_ms)
    if isinstance(ahead.value, Unknown):
        return ahead
    worst = max(ahead.value, float(reverse.records))
    return Reading(min(ahead.at_ms, reverse.at_ms), worst, f"{ahead.evidence}; {text}")


def _forward_lag(topics: tuple[str, ...], facts: Facts, now_ms: int) -> Reading:
    lag = replication_lag(facts)
    if isinstance(lag, Unknown):
        return _unknown(now_ms, lag.reason)
    indexes = select(lag.logs, topics)
    present = {lag.logs.keys.names[i][0] for i in indexes}
    if absent := sorted(set(topics) - present):
        return _unknown(now_ms, f"no topic {absent[0]} on the source")
    if (why := first_unknown(lag, indexes)) is not None:
        return _unknown(now_ms, why)
    values = lag.lag[indexes]
    worst = int(np.argmax(values))
    topic, partition = lag.logs.keys.names[indexes[worst]]
    if (ahead := int(values.min())) < 0:
        topic, partition = lag.logs.keys.names[indexes[int(np.argmin(values))]]
        return _unknown(
            now_ms, f"{topic}/{partition}: the mirror is {-ahead:,} past the source's end"
        )
    total = int(values.sum())
    evidence = (
        f"worst {topic}/{partition} {int(values[worst]):,}, {total:,} in {len(values):,} partitions"
    )
    return Reading(lag.at_ms, float(values[worst]), evidence)


def _group_lag(subject: Subject, facts: Facts, now_ms: int) -> Reading:
    worst: tuple[int, str] | None = None
    times: list[int] = []
    for service in subject.services:
        if service.group is None:
            continue
        side = subject.running_on[service.name]
        lag = group_lag(facts, side, service.group, service.consumes)
        if isinstance(lag, Unknown):
            return _unknown(now_ms, lag.reason)
        times.append(lag.at_ms)
        if worst is None or lag.records > worst[0]:
            where = f", most in {partition_text(lag.worst)}" if lag.worst else ""
            worst = lag.records, f"{service.group} on {side}: {lag.records:,}{where}"
    if worst is None:
        return Reading(now_ms, 0.0, "the wave has no consumer group")
    return Reading(min(times), float(worst[0]), worst[1])


def _offset_delta(
    condition: OffsetDeltaGate, subject: Subject, facts: Facts, now_ms: int
) -> Reading:
    reread, rows_seen = 0, 0
    at_ms = now_ms
    proved, possible = (0, ""), (0, "")
    logs = facts.newest_logs("source")
    outside = [s.name for s in subject.services if s.resume == "external"]
    for service in subject.services:
        if service.name in outside:
            continue
        total = 0
        absent = not_there(logs, service.consumes) if logs and service.group else None
        if absent is not None:
            return _unknown(now_ms, absent.reason)
        for row in delta_rows(facts, service):
            where = f"{row.group} {row.topic}/{row.partition}"
            if row.at_ms is None:
                return _unknown(now_ms, "commits or offset-syncs not read yet")
            cost = row_cost(facts, service, row)
            if isinstance(cost, Unknown):
                return _unknown(now_ms, f"{where}: {cost.reason}")
            rows_seen += 1
            total += cost.reread_max
            at_ms = min(at_ms, row.at_ms)
            proved = max(proved, (cost.skipped_min, where))
            possible = max(possible, (cost.skipped_max, where))
        reread += total
    apart = f"kept outside Kafka: {', '.join(outside)}"
    if outside and not rows_seen:
        return _unknown(now_ms, apart)
    if any(s.group for s in subject.services) and not rows_seen:
        return _unknown(now_ms, "no partition of the wave's groups is known yet")
    most = condition.max_skipped_records
    if proved[0] > most:
        evidence = f"{proved[1]} would skip up to {proved[0]:,} records"
        return Reading(at_ms, float("inf"), evidence)
    if possible[0] > most:
        why = "nothing that is fresh proves that it would not"
        return _unknown(now_ms, f"{possible[1]} may skip up to {possible[0]:,} records: {why}")
    skips = max(proved[0], possible[0])
    text = f"at most {skips:,} in one partition" if skips else "none"
    evidence = f"at most {reread:,} records read again, {text} skipped"
    evidence += f"; not counted, {apart}" if outside else ""
    return Reading(at_ms, float(reread), evidence)


def _parity(condition: ParityGate, subject: Subject, facts: Facts, now_ms: int) -> Reading:
    checks: list[CheckView] = []
    times: list[int] = []
    moved = frozenset(
        topic
        for service in subject.plan.services
        if subject.running_on.get(service.name) == "target"
        for topic in service.produces
    )
    for kind in wanted_by(condition):
        found = parity_checks(kind, subject.plan, facts, moved, subject.fences)
        if isinstance(found, Unknown):
            return _unknown(now_ms, found.reason)
        checks.extend(found)
        times.extend(asked_at_ms(kind, facts))
    checks = list(ranked(checks))
    blind = [check for check in checks if check.word == "unknown"]
    if blind:
        return _unknown(now_ms, f"{blind[0].name}: {blind[0].why}")
    open_checks = [check for check in checks if check.word == "open"]
    approved = sum(check.word == "approved" for check in checks)
    evidence = f"{len(checks):,} compared, {approved:,} approved"
    if open_checks:
        evidence = f"{len(open_checks)} open, first: {open_checks[0].name} ({open_checks[0].why})"
    return Reading(min(times, default=now_ms), float(len(open_checks)), evidence)


def _signal(signal: str, counts: str, facts: Facts, now_ms: int) -> Reading:
    samples = facts.signals.get(signal, ())
    failure = facts.failures.get(f"signal.{signal}")
    if failure is not None:
        return Reading(failure.asked_at_ms, Unknown(failure.reason), failure.reason)
    if not samples:
        return _unknown(now_ms, f"signal {signal} not read yet")
    newest = samples[-1]
    known = newest.value
    text = known.reason if isinstance(known, Unknown) else quantity(known, counts)
    return Reading(newest.asked_at_ms, newest.value, text)


def _client_probe(subject: Subject, facts: Facts, now_ms: int) -> Reading:
    found = failed_probes(subject.services, facts)
    if isinstance(found, Unknown):
        return _unknown(now_ms, found.reason)
    failed, at_ms, evidence = found
    return Reading(at_ms, float(failed), evidence)


Histories = Mapping[str, tuple[Reading, ...]]


def extend_history(
    history: tuple[Reading, ...], reading: Reading, condition: Condition
) -> tuple[Reading, ...]:
    """Add a reading, unless it stands on the same samples; drop what no window needs, but keep
    since when it was so.

    Histories are in the order of measuring: a reading may stand on an older sample than the one
    before it, and then is as old as that sample.
    """
    if history and reading.at_ms == history[-1].at_ms and reading.value == history[-1].value:
        return history
    horizon = reading.at_ms - condition.for_ms - 2 * condition.max_age_ms
    start = next((i for i, r in enumerate(history) if r.at_ms >= horizon), len(history))
    if start in (0, len(history)):
        return (*history[start:], reading)
    return (_with_run(history[: start + 1], condition), *history[start + 1 :], reading)


def _with_run(readings: tuple[Reading, ...], condition: Condition) -> Reading:
    """The newest of these, with what the others tell of how long it has been so."""
    newest, most = readings[-1], limit(condition)
    if isinstance(newest.value, Unknown) or math.isnan(newest.value):
        return newest
    broken = newest.value > most
    since_ms = _since_ms(
        readings, lambda value: value > most if broken else value <= most, condition.max_age_ms
    )
    return replace(newest, run_ms=since_ms)


def gate_view(
    condition: Condition, history: tuple[Reading, ...], plan: Plan, now_ms: int
) -> GateView:
    """A gate: PASS when the condition has held for its window."""
    most = limit(condition)
    verdict = judge(
        history,
        good=lambda value: value <= most,
        for_ms=condition.for_ms,
        max_age_ms=condition.max_age_ms,
        now_ms=now_ms,
    )
    return view(condition, history, plan, verdict)


def told(verdict: Verdict) -> str:
    """A gate's verdict in the word of the screen."""
    return "WAIT" if verdict == "INCONCLUSIVE" else verdict


def trigger_view(
    condition: Condition, history: tuple[Reading, ...], plan: Plan, now_ms: int
) -> GateView:
    """A trigger: FAIL (fired) when the limit was exceeded for its whole window; PASS is quiet."""
    most = limit(condition)
    broken = judge(
        history,
        good=lambda value: value > most,
        for_ms=condition.for_ms,
        max_age_ms=condition.max_age_ms,
        now_ms=now_ms,
    )
    words: dict[Verdict, Verdict] = {
        "PASS": "FAIL",
        "FAIL": "PASS",
        "UNKNOWN": "UNKNOWN",
        "INCONCLUSIVE": "INCONCLUSIVE",
    }
    evidence = broken.evidence.replace("good for", "over the limit for")
    turned = Judgement(words[broken.verdict], broken.held_ms, evidence)
    return view(condition, history, plan, turned)


def view(
    condition: Condition, history: tuple[Reading, ...], plan: Plan, verdict: Judgement
) -> GateView:
    """A condition as it was judged."""
    newest = history[-1] if history else None
    stale = verdict.verdict == "UNKNOWN"
    value = Unknown(verdict.evidence) if newest is None or stale else newest.value
    return GateView(
        name=name(condition),
        verdict=verdict.verdict,
        value=value,
        limit=limit(condition),
        unit=unit(condition, plan),
        at_ms=newest.at_ms if newest else None,
        held_ms=verdict.held_ms,
        for_ms=condition.for_ms,
        evidence=verdict.evidence,
    )
