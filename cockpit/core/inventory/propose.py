"""Services that a cluster's rights, groups and producers point to, for people to correct.

Only what was seen is proposed: who a group or a writer is, and which of them are one service, only
rights tell. Never guesses an owner, and never makes a service of a right on everything.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.inventory.decide import Decisions, some
from cockpit.core.inventory.items import Inventory
from cockpit.core.inventory.logs import read_by
from cockpit.core.leftout import ItemKind
from cockpit.core.observe import AclBinding
from cockpit.core.parity.fence import EVERYBODY
from cockpit.core.parity.people import matches
from cockpit.core.plan import Plan
from cockpit.core.survey import ProducersSurvey

NAME_MAX_CHARS: Final = 80
_WRITES: Final = ("write", "all")
_READS: Final = ("read", "all")
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A service as far as the clusters show one."""

    name: str
    principal: str
    """Empty: not known."""
    group: str
    """Empty: it reads nothing."""
    consumes: tuple[str, ...]
    produces: tuple[str, ...]
    why: str
    """What it was concluded from."""


def propose(plan: Plan, facts: Facts, inventory: Inventory) -> tuple[Proposed, ...]:
    """Services of a plan that has none yet, by name. Topics and groups that it excludes are in none
    of them."""
    seen = _Seen.of(plan, facts, inventory)
    found = [*_readers(seen), *_writing_principals(seen)]
    written = {topic for one in found for topic in one.produces}
    found += _unknown_writers(seen, facts, written)
    names: set[str] = set()
    return tuple(_renamed(one, names) for one in sorted(found, key=lambda one: one.name))


@dataclass(frozen=True)
class _Seen:
    """The source, without what is left out."""

    topics: frozenset[str]
    groups: Mapping[str, tuple[str, ...]]
    """Topics that each reads."""
    rights: Mapping[str, tuple[AclBinding, ...]]
    """ALLOWs by principal, of who is neither excluded nor the cockpit itself."""
    busy: frozenset[str]
    """Topics that grew while they were watched, or that a broker remembers a writer of."""

    @staticmethod
    def of(plan: Plan, facts: Facts, inventory: Inventory) -> _Seen:
        topics = _wanted(inventory, "topic")
        groups = {name: read_by(facts, "source", name) for name in _wanted(inventory, "group")}
        sample = facts.acls.get("source")
        rights: dict[str, list[AclBinding]] = defaultdict(list)
        decisions = Decisions.of(plan, facts)
        for binding in sorted(sample.bindings) if sample is not None else ():
            is_own = binding.principal in (EVERYBODY, *decisions.principals)
            if binding.permission != "allow" or is_own:
                continue
            if decisions.acl(binding).word != "excluded":
                rights[binding.principal].append(binding)
        written = (
            str(i.values["topics"]).split(", ") for i in inventory.of("producer") if i.source
        )
        return _Seen(
            topics,
            {n: tuple(t for t in found if t in topics) for n, found in groups.items()},
            {who: tuple(found) for who, found in rights.items()},
            frozenset(topic for names in written for topic in names) & topics,
        )

    def writes(self, principal: str) -> tuple[str, ...]:
        """Topics that a principal may write by a right that is about less than everything."""
        return tuple(t for t in sorted(self.topics) if self._may(principal, "topic", t, _WRITES))

    def who_reads(self, group: str) -> tuple[str, ...]:
        """Principals with a right on a group: by its name, else by the beginning of it."""
        for pattern in ("literal", "prefixed"):
            found = [
                who
                for who, rights in self.rights.items()
                if any(_allows(b, "group", group, _READS) and b.pattern == pattern for b in rights)
            ]
            if found:
                return tuple(found)
        return ()

    def _may(self, principal: str, kind: str, name: str, words: tuple[str, ...]) -> bool:
        return any(_allows(b, kind, name, words) for b in self.rights.get(principal, ()))


