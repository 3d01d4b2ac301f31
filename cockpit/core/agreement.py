"""Two independent readings of replication lag, and whether both can be true.

By the position: source end less what the mirror says it has read. May be too high by what was
appended since the mirror last published its position, never too low.
By the logs: since the newest offset-sync (u, d) the source's log has grown by `end - u` and the
target's by `end - d`; the difference has not arrived. Transaction markers and holes left by
compaction make either log longer without a record. Neither reading is ever replaced by the other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cockpit.core.columns import column_of, realign
from cockpit.core.facts import Facts
from cockpit.core.history import append_rate_milli, growth
from cockpit.core.lag import ReplicationLag, made_anew, newest_before
from cockpit.core.observe import I64, MISSING, LogSample, TopicPartition, Unknown
from cockpit.core.plan import Side
from cockpit.core.remember import Remembered
from cockpit.core.survey import TransactionsSurvey

POSITION_AGE_MS: Final = 65_000
"""How old a published position may be: Connect's default flush interval of a minute, and a
margin."""
SLACK_RECORDS: Final = 16
"""Differences up to this are never worth a word: markers at the end of a log look like that."""
MARKER_SHARE: Final = 0.5
"""At most one marker for each record: so much of a log may be markers or holes."""

Mask = NDArray[np.bool_]
_BASELINES: Remembered[tuple[I64, I64]] = Remembered()
_OUTGROWN: Remembered[Disagreement | None] = Remembered()


@dataclass(frozen=True, slots=True)
class LogsLag:
    """Lag by the logs; int64 columns aligned to `source.keys`, MISSING where unknown.

    `lag` is `source_span - target_span`, what each log has grown by since the newest sync.
    `at_ms` is the older of the two samples' times.
    """

    source: LogSample
    target: LogSample
    source_span: I64
    target_span: I64
    lag: I64
    at_ms: int


def lag_by_logs(facts: Facts) -> LogsLag | Unknown:
    """From the newest source ends and the target ends that were asked for before them."""
    if facts.syncs is None or not facts.syncs.read_to_end:
        return Unknown("offset-syncs not read yet")
    source = facts.newest_logs("source")
    if source is None:
        return Unknown("source offsets not read yet")
    target = newest_before(facts.logs.get("target", ()), source.asked_at_ms)
    if target is None:
        return Unknown("no target offsets asked before the source's yet")
    slots = facts.syncs.slots
    up, down = _BASELINES.get(
        (source.keys, slots),
        lambda: (
            column_of(source.keys, {n: pairs[0][0] for n, pairs in slots.items() if pairs}),
            column_of(source.keys, {n: pairs[0][1] for n, pairs in slots.items() if pairs}),
        ),
    )
    there = realign(source.keys, target.keys, target.end)
    known = (source.end != MISSING) & (there != MISSING) & (up != MISSING)
    if anew := made_anew(facts):
        known[source.keys.of_topics(anew)] = False
    source_span = np.where(known, source.end - np.where(known, up, 0), MISSING)
    target_span = np.where(known, there - np.where(known, down, 0), MISSING)
    lag = np.where(known, source_span - np.where(known, target_span, 0), MISSING)
    never = (source.end == 0) & (there == 0)
    lag = np.where(never, 0, lag)
    at_ms = min(source.asked_at_ms, target.asked_at_ms)
    return LogsLag(source, target, source_span, target_span, lag, at_ms)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Partitions on which both readings cannot be true, worst first, and by how many records."""

    kind: str
    """`missing`: the position claims more than the target's log has. `standing`: the logs have
    more than the position claims. `surplus`: the target has grown more than the source."""
    names: tuple[TopicPartition, ...]
    by_records: tuple[int, ...]
    """By how many, aligned to `names`."""

    def without(self, topics: Collection[str]) -> Disagreement | None:
        """The same of all other topics; None where there is nothing left."""
        left = [i for i, (topic, _) in enumerate(self.names) if topic not in topics]
        if not left:
            return None
        names = tuple(self.names[i] for i in left)
        return Disagreement(self.kind, names, tuple(self.by_records[i] for i in left))


