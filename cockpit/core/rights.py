"""Which rights the cockpit needs on the clusters of a plan: the fewest that do, and why.

Pure: derives them from the plan, asks nobody. A right that another one carries with it (Kafka lets
whoever may read a topic describe it) is not listed: each one here is missed when it is taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from cockpit.core.observe import AclBinding
from cockpit.core.plan import (
    SIDES,
    ClusterSpec,
    FenceStep,
    OffsetsStep,
    Plan,
    Side,
    produced_topics,
)

Need = Literal["observe", "act"]

CLUSTER_NAME: Final = "kafka-cluster"
ANY_NAME: Final = "*"

FOR_FENCE: Final = "who no ACL stops"
"""Why the brokers' own configs are read: they name the authorizer."""

CARRY_DESCRIBE: Final = frozenset({"read", "write", "delete", "alter"})
"""Operations with which Kafka's authorizers grant `describe` of the same resource."""


@dataclass(frozen=True, slots=True)
class MirrorNames:
    """What the mirror calls the clusters, and where it keeps its offset-syncs."""

    source: str = "source"
    target: str = "target"
    separator: str = "."
    syncs_on: Side = "source"

    def syncs_topic(self) -> str:
        """MirrorMaker names it after the cluster that it is not on."""
        other = self.target if self.syncs_on == "source" else self.source
        return self.separator.join(("mm2-offset-syncs", other, "internal"))

    def checkpoints_topic(self) -> str:
        """Always on the target, named after the source."""
        return self.separator.join((self.source, "checkpoints", "internal"))


@dataclass(frozen=True, slots=True)
class Right:
    """One operation on one resource that a principal of the plan must be allowed."""

    side: Side
    principal: str
    """As an ACL names it, such as `User:cockpit`."""
    resource: Literal["topic", "group", "cluster", "transactional_id"]
    name: str
    operation: str
    """In the words of Kafka's tools, lower case."""
    need: Need
    """`observe`: something is unknown without it; `act`: a step cannot be carried out."""
    why: tuple[str, ...]
    """What it is for, the most important first."""
    canary: bool = False
    """Whether it is the canary that needs it."""

    def binding(self) -> AclBinding:
        """The ACL that grants it."""
        return AclBinding(
            resource_type=self.resource,
            resource_name=self.name,
            pattern="literal",
            principal=self.principal,
            host="*",
            operation=self.operation,
            permission="allow",
        )

    def words(self) -> str:
        """It in a few words, such as `read topic orders`."""
        kind = self.resource.replace("_", " ")
        what = f"every {kind}" if self.name == ANY_NAME else f"{kind} {self.name}"
        if self.resource == "cluster":
            what = "the cluster"
        if self.operation == "describe_configs":
            return f"describe the configs of {what}"
        return f"{self.operation} {what}"


def principal_of(spec: ClusterSpec) -> str:
    """Whom a cluster takes the cockpit for, as far as the plan tells.

    A certificate's or a token's principal is what the brokers make of it: a name in capitals stands
    in its place.
    """
    security = spec.security
    if security.login is not None:
        return f"User:{security.login.username}"
    if security.protocol.startswith("sasl"):
        return "User:SUBJECT-OF-THE-TOKEN"
    return "User:SUBJECT-OF-THE-CERTIFICATE" if security.cert_file else "User:ANONYMOUS"


def rights(plan: Plan, mirror: MirrorNames | None = None) -> tuple[Right, ...]:
    """Every right that flying the plan needs, both sides, the fewest that do.

    `mirror` has the names that the mirror's own topics are made of; without it they are left out.
    """
    wanted: list[Right] = []
    for side in SIDES:
        wanted.extend(_cluster_rights(plan, side))
        wanted.extend(_topic_rights(plan, side))
        wanted.extend(_group_rights(plan, side))
    if mirror is not None:
        wanted.extend(_mirror_rights(plan, mirror))
    wanted.extend(_fence_rights(plan))
    wanted.extend(_journal_rights(plan))
    return _fewest(wanted)


def _cluster_rights(plan: Plan, side: Side) -> Iterator[Right]:
    who = principal_of(_spec(plan, side))
    yield _right(
        side, who, "cluster", CLUSTER_NAME, "describe",
        "all groups, ACLs, SCRAM users and log sizes",
    )  # fmt: skip
    yield _right(side, who, "cluster", CLUSTER_NAME, "describe_configs", "quotas")
    yield _right(side, who, "transactional_id", ANY_NAME, "describe", "transactions")


def _topic_rights(plan: Plan, side: Side) -> Iterator[Right]:
    who = principal_of(_spec(plan, side))
    needed = _has_step(plan, (FenceStep, OffsetsStep))
    why = "offsets, producers and records"
    for topic in plan.topics():
        yield _right(side, who, "topic", topic, "read", why)
        if needed:
            acts = "commits and the drain's proof"
            yield replace(_right(side, who, "topic", topic, "read", acts), need="act")
        yield _right(side, who, "topic", topic, "describe_configs", "parity of configs")


