"""ACLs, quotas and SCRAM users of both clusters as items. Never a secret: none leaves a broker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from cockpit.core.facts import Facts
from cockpit.core.inventory.decide import Decisions
from cockpit.core.inventory.items import Item, Value
from cockpit.core.inventory.logs import NOT_READ
from cockpit.core.observe import AclBinding
from cockpit.core.parity.quotas import Entity, entity_text
from cockpit.core.plan import SIDES
from cockpit.core.survey import QuotasSurvey, UsersSurvey

K = TypeVar("K", bound=tuple[object, ...])
V = TypeVar("V", int, float)


def acls(facts: Facts, decisions: Decisions) -> Iterator[Item]:
    """Every ACL of either side."""
    found = {side: s.bindings for side in SIDES if (s := facts.acls.get(side)) is not None}
    for binding in sorted(frozenset().union(*found.values())):
        source, target = (binding in found[side] if side in found else None for side in SIDES)
        verdict = decisions.acl(binding, source=source)
        values: dict[str, Value] = {
            "principal": binding.principal,
            "permission": binding.permission,
            "operation": binding.operation,
            "resource_type": binding.resource_type,
            "resource": binding.resource_name,
            "pattern": binding.pattern,
            "host": binding.host,
        }
        name = acl_text(binding)
        yield Item("acl", name, source, target, verdict.word, verdict.why, values)


def acl_text(binding: AclBinding) -> str:
    """`User:ledger allow read on topic orders (literal) from *`."""
    on = f"{binding.resource_type} {binding.resource_name} ({binding.pattern})"
    return (
        f"{binding.principal} {binding.permission} {binding.operation} on {on} from {binding.host}"
    )


def quotas(facts: Facts, decisions: Decisions) -> Iterator[Item]:
    """Every client quota of either side."""
    here, there = (_quotas(facts.survey(QuotasSurvey, f"{side}.quotas")) for side in SIDES)
    for entity, key in _keys(here, there):
        name = (entity, key)
        source, target = _is_there(here, name), _is_there(there, name)
        verdict = decisions.quota(entity, source=source)
        shown = there if source is False else here
        values: dict[str, Value] = {
            "entity": entity_text(entity),
            "key": key,
            "value": _value(shown, name),
            "target_value": _value(there, name),
        }
        title = f"{entity_text(entity)} {key}"
        yield Item("quota", title, source, target, verdict.word, verdict.why, values)


def _quotas(survey: QuotasSurvey | None) -> Mapping[tuple[Entity, str], float] | None:
    return None if survey is None else {(q.entity, q.key): q.value for q in survey.quotas}


def users(facts: Facts, decisions: Decisions) -> Iterator[Item]:
    """Every user with a SCRAM credential on either side, by mechanism."""
    here, there = (_users(facts.survey(UsersSurvey, f"{side}.users")) for side in SIDES)
    for user, mechanism in _keys(here, there):
        name = (user, mechanism)
        source, target = _is_there(here, name), _is_there(there, name)
        verdict = decisions.user(user, source=source)
        values: dict[str, Value] = {
            "mechanism": mechanism,
            "iterations": _value(there if source is False else here, name),
            "target_iterations": _value(there, name),
        }
        yield Item("user", user, source, target, verdict.word, verdict.why, values)


def _users(survey: UsersSurvey | None) -> Mapping[tuple[str, str], int] | None:
    if survey is None:
        return None
    return {(c.user, c.mechanism): c.iterations for c in survey.credentials}


def _keys(here: Mapping[K, V] | None, there: Mapping[K, V] | None) -> list[K]:
    return sorted((here or {}).keys() | (there or {}).keys())


def _is_there(found: Mapping[K, V] | None, name: K) -> bool | None:
    return None if found is None else name in found


def _value(found: Mapping[K, V] | None, name: K) -> Value:
    return NOT_READ if found is None else found.get(name)
