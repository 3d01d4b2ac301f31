"""What the mirror makes of consumer groups, by what stands on both clusters: found by reading the
commits, never by believing a configuration.

A mirror that is configured to carry group offsets may drop them without a word (older MirrorMakers
from old brokers did), and then a group begins wherever its reset policy says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cockpit.core.facts import Facts
from cockpit.core.observe import GroupState, TopicPartition, Unknown
from cockpit.core.plan import Plan


@dataclass(frozen=True, slots=True)
class MirroredGroups:
    """Groups of the plan that have committed on the source in topics of their services, by how much
    of it the target has. Each group is in one of the four."""

    carried: tuple[str, ...] = ()
    """Every partition that they have committed on the source has a commit on the target."""
    partly: tuple[tuple[str, int, int], ...] = ()
    """(group, partitions with a commit on the target, partitions with one on the source)."""
    dropped: tuple[str, ...] = ()
    """None has."""
    unread: tuple[tuple[str, str], ...] = ()
    """(group, why it could not be compared)."""

    @property
    def count(self) -> int:
        """All of them."""
        return len(self.carried) + len(self.partly) + len(self.dropped) + len(self.unread)


def mirrored_groups(plan: Plan, facts: Facts) -> MirroredGroups | Unknown:
    """How the plan's groups stand. Unknown: the groups of a cluster were not read."""
    source, target = facts.newest_groups("source"), facts.newest_groups("target")
    for side, sample in (("source", source), ("target", target)):
        if sample is None:
            failure = facts.failures.get(f"{side}.groups")
            return Unknown(f"{side} groups: {failure.reason if failure else 'not read'}")
    assert source is not None
    assert target is not None
    carried, partly, dropped, unread = [], [], [], []
    for name, topics in _topics_of(plan).items():
        here, there = source.groups.get(name), target.groups.get(name)
        if (why := _why_unread(here, there)) is not None:
            unread.append((name, why))
            continue
        wanted = _committed(here, topics)
        if not wanted:
            continue  # nothing to carry
        found = len(wanted & _committed(there, topics))
        if found == len(wanted):
            carried.append(name)
        elif found:
            partly.append((name, found, len(wanted)))
        else:
            dropped.append(name)
    return MirroredGroups(tuple(carried), tuple(partly), tuple(dropped), tuple(unread))


def _topics_of(plan: Plan) -> dict[str, frozenset[str]]:
    """What each group reads, all its services together."""
    found: dict[str, frozenset[str]] = {}
    for service in plan.services:
        if service.group is not None:
            read = found.get(service.group, frozenset())
            found[service.group] = read | frozenset(service.consumes)
    return found


def _why_unread(here: GroupState | None, there: GroupState | None) -> str | None:
    for side, state in (("source", here), ("target", there)):
        if state is not None and state.unknown is not None:
            return f"{side}: {state.unknown}"
    return None


def _committed(state: GroupState | None, topics: Iterable[str]) -> set[TopicPartition]:
    return set() if state is None else {one for one in state.keys if one[0] in topics}
