"""What a set of ACLs lets a principal do, by Kafka's own rules (StandardAuthorizer).

DENY beats ALLOW, nothing is allowed without an ALLOW, an operation may imply others. Knows nothing
of super users and of brokers that allow what no ACL is about: no API tells of either.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cockpit.core.observe import AclBinding
from cockpit.core.parity.fence import EVERYBODY
from cockpit.core.parity.people import matches

OPERATIONS: dict[str, tuple[str, ...]] = {
    "topic": (
        "write",
        "read",
        "describe",
        "create",
        "delete",
        "alter",
        "describe_configs",
        "alter_configs",
    ),
    "group": ("read", "describe", "delete", "describe_configs", "alter_configs"),
    "transactional_id": ("write", "describe", "two_phase_commit"),
    "cluster": (
        "idempotent_write",
        "create",
        "alter",
        "describe",
        "cluster_action",
        "describe_configs",
        "alter_configs",
    ),
    "delegation_token": ("describe",),
    "user": ("create_tokens", "describe_tokens"),
}
"""Operations of each resource type, what matters most first."""

_IMPLIED_BY = {
    "describe": frozenset({"read", "write", "delete", "alter"}),
    "describe_configs": frozenset({"alter_configs"}),
}
"""An ALLOW of one of these allows the operation as well; a DENY never spreads like that."""

ANY_HOST = "*"
OTHER_NAME = "\x00"
"""Ends the name of a resource that stands for all those that no plan and no ACL names."""


class Rules:
    """The bindings of one cluster, by principal."""

    def __init__(self, bindings: Iterable[AclBinding]) -> None:
        self._by_principal: dict[str, list[AclBinding]] = {}
        for binding in sorted(bindings):
            self._by_principal.setdefault(binding.principal, []).append(binding)

    def of(self, principal: str) -> Sequence[AclBinding]:
        """A principal's own bindings."""
        return self._by_principal.get(principal, ())

    def principals(self) -> Iterable[str]:
        """Everybody who has a binding."""
        return self._by_principal

    def about(self, principal: str, resource_type: str, name: str) -> tuple[AclBinding, ...]:
        """The bindings that an authorizer looks at, for any host; everybody's are among them."""
        own = self.of(principal)
        common = self.of(EVERYBODY) if principal != EVERYBODY else ()
        return tuple(
            b for b in (*own, *common) if b.resource_type == resource_type and matches(b, name)
        )


def allowed(bindings: Iterable[AclBinding], host: str, resource_type: str) -> frozenset[str]:
    """The operations that these bindings allow from a host; ANY_HOST: from one that none names."""
    allows: set[str] = set()
    denies: set[str] = set()
    for binding in bindings:
        if binding.host in (ANY_HOST, host):
            (denies if binding.permission == "deny" else allows).add(binding.operation)
    universe = OPERATIONS.get(resource_type, ()) or tuple(allows | denies)
    if "all" in denies:
        return frozenset()
    return frozenset(
        op
        for op in universe
        if op not in denies
        and ("all" in allows or op in allows or allows & _IMPLIED_BY.get(op, frozenset()))
    )


def covers(binding: AclBinding, other: AclBinding) -> bool:
    """Whether a binding says everything that another one says, wherever that one applies."""
    if (binding.resource_type, binding.permission) != (other.resource_type, other.permission):
        return False
    return (
        binding.principal in (other.principal, EVERYBODY)
        and binding.host in (other.host, ANY_HOST)
        and _covers_operation(binding, other)
        and _covers_names(binding, other)
    )


def _covers_operation(binding: AclBinding, other: AclBinding) -> bool:
    if binding.operation in (other.operation, "all"):
        return True
    implied = _IMPLIED_BY.get(other.operation, frozenset())
    return other.permission == "allow" and binding.operation in implied


def _covers_names(binding: AclBinding, other: AclBinding) -> bool:
    if binding.pattern == "literal" and binding.resource_name == "*":
        return True
    if other.pattern == "literal" and other.resource_name == "*":
        return False
    if binding.pattern == "prefixed":
        return other.resource_name.startswith(binding.resource_name)
    return other.pattern == "literal" and binding.resource_name == other.resource_name


def binding_text(binding: AclBinding) -> str:
    """`User:checkout allow write topic orders`, with pattern and host where they are not usual."""
    pattern = "" if binding.pattern == "literal" else f" ({binding.pattern})"
    host = "" if binding.host == ANY_HOST else f" from {binding.host}"
    return (
        f"{binding.principal} {binding.permission} {binding.operation} "
        f"{binding.resource_type} {binding.resource_name}{pattern}{host}"
    )
