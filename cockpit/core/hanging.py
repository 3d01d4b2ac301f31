"""Transactions that stay open beyond their time: a drain would wait for them for ever.

Pure: judges by what the brokers say of producers and what coordinators say of transactions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.observe import TopicPartition
from cockpit.core.survey import ProducersSurvey, ProducerState, Transaction, TransactionsSurvey

MOST_MS: Final = 900_000
"""What brokers let a transaction take where nobody has told them otherwise."""
ALLOWANCE_MS: Final = 60_000
"""Coordinators look for what has run out of time now and then, and clocks differ."""


def overdue(facts: Facts, topics: Collection[str]) -> dict[TopicPartition, ProducerState]:
    """Partitions of the source where the same transaction was open in two looks and is beyond its
    time; where no coordinator has told that, by its last record and the most that brokers allow."""
    pair = [s for s in facts.surveys.get("source.producers", ()) if isinstance(s, ProducersSurvey)]
    if len(pair) < 2:
        return {}
    before, now = pair
    still = [one for one in now.producers if one.transaction_start >= 0 and one.topic in topics]
    if not still:
        return {}
    listed = _listed(facts.survey(TransactionsSurvey, "source.transactions"))
    open_then = {_open(one) for one in before.producers if one.transaction_start >= 0}
    found: dict[TopicPartition, ProducerState] = {}
    for state in still:
        if _open(state) in open_then and _is_overdue(state, listed, now.asked_at_ms):
            found.setdefault((state.topic, state.partition), state)
    return found


def _open(state: ProducerState) -> tuple[TopicPartition, int, int, int]:
    name = (state.topic, state.partition)
    return name, state.producer_id, state.epoch, state.transaction_start


def _listed(survey: TransactionsSurvey | None) -> Mapping[int, Transaction]:
    """Transactions that coordinators have open, by producer."""
    every = survey.transactions if survey is not None else ()
    return {t.producer_id: t for t in every if t.started_at_ms >= 0}


def _is_overdue(state: ProducerState, listed: Mapping[int, Transaction], now_ms: int) -> bool:
    known = listed.get(state.producer_id)
    if known is not None and (state.topic, state.partition) in known.partitions:
        return now_ms - known.started_at_ms > known.timeout_ms + ALLOWANCE_MS
    return 0 <= state.last_timestamp_ms < now_ms - MOST_MS - ALLOWANCE_MS
