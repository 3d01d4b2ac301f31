"""Where the groups of a cluster are, of which kind, and how their coordinators describe them.

Never takes silence for absence: a name that no broker lists is looked up by its coordinator, and is
gone only when that coordinator knows it in none of the ways in which it describes groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from cockpit.kafka.client import Client
from cockpit.kafka.errors import (
    GROUP_ID_NOT_FOUND,
    UNSUPPORTED_VERSION,
    UnsupportedError,
    code_error,
    code_name,
)
from cockpit.kafka.protocol.groups import (
    Coordinator,
    ListedGroup,
    find_coordinators,
    list_groups,
)
from cockpit.kafka.protocol.request import Request
from cockpit.ports import PortError

ABSENT_STATES: Final = frozenset({"Dead", ""})


class Described(Protocol):
    """What is common to all descriptions of a group."""

    @property
    def name(self) -> str:
        """Of the group."""

    @property
    def error(self) -> int:
        """A code of the protocol, 0 for none."""

    @property
    def state(self) -> str:
        """Kafka's word."""


D = TypeVar("D", bound=Described)
Manners = Mapping[str, Callable[[Sequence[str]], Request[tuple[D, ...]]]]
"""How groups are described, by kind; the first is for brokers that tell no kinds."""


@dataclass(slots=True)
class Whereabouts(Generic[D]):
    """What has been found out so far, by group name."""

    kinds: dict[str, str] = field(default_factory=dict)
    """`classic`, `consumer`, `share`, ...: as listed now or, where not listed, as seen before."""
    node: dict[str, int] = field(default_factory=dict)
    listed: dict[str, ListedGroup] = field(default_factory=dict)
    unlisting: dict[int, str] = field(default_factory=dict)
    """Brokers that did not list their groups, and why."""
    described: dict[str, D] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    """Why a group cannot be known."""
    unsupported: dict[str, str] = field(default_factory=dict)
    """Why its broker cannot describe a group that it lists."""

    def kind(self, name: str) -> str:
        """Empty where no broker has said it."""
        return self.kinds.get(name, "")

    def on_nodes(self, names: Iterable[str]) -> dict[int, list[str]]:
        """Groups by coordinator, unknown ones left out."""
        by_node: dict[int, list[str]] = {}
        for name in names:
            if name not in self.unknown and name in self.node:
                by_node.setdefault(self.node[name], []).append(name)
        return by_node

    def is_denied(self, name: str) -> bool:
        """Whether its coordinator has said that it knows no such group."""
        found = self.described.get(name)
        return (
            found is not None
            and found.error in (0, GROUP_ID_NOT_FOUND)
            and found.state in ABSENT_STATES
        )

    def settle(self, manners: Manners[D]) -> None:
        """Groups of a kind that cannot be described are not gone because nobody describes them."""
        for name, node in self.node.items():
            kind = self.kind(name)
            if name not in self.listed and kind not in ("", *manners) and node in self.unlisting:
                why = f"broker {node} does not list its groups: {self.unlisting[node]}"
                self.unknown.setdefault(name, f"a {kind} group, and {why}")


async def find_groups(
    client: Client,
    names: Iterable[str],
    manners: Manners[D],
    kinds: Mapping[str, str],
    *,
    others: bool = True,
) -> Whereabouts[D]:
    """These groups whether listed or not, and all `others` that are.

    `kinds` are those of groups seen before. Raises PortError when no broker lists its groups.
    """
    found: Whereabouts[D] = Whereabouts(dict(kinds))
    wanted = frozenset(names)
    await _list(client, found, None if others else wanted)
    unlisted = sorted(wanted - found.listed.keys())
    if unlisted:
        await _find(client, found, unlisted)
    for kind, describe in manners.items():
        await _describe(client, found, kind, describe, next(iter(manners)))
    found.settle(manners)
    return found


async def _list(client: Client, found: Whereabouts[D], only: frozenset[str] | None) -> None:
    nodes = await client.brokers()
    answers, failures = await client.ask_each({node: list_groups() for node in nodes})
    for node, (error, groups) in answers.items():
        if error:
            failures[node] = code_error(error, f"groups of broker {node}")
        for group in groups:
            if only is not None and group.name not in only:
                continue
            found.node[group.name] = node
            found.listed[group.name] = group
            found.kinds[group.name] = group.kind
    found.unlisting.update((node, failure.reason) for node, failure in failures.items())
    if failures and len(failures) == len(nodes):
        raise failures[min(failures)]


async def _find(client: Client, found: Whereabouts[D], names: Sequence[str]) -> None:
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
        if len(names) == 1:
            raise
    # Brokers before 3.0 take one name at a time.
    single = [await client.ask_any(find_coordinators([name])) for name in names]
    return tuple(coordinator for answer in single for coordinator in answer)


async def _describe(
    client: Client,
    found: Whereabouts[D],
    kind: str,
    describe: Callable[[Sequence[str]], Request[tuple[D, ...]]],
    first: str,
) -> None:
    """Ask about groups of this kind, and about all whose kind nobody says now.

    A coordinator that is asked in the manner of another kind than a group's denies that it is
    there: who is denied in one manner is asked for in the next.
    """
    unsure = {name for name in found.node if name not in found.listed or not found.kind(name)}
    again = {name for name in unsure if kind != first and found.is_denied(name)}
    mine = {name for name in found.listed if found.kind(name) == kind}
    by_node = found.on_nodes(sorted(mine | again | (unsure if kind == first else set())))
    answers, failures = await client.ask_each(
        {node: describe(wanted) for node, wanted in by_node.items()}
    )
    for group in (group for answer in answers.values() for group in answer):
        if group.name not in again or group.error not in (UNSUPPORTED_VERSION, GROUP_ID_NOT_FOUND):
            found.described[group.name] = group
    for node, failure in failures.items():
        if not isinstance(failure, UnsupportedError):
            found.unknown.update(dict.fromkeys(by_node[node], failure.reason))
        else:
            names = set(by_node[node]) - again
            found.unsupported.update(dict.fromkeys(names, failure.reason))
