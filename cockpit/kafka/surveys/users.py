"""Every SCRAM credential of a cluster: UsersSurvey."""

from __future__ import annotations

from typing import Final

from cockpit.core.plan import Side
from cockpit.core.survey import UsersSurvey
from cockpit.kafka.client import Client
from cockpit.kafka.errors import code_error
from cockpit.kafka.protocol.users import describe_scram_users
from cockpit.kafka.surveys.age import plain, too_old
from cockpit.ports import Clock, PortError

_TOO_OLD: Final = too_old("2.7", "has no API for SCRAM users")


async def read_users(side: Side, client: Client, clock: Clock) -> UsersSurvey:
    """One survey. Raises PortError, also where one user could not be read: half a list of users
    would show the other half as missing."""
    asked_at_ms = clock.now_ms()
    try:
        reply = await client.ask_any(describe_scram_users())
    except PortError as error:
        raise plain(error, _TOO_OLD) from error
    if reply.error:
        raise code_error(reply.error, "SCRAM users", reply.message)
    for user, code in reply.failed:
        raise code_error(code, f"SCRAM user {user}")
    return UsersSurvey(side, asked_at_ms, clock.now_ms(), frozenset(reply.credentials))
