"""Every client quota of a cluster: QuotasSurvey."""

from __future__ import annotations

from typing import Final

from cockpit.core.plan import Side
from cockpit.core.survey import QuotasSurvey
from cockpit.kafka.client import Client
from cockpit.kafka.errors import code_error
from cockpit.kafka.protocol.quotas import describe_client_quotas
from cockpit.kafka.surveys.age import plain, too_old
from cockpit.ports import Clock, PortError

_TOO_OLD: Final = too_old("2.6", "has no quota API")


async def read_quotas(side: Side, client: Client, clock: Clock) -> QuotasSurvey:
    """One survey. Raises PortError."""
    asked_at_ms = clock.now_ms()
    try:
        reply = await client.ask_any(describe_client_quotas())
    except PortError as error:
        raise plain(error, _TOO_OLD) from error
    if reply.error:
        raise code_error(reply.error, "quotas", reply.message)
    return QuotasSurvey(side, asked_at_ms, clock.now_ms(), frozenset(reply.quotas))
