"""The ACLs that a fence of a topic consists of, so that nobody takes it for a difference.

Values only; never decides whether a fence stands.
"""

from __future__ import annotations

from collections.abc import Iterable

from cockpit.core.observe import AclBinding

EVERYBODY = "User:*"


def fence_binding(topic: str, principal: str = EVERYBODY) -> AclBinding:
    """DENY WRITE, from everywhere."""
    return AclBinding("topic", topic, "literal", principal, "*", "write", "deny")


def covers_topic(binding: AclBinding, topic: str) -> bool:
    """Whether an ACL is about this topic, whomever it names."""
    if binding.resource_type != "topic":
        return False
    if binding.pattern == "prefixed":
        return topic.startswith(binding.resource_name)
    return binding.resource_name in (topic, "*")


def fence_bindings(topics: Iterable[str], principals: Iterable[str]) -> frozenset[AclBinding]:
    """The fence of some topics against some principals."""
    denied = tuple(principals)
    return frozenset(fence_binding(topic, who) for topic in topics for who in denied)
