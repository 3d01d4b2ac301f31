"""Transactions that stay open beyond their time: a drain would wait for them for ever.

Pure: judges by what the brokers say of producers and what coordinators say of transactions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.observe import TopicPartition
from cockpit.core.survey import ProducersSurvey, ProducerState, Transaction, TransactionsSurvey

MOST_MS: Final = 900_000
"""What brokers let a transaction take where nobody has told them otherwise."""
ALLOWANCE_MS: Final = 60_000
"""Coordinators look for what has run out of time now and then, and clocks differ."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """A transaction that is open beyond its time."""

    producer: ProducerState
    coordinated: bool
    """Whether its coordinator knows of it, and of its time; otherwise it has none any more, or one
    that does not tell us of it for lack of a right."""


def overdue(facts: Facts, topics: Collection[str]) -> dict[TopicPartition, Overdue]:
    """Partitions of the source where the same transaction was open in two looks and is beyond its
    time. Where every coordinator was asked since the first look, and none has it, that is by its
    last record and the most that brokers allow; where one was not, nobody can say."""
    pair = [s for s in facts.surveys.get("source.producers", ()) if isinstance(s, ProducersSurvey)]
    if len(pair) < 2:
        return {}
    before, now = pair
    still = [one for one in now.producers if one.transaction_start >= 0 and one.topic in topics]
    if not still:
        return {}
    survey = facts.survey(TransactionsSurvey, "source.transactions")
    complete = (
        survey is not None and not survey.unknown and survey.asked_at_ms >= before.answered_at_ms
    )
    listed = _listed(survey)
    open_then = {_open(one) for one in before.producers if one.transaction_start >= 0}
    found: dict[TopicPartition, Overdue] = {}
    for state in still:
        if _open(state) not in open_then:
            continue
        known = listed.get(state.producer_id)
        coordinated = known is not None and (state.topic, state.partition) in known.partitions
        if coordinated or complete:
            own = known if coordinated else None
            if _is_overdue(state, own, now.asked_at_ms):
                found.setdefault((state.topic, state.partition), Overdue(state, coordinated))
    return found


def _open(state: ProducerState) -> tuple[TopicPartition, int, int, int]:
    name = (state.topic, state.partition)
    return name, state.producer_id, state.epoch, state.transaction_start


def _listed(survey: TransactionsSurvey | None) -> Mapping[int, Transaction]:
    """Transactions that coordinators have open, by producer."""
    every = survey.transactions if survey is not None else ()
    return {t.producer_id: t for t in every if t.started_at_ms >= 0}


def _is_overdue(state: ProducerState, known: Transaction | None, now_ms: int) -> bool:
    if known is not None:
        return now_ms - known.started_at_ms > known.timeout_ms + ALLOWANCE_MS
    return 0 <= state.last_timestamp_ms < now_ms - MOST_MS - ALLOWANCE_MS
