"""Which groups a cluster has, where, in which state and with how many members: the slow half.

Never takes silence for absence. A broker that just started answers "no groups" for a while; so a
group of the plan, or one seen before, that nobody lists is looked up by its coordinator, and is
unknown until that coordinator has said that it has nothing. Never reads commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cockpit.kafka.client import Client
from cockpit.kafka.errors import UnsupportedError, code_error, code_name
from cockpit.kafka.protocol.groups import (
    Coordinator,
    DescribedGroup,
    ListedGroup,
    describe_consumer_groups,
    describe_groups,
    find_coordinators,
    list_groups,
)
from cockpit.ports import PortError

GROUP_ID_NOT_FOUND: Final = 69
NO_COMMITS_KINDS: Final = frozenset({"share"})
MEMBERLESS_STATES: Final = frozenset({"Dead", "Empty"})
ABSENT_STATES: Final = frozenset({"Dead", ""})


@dataclass(frozen=True, slots=True)
class Standing:
    """One group without its commits."""

    name: str
    state: str
    """Kafka's word; `Dead` where the cluster has no such group."""
    members: int
    keeps_commits: bool
    """Whether groups of this kind commit offsets at all."""
    listed: bool
    unknown: str | None
    """Why the group cannot be known, if so."""


@dataclass(frozen=True, slots=True)
class Roster:
    """All groups that exist or may exist, in order of their names."""

    asked_at_ms: int
    standings: tuple[Standing, ...]
    node: Mapping[str, int]
    """Coordinators of the groups whose commits can be asked for."""
    by_node: Mapping[int, tuple[str, ...]]
    """The same by coordinator."""


@dataclass(slots=True)
class _Found:
    """What has been found out so far, by group name."""

    node: dict[str, int] = field(default_factory=dict)
    listed: dict[str, ListedGroup] = field(default_factory=dict)
    described: dict[str, DescribedGroup] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    def kind(self, name: str) -> str:
        """`classic`, `consumer`, `share`, ...; empty where the broker does not say."""
        return self.listed[name].kind if name in self.listed else ""

    def on_nodes(self, names: Iterable[str]) -> dict[int, list[str]]:
        """Groups by coordinator, unknown ones left out."""
        by_node: dict[int, list[str]] = {}
        for name in names:
            if name not in self.unknown and name in self.node:
                by_node.setdefault(self.node[name], []).append(name)
        return by_node

    def standing(self, name: str) -> Standing:
        """One group, as far as it is known."""
        described, listed = self.described.get(name), self.listed.get(name)
        state = described.state if described and described.state not in ABSENT_STATES else ""
        state = state or (listed.state if listed else "") or "Dead"
        why = self.unknown.get(name)
        if why is None and described is not None:
            code = described.error
            why = code_name(code) if code not in (0, GROUP_ID_NOT_FOUND) else None
        if why is None and described is None and state not in MEMBERLESS_STATES:
            why = f"members of a {self.kind(name) or 'such a'} group cannot be read here"
        return Standing(
            name=name,
            state=state,
            members=described.members if described else 0,
            keeps_commits=self.kind(name) not in NO_COMMITS_KINDS,
            listed=listed is not None,
            unknown=why,
        )


async def read_roster(client: Client, names: frozenset[str], *, asked_at_ms: int) -> Roster:
    """Every group that is listed, and these whether listed or not.

    Raises PortError when no broker lists its groups.
    """
    found = _Found()
    await _list(client, found)
    unlisted = names - found.listed.keys()
    if unlisted:
        await _find(client, found, sorted(unlisted))
    await _describe(client, found)
    standings = tuple(found.standing(name) for name in sorted({*found.listed, *unlisted}))
    by_node = found.on_nodes(s.name for s in standings if s.keeps_commits)
    return Roster(
        asked_at_ms,
        standings,
        {name: node for node, groups in by_node.items() for name in groups},
        {node: tuple(groups) for node, groups in by_node.items()},
    )


async def _list(client: Client, found: _Found) -> None:
    nodes = await client.brokers()
    answers, failures = await client.ask_each({node: list_groups() for node in nodes})
    for node, (error, groups) in answers.items():
        if error:
            failures[node] = code_error(error, f"groups of broker {node}")
        for group in groups:
            found.node[group.name] = node
            found.listed[group.name] = group
    if failures and len(failures) == len(nodes):
        raise failures[min(failures)]


async def _find(client: Client, found: _Found, names: Sequence[str]) -> None:
    """Coordinators of groups that no broker listed."""
    try:
        coordinators = await _find_all(client, names)
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


async def _find_all(client: Client, names: Sequence[str]) -> tuple[Coordinator, ...]:
    try:
        return await client.ask_any(find_coordinators(names))
    except UnsupportedError:
        single = [await client.ask_any(find_coordinators([name])) for name in names]
        return tuple(coordinator for answer in single for coordinator in answer)


async def _describe(client: Client, found: _Found) -> None:
    classic = [name for name in found.node if found.kind(name) in ("classic", "")]
    consumer = [name for name in found.node if found.kind(name) == "consumer"]
    for build, names in ((describe_groups, classic), (describe_consumer_groups, consumer)):
        by_node = found.on_nodes(names)
        answers, failures = await client.ask_each(
            {node: build(wanted) for node, wanted in by_node.items()}
        )
        for described in (group for answer in answers.values() for group in answer):
            found.described[described.name] = described
        _mark(found, by_node, failures)


def _mark(
    found: _Found, by_node: Mapping[int, Sequence[str]], failures: Mapping[int, PortError]
) -> None:
    for node, failure in failures.items():
        if not isinstance(failure, UnsupportedError):
            found.unknown.update(dict.fromkeys(by_node[node], failure.reason))
