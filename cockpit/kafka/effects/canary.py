"""Whether the canary is somebody whom an ACL stops: else its rights would show no fence.

Brokers tell nobody who their super users are. Who may do what no ACL lets him do, on a resource
that has ACLs, is one; where there are none, everybody may be let through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from cockpit.core.observe import AclBinding
from cockpit.core.parity.access import ANY_HOST, OPERATIONS, Rules, allowed
from cockpit.core.parity.fence import covers_topic
from cockpit.kafka.protocol.acls import OPERATIONS as OPERATION_CODES
from cockpit.kafka.text import one_line

CLUSTER: Final = "kafka-cluster"
_CODES: Final = {word: code for code, word in OPERATION_CODES.items()}


def why_canary_is_no_proof(
    name: str,
    topics: Iterable[str],
    bindings: frozenset[AclBinding],
    rights: Iterable[Mapping[str, int]],
) -> str:
    """Why no ACL stops the canary; empty: nothing shows that.

    `rights`: by broker what it may do with each topic, a bit field by operation code.
    """
    rules = Rules(bindings)
    views = tuple(rights)
    for topic in topics:
        if not any(covers_topic(binding, topic) for binding in bindings):
            continue
        explained = _explained(rules, name, "topic", topic)
        for operation in OPERATIONS["topic"]:
            bit = 1 << _CODES[operation]
            if operation not in explained and any(view.get(topic, 0) & bit for view in views):
                return _no_proof(name, f"{operation} topic {topic}")
    return ""


def may_be_told_by_cluster(name: str, bindings: frozenset[AclBinding]) -> bool:
    """Whether it would show a super user that the canary may do everything with the cluster: ACLs
    are about it, and none of them lets the canary."""
    if not any(binding.resource_type == "cluster" for binding in bindings):
        return False
    return "cluster_action" not in _explained(Rules(bindings), name, "cluster", CLUSTER)


def why_everything_is_no_proof(name: str) -> str:
    """What is said of a canary that may do everything with the cluster."""
    return _no_proof(name, "do everything with the cluster")


def _explained(rules: Rules, name: str, resource_type: str, resource: str) -> frozenset[str]:
    """What ACLs let a principal do, from whichever host."""
    found = rules.about(name, resource_type, resource)
    allows = [replace(one, host=ANY_HOST) for one in found if one.permission == "allow"]
    return allowed(allows, ANY_HOST, resource_type)


def _no_proof(name: str, what: str) -> str:
    return one_line(
        f"canary {name} may {what}, and no ACL lets it: a super user, whom no fence stops, proves"
        " none; give the plan a canary with an ACL of its own"
    )