def _group_rights(plan: Plan, side: Side) -> Iterator[Right]:
    who = principal_of(_spec(plan, side))
    placed = {
        service.group
        for wave in plan.waves
        if any(isinstance(step, OffsetsStep) for step in wave.steps)
        for service in plan.wave_services(wave)
    }
    for group in plan.groups():
        yield _right(side, who, "group", group, "describe", "state, members and commits")
        if group not in placed:
            continue
        why = "its place on the target" if side == "target" else "its place when a wave goes back"
        yield replace(_right(side, who, "group", group, "read", why), need="act")
        if side == "target":
            why = "its former commits when a wave goes back"
            yield replace(_right(side, who, "group", group, "delete", why), need="act")


def _mirror_rights(plan: Plan, mirror: MirrorNames) -> Iterator[Right]:
    syncs = mirror.syncs_topic()
    side = mirror.syncs_on
    why = "translated offsets"
    yield _right(side, principal_of(_spec(plan, side)), "topic", syncs, "read", why)
    target = principal_of(plan.target)
    yield _right("target", target, "topic", mirror.checkpoints_topic(), "read", "checkpoints")


def _fence_rights(plan: Plan) -> Iterator[Right]:
    fenced = {
        topic
        for wave in plan.waves
        if any(isinstance(step, FenceStep) and step.by == "acl" for step in wave.steps)
        for topic in produced_topics(plan.wave_services(wave))
    }
    if not fenced:
        return
    who = principal_of(plan.source)
    yield replace(
        _right("source", who, "cluster", CLUSTER_NAME, "alter", "the fence, which is an ACL"),
        need="act",
    )
    yield replace(
        _right("source", who, "cluster", CLUSTER_NAME, "describe_configs", FOR_FENCE),
        need="act",
    )
    if plan.source.canary is None:
        return
    canary = f"User:{plan.source.canary.username}"
    for topic in sorted(fenced):
        right = _right("source", canary, "topic", topic, "write", "proof of the fence")
        yield replace(right, need="act", canary=True)


def _journal_rights(plan: Plan) -> Iterator[Right]:
    """On the topic that other hosts read. Who writes it needs `write` on its transactional id too,
    and `create` where the topic is not there: nobody can find that out without doing it."""
    spec = plan.coordination
    if spec is None:
        return
    who = principal_of(_spec(plan, spec.cluster))
    for operation in ("read", "write", "describe_configs"):
        right = _right(spec.cluster, who, "topic", spec.topic, operation, "the journal's topic")
        yield replace(right, need="act")


def _right(
    side: Side,
    principal: str,
    resource: Literal["topic", "group", "cluster", "transactional_id"],
    name: str,
    operation: str,
    why: str,
) -> Right:
    return Right(side, principal, resource, name, operation, "observe", (why,))


def _has_step(plan: Plan, kinds: tuple[type, ...]) -> bool:
    return any(isinstance(step, kinds) for wave in plan.waves for step in wave.steps)


def _spec(plan: Plan, side: Side) -> ClusterSpec:
    return plan.source if side == "source" else plan.target


Key = tuple[Side, str, str, str]


def _key(right: Right) -> Key:
    return right.side, right.principal, right.resource, right.name


def _fewest(wanted: Iterable[Right]) -> tuple[Right, ...]:
    """Each right once; a `describe` that another right carries with it becomes a reason of that
    one."""
    merged: dict[tuple[Key, str], Right] = {}
    for right in wanted:
        at = (_key(right), right.operation)
        merged[at] = _joined(merged[at], right) if at in merged else right
    for (key, operation), right in list(merged.items()):
        carrier = next((at for at in merged if at[0] == key and at[1] in CARRY_DESCRIBE), None)
        if operation == "describe" and carrier is not None:
            carried = tuple(f"with it describe: {why}" for why in right.why)
            merged[carrier] = replace(merged[carrier], why=(*merged[carrier].why, *carried))
            del merged[key, operation]
    return tuple(sorted(merged.values(), key=lambda right: SIDES.index(right.side)))


def _joined(first: Right, second: Right) -> Right:
    """One right for both reasons. It is one to observe with if either is."""
    need: Need = "observe" if "observe" in (first.need, second.need) else "act"
    return replace(first, need=need, why=tuple(dict.fromkeys((*first.why, *second.why))))


def grant_arguments(right: Right, bootstrap: str) -> tuple[str, ...]:
    """The `kafka-acls` command that grants a right, as an argument vector.

    `--option=value` throughout: a name that begins with a dash stays a name.
    """
    option = {
        "topic": f"--topic={right.name}",
        "group": f"--group={right.name}",
        "cluster": "--cluster",
        "transactional_id": f"--transactional-id={right.name}",
    }[right.resource]
    operation = "".join(part.capitalize() for part in right.operation.split("_"))
    return (
        "kafka-acls",
        f"--bootstrap-server={bootstrap}",
        "--command-config=admin.properties",
        "--add",
        f"--allow-principal={right.principal}",
        f"--operation={operation}",
        option,
    )
