"""Who is in the groups of a cluster: MembersSurvey.

Never takes silence for absence: a group of the plan, or one seen before, that no broker lists is
looked up, and is unknown until its coordinator has said that there is no such group.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cockpit.core.plan import Side
from cockpit.core.survey import GroupMembers, MembersSurvey
from cockpit.kafka.client import Client
from cockpit.kafka.errors import GROUP_ID_NOT_FOUND, code_name
from cockpit.kafka.protocol.members import (
    MembersReply,
    describe_consumer_members,
    describe_members,
)
from cockpit.kafka.surveys.age import plain, too_old
from cockpit.kafka.text import one_line
from cockpit.kafka.whereabouts import Manners, Whereabouts, find_groups
from cockpit.ports import Clock, PortError

_TOO_OLD: Final = too_old("0.9", "has no group API")

_MANNERS: Final[Manners[MembersReply]] = {
    "classic": describe_members,
    "consumer": describe_consumer_members,
}


class MembersReader:
    """Reads MembersSurveys; remembers which groups it has seen."""

    def __init__(self, side: Side, client: Client, clock: Clock, groups: Iterable[str]) -> None:
        self._side: Side = side
        self._client = client
        self._clock = clock
        self._expected = frozenset(groups)
        self._seen: dict[str, str] = {}

    async def read(self) -> MembersSurvey:
        """One survey. Raises PortError when no broker lists its groups."""
        asked_at_ms = self._clock.now_ms()
        try:
            found = await find_groups(
                self._client, self._expected | self._seen.keys(), _MANNERS, self._seen
            )
        except PortError as error:
            raise plain(error, _TOO_OLD) from error
        names = sorted(found.listed.keys() | self._expected | self._seen.keys())
        groups = {name: group for name in names if (group := _group(found, name)) is not None}
        self._seen = {name: found.kind(name) for name in groups}
        return MembersSurvey(self._side, asked_at_ms, self._clock.now_ms(), groups)


def _group(found: Whereabouts[MembersReply], name: str) -> GroupMembers | None:
    """One group as a value, or None where its coordinator says that there is no such group."""
    kind = found.kind(name)
    described = found.described.get(name)
    why = found.unknown.get(name)
    if why is not None:
        return _unknown(name, kind, why)
    if described is None:
        why = found.unsupported.get(name)
        if why is None and kind not in ("", *_MANNERS):
            why = f"members of a {kind} group cannot be read here"
        return _unknown(name, kind, why or "not answered")
    if described.error not in (0, GROUP_ID_NOT_FOUND):
        return _unknown(name, kind, code_name(described.error))
    if name not in found.listed and found.is_denied(name) and not described.members:
        return None
    if described.unreadable:
        return _unknown(name, kind, f"the assignment of {described.unreadable} makes no sense")
    return GroupMembers(name, kind, described.state, described.members)


def _unknown(name: str, kind: str, why: str) -> GroupMembers:
    return GroupMembers(name, kind, "", (), unknown=one_line(why))
