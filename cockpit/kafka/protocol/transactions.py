"""ListTransactions and DescribeTransactions: what a transaction coordinator knows.

Never ends a transaction. An id that the principal may not describe is not listed at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.core.survey import Transaction
from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

LIST_TRANSACTIONS: Final = Api(66, "ListTransactions", 0, 2, flexible_from=0)
DESCRIBE_TRANSACTIONS: Final = Api(65, "DescribeTransactions", 0, 0, flexible_from=0)


@dataclass(frozen=True, slots=True)
class TransactionsList:
    """Error code, and the transactional ids of the asked coordinator."""

    error: int
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DescribedTransaction:
    """One transactional id; with an error code the other fields say nothing."""

    error: int
    transaction: Transaction


def list_transactions() -> Request[TransactionsList]:
    """Every transactional id of the asked broker, in whatever state."""

    def write(w: Writer, version: int) -> None:
        w.count(0)
        w.count(0)
        if version >= 1:
            w.int64(-1)
        if version >= 2:
            w.string(None)
        w.end_struct()

    def read(r: Reader, version: int) -> TransactionsList:
        r.int32()
        error = r.int16()
        r.array(r.string)
        return TransactionsList(error, tuple(r.array(lambda: _listed(r))))

    return Request(LIST_TRANSACTIONS, write, read, aside=True)


def _listed(r: Reader) -> str:
    transactional_id = r.string()
    r.int64()
    r.string()
    r.end_struct()
    return transactional_id


def describe_transactions(ids: Sequence[str]) -> Request[tuple[DescribedTransaction, ...]]:
    """These transactional ids, of the broker that listed them."""

    def write(w: Writer, version: int) -> None:
        w.strings(ids)
        w.end_struct()

    def read(r: Reader, version: int) -> tuple[DescribedTransaction, ...]:
        r.int32()
        return tuple(r.array(lambda: _described(r)))

    return Request(DESCRIBE_TRANSACTIONS, write, read, aside=True)


def _described(r: Reader) -> DescribedTransaction:
    error, transactional_id, state = r.int16(), r.string(), r.string()
    timeout_ms, started_at_ms, producer_id = r.int32(), r.int64(), r.int64()
    r.int16()
    topics = r.array(lambda: _topic(r))
    r.end_struct()
    return DescribedTransaction(
        error,
        Transaction(
            transactional_id=transactional_id,
            producer_id=producer_id,
            state=state,
            started_at_ms=started_at_ms,
            timeout_ms=timeout_ms,
            partitions=tuple(tp for topic in topics for tp in topic),
        ),
    )


def _topic(r: Reader) -> list[tuple[str, int]]:
    topic = r.string()
    partitions = [(topic, partition) for partition in r.int32s()]
    r.end_struct()
    return partitions