def _wanted(inventory: Inventory, kind: ItemKind) -> frozenset[str]:
    found = (i for i in inventory.of(kind) if i.source and i.word != "excluded")
    return frozenset(i.name for i in found)


def _allows(binding: AclBinding, kind: str, name: str, words: tuple[str, ...]) -> bool:
    if binding.resource_type != kind or binding.operation not in words:
        return False
    return binding.resource_name not in ("*", "") and matches(binding, name)


def _readers(seen: _Seen) -> list[Proposed]:
    """A service for each group that reads something; with what its principal may write."""
    who_of = {group: seen.who_reads(group) for group in seen.groups}
    found: list[Proposed] = []
    for group, topics in sorted(seen.groups.items()):
        if not topics:
            continue
        who = who_of[group]
        principal = who[0] if len(who) == 1 else ""
        produces = seen.writes(principal) if principal else ()
        also = [g for g in seen.groups if g != group and who_of[g] == who] if principal else []
        why = f"group {group} reads {some(topics)}"
        if len(who) > 1:
            why += f"; {some(who)} may all be it"
        elif not who:
            why += "; no right says who it is"
        elif produces and also:
            why += f"; {principal} is also {some(also)}, and which of them writes is not known"
        name = _short(principal) if principal and not also else group
        found.append(Proposed(name, principal, group, topics, produces, why))
    return found


def _writing_principals(seen: _Seen) -> list[Proposed]:
    """Principals that may write and are no group's."""
    reading = [seen.who_reads(group) for group, topics in seen.groups.items() if topics]
    readers = {principals[0] for principals in reading if len(principals) == 1}
    found: list[Proposed] = []
    for who in sorted(seen.rights.keys() - readers):
        topics = seen.writes(who)
        if topics:
            why = f"{who} may write {some(topics)}; no group of it was seen"
            found.append(Proposed(_short(who), who, "", (), topics, why))
    return found


def _unknown_writers(seen: _Seen, facts: Facts, written: set[str]) -> list[Proposed]:
    """Who writes what no proposed service does: topics of one producer are one service's."""
    left = seen.busy - written
    found: list[Proposed] = []
    surveys = facts.surveys.get("source.producers", ())
    by_id: dict[int, set[str]] = defaultdict(set)
    for survey in surveys[-1:]:
        for state in survey.producers if isinstance(survey, ProducersSurvey) else ():
            by_id[state.producer_id].add(state.topic)
    for together in sorted(_joined([topics & left for topics in by_id.values()], left)):
        why = f"somebody writes {some(together)}; no right says who"
        found.append(Proposed(f"writer-of-{together[0]}", "", "", (), together, why))
    return found


def _joined(groups: Iterable[set[str]], every: frozenset[str]) -> list[tuple[str, ...]]:
    """Topics that are written together, over any number of common ones; the others alone."""
    parts: list[set[str]] = [{topic} for topic in every]
    for group in groups:
        touched = [part for part in parts if part & group]
        if len(touched) > 1:
            parts = [part for part in parts if not part & group]
            parts.append(set().union(*touched))
    return [tuple(sorted(part)) for part in parts]


def _short(principal: str) -> str:
    """`checkout` of `User:checkout`, or of a certificate's `User:CN=checkout,OU=shop`."""
    name = principal.partition(":")[2] or principal
    common = re.match(r"CN=([^,]+)", name)
    return common.group(1) if common else name


def _renamed(one: Proposed, taken: set[str]) -> Proposed:
    """With a name that a plan may have and that no other one has."""
    base = _NOT_IN_A_NAME.sub("-", one.name).strip("-._")[:NAME_MAX_CHARS] or "service"
    name, number = base, 2
    while name in taken:
        end = f"-{number}"
        name, number = base[: NAME_MAX_CHARS - len(end)] + end, number + 1
    taken.add(name)
    return Proposed(name, one.principal, one.group, one.consumes, one.produces, one.why)
