"""State, members and commits of all groups of a cluster.

State is read before commits: a group seen without members commits nothing more, so the commits of
that sample are its last ones. Commits, in turn, are to be read before log ends, so that a negative
lag is never an accident of order.

Never takes silence for absence. A broker that just started answers "no groups" for a while; so a
group of the plan, or one seen before, that nobody lists is looked up by its coordinator, and is
unknown until that coordinator has said that it has nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cockpit.core.observe import GroupSample, GroupState
from cockpit.core.plan import Side
from cockpit.kafka.client import Client
from cockpit.kafka.errors import UnsupportedError, code_error, code_name
from cockpit.kafka.protocol.commits import GroupCommits, fetch_commits
from cockpit.kafka.protocol.groups import (
    Coordinator,
    DescribedGroup,
    ListedGroup,
    describe_consumer_groups,
    describe_groups,
    find_coordinators,
    list_groups,
)
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

GROUP_ID_NOT_FOUND: Final = 69
NO_COMMITS_KINDS: Final = frozenset({"share"})
MEMBERLESS_STATES: Final = frozenset({"Dead", "Empty"})
ABSENT_STATES: Final = frozenset({"Dead", ""})


@dataclass(slots=True)
class _Round:
    """What one refresh has found out so far, by group name."""

    node: dict[str, int] = field(default_factory=dict)
    listed: dict[str, ListedGroup] = field(default_factory=dict)
    described: dict[str, DescribedGroup] = field(default_factory=dict)
    commits: dict[str, GroupCommits] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    def on_nodes(self, names: Iterable[str]) -> dict[int, list[str]]:
        """Groups by coordinator, unknown ones left out."""
        by_node: dict[int, list[str]] = {}
        for name in names:
            if name not in self.unknown and name in self.node:
                by_node.setdefault(self.node[name], []).append(name)
        return by_node


class GroupReader:
    """Reads GroupSamples; remembers which groups it has seen."""

    def __init__(self, side: Side, client: Client, clock: Clock, groups: Iterable[str]) -> None:
        self._side: Side = side
        self._client = client
        self._clock = clock
        self._expected = frozenset(groups)
        self._seen: frozenset[str] = frozenset()

    async def read(self) -> GroupSample:
        """One sample. Raises PortError when no broker lists its groups."""
        asked_at_ms = self._clock.now_ms()
        found = _Round()
        await self._list(found)
        unlisted = (self._expected | self._seen) - found.listed.keys()
        await self._find(found, sorted(unlisted))
        await self._describe(found)
        await self._fetch(found)
        groups = {
            name: state
            for name in sorted({*found.listed, *unlisted})
            if (state := _state(found, name)) is not None
        }
        self._seen = frozenset(groups)
        return GroupSample(self._side, asked_at_ms, self._clock.now_ms(), groups)

    async def _list(self, found: _Round) -> None:
        nodes = await self._client.brokers()
        answers, failures = await self._client.ask_each({node: list_groups() for node in nodes})
        for node, (error, groups) in answers.items():
            if error:
                failures[node] = code_error(error, f"groups of broker {node}")
            for group in groups:
                found.node[group.name] = node
                found.listed[group.name] = group
        if failures and len(failures) == len(nodes):
            raise failures[min(failures)]

    async def _find(self, found: _Round, names: Sequence[str]) -> None:
        """Coordinators of groups that no broker listed."""
        if not names:
            return
        try:
            coordinators = await self._find_all(names)
        except PortError as error:
            found.unknown.update(dict.fromkeys(names, error.reason))
            return
        for coordinator in coordinators:
            if coordinator.error:
                found.unknown[coordinator.group] = code_name(coordinator.error)
            else:
                found.node[coordinator.group] = coordinator.node
        for name in names:
            if name not in found.node:
                found.unknown.setdefault(name, "coordinator not known")

    async def _find_all(self, names: Sequence[str]) -> tuple[Coordinator, ...]:
        try:
            return await self._client.ask_any(find_coordinators(names))
        except UnsupportedError:
            single = [await self._client.ask_any(find_coordinators([name])) for name in names]
            return tuple(coordinator for answer in single for coordinator in answer)

    async def _describe(self, found: _Round) -> None:
        classic: list[str] = []
        consumer: list[str] = []
        for name in found.node:
            kind = found.listed[name].kind if name in found.listed else ""
            if kind == "consumer":
                consumer.append(name)
            elif kind in ("classic", ""):
                classic.append(name)
        requests = [
            (describe_groups, found.on_nodes(classic)),
            (describe_consumer_groups, found.on_nodes(consumer)),
        ]
        for build, by_node in requests:
            answers, failures = await self._client.ask_each(
                {node: build(names) for node, names in by_node.items()}
            )
            for described in (group for answer in answers.values() for group in answer):
                found.described[described.name] = described
            _mark(found, by_node, failures)

    async def _fetch(self, found: _Round) -> None:
        """Commits; those of groups without members only as far as no transaction is open."""
        wanted = [n for n in found.node if _kind(found, n) not in NO_COMMITS_KINDS]
        busy = [n for n in wanted if n in found.described and found.described[n].members]
        idle = [n for n in wanted if n not in busy]
        async with asyncio.TaskGroup() as tasks:
            for node, names in found.on_nodes(busy).items():
                tasks.create_task(
                    self._fetch_node(found, node, names, stable=False), name=f"commits-{node}"
                )
            for node, names in found.on_nodes(idle).items():
                tasks.create_task(
                    self._fetch_node(found, node, names, stable=True), name=f"commits-idle-{node}"
                )

    async def _fetch_node(
        self, found: _Round, node: int, names: Sequence[str], *, stable: bool
    ) -> None:
        try:
            answers = await self._fetch_groups(node, names, stable=stable)
        except PortError as error:
            found.unknown.update(dict.fromkeys(names, error.reason))
            return
        found.commits.update((commits.group, commits) for commits in answers)

    async def _fetch_groups(
        self, node: int, names: Sequence[str], *, stable: bool
    ) -> tuple[GroupCommits, ...]:
        try:
            return await self._client.call(node, fetch_commits(names, stable=stable))
        except UnsupportedError:
            if len(names) == 1:
                raise
        return await self._one_by_one(node, names, stable=stable)

    async def _one_by_one(
        self, node: int, names: Sequence[str], *, stable: bool
    ) -> tuple[GroupCommits, ...]:
        """Requests pipelined on one connection, for brokers that take one group at a time."""
        answers: list[GroupCommits] = []
        failures: list[PortError] = []

        async def ask(name: str) -> None:
            try:
                found = await self._client.call(node, fetch_commits([name], stable=stable))
            except PortError as error:
                failures.append(error)
            else:
                answers.extend(found)

        async with asyncio.TaskGroup() as tasks:
            for name in names:
                tasks.create_task(ask(name), name=f"commits-{name}")
        if failures:
            raise failures[0]
        return tuple(answers)


def _kind(found: _Round, name: str) -> str:
    return found.listed[name].kind if name in found.listed else ""


def _mark(
    found: _Round, by_node: Mapping[int, Sequence[str]], failures: Mapping[int, PortError]
) -> None:
    for node, failure in failures.items():
        if isinstance(failure, UnsupportedError):
            continue
        found.unknown.update(dict.fromkeys(by_node[node], failure.reason))


def _state(found: _Round, name: str) -> GroupState | None:
    """One group as a value, or None where the cluster says that there is no such group."""
    why = found.unknown.get(name) or _doubt(found, name)
    if why is not None:
        return GroupState(name, "", 0, (), (), unknown=one_line(why))
    commits = found.commits.get(name)
    described = found.described.get(name)
    listed = found.listed.get(name)
    state = described.state if described and described.state not in ABSENT_STATES else ""
    state = state or (listed.state if listed else "") or "Dead"
    if listed is None and state == "Dead" and (commits is None or not commits.keys):
        return None
    if described is None and state not in MEMBERLESS_STATES:
        why = f"members of a {_kind(found, name) or 'such a'} group cannot be read here"
        return GroupState(name, state, 0, (), (), unknown=why)
    keys = commits.keys if commits else ()
    offsets = commits.offsets if commits else ()
    return GroupState(name, state, described.members if described else 0, keys, offsets)


def _doubt(found: _Round, name: str) -> str | None:
    """Why what a coordinator answered about a group cannot be believed, if so."""
    described = found.described.get(name)
    if described is not None and described.error not in (0, GROUP_ID_NOT_FOUND):
        return code_name(described.error)
    commits = found.commits.get(name)
    if commits is None:
        return None if _kind(found, name) in NO_COMMITS_KINDS else "commits not answered"
    if commits.error not in (0, GROUP_ID_NOT_FOUND):
        return code_name(commits.error)
    if commits.failed:
        (topic, partition), code = commits.failed[0]
        return f"commit of {topic}/{partition}: {code_name(code)}"
    return None
