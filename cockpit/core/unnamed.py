"""Topics that a group reads and its service does not name: they would be left behind.

What is moved is what the plan names. A group keeps one set of commits: on the other cluster it
would begin anew on every topic that nobody placed, or would not find it at all. A topic that the
plan excludes is left behind on purpose: no reason to refuse, and no alarm where it is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cockpit.core.clearing import delete_offsets
from cockpit.core.facts import Facts
from cockpit.core.leftout import Exclusion
from cockpit.core.observe import TopicPartition
from cockpit.core.plan import Plan, Service
from cockpit.core.remember import Remembered
from cockpit.core.survey import MembersSurvey

_COMMITTED: Final[dict[str, Remembered[tuple[TopicPartition, ...]]]] = {}


def reads_unnamed(plan: Plan, facts: Facts, services: Iterable[Service]) -> Iterator[str]:
    """Each group of these services that reads more than its service names, or may do so, in words.

    Commits alone show nothing where its members are known and have no such topic: they may be of
    long ago (see `left_behind`).
    """
    excluded = [one for one in plan.excluded if one.kind == "topic"]
    for service in services:
        assigned = _assigned(facts, service)
        if assigned is not None:
            if topics := _but(assigned, excluded):
                yield _says(service, "reads", topics)
            continue
        committed = _committed(facts, service)
        if topics := _but({topic for topic, _ in committed}, excluded):
            committed = tuple(name for name in committed if name[0] in topics)
            command = delete_offsets(plan.source, service.group or "", committed)
            text = _says(service, "has commits of", topics)
            yield f"{text}; where it reads them no more: {command}"


def left_behind(plan: Plan, facts: Facts) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Groups whose source commits are of topics that their services do not name, with these; not of
    those that the plan drops."""
    dropped = [one for one in plan.excluded if one.kind == "topic" and one.how == "drop"]
    for service in plan.services:
        if topics := _but({topic for topic, _ in _committed(facts, service)}, dropped):
            yield service.group or "", tuple(topics)


def _but(topics: Iterable[str], left_out: Sequence[Exclusion]) -> list[str]:
    """Those that no exclusion is about."""
    return sorted(topic for topic in topics if not any(one.covers(topic) for one in left_out))


def _says(service: Service, what: str, topics: list[str]) -> str:
    return (
        f"group {service.group} {what} {', '.join(topics)}, which {service.name} does not name:"
        f" it would lose its place there; add to what {service.name} consumes, or, if it"
        " needs none, to the plan's excluded"
    )


def _committed(facts: Facts, service: Service) -> tuple[TopicPartition, ...]:
    """Of topics that the service does not name, by the newest look at the source."""
    sample = facts.newest_groups("source")
    found = sample.groups.get(service.group or "") if sample is not None else None
    if found is None or found.unknown is not None or service.resume == "external":
        return ()
    kept = _COMMITTED.setdefault(service.name, Remembered())
    return kept.get((service, found.keys), lambda: _beside(found.keys, service))


def _beside(names: Iterable[TopicPartition], service: Service) -> tuple[TopicPartition, ...]:
    own = frozenset(service.consumes)
    return tuple(sorted(name for name in names if name[0] not in own))


def _assigned(facts: Facts, service: Service) -> frozenset[str] | None:
    """Topics that the group's members have and the service does not name; None: nobody knows, for
    nobody is there now, or none has got anything yet."""
    survey = facts.survey(MembersSurvey, "source.members")
    if survey is None or "source.members" in facts.failures:
        return None
    group = survey.groups.get(service.group or "")
    if group is None or group.unknown is not None:
        return None
    topics = frozenset(topic for member in group.members for topic, _ in member.assigned)
    return topics - set(service.consumes) if topics else None
