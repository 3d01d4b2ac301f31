"""The one ACL that a fence of a topic consists of, so that nobody takes it for a difference.

Values only; never decides whether a fence stands.
"""

from __future__ import annotations

from cockpit.core.observe import AclBinding

EVERYBODY = "User:*"


def fence_binding(topic: str) -> AclBinding:
    """DENY WRITE for everybody, from everywhere."""
    return AclBinding("topic", topic, "literal", EVERYBODY, "*", "write", "deny")
