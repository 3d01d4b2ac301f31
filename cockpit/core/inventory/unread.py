"""What an inventory could not read, and what it did not look for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.inventory.decide import some
from cockpit.core.observe import partition_text
from cockpit.core.plan import SIDES, Plan
from cockpit.core.survey import (
    MembersSurvey,
    ProducersSurvey,
    RegistrySurvey,
    StorageSurvey,
    TransactionsSurvey,
)

_HOLD_ITEMS: Final = (
    *("topics", "logs", "groups", "acls", "members", "producers", "quotas", "users"),
)
"""Feeds of a cluster without which an item may be missing. Of the others only values are."""


def unread(plan: Plan, facts: Facts) -> tuple[str, ...]:
    """A line for each feed, or part of one, that may hold items which nobody has seen."""
    wanted = tuple(_wanted(plan))
    failures = {feed: one.reason for feed, one in sorted(facts.failures.items()) if feed in wanted}
    never = [feed for feed in wanted if feed not in facts.feeds and feed not in failures]
    failed = [f"{feed}: {why}" for feed, why in failures.items()]
    return (*failed, *(f"{feed}: not read" for feed in never), *_parts(facts))


def _wanted(plan: Plan) -> Iterator[str]:
    for side in SIDES:
        yield from (f"{side}.{kind}" for kind in _HOLD_ITEMS)
        if plan.registry(side) is not None:
            yield f"{side}.registry"
    if plan.replication.connect:
        yield "connect"


def _parts(facts: Facts) -> Iterator[str]:
    for side in SIDES:
        logs, groups = facts.newest_logs(side), facts.newest_groups(side)
        if logs is not None and logs.errors:
            yield f"{side}.logs: {_alike({partition_text(n): w for n, w in logs.errors.items()})}"
        if groups is not None:
            if groups.unlisted:
                yield f"{side}.groups: {groups.unlisted}: only the plan's groups were looked for"
            whys = {name: g.unknown for name, g in groups.groups.items() if g.unknown is not None}
            if whys:
                yield f"{side}.groups: {_alike(whys)}"
        yield from _surveys(facts, side)
    for side in SIDES:
        registry = facts.survey(RegistrySurvey, f"{side}.registry")
        if registry is not None:
            whys = {n: s.unknown for n, s in registry.subjects.items() if s.unknown is not None}
            if whys:
                yield f"{side}.registry: {_alike(whys)}"


def _surveys(facts: Facts, side: str) -> Iterator[str]:
    members = facts.survey(MembersSurvey, f"{side}.members")
    if members is not None:
        whys = {name: g.unknown for name, g in members.groups.items() if g.unknown is not None}
        if whys:
            yield f"{side}.members: {_alike(whys)}"
    listed = facts.survey(ProducersSurvey, f"{side}.producers")
    if listed is not None and listed.errors:
        named = {partition_text(name): why for name, why in listed.errors.items()}
        yield f"{side}.producers: {_alike(named)}"


def _values(plan: Plan, facts: Facts) -> Iterator[str]:
    """What is not known of items that are there."""
    wanted = frozenset(_wanted(plan))
    for feed, failure in sorted(facts.failures.items()):
        if feed not in wanted:
            yield f"{feed}: {failure.reason}"
    for side in SIDES:
        configs = facts.configs.get(side)
        if configs is not None and (dark := {**configs.unknown, **configs.configs_unknown}):
            yield f"{side}.configs: {_alike(dark)}"
        transactions = facts.survey(TransactionsSurvey, f"{side}.transactions")
        if transactions is not None and transactions.unknown:
            yield f"{side}.transactions: {_alike(dict(transactions.unknown))}"
        storage = facts.survey(StorageSurvey, f"{side}.storage")
        if storage is not None and storage.unknown:
            whys = {f"broker {node}": why for node, why in storage.unknown.items()}
            yield f"{side}.storage: {_alike(whys)}"


def _alike(whys: dict[str, str]) -> str:
    """Each reason, with some of the names that it goes for."""
    return "; ".join(
        f"{some(sorted(name for name, by in whys.items() if by == why))}: {why}"
        for why in dict.fromkeys(whys.values())
    )


def notes(plan: Plan, facts: Facts) -> Iterator[str]:
    """What was not looked for, and values that could not be read, with the reason."""
    for side in SIDES:
        if plan.registry(side) is None:
            yield f"schemas of the {side} were not looked for: the plan names no registry there"
    if not plan.replication.connect:
        yield "connectors were not looked for: the plan names no Connect"
    yield from _values(plan, facts)
    sample = facts.newest_groups("source")
    for service in plan.services if sample is not None else ():
        group = service.group
        if sample is not None and group is not None and group not in sample.groups:
            yield f"group {group} of service {service.name} is not on the source"
