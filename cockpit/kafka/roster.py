"""Which groups a cluster has, where, in which state and with how many members: the slow half.

Never takes silence for absence. A broker that just started answers "no groups" for a while; so a
group of the plan, or one seen before, that nobody lists is looked up by its coordinator, and is
unknown until that coordinator has said that it has nothing. Never reads commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cockpit.kafka.client import Client
from cockpit.kafka.errors import GROUP_ID_NOT_FOUND, code_name
from cockpit.kafka.protocol.groups import (
    DescribedGroup,
    describe_consumer_groups,
    describe_groups,
)
from cockpit.kafka.text import one_line
from cockpit.kafka.whereabouts import (
    ABSENT_STATES,
    Manners,
    Whereabouts,
    find_groups,
)

NO_COMMITS_KINDS: Final = frozenset({"share"})
MEMBERLESS_STATES: Final = frozenset({"Dead", "Empty"})
MANNERS: Final[Manners[DescribedGroup]] = {
    "classic": describe_groups,
    "consumer": describe_consumer_groups,
}


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
    kinds: Mapping[str, str]
    """Kinds of the groups, as far as a broker has ever said them."""
    unlisted: str = ""
    """Why there may be other groups besides these; empty: there are none."""


async def read_roster(
    client: Client,
    names: frozenset[str],
    kinds: Mapping[str, str],
    *,
    others: bool,
    asked_at_ms: int,
) -> Roster:
    """These groups whether listed or not, and all `others` that are; `kinds` as seen before.

    Raises PortError when no broker lists its groups.
    """
    found = await find_groups(client, names, MANNERS, kinds, others=others)
    every = sorted(found.listed.keys() | names)
    standings = tuple(_standing(found, name) for name in every)
    by_node = found.on_nodes(s.name for s in standings if s.keeps_commits)
    return Roster(
        asked_at_ms,
        standings,
        {name: node for node, groups in by_node.items() for name in groups},
        {node: tuple(groups) for node, groups in by_node.items()},
        {name: found.kind(name) for name in every if found.kind(name)},
        _unlisted(found) if others else "",
    )


def _unlisted(found: Whereabouts[DescribedGroup]) -> str:
    """Which brokers did not list their groups, and why the first of them did not."""
    nodes = sorted(found.unlisting)
    if not nodes:
        return ""
    who = ", ".join(str(node) for node in nodes)
    return one_line(f"not listed by broker {who}: {found.unlisting[nodes[0]]}")


def _standing(found: Whereabouts[DescribedGroup], name: str) -> Standing:
    """One group, as far as it is known."""
    described, listed = found.described.get(name), found.listed.get(name)
    state = described.state if described and described.state not in ABSENT_STATES else ""
    state = state or (listed.state if listed else "") or "Dead"
    why = found.unknown.get(name)
    if why is None and described is not None:
        code = described.error
        why = code_name(code) if code not in (0, GROUP_ID_NOT_FOUND) else None
    if why is None and state not in MEMBERLESS_STATES:
        if described is None:
            why = f"members of a {found.kind(name) or 'such a'} group cannot be read here"
        elif found.is_denied(name):
            why = "its broker lists it and denies to know it"
    return Standing(
        name=name,
        state=state,
        members=described.members if described else 0,
        keeps_commits=found.kind(name) not in NO_COMMITS_KINDS,
        listed=listed is not None,
        unknown=why,
    )
