"""Differences between the clusters, object by object: equal, approved, open or unknown.

Compares effective values. What only one Kafka version knows is noted, never called a difference;
what the cockpit itself has put on a cluster (its fence) is not a difference either.
"""

from __future__ import annotations

from cockpit.core.facts import Facts
from cockpit.core.observe import AclBinding, AclSample, ConfigSample, Unknown
from cockpit.core.plan import Plan
from cockpit.core.snapshot import CheckView

PER_CLUSTER_CONFIGS = frozenset(
    {
        "follower.replication.throttled.replicas",
        "leader.replication.throttled.replicas",
        "message.format.version",
        "min.insync.replicas",
        "unclean.leader.election.enable",
    }
)
"""Bound to one cluster's brokers or versions: never compared (MirrorMaker leaves them out as
well)."""


EVERYBODY = "User:*"


def fence_binding(topic: str) -> AclBinding:
    """The one ACL that a fence of a topic consists of."""
    return AclBinding("topic", topic, "literal", EVERYBODY, "*", "write", "deny")


def topic_checks(plan: Plan, facts: Facts) -> tuple[CheckView, ...] | Unknown:
    """Partition counts and configs of the plan's topics."""
    source, target = facts.configs.get("source"), facts.configs.get("target")
    if source is None or target is None:
        return Unknown(f"configs of {'source' if source is None else 'target'} not read yet")
    checks: list[CheckView] = []
    for topic in plan.topics():
        checks.extend(_topic(plan, topic, source, target))
    return tuple(checks)


def _topic(plan: Plan, topic: str, source: ConfigSample, target: ConfigSample) -> list[CheckView]:
    counts = (source.partitions.get(topic), target.partitions.get(topic))
    if None in counts:
        absent = "source" if counts[0] is None else "target"
        words = tuple("absent" if c is None else f"{c} partitions" for c in counts)
        return [CheckView("topic", topic, "open", words[0], words[1], f"no such topic on {absent}")]
    same = counts[0] == counts[1]
    checks = [
        CheckView(
            "topic",
            topic,
            "equal" if same else "open",
            f"{counts[0]} partitions",
            f"{counts[1]} partitions",
            "" if same else "keys would change partitions",
        )
    ]
    approved = {
        difference.config: f"{difference.why} ({difference.by})"
        for difference in plan.approved_differences
        if difference.topic in (topic, "*")
    }
    left, right = source.topics.get(topic, {}), target.topics.get(topic, {})
    differing = 0
    for config in sorted(left.keys() & right.keys() - PER_CLUSTER_CONFIGS):
        if left[config] != right[config]:
            differing += 1
            why = approved.get(config)
            checks.append(
                CheckView(
                    "config",
                    f"{topic} {config}",
                    "open" if why is None else "approved",
                    left[config],
                    right[config],
                    why or "differs",
                )
            )
    shared = len(left.keys() & right.keys())
    if not shared:
        checks.append(CheckView("config", topic, "unknown", "?", "?", "no config could be read"))
    elif not differing:
        checks.append(
            CheckView("config", topic, "equal", f"{shared} configs", f"{shared} configs", "")
        )
    return checks


def acl_checks(plan: Plan, facts: Facts) -> tuple[CheckView, ...] | Unknown:
    """ACLs of the plan's principals: above all what is allowed on the source and not on the
    target."""
    source, target = facts.acls.get("source"), facts.acls.get("target")
    if source is None or target is None:
        return Unknown(f"ACLs of {'source' if source is None else 'target'} not read yet")
    topics = frozenset(plan.topics())
    ours = {fence_binding(topic) for topic in topics}
    checks: list[CheckView] = []
    groups = frozenset(plan.groups())
    for principal in (*(service.principal for service in plan.services), EVERYBODY):
        left = _of(source, principal, topics, groups) - ours
        right = _of(target, principal, topics, groups) - ours
        if principal == EVERYBODY and not left | right:
            continue
        missing, extra = sorted(left - right), sorted(right - left)
        checks.extend(_missing(binding) for binding in missing)
        checks.extend(
            CheckView("acl", _text(b), "noted", "absent", "present", "only on the target")
            for b in extra
            if b.permission == "allow"
        )
        if not missing:
            count = f"{len(left)} ACLs"
            checks.append(CheckView("acl", principal, "equal", count, count, ""))
    for binding in sorted(target.bindings):
        if binding.permission == "deny" and _touches(binding, topics):
            why = "a fence that the mirror copied" if binding in ours else "denies on the target"
            if binding not in source.bindings or binding in ours:
                checks.append(CheckView("acl", _text(binding), "open", "-", "present", why))
    return tuple(checks)


def _missing(binding: AclBinding) -> CheckView:
    allows = binding.permission == "allow"
    why = f"cannot {binding.operation} after the move" if allows else "denied on the source only"
    return CheckView("acl", _text(binding), "open", "present", "absent", why)


def _of(
    sample: AclSample, principal: str, topics: frozenset[str], groups: frozenset[str]
) -> frozenset[AclBinding]:
    """A principal's bindings; of everybody's only those that touch the plan."""
    found = (b for b in sample.bindings if b.principal == principal)
    if principal != EVERYBODY:
        return frozenset(found)
    return frozenset(b for b in found if _touches(b, topics) or _covers_group(b, groups))


def _covers_group(binding: AclBinding, groups: frozenset[str]) -> bool:
    if binding.resource_type != "group":
        return False
    if binding.pattern == "prefixed":
        return any(group.startswith(binding.resource_name) for group in groups)
    return binding.resource_name in groups or binding.resource_name == "*"


def _touches(binding: AclBinding, topics: frozenset[str]) -> bool:
    if binding.resource_type != "topic":
        return False
    if binding.pattern == "prefixed":
        return any(topic.startswith(binding.resource_name) for topic in topics)
    return binding.resource_name in topics or binding.resource_name == "*"


def _text(binding: AclBinding) -> str:
    pattern = "" if binding.pattern == "literal" else f" ({binding.pattern})"
    return (
        f"{binding.principal} {binding.permission} {binding.operation} "
        f"{binding.resource_type} {binding.resource_name}{pattern}"
    )
