"""Who may do what on the lab's clusters: principals and their ACLs, as values.

Services have the same bindings on both sides; the others have what they need on each. Only `admin`
is a super user. Never talks to a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cockpit.lab.profiles import DEFAULT, Profile
from cockpit.lab.workload import Side, Workload

Resource = Literal["topic", "group", "cluster", "transactional_id"]
Pattern = Literal["literal", "prefixed"]
Operation = Literal[
    "read",
    "write",
    "create",
    "delete",
    "alter",
    "describe",
    "describe_configs",
    "alter_configs",
]

ADMIN = "admin"
MIRROR = "mm2"
COCKPIT = "cockpit"
CANARY = "canary"
WORKER = "connect"
"""The Connect beside the source, where there is one; that on the target is the mirror's."""
CONNECT_PREFIX = "lab-connect"
"""Names of Connect's own topics and its group."""
JOURNAL_PREFIX = "cockpit-"
"""How a topic is called that a plan of the lab may keep its journal in, and who writes it."""
OWN_TOPICS = (CONNECT_PREFIX, "mm2-", "source.checkpoints.", "heartbeats")
"""Beginnings of the names of topics that the mirror keeps on the target."""


@dataclass(frozen=True, slots=True)
class Allow:
    """One ALLOW binding, from any host."""

    user: str
    resource: Resource
    pattern: Pattern
    name: str
    operation: Operation


def users(workload: Workload) -> tuple[str, ...]:
    """Everybody who logs in: those of the lab, and each service."""
    worker = (WORKER,) if workload.sinks else ()
    return (ADMIN, MIRROR, COCKPIT, CANARY, *worker, *(work.name for work in workload.works))


USERS = users(DEFAULT.workload)


def bindings(side: Side, profile: Profile = DEFAULT) -> tuple[Allow, ...]:
    """Every binding of one cluster; none of one that has no authorizer."""
    workload = profile.workload
    if profile.cluster(side).security == "plaintext":
        return ()
    match side:
        case "source":
            return (
                *_cockpit(),
                *_canary(workload),
                *_mirror_at_source(workload),
                *_worker(workload),
                *_services(workload),
            )
        case "target":
            return (*_cockpit(), *_mirror_at_target(workload), *_services(workload))


def _allow(
    user: str, resource: Resource, pattern: Pattern, name: str, *operations: Operation
) -> tuple[Allow, ...]:
    return tuple(Allow(user, resource, pattern, name, operation) for operation in operations)


def _cluster(user: str, *operations: Operation) -> tuple[Allow, ...]:
    return _allow(user, "cluster", "literal", "kafka-cluster", *operations)


def _cockpit() -> tuple[Allow, ...]:
    """Reads everything, changes ACLs, commits and deletes offsets; writes its own journal."""
    return (
        *_cluster(COCKPIT, "alter", "describe", "describe_configs"),
        *_allow(COCKPIT, "topic", "literal", "*", "read", "describe", "describe_configs"),
        *_allow(COCKPIT, "group", "literal", "*", "read", "describe", "delete"),
        *_allow(COCKPIT, "transactional_id", "literal", "*", "describe"),
        *_allow(COCKPIT, "topic", "prefixed", JOURNAL_PREFIX, "write", "create"),
        *_allow(COCKPIT, "transactional_id", "prefixed", JOURNAL_PREFIX, "write"),
    )


def _canary(workload: Workload) -> tuple[Allow, ...]:
    """An ordinary writer of everything: a fence that stops it stops everybody but super users."""
    return _allow(CANARY, "topic", "prefixed", workload.prefix, "write", "describe")


def _worker(workload: Workload) -> tuple[Allow, ...]:
    """The Connect beside the source keeps its own topics; its connectors log in as themselves."""
    if not workload.sinks:
        return ()
    own: tuple[Operation, ...] = ("read", "write", "create", "describe", "describe_configs")
    return (
        *_allow(WORKER, "topic", "prefixed", CONNECT_PREFIX, *own),
        *_allow(WORKER, "group", "prefixed", CONNECT_PREFIX, "read", "describe"),
    )


def _groups(workload: Workload, *operations: Operation) -> tuple[Allow, ...]:
    """For the mirror, on every group of the workload."""
    return tuple(
        allow
        for prefix in workload.group_prefixes
        for allow in _allow(MIRROR, "group", "prefixed", prefix, *operations)
    )


def _mirror_at_source(workload: Workload) -> tuple[Allow, ...]:
    """Reads the workload, its ACLs and its groups' commits."""
    return (
        *_cluster(MIRROR, "describe"),
        *_allow(
            MIRROR, "topic", "prefixed", workload.prefix, "read", "describe", "describe_configs"
        ),
        *_groups(workload, "describe"),
    )


def _mirror_at_target(workload: Workload) -> tuple[Allow, ...]:
    """Writes the workload's copy with its configs, ACLs and commits, and keeps its own topics.

    A commit needs `read` on both the topic and the group.
    """
    own: tuple[Operation, ...] = ("read", "write", "create", "describe", "describe_configs")
    return (
        *_cluster(MIRROR, "describe", "alter"),
        *_allow(MIRROR, "topic", "prefixed", workload.prefix, *own, "alter", "alter_configs"),
        *_groups(workload, "read", "describe"),
        *_allow(MIRROR, "group", "prefixed", CONNECT_PREFIX, "read", "describe"),
        *(
            allow
            for name in OWN_TOPICS
            for allow in _allow(MIRROR, "topic", "prefixed", name, *own)
        ),
    )


def _services(workload: Workload) -> tuple[Allow, ...]:
    """Each service: its own topics and its own group, nothing else."""
    found: list[Allow] = []
    for work in workload.works:
        for topic in work.consumes:
            found += _allow(work.name, "topic", "literal", topic, "read", "describe")
        for topic in work.produces:
            found += _allow(work.name, "topic", "literal", topic, "write", "describe")
        if work.group is not None:
            found += _allow(work.name, "group", "literal", work.group, "read", "describe")
    return tuple(found)
