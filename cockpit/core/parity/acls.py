"""ACLs, judged by what they let people do: above all who can write on the source and not on the
target.

Bindings are never compared as text alone: one that another binding covers is only noted. A fence
that this flight has ordered on the source is no difference; anybody else's is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cockpit.core.facts import Facts
from cockpit.core.observe import AclBinding, Unknown
from cockpit.core.parity.access import (
    ANY_HOST,
    OPERATIONS,
    OTHER_NAME,
    Rules,
    allowed,
    binding_text,
    covers,
)
from cockpit.core.parity.fence import EVERYBODY, fence_binding
from cockpit.core.parity.found import Found
from cockpit.core.parity.people import (
    PLAN_TYPES,
    matches,
    own_principals,
    relevant_principals,
    touches,
)
from cockpit.core.plan import Plan
from cockpit.core.snapshot import CheckView

Resource = tuple[str, str]
"""Resource type and name."""


@dataclass(frozen=True, slots=True)
class Both:
    """The rules of both clusters under one plan, the source's without any fence: it hides no right
    that is lost."""

    plan: Plan
    source: Rules
    target: Rules
    source_bindings: frozenset[AclBinding]
    target_bindings: frozenset[AclBinding]
    fences: frozenset[AclBinding]
    """What a fence of the plan's topics looks like, whoever put it there."""


def acls(plan: Plan, facts: Facts, ordered: frozenset[AclBinding]) -> list[Found] | Unknown:
    """Rights of the plan's principals, and of everybody else who has rights on what it moves.
    `ordered` is what this flight's own fences consist of."""
    source, target = facts.acls.get("source"), facts.acls.get("target")
    if source is None or target is None:
        side = "source" if source is None else "target"
        failure = facts.failures.get(f"{side}.acls")
        return Unknown(failure.reason if failure else f"ACLs of {side} not read yet")
    fences = frozenset(fence_binding(topic) for topic in plan.topics()) | ordered
    left = Rules(source.bindings - fences)
    standing = source.bindings - ordered
    both = Both(plan, left, Rules(target.bindings), standing, target.bindings, fences)
    own = own_principals(plan)
    others = sorted(relevant_principals(plan, facts) - set(own))
    found: list[Found] = []
    for principal in (*own, *others, EVERYBODY):
        found.extend(_principal(both, principal, principal in own))
    found.extend(_denies(both, frozenset((*own, *others, EVERYBODY))))
    return found


# --- rights ---------------------------------------------------------------------------------------


def _principal(both: Both, principal: str, own: bool) -> list[Found]:
    resources = _resources(both, principal, own)
    found: list[Found] = []
    lost: set[Resource] = set()
    for resource in resources:
        rows = _rights(both, principal, resource)
        if any(row.check.word == "open" for row in rows):
            lost.add(resource)
        found.extend(rows)
    if own:
        found.extend(_needs(both, principal))
    found.extend(_texts(both, principal, own, lost))
    counts = [f"{len(rules.of(principal))} ACLs" for rules in (both.source, both.target)]
    if not lost and (own or counts != ["0 ACLs", "0 ACLs"]):
        check = CheckView("acl", principal, "equal", counts[0], counts[1], "can do the same")
        found.append(Found(check))
    return found


def _resources(both: Both, principal: str, own: bool) -> list[Resource]:
    """What the principal's rights are compared on: what its bindings name, or what of the plan
    they cover; for the plan's own principals also all the names that nobody mentions."""
    plan = both.plan
    names = {"topic": plan.topics(), "group": plan.groups()}
    found: set[Resource] = set(_needed(plan, principal))
    for rules in (both.source, both.target):
        for binding in rules.of(principal):
            kind = binding.resource_type
            found |= {(kind, name) for name in names.get(kind, ()) if matches(binding, name)}
            if kind in PLAN_TYPES and not own:
                continue
            if binding.pattern == "prefixed" or binding.resource_name == "*":
                prefix = binding.resource_name if binding.pattern == "prefixed" else ""
                found.add((kind, prefix + OTHER_NAME))
            else:
                found.add((kind, binding.resource_name))
    return sorted(found)


def _rights(both: Both, principal: str, resource: Resource) -> list[Found]:
    """What is lost on one resource, from each host that a binding names.

    What is gained is told by the bindings that grant it.
    """
    kind, name = resource
    left = both.source.about(principal, kind, name)
    right = both.target.about(principal, kind, name)
    if left == right:
        return []
    found: list[Found] = []
    common: frozenset[str] = frozenset()
    hosts = sorted({b.host for b in (*left, *right)} - {ANY_HOST})
    for host in (ANY_HOST, *hosts):
        here, there = allowed(left, host, kind), allowed(right, host, kind)
        lost = here - there - common
        if host == ANY_HOST:
            common = lost
        if lost:
            found.append(_lost(both, principal, resource, host, _ordered(kind, lost)))
    return found


def _ordered(kind: str, operations: Iterable[str]) -> list[str]:
    known = OPERATIONS.get(kind, ())
    return sorted(operations, key=lambda op: (known.index(op) if op in known else 99, op))


def _shown(name: str) -> str:
    if name.endswith(OTHER_NAME):
        return f"{name[: -len(OTHER_NAME)]}*"
    return name


