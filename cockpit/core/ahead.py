"""Whether the target has records that the mirror did not bring: on evidence, never on raw offsets.

Evidence is content (records without a source record), a baseline (the target grew more than the
source since an offset-sync), or a writer that is not the mirror. Topics that are written on the
target by now are left out.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.agreement import Disagreement, never_on_source, outgrown
from cockpit.core.facts import Facts
from cockpit.core.history import grown_since
from cockpit.core.lag import newest_before
from cockpit.core.observe import TopicPartition
from cockpit.core.plan import Plan
from cockpit.core.stragglers import active_producers
from cockpit.core.survey import ProducersSurvey, TransactionsSurvey, WindowsSurvey

WINDOW_MAX_AGE_MS: Final = 600_000


def surplus(
    plan: Plan, facts: Facts, moved: frozenset[str], now_ms: int
) -> dict[TopicPartition, str]:
    """Partitions whose sampled window of late holds records that no source record explains."""
    survey = facts.survey(WindowsSurvey, "windows")
    topics = frozenset(plan.topics()) - moved
    found: dict[TopicPartition, str] = {}
    for name, window in (survey.windows if survey else {}).items():
        if name[0] not in topics or now_ms - window.at_ms > WINDOW_MAX_AGE_MS:
            continue
        if window.unknown is None and window.surplus > 0:
            found[name] = f"{window.surplus} records without a source record, foreign or repeated"
    return found


def baseline(found: tuple[Disagreement, ...]) -> tuple[tuple[TopicPartition, ...], int]:
    """Partitions of the target that grew more than the source since the newest offset-sync, worst
    first, and the worst by how many records."""
    for one in found:
        if one.kind == "surplus":
            return one.names, one.by_records[0]
    return (), 0


def own_records(facts: Facts) -> dict[TopicPartition, str]:
    """Partitions whose ends alone show, by one look at each side, that the target has records which
    the mirror did not bring; the worst first."""
    found = {
        name: f"its log ends at {end}, and the source has never had a record there"
        for name, end in never_on_source(facts)
    }
    more = outgrown(facts)
    for name, by in zip(more.names, more.by_records, strict=True) if more is not None else ():
        text = f"{by} records more than the mirror can have brought since its newest offset-sync"
        found.setdefault(name, text)
    return found


def foreign_writers(plan: Plan, facts: Facts, moved: frozenset[str]) -> dict[TopicPartition, str]:
    """Partitions of the target that somebody other than the mirror has written to.

    A mirror's producers are not listed by brokers unless Connect writes exactly once (then their
    transactional id has the connector's name in it) or is told to be idempotent. So a listed
    producer is foreign for sure when the mirror's own is known, when several wrote in one window,
    or when the source stood still meanwhile; else nothing is said.
    """
    pair = [s for s in facts.surveys.get("target.producers", ()) if isinstance(s, ProducersSurvey)]
    if len(pair) < 2:
        return {}
    mirrors = _mirror_ids(plan, facts)
    topics = frozenset(plan.topics()) - moved
    writers: dict[TopicPartition, set[int]] = {}
    for state in active_producers(pair[0], pair[1]):
        if state.topic in topics and state.producer_id not in (mirrors or ()):
            name = (state.topic, state.partition)
            writers.setdefault(name, set()).add(state.producer_id)
    found: dict[TopicPartition, str] = {}
    for name, ids in sorted(writers.items()):
        sure = bool(mirrors) or len(ids) > 1 or _stood_still(facts, name, pair[0].asked_at_ms)
        if sure:
            text = ", ".join(str(i) for i in sorted(ids)[:3])
            found[name] = f"producer {text} is not the mirror"
    return found


def _mirror_ids(plan: Plan, facts: Facts) -> frozenset[int]:
    survey = facts.survey(TransactionsSurvey, "target.transactions")
    connector = plan.replication.source_connector
    return frozenset(
        t.producer_id
        for t in (survey.transactions if survey else ())
        if f"-{connector}-" in t.transactional_id
    )


def _stood_still(facts: Facts, name: TopicPartition, since_ms: int) -> bool:
    """Whether the mirror had nothing to bring: the source has not grown for a minute before, and
    the mirror was at its end already."""
    history = facts.history.get("source")
    column = grown_since(history, since_ms - 60_000)
    if history is None or column is None or history.at_ms[0] > since_ms - 60_000:
        return False
    index = history.keys.position.get(name)
    if index is None or int(column[index]) != 0:
        return False
    mirror = newest_before(facts.mirror, since_ms)
    return mirror is not None and mirror.positions.get(name) == int(history.ends[-1][index])
