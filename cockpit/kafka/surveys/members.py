"""Who is in the groups of a cluster: MembersSurvey.

Never takes silence for absence: a group of the plan, or one seen before, that no broker lists is
looked up, and is unknown until its coordinator has said that there is no such group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cockpit.core.plan import Side
from cockpit.core.survey import GroupMembers, MembersSurvey
from cockpit.kafka.client import Client
from cockpit.kafka.errors import UnsupportedError, code_error, code_name
from cockpit.kafka.protocol.groups import Coordinator, find_coordinators, list_groups
from cockpit.kafka.protocol.members import (
    MembersReply,
    describe_consumer_members,
    describe_members,
)
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.surveys.age import plain, too_old
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

GROUP_ID_NOT_FOUND: Final = 69
DEAD: Final = "Dead"
_TOO_OLD: Final = too_old("0.9", "has no group API")

_DESCRIBE: Final[dict[str, Callable[[Sequence[str]], Request[tuple[MembersReply, ...]]]]] = {
    "classic": describe_members,
    "consumer": describe_consumer_members,
}


@dataclass(slots=True)
class _Round:
    """What one survey has found out so far, by group name."""

    kinds: dict[str, str]
    """As listed now or, where not listed, as seen before."""
    node: dict[str, int] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    described: dict[str, MembersReply] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    def by_node(self, kind: str) -> dict[int, list[str]]:
        """Groups that are described in the manner of this kind, by coordinator."""
        found: dict[int, list[str]] = {}
        for name, node in self.node.items():
            if (self.kinds.get(name) or "classic") == kind:
                found.setdefault(node, []).append(name)
        return found


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
        found = _Round(dict(self._seen))
        await self._list(found)
        unlisted = sorted((self._expected | self._seen.keys()) - found.listed)
        await self._find(found, unlisted)
        for kind in _DESCRIBE:
            await self._describe(found, kind)
        names = sorted({*found.listed, *unlisted})
        groups = {name: group for name in names if (group := _group(found, name)) is not None}
        self._seen = {name: found.kinds.get(name, "") for name in groups}
        return MembersSurvey(self._side, asked_at_ms, self._clock.now_ms(), groups)

    async def _list(self, found: _Round) -> None:
        nodes = await self._client.brokers()
        answers, failures = await self._client.ask_each({node: list_groups() for node in nodes})
        for node, (error, groups) in answers.items():
            if error:
                failures[node] = code_error(error, f"groups of broker {node}")
            for group in groups:
                found.node[group.name] = node
                found.kinds[group.name] = group.kind
                found.listed.add(group.name)
        if failures and len(failures) == len(nodes):
            raise plain(failures[min(failures)], _TOO_OLD)

    async def _find(self, found: _Round, names: Sequence[str]) -> None:
        """Coordinators of groups that no broker listed."""
        try:
            coordinators = await self._find_all(names) if names else ()
        except PortError as error:
            found.unknown.update(dict.fromkeys(names, plain(error, _TOO_OLD).reason))
            return
        for coordinator in coordinators:
            if coordinator.error:
                found.unknown[coordinator.group] = code_name(coordinator.error)
            else:
                found.node[coordinator.group] = coordinator.node

    async def _find_all(self, names: Sequence[str]) -> tuple[Coordinator, ...]:
        try:
            return await self._client.ask_any(find_coordinators(names))
        except UnsupportedError:
            if len(names) == 1:
                raise
        # Brokers before 3.0 take one name at a time.
        single = [await self._client.ask_any(find_coordinators([name])) for name in names]
        return tuple(coordinator for answer in single for coordinator in answer)

    async def _describe(self, found: _Round, kind: str) -> None:
        by_node = found.by_node(kind)
        answers, failures = await self._client.ask_each(
            {node: _DESCRIBE[kind](names) for node, names in by_node.items()}
        )
        for answer in answers.values():
            found.described.update((group.name, group) for group in answer)
        for node, failure in failures.items():
            found.unknown.update(dict.fromkeys(by_node[node], failure.reason))


def _group(found: _Round, name: str) -> GroupMembers | None:
    """One group as a value, or None where its coordinator says that there is no such group."""
    kind = found.kinds.get(name, "")
    described = found.described.get(name)
    why = found.unknown.get(name)
    if described is None:
        if why is None and kind not in ("", *_DESCRIBE):
            why = f"members of a {kind} group cannot be read here"
        return _unknown(name, kind, why or "not answered")
    if described.error not in (0, GROUP_ID_NOT_FOUND):
        return _unknown(name, kind, code_name(described.error))
    if name not in found.listed and described.state in (DEAD, "") and not described.members:
        return None
    if described.unreadable:
        return _unknown(name, kind, f"the assignment of {described.unreadable} makes no sense")
    return GroupMembers(name, kind, described.state, described.members)


def _unknown(name: str, kind: str, why: str) -> GroupMembers:
    return GroupMembers(name, kind, "", (), unknown=one_line(why))