def _lost(
    both: Both, principal: str, resource: Resource, host: str, operations: list[str]
) -> Found:
    kind, name = resource
    words = ", ".join(operations)
    where = "" if host == ANY_HOST else f" from {host}"
    cause = _cause(both, principal, resource, host, operations[0])
    writes = "write" in operations and kind in ("topic", "transactional_id")
    check = CheckView(
        "acl",
        f"{principal} {words} {kind} {_shown(name)}{where}",
        "open",
        "allowed",
        "not allowed",
        f"cannot {words} after the move: {cause}",
        rank=0 if writes else 1,
    )
    return Found(check, "acl", (principal,))


def _cause(both: Both, principal: str, resource: Resource, host: str, operation: str) -> str:
    kind, name = resource
    for binding in both.target.about(principal, kind, name):
        stands = binding.permission == "deny" and binding.operation in (operation, "all")
        if stands and binding.host in (ANY_HOST, host):
            copied = binding in both.fences or binding in both.source_bindings
            what = " (a fence that the mirror copied)" if copied else ""
            return f"{binding_text(binding)}{what}"
    grants = [b for b in both.source.about(principal, kind, name) if b.permission == "allow"]
    for grant in grants:
        literal = kind == "topic" and grant.pattern == "literal"
        if literal and grant.operation == "all" and _read_copy(grant) in both.target_bindings:
            return "the mirror copied ALLOW ALL as ALLOW READ"
    if kind == "topic" and operation == "write":
        return "no ACL allows it there; the mirror never copies ALLOW WRITE"
    if kind != "topic" or all(grant.pattern == "prefixed" for grant in grants):
        return "no ACL allows it there; the mirror copies literal topic ACLs only"
    return "no ACL allows it there"


def _read_copy(binding: AclBinding) -> AclBinding:
    return AclBinding(
        binding.resource_type,
        binding.resource_name,
        binding.pattern,
        binding.principal,
        binding.host,
        "read",
        binding.permission,
    )


def _needed(plan: Plan, principal: str) -> dict[Resource, str]:
    """What the plan says that a principal reads and writes."""
    needs: dict[Resource, str] = {}
    for service in plan.services:
        if service.principal == principal:
            needs |= {("topic", topic): "read" for topic in service.consumes}
            needs |= {("topic", topic): "write" for topic in service.produces}
            if service.group is not None:
                needs["group", service.group] = "read"
    return needs


def _needs(both: Both, principal: str) -> list[Found]:
    """Rights that a service needs by the plan and that no ACL grants on either side."""
    found: list[Found] = []
    for (kind, name), operation in sorted(_needed(both.plan, principal).items()):
        sides = [rules.about(principal, kind, name) for rules in (both.source, both.target)]
        if any(operation in allowed(side, ANY_HOST, kind) for side in sides):
            continue
        if any(b.permission == "allow" and b.host != ANY_HOST for b in (*sides[0], *sides[1])):
            continue
        title = f"{principal} {operation} {kind} {name}"
        why = "no ACL grants it on either side: a super user, or open to all there?"
        found.append(Found(CheckView("acl", title, "noted", "no ACL", "no ACL", why)))
    return found


# --- bindings -------------------------------------------------------------------------------------


def _texts(both: Both, principal: str, own: bool, lost: set[Resource]) -> list[Found]:
    """Bindings that stand on one side only and whose absence takes nothing away."""
    found: list[Found] = []
    for binding in both.source.of(principal):
        if binding.permission == "deny" or binding in both.target_bindings:
            continue
        if any(kind == binding.resource_type and matches(binding, name) for kind, name in lost):
            continue
        if not own and not touches(binding, both.plan):
            continue
        cover = next((b for b in both.target_bindings if covers(b, binding)), None)
        why = "what it grants is granted otherwise" if own else "more than the plan needs"
        if cover is not None:
            why = f"covered by {binding_text(cover)}"
        title = binding_text(binding)
        found.append(Found(CheckView("acl", title, "noted", "present", "absent", why)))
    for binding in both.target.of(principal):
        if binding.permission == "deny" or binding in both.source_bindings:
            continue
        if not own and not touches(binding, both.plan):
            continue
        whole = AclBinding(
            binding.resource_type,
            binding.resource_name,
            binding.pattern,
            binding.principal,
            binding.host,
            "all",
            "allow",
        )
        copied = binding.operation == "read" and whole in both.source_bindings
        why = "the mirror's copy of ALLOW ALL" if copied else "only on the target"
        title = binding_text(binding)
        found.append(Found(CheckView("acl", title, "noted", "absent", "present", why)))
    return found


def _denies(both: Both, principals: frozenset[str]) -> list[Found]:
    """DENY bindings about the plan that stand on one side only."""
    found: list[Found] = []
    for binding in sorted(both.target_bindings):
        if binding.permission != "deny" or binding.principal not in principals:
            continue
        fence = binding in both.fences
        if not touches(binding, both.plan) and binding.resource_type in PLAN_TYPES:
            continue
        if fence or not any(covers(b, binding) for b in both.source_bindings):
            why = "a fence that the mirror copied" if fence else "denies on the target only"
            check = CheckView("acl", binding_text(binding), "open", "absent", "present", why)
            found.append(Found(check, "acl", (binding.principal,)))
    for binding in sorted(both.source_bindings):
        if binding.permission != "deny" or binding.principal not in principals:
            continue
        if not touches(binding, both.plan) and binding.resource_type in PLAN_TYPES:
            continue
        if not any(covers(b, binding) for b in both.target_bindings):
            fenced = binding in both.fences
            why = "fenced, and not by this flight" if fenced else "denied on the source only"
            check = CheckView("acl", binding_text(binding), "open", "present", "absent", why)
            found.append(Found(check, "acl", (binding.principal,)))
    return found