def disagreements(facts: Facts, lag: ReplicationLag) -> tuple[Disagreement, ...]:
    """What is left after everything that markers, compaction and age explain."""
    logs = lag_by_logs(facts)
    if isinstance(logs, Unknown) or logs.source.keys != lag.logs.keys:
        return ()
    known = (lag.lag != MISSING) & (logs.lag != MISSING) & (logs.source_span != MISSING)
    by_position, by_logs = np.where(known, lag.lag, 0), np.where(known, logs.lag, 0)
    source_drift = _drift(facts, "source", logs.source, np.where(known, logs.source_span, 0))
    target_drift = _drift(facts, "target", logs.source, np.where(known, logs.target_span, 0))
    between = _between(facts, logs)
    if between is None:
        return ()
    found: list[Disagreement] = []
    missing = by_logs - by_position - SLACK_RECORDS - between - source_drift
    found.extend(_worst("missing", logs.source, known & (missing > 0), by_logs - by_position))
    surplus = -by_logs - SLACK_RECORDS - between - target_drift
    found.extend(_worst("surplus", logs.source, known & (surplus > 0), -by_logs))
    appended = growth(facts.history.get("source"), POSITION_AGE_MS)
    if appended is not None and len(appended) == len(by_logs):
        aged = appended != MISSING
        allowed = np.where(aged, appended, 0) + SLACK_RECORDS + between + target_drift
        standing = known & aged & (by_logs >= 0) & (by_position - by_logs > allowed)
        found.extend(_worst("standing", logs.source, standing, by_position - by_logs))
    return tuple(found)


def outgrown(facts: Facts) -> Disagreement | None:
    """Partitions in which the target has grown since the newest offset-sync by more than the source
    and any markers explain. Needs one look at each side: the target's ends were read before the
    source's, so that what the mirror has brought is on the source already."""
    surveys = facts.surveys.get("target.transactions")
    stands_on = (facts.logs, facts.syncs, facts.recreated, facts.configs, surveys)
    return _OUTGROWN.get(stands_on, lambda: _outgrown(facts))


def _outgrown(facts: Facts) -> Disagreement | None:
    logs = lag_by_logs(facts)
    if isinstance(logs, Unknown):
        return None
    known = logs.lag != MISSING
    by_logs = np.where(known, logs.lag, 0)
    drift = _drift(facts, "target", logs.source, np.where(known, logs.target_span, 0))
    known &= logs.source_span >= 0  # a source that ends before the sync is another one
    over = known & (-by_logs - SLACK_RECORDS - drift > 0)
    return next(iter(_worst("surplus", logs.source, over, -by_logs)), None)


def never_on_source(facts: Facts) -> tuple[tuple[TopicPartition, int], ...]:
    """Partitions that have never had a record on the source and have some on the target, each with
    the end of its log there."""
    source = facts.newest_logs("source")
    target = newest_before(facts.logs.get("target", ()), source.asked_at_ms) if source else None
    if source is None or target is None:
        return ()
    end = realign(source.keys, target.keys, target.end)
    start = realign(source.keys, target.keys, target.start)
    there = (source.end == 0) & (end != MISSING) & (start != MISSING) & (end > start)
    return tuple((source.keys.names[i], int(end[i])) for i in np.flatnonzero(there).tolist())


def _worst(
    kind: str, logs: LogSample, where: Mask, by: NDArray[np.int64]
) -> tuple[Disagreement, ...]:
    indexes = np.flatnonzero(where)
    if not len(indexes):
        return ()
    order = indexes[np.argsort(-by[indexes], kind="stable")]
    names = tuple(logs.keys.names[i] for i in order.tolist())
    return (Disagreement(kind, names, tuple(by[order].tolist())),)


def _drift(facts: Facts, side: Side, logs: LogSample, span: I64) -> I64:
    """How much of a span may be no records: markers where transactions run or nobody knows, holes
    where a topic is compacted."""
    survey = facts.survey(TransactionsSurvey, f"{side}.transactions")
    markers = survey is None or bool(survey.transactions) or bool(survey.unknown)
    share = np.full(len(span), MARKER_SHARE if markers else 0.0)
    configs = facts.configs.get(side)
    for topic, values in (configs.topics if configs else {}).items():
        if "compact" in values.get("cleanup.policy", "") and topic in logs.keys.by_topic:
            share[logs.keys.by_topic[topic]] = MARKER_SHARE
    drift: I64 = np.ceil(np.maximum(span, 0) * share).astype(np.int64)
    return drift


def _between(facts: Facts, logs: LogsLag) -> I64 | None:
    """What both logs may have grown by between the samples that are compared, and a second."""
    span_ms = max(0, logs.source.answered_at_ms - logs.target.asked_at_ms) + 1_000
    total = np.zeros(len(logs.lag), dtype=np.int64)
    sides: tuple[Side, Side] = ("source", "target")
    for side in sides:
        history = facts.history.get(side)
        rate = append_rate_milli(history)
        if rate is None or history is None:
            return None
        there = realign(logs.source.keys, history.keys, rate)
        usable = there != MISSING
        total += np.where(usable, np.where(usable, there, 0) * span_ms // 1_000_000, 0)
    return total
