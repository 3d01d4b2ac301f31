"""Transactional ids of every coordinator: TransactionsSurvey.

An id that the principal may not describe is not listed by any broker: that cannot be seen here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.core.plan import Side
from cockpit.core.survey import Transaction, TransactionsSurvey
from cockpit.kafka.client import Client
from cockpit.kafka.errors import TRANSACTIONAL_ID_NOT_FOUND, code_error, code_name
from cockpit.kafka.protocol.transactions import describe_transactions, list_transactions
from cockpit.kafka.surveys.age import plain, too_old
from cockpit.ports import Clock

_TOO_OLD: Final = too_old("3.0", "does not list transactions")


async def read_transactions(side: Side, client: Client, clock: Clock) -> TransactionsSurvey:
    """One survey. Raises PortError when no broker lists its transactions."""
    asked_at_ms = clock.now_ms()
    nodes = await client.brokers()
    listed, failures = await client.ask_each({node: list_transactions() for node in nodes})
    for node, reply in listed.items():
        if reply.error:
            failures[node] = code_error(reply.error, "transactions")
    if failures and len(failures) == len(nodes):
        raise plain(failures[min(failures)], _TOO_OLD)
    unknown = {f"broker {node}": plain(error, _TOO_OLD).reason for node, error in failures.items()}
    ids = {node: reply.ids for node, reply in listed.items() if reply.ids and not reply.error}
    found = await _describe(client, ids, unknown)
    return TransactionsSurvey(side, asked_at_ms, clock.now_ms(), tuple(found), unknown)


async def _describe(
    client: Client, ids: Mapping[int, tuple[str, ...]], unknown: dict[str, str]
) -> list[Transaction]:
    """Details of these ids, by coordinator; what cannot be had goes into `unknown`."""
    answers, failures = await client.ask_each(
        {node: describe_transactions(names) for node, names in ids.items()}
    )
    for node, error in failures.items():
        unknown.update(dict.fromkeys(ids[node], plain(error, _TOO_OLD).reason))
    found: list[Transaction] = []
    for node, answer in answers.items():
        missing = set(ids[node])
        for described in answer:
            name = described.transaction.transactional_id
            missing.discard(name)
            if not described.error:
                found.append(described.transaction)
            elif described.error != TRANSACTIONAL_ID_NOT_FOUND:  # it expired in between
                unknown[name] = code_name(described.error)
        unknown.update(dict.fromkeys(missing, "not answered"))
    return found
