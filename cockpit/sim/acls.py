"""Access rules of one simulated cluster, as its authorizer and each of its brokers know them.

DENY beats ALLOW, nothing is allowed without an ALLOW, super users are never asked. Never decides
what a client does about a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cockpit.core.observe import AclBinding
from cockpit.core.plan import Plan

ANYBODY = "User:*"


def fence_bindings(
    topics: Iterable[str], principals: Iterable[str] = (ANYBODY,)
) -> frozenset[AclBinding]:
    """What a fence of these topics against these principals consists of."""
    denied = tuple(principals)
    return frozenset(
        AclBinding("topic", topic, "literal", who, "*", "write", "deny")
        for topic in topics
        for who in denied
    )


def canary_principal(plan: Plan) -> str | None:
    """The principal whose rights prove a fence; None where the plan names none."""
    return None if plan.source.canary is None else f"User:{plan.source.canary.username}"


def plan_bindings(plan: Plan, *, without: tuple[str, ...] = ()) -> frozenset[AclBinding]:
    """What the plan's services (but those `without`) and the canary need."""
    bindings: set[AclBinding] = set()
    for service in plan.services:
        if service.name in without:
            continue
        who = service.principal
        for topic in service.produces:
            bindings |= {
                allow("topic", topic, who, "write"),
                allow("topic", topic, who, "describe"),
            }
        for topic in service.consumes:
            bindings |= {
                allow("topic", topic, who, "read"),
                allow("topic", topic, who, "describe"),
            }
        if service.group is not None:
            bindings.add(allow("group", service.group, who, "read"))
    canary = canary_principal(plan)
    if canary is not None:
        for topic in plan.topics():
            bindings |= {allow("topic", topic, canary, word) for word in ("write", "describe")}
    return frozenset(bindings)


def allows(bindings: Iterable[AclBinding], principal: str, operation: str, topic: str) -> bool:
    """Whether these bindings let a principal do something with a topic."""
    allowed = False
    for binding in bindings:
        if (
            binding.resource_type == "topic"
            and binding.operation in (operation, "all")
            and binding.principal in (principal, ANYBODY)
            and _names(binding, topic)
        ):
            if binding.permission == "deny":
                return False
            allowed = True
    return allowed


def is_denied(bindings: Iterable[AclBinding], principal: str, topic: str) -> bool:
    """Whether a binding keeps a principal from writing to a topic, whatever else allows it."""
    return any(
        b.permission == "deny"
        and b.resource_type == "topic"
        and b.operation in ("write", "all")
        and b.principal in (principal, ANYBODY)
        and _names(b, topic)
        for b in bindings
    )


def mirrored(bindings: Iterable[AclBinding], topics: Iterable[str]) -> frozenset[AclBinding]:
    """What MirrorMaker copies: literal topic ACLs; ALLOW WRITE left out, ALLOW ALL made READ."""
    known, copied = frozenset(topics), set()
    for b in bindings:
        if b.resource_type != "topic" or b.pattern != "literal" or b.resource_name not in known:
            continue
        if b.permission == "allow" and b.operation == "write":
            continue
        reading = b.permission == "allow" and b.operation == "all"
        operation = "read" if reading else b.operation
        copied.add(
            AclBinding(
                b.resource_type,
                b.resource_name,
                b.pattern,
                b.principal,
                b.host,
                operation,
                b.permission,
            )
        )
    return frozenset(copied)


class Acls:
    """The bindings of one cluster; each broker learns of a change a little later.

    Times are world ms. `views` is what each broker goes by.
    """

    def __init__(
        self, bindings: frozenset[AclBinding], brokers: int, rng: np.random.Generator, delay_ms: int
    ) -> None:
        self.bindings = bindings
        self.views = [bindings] * brokers
        self._rng = rng
        self._delay_ms = delay_ms
        self._due: list[tuple[int, int, frozenset[AclBinding]]] = []

    def change(
        self,
        now_ms: int,
        *,
        add: frozenset[AclBinding] = frozenset(),
        remove: frozenset[AclBinding] = frozenset(),
    ) -> None:
        """Add and remove exact bindings; what is there, or gone, already makes no difference."""
        bindings = (self.bindings - remove) | add
        if bindings == self.bindings:
            return
        self.bindings = bindings
        for broker in range(len(self.views)):
            earlier = [at_ms for at_ms, at, _ in self._due if at == broker]
            learns_ms = now_ms + int(self._rng.integers(0, self._delay_ms + 1))
            self._due.append((max([learns_ms, *earlier]), broker, bindings))

    def forget(self, broker: int, *, forgotten: bool) -> None:
        """Let one broker go by no DENY at all, or by all that there is again."""
        denies = frozenset(b for b in self.bindings if b.permission == "deny" and forgotten)
        self.views[broker] = self.bindings - denies

    def advance(self, now_ms: int) -> bool:
        """Let brokers learn what has reached them, in the order of the changes; whether any has."""
        ripe = [due for due in self._due if due[0] <= now_ms]
        if not ripe:
            return False
        self._due = [due for due in self._due if due[0] > now_ms]
        for _, broker, view in ripe:
            self.views[broker] = view
        return True


def allow(resource: str, name: str, principal: str, operation: str) -> AclBinding:
    """An ALLOW of one operation on one thing, from anywhere."""
    return AclBinding(resource, name, "literal", principal, "*", operation, "allow")


def _names(binding: AclBinding, topic: str) -> bool:
    if binding.pattern == "prefixed":
        return topic.startswith(binding.resource_name)
    return binding.resource_name in (topic, "*")
