"""Client quotas of both clusters, entity by entity and key by key.

Never works out which quota wins for a client that several match: what is compared is what is set.
"""

from __future__ import annotations

from cockpit.core.facts import Facts
from cockpit.core.observe import Unknown
from cockpit.core.parity.found import Found
from cockpit.core.parity.people import relevant_principals, unread_acls
from cockpit.core.parity.read import ABSENT, both, differing
from cockpit.core.plan import Plan
from cockpit.core.snapshot import CheckView
from cockpit.core.survey import QuotasSurvey

Entity = tuple[tuple[str, str], ...]


def quotas(plan: Plan, facts: Facts) -> list[Found] | Unknown:
    """Every quota; those of users that the plan has nothing to do with are only noted. Nobody is
    such a user as long as the ACLs of a side are not read."""
    surveys = both(facts, QuotasSurvey, "quotas")
    if isinstance(surveys, Unknown):
        return surveys
    left, right = ({(q.entity, q.key): q.value for q in s.quotas} for s in surveys)
    relevant, unread = relevant_principals(plan, facts), unread_acls(facts)
    found: list[Found] = []
    for (entity, key), here, there in differing(left, right):
        users = [name for kind, name in entity if kind == "user"]
        concerns = not users or any(u == "" or f"User:{u}" in relevant for u in users)
        name = f"{entity_text(entity)} {key}"
        words = (_value(here), _value(there))
        why = _why(here, there)
        if not concerns and unread:
            concerns, why = (
                True,
                f"{why}; ACLs of {unread} not read: the plan may be about this user",
            )
        elif not concerns:
            why = f"{why}; a user that the plan has nothing to do with"
        check = CheckView("quota", name, "open" if concerns else "noted", *words, why)
        found.append(Found(check, "quota", _names(entity)))
    if not any(item.check.word == "open" for item in found):
        counts = (f"{len(left)} quotas", f"{len(right)} quotas")
        found.append(Found(CheckView("quota", "all", "equal", *counts, "")))
    return found


def entity_text(entity: Entity) -> str:
    """`user=checkout client-id=(default)`."""
    return " ".join(f"{kind}={name or '(default)'}" for kind, name in entity)


def _names(entity: Entity) -> tuple[str, ...]:
    if len(entity) == 1 and entity[0][0] == "user" and entity[0][1]:
        return (entity_text(entity), f"User:{entity[0][1]}")
    return (entity_text(entity),)


def _value(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.15g}"


def _why(here: float | None, there: float | None) -> str:
    if here is None:
        return "limited on the target only"
    if there is None:
        return "not limited on the target"
    return "lower on the target" if there < here else "higher on the target"
