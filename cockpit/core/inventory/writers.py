"""Who was seen to write, as items: producers that brokers list, and growth that none of them
explains.

Brokers list producers with idempotence only, by a number and not by a name: which service it is,
the plan says by its topics. On the target only listed ones are told of: a mirror is rarely listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from cockpit.core.facts import Facts
from cockpit.core.inventory.decide import Decisions, some
from cockpit.core.inventory.items import Item, Value
from cockpit.core.inventory.logs import growth, per_second
from cockpit.core.observe import Unknown
from cockpit.core.plan import SIDES, Side
from cockpit.core.stragglers import active_producers
from cockpit.core.survey import ProducersSurvey, ProducerState, TopicsSurvey, TransactionsSurvey

Written = Mapping[ProducerState, int | None]
"""Producers that were active from one look to the next, and what each wrote; None: not known."""


def producers(facts: Facts, decisions: Decisions) -> Iterator[Item]:
    """Every producer that a broker lists, then topics of the source that others write."""
    for side in SIDES:
        yield from _listed(facts, side, decisions)
    yield from _unlisted(facts, decisions)


def _pair(facts: Facts, side: Side) -> tuple[ProducersSurvey, ...]:
    surveys = facts.surveys.get(f"{side}.producers", ())
    return tuple(s for s in surveys if isinstance(s, ProducersSurvey))


def _active(pair: tuple[ProducersSurvey, ...]) -> Written:
    return active_producers(pair[0], pair[1]) if len(pair) == 2 else {}


def _listed(facts: Facts, side: Side, decisions: Decisions) -> Iterator[Item]:
    pair = _pair(facts, side)
    if not pair:
        return
    by_id: dict[int, list[ProducerState]] = defaultdict(list)
    for state in pair[-1].producers:
        by_id[state.producer_id].append(state)
    on_source = facts.survey(TopicsSurvey, "source.topics")
    written = {state.topic for state in pair[-1].producers}
    absent = written - on_source.topics.keys() if on_source is not None else frozenset()
    active, names = _active(pair), _transactional_ids(facts, side)
    for number, states in sorted(by_id.items()):
        topics = sorted({state.topic for state in states})
        verdict = decisions.writer(topics, absent)
        values: dict[str, Value] = {
            "topics": ", ".join(topics),
            "partitions": len(states),
            "records_per_s": _rate(pair, states, active),
            "transactional_id": names if isinstance(names, Unknown) else names.get(number),
            "last_record_at_ms": max(state.last_timestamp_ms for state in states),
        }
        name = f"{side} producer {number}"
        here = side == "source"
        yield Item("producer", name, here, not here, verdict.word, verdict.why, values)


def _rate(
    pair: tuple[ProducersSurvey, ...], states: list[ProducerState], active: Written
) -> float | Unknown:
    if len(pair) < 2:
        return Unknown("looked at once only")
    unseen = pair[0].errors
    for state in states:
        if (state.topic, state.partition) in unseen:
            why = unseen[state.topic, state.partition]
            return Unknown(f"the first look could not see it: {why}")
    wrote = [active[state] for state in states if state in active]
    known = [count for count in wrote if count is not None]
    if len(known) < len(wrote):
        return Unknown("it has begun anew since the first look")
    return per_second(sum(known), pair[1].asked_at_ms - pair[0].asked_at_ms)


def _transactional_ids(facts: Facts, side: Side) -> Mapping[int, str] | Unknown:
    survey = facts.survey(TransactionsSurvey, f"{side}.transactions")
    if survey is None:
        return Unknown("transactions not read")
    return {one.producer_id: one.transactional_id for one in survey.transactions}


def _unlisted(facts: Facts, decisions: Decisions) -> Iterator[Item]:
    """A topic that grew although no listed producer was active on it."""
    pair, sample = _pair(facts, "source"), facts.newest_logs("source")
    if sample is None:
        return
    busy = {state.topic for state in _active(pair)}
    blind = {topic for topic, _ in pair[-1].errors} if pair else set(sample.keys.by_topic)
    why_blind = "" if pair else "producers not read"
    for topic in sorted(sample.keys.by_topic):
        grown = growth(facts, "source", topic)
        if isinstance(grown, Unknown) or grown <= 0 or topic in busy:
            continue
        samples = facts.logs["source"]
        span_ms = samples[-1].asked_at_ms - samples[0].asked_at_ms
        verdict = decisions.writer([topic])
        errors = [pair[-1].errors[tp] for tp in pair[-1].errors if tp[0] == topic] if pair else []
        blank: Value = None
        if topic in blind:
            blank = Unknown(why_blind or some(dict.fromkeys(errors)))
        values: dict[str, Value] = {
            "topics": topic,
            "partitions": None,
            "records_per_s": per_second(grown, span_ms),
            "transactional_id": blank,
            "last_record_at_ms": blank,
        }
        kind = "writer" if topic in blind else "unlisted writer"
        name = f"source {kind} of {topic}"
        yield Item("producer", name, True, False, verdict.word, verdict.why, values)
