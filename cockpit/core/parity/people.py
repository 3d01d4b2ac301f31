"""Which principals a plan is about: its own, and everybody with rights on what it moves.

Never guesses who a super user is: no API tells.
"""

from __future__ import annotations

from cockpit.core.facts import Facts
from cockpit.core.observe import AclBinding
from cockpit.core.parity.fence import EVERYBODY
from cockpit.core.plan import SIDES, Plan

PLAN_TYPES = ("topic", "group")


def own_principals(plan: Plan) -> tuple[str, ...]:
    """The principals of the plan's services, in its order."""
    return tuple(dict.fromkeys(service.principal for service in plan.services))


def helpers(plan: Plan) -> frozenset[str]:
    """Principals that the cockpit itself logs in with: their rights need not be the same."""
    logins = [plan.source.canary, plan.source.security.login, plan.target.security.login]
    names = {f"User:{login.username}" for login in logins if login is not None}
    return frozenset(names - set(own_principals(plan)))


def touches(binding: AclBinding, plan: Plan) -> bool:
    """Whether a binding is about a topic or group of the plan."""
    if binding.resource_type == "topic":
        return any(matches(binding, topic) for topic in plan.topics())
    if binding.resource_type == "group":
        return any(matches(binding, group) for group in plan.groups())
    return False


def matches(binding: AclBinding, name: str) -> bool:
    """Whether a binding's pattern covers a resource of that name."""
    if binding.pattern == "prefixed":
        return name.startswith(binding.resource_name)
    return binding.resource_name in (name, "*")


def unread_acls(facts: Facts) -> str:
    """Sides whose ACLs are not read: whom else the plan is about is not known then."""
    return " and ".join(side for side in SIDES if side not in facts.acls)


def relevant_principals(plan: Plan, facts: Facts) -> frozenset[str]:
    """The plan's own principals and every other one with rights on its topics and groups."""
    found = set(own_principals(plan))
    for sample in facts.acls.values():
        found |= {b.principal for b in sample.bindings if touches(b, plan)}
    return frozenset(found - {EVERYBODY} - helpers(plan))
