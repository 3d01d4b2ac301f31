"""Two clusters that are equal, and a table of differences to plant in the target, one at a time.

Each mutation says which check must find it, and which approval must cover it. Values only: whoever
has real clusters can plant the same and hold the answers against the same table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from cockpit.core.facts import Facts, absorb
from cockpit.core.observe import AclBinding, AclSample, ConfigSample
from cockpit.core.plan import ApprovedDifference, DifferenceKind, Plan, RegistrySpec, Side
from cockpit.core.snapshot import CheckKind
from cockpit.core.survey import (
    Quota,
    QuotasSurvey,
    RegistrySurvey,
    SchemaReference,
    SchemaUse,
    SchemaVersion,
    ScramCredential,
    Subject,
    TopicFacts,
    TopicsSurvey,
    UsersSurvey,
    Window,
    WindowsSurvey,
)
from tests.core.build import acl, service, two_wave_plan

TOPICS = ("orders", "payments")
CONFIGS = {
    "cleanup.policy": "delete",
    "compression.type": "producer",
    "max.message.bytes": "1048588",
    "message.timestamp.type": "CreateTime",
    "min.insync.replicas": "2",
    "retention.bytes": "-1",
    "retention.ms": "604800000",
    "segment.bytes": "1073741824",
}


def plan(*approved: ApprovedDifference) -> Plan:
    """Readers and writers of two topics, with a registry on each side."""
    registry = RegistrySpec("http://127.0.0.1:1")
    return replace(
        two_wave_plan(),
        services=(
            service("ledger", consumes=TOPICS),
            service("checkout", produces=TOPICS),
        ),
        approved_differences=approved,
        source_registry=registry,
        target_registry=registry,
    )


BINDINGS = frozenset(
    {
        acl("checkout", "write", "topic", "orders"),
        acl("checkout", "describe", "topic", "orders"),
        acl("checkout", "all", "topic", "pay", pattern="prefixed"),
        acl("checkout", "write", "transactional_id", "checkout-", pattern="prefixed"),
        acl("checkout", "idempotent_write", "cluster", "kafka-cluster"),
        acl("ledger", "read", "topic", "orders"),
        acl("ledger", "read", "topic", "payments"),
        acl("ledger", "read", "group", "ledger"),
        acl("ledger", "read", "topic", "ledger-dlq"),
        acl("batch", "read", "topic", "*"),
        acl("batch", "write", "topic", "orders", host="10.0.0.7"),
        acl("intruder", "all", "topic", "orders", permission="deny"),
        acl("*", "describe", "topic", "orders"),
    }
)
QUOTAS = frozenset(
    {
        Quota((("user", "checkout"),), "producer_byte_rate", 1_000_000.0),
        Quota((("user", "ledger"),), "consumer_byte_rate", 2_000_000.0),
        Quota((("client-id", "app"), ("user", "ledger")), "request_percentage", 50.0),
        Quota((("client-id", ""),), "consumer_byte_rate", 9_000_000.0),
        Quota((("user", ""),), "producer_byte_rate", 5_000_000.0),
        Quota((("ip", "10.0.0.7"),), "connection_creation_rate", 20.0),
    }
)
CREDENTIALS = frozenset(
    {
        ScramCredential("checkout", "SCRAM-SHA-512", 4096),
        ScramCredential("ledger", "SCRAM-SHA-256", 8192),
        ScramCredential("ledger", "SCRAM-SHA-512", 8192),
        ScramCredential("batch", "SCRAM-SHA-512", 4096),
    }
)
MONEY = SchemaVersion(1, 1, "AVRO", '{"type":"string"}')
ORDERS = (
    SchemaVersion(1, 2, "AVRO", '{"name":"o1"}'),
    SchemaVersion(2, 3, "AVRO", '{"name":"o2"}', (SchemaReference("money", "money", 1),)),
)
SUBJECTS: Mapping[str, Subject] = {
    "money": Subject("money", (MONEY,)),
    "orders-value": Subject("orders-value", ORDERS, "FULL"),
}
WINDOWS = {
    (topic, 0): Window(
        100, 0, 0, "", (SchemaUse("value", 3, 100),) if topic == "orders" else (), at_ms=1_000
    )
    for topic in TOPICS
}


@dataclass(frozen=True)
class Cluster:
    """What one side shows."""

    configs: Mapping[str, Mapping[str, str]]
    partitions: Mapping[str, int]
    bindings: frozenset[AclBinding] = BINDINGS
    quotas: frozenset[Quota] = QUOTAS
    credentials: frozenset[ScramCredential] = CREDENTIALS
    subjects: Mapping[str, Subject] | None = None
    compatibility: str = "BACKWARD"
    mode: str = "READWRITE"
    replicas: int = 3


@dataclass(frozen=True)
class World:
    """Both sides, and windows of records."""

    source: Cluster
    target: Cluster
    windows: Mapping[tuple[str, int], Window]

    def facts(self, at_ms: int = 1_000) -> Facts:
        """What an engine would know of it."""
        facts = Facts()
        sides: tuple[tuple[Side, Cluster], ...] = (("source", self.source), ("target", self.target))
        for side, one in sides:
            topics = {t: TopicFacts("", n, one.replicas, 0, 0) for t, n in one.partitions.items()}
            subjects = SUBJECTS if one.subjects is None else one.subjects
            for sample in (
                ConfigSample(side, at_ms, at_ms, one.configs, one.partitions),
                AclSample(side, at_ms, at_ms, one.bindings),
                TopicsSurvey(side, at_ms, at_ms, topics),
                QuotasSurvey(side, at_ms, at_ms, one.quotas),
                UsersSurvey(side, at_ms, at_ms, one.credentials),
                RegistrySurvey(side, at_ms, at_ms, subjects, one.compatibility, one.mode),
            ):
                facts = absorb(facts, sample)
        return absorb(facts, WindowsSurvey(at_ms, at_ms, self.windows))


def base() -> World:
    """No difference at all."""
    cluster = Cluster(dict.fromkeys(TOPICS, CONFIGS), dict.fromkeys(TOPICS, 12))
    return World(cluster, cluster, WINDOWS)


@dataclass(frozen=True)
class Planted:
    """A difference, the check that must find it, and the approval that must cover it."""

    name: str
    change: Callable[[World], World]
    kind: CheckKind
    finds: str
    """Part of the check's name."""
    says: str = ""
    """Part of its reason."""
    approval: ApprovedDifference | None = None
    """None: nobody can approve it."""
    first: bool = False
    """Whether it must be shown before every other check."""


def _approve(kind: DifferenceKind, **names: str) -> ApprovedDifference:
    return ApprovedDifference("agreed", "kim", kind=kind, **names)


def _target(**changes: object) -> Callable[[World], World]:
    return lambda world: replace(world, target=replace(world.target, **changes))  # type: ignore[arg-type]


def _config(config: str, value: str, topic: str = "orders") -> Planted:
    configs = {t: {**CONFIGS, config: value} if t == topic else CONFIGS for t in TOPICS}
    says = "smaller" if config == "max.message.bytes" else "differs"
    approval = _approve("config", topic=topic, config=config)
    change = _target(configs=configs)
    return Planted(f"config {config}", change, "config", f"{topic} {config}", says, approval)


def _acls(
    name: str,
    finds: str,
    says: str,
    who: str,
    *,
    less: frozenset[AclBinding] = frozenset(),
    more: frozenset[AclBinding] = frozenset(),
    first: bool = False,
) -> Planted:
    change = _target(bindings=(BINDINGS - less) | more)
    approval = _approve("acl", principal=f"User:{who}")
    return Planted(f"acl {name}", change, "acl", finds, says, approval, first)


def _without(
    name: str, finds: str, says: str, binding: AclBinding, *, first: bool = False
) -> Planted:
    who = binding.principal.partition(":")[2]
    return _acls(name, finds, says, who, less=frozenset({binding}), first=first)


def _deny(name: str, finds: str, binding: AclBinding, *, first: bool = False) -> Planted:
    who = "checkout" if first else binding.principal.partition(":")[2]
    return _acls(name, finds, "", who, more=frozenset({binding}), first=first)


def _quota(name: str, entity: str, less: Quota | None, more: Quota | None) -> Planted:
    gone = frozenset() if less is None else frozenset({less})
    new = frozenset() if more is None else frozenset({more})
    change = _target(quotas=(QUOTAS - gone) | new)
    approval = _approve("quota", principal=entity)
    return Planted(f"quota {name}", change, "quota", entity, "", approval)


def _user(name: str, less: ScramCredential, more: ScramCredential | None, says: str) -> Planted:
    new = frozenset() if more is None else frozenset({more})
    change = _target(credentials=(CREDENTIALS - {less}) | new)
    approval = _approve("user", principal=f"User:{less.user}")
    return Planted(f"user {name}", change, "user", less.user, says, approval)


def _subjects(
    name: str,
    finds: str,
    says: str,
    subject: str,
    change: Subject | None,
    *,
    approve: str = "",
    first: bool = False,
) -> Planted:
    subjects = {n: s for n, s in SUBJECTS.items() if n != subject}
    if change is not None:
        subjects[subject] = change
    approval = _approve("schema", subject=approve or subject)
    return Planted(
        f"schema {name}", _target(subjects=subjects), "schema", finds, says, approval, first
    )


def _orders(second: SchemaVersion) -> Subject:
    return replace(SUBJECTS["orders-value"], versions=(ORDERS[0], second))


def _window(name: str, window: Window, says: str) -> Planted:
    def change(world: World) -> World:
        return replace(world, windows={**world.windows, ("orders", 0): window})

    approval = _approve("records", topic="orders")
    return Planted(f"records {name}", change, "records", "orders/0", says, approval)


def _unread(schema_id: int) -> Callable[[World], World]:
    """Records that carry an id which only the source's registry resolves."""

    def change(world: World) -> World:
        extra = {**SUBJECTS, "lone": Subject("lone", (SchemaVersion(1, schema_id, "AVRO", "{}"),))}
        window = Window(100, 0, 0, "", (SchemaUse("value", schema_id, 4),), at_ms=1_000)
        return replace(
            world,
            source=replace(world.source, subjects=extra),
            windows={**world.windows, ("payments", 0): window},
        )

    return change


def _fence(world: World) -> World:
    fence = acl("*", "write", "topic", "orders", permission="deny")
    return replace(
        world,
        source=replace(world.source, bindings=BINDINGS | {fence}),
        target=replace(world.target, bindings=BINDINGS | {fence}),
    )


def _read_copy(world: World) -> World:
    rest = BINDINGS - {acl("checkout", "all", "topic", "pay", pattern="prefixed")}
    whole = acl("checkout", "all", "topic", "payments")
    return replace(
        world,
        source=replace(world.source, bindings=rest | {whole}),
        target=replace(world.target, bindings=rest | {replace(whole, operation="read")}),
    )


PLANTED: tuple[Planted, ...] = (
    # topics and configs
    Planted("partitions fewer", _target(partitions={"orders": 6, "payments": 12}), "topic",
            "orders", "keys would change", _approve("partitions", topic="orders")),
    Planted("partitions more", _target(partitions={"orders": 24, "payments": 12}), "topic",
            "orders", "more than on the source", _approve("partitions", topic="*")),
    Planted("topic missing", _target(partitions={"payments": 12}), "topic", "orders",
            "no such topic on target"),
    _config("retention.ms", "1000"),
    _config("retention.bytes", "1000"),
    _config("cleanup.policy", "compact"),
    _config("max.message.bytes", "1000"),
    _config("message.timestamp.type", "LogAppendTime"),
    _config("compression.type", "zstd"),
    _config("segment.bytes", "1048576", "payments"),
    # rights
    _without("write literal", "User:checkout write topic orders", "never copies ALLOW WRITE",
             acl("checkout", "write", "topic", "orders"), first=True),
    _without("all prefixed", "User:checkout write", "cannot write",
             acl("checkout", "all", "topic", "pay", pattern="prefixed"), first=True),
    _without("transactional id", "User:checkout write, describe transactional_id", "cannot write",
             acl("checkout", "write", "transactional_id", "checkout-", pattern="prefixed"),
             first=True),
    _without("idempotent write", "User:checkout idempotent_write cluster", "no ACL allows",
             acl("checkout", "idempotent_write", "cluster", "kafka-cluster")),
    _without("read literal", "User:ledger read, describe topic payments", "cannot read",
             acl("ledger", "read", "topic", "payments")),
    _without("read group", "User:ledger read, describe group ledger", "literal topic ACLs only",
             acl("ledger", "read", "group", "ledger")),
    _without("topic beside the plan", "User:ledger read, describe topic ledger-dlq", "cannot read",
             acl("ledger", "read", "topic", "ledger-dlq")),
    _without("wildcard of another", "User:batch read", "cannot read",
             acl("batch", "read", "topic", "*")),
    _without("write from a host", "from 10.0.0.7", "cannot write",
             acl("batch", "write", "topic", "orders", host="10.0.0.7"), first=True),
    _without("everybody's", "User:* describe topic orders", "cannot describe",
             acl("*", "describe", "topic", "orders")),
    _without("deny on the source only", "User:intruder deny all", "denied on the source only",
             acl("intruder", "all", "topic", "orders", permission="deny")),
    _deny("deny write", "User:checkout write topic orders",
          acl("checkout", "write", "topic", "orders", permission="deny"), first=True),
    _deny("deny for everybody, prefixed", "User:checkout write",
          acl("*", "write", "topic", "or", pattern="prefixed", permission="deny"), first=True),
    _deny("deny all on the group", "User:ledger read, describe group ledger",
          acl("ledger", "all", "group", "ledger", permission="deny")),
    _deny("deny that nobody minds", "User:nobody deny",
          acl("nobody", "read", "topic", "orders", permission="deny")),
    Planted("acl copied fence", _fence, "acl", "User:checkout write topic orders",
            "a fence that the mirror copied", _approve("acl", principal="*"), True),
    Planted("acl all copied as read", _read_copy, "acl", "topic payments",
            "copied ALLOW ALL as ALLOW READ", _approve("acl", principal="User:checkout"), True),
    # quotas
    _quota("missing", "user=checkout", Quota((("user", "checkout"),), "producer_byte_rate", 1e6),
           None),
    _quota("lower", "user=ledger", Quota((("user", "ledger"),), "consumer_byte_rate", 2e6),
           Quota((("user", "ledger"),), "consumer_byte_rate", 1e6)),
    _quota("higher", "client-id=(default)", Quota((("client-id", ""),), "consumer_byte_rate", 9e6),
           Quota((("client-id", ""),), "consumer_byte_rate", 9.5e6)),
    _quota("only there", "client-id=new", None,
           Quota((("client-id", "new"),), "request_percentage", 1.0)),
    _quota("of a pair", "client-id=app user=ledger",
           Quota((("client-id", "app"), ("user", "ledger")), "request_percentage", 50.0), None),
    _quota("default user", "user=(default)", Quota((("user", ""),), "producer_byte_rate", 5e6),
           None),
    _quota("of an address", "ip=10.0.0.7",
           Quota((("ip", "10.0.0.7"),), "connection_creation_rate", 20.0), None),
    # SCRAM users
    _user("missing", ScramCredential("checkout", "SCRAM-SHA-512", 4096), None, "cannot log in"),
    _user("missing mechanism", ScramCredential("ledger", "SCRAM-SHA-256", 8192), None,
          "cannot log in"),
    _user("weaker", ScramCredential("ledger", "SCRAM-SHA-512", 8192),
          ScramCredential("ledger", "SCRAM-SHA-512", 4096), "weaker"),
    _user("of somebody with rights", ScramCredential("batch", "SCRAM-SHA-512", 4096), None,
          "cannot log in"),
    # schemas
    _subjects("subject missing", "money", "no such subject", "money", None),
    _subjects("version missing", "orders-value v2", "no such version", "orders-value",
              replace(SUBJECTS["orders-value"], versions=ORDERS[:1])),
    _subjects("other id", "orders-value v2 id", "source's id", "orders-value",
              _orders(replace(ORDERS[1], id=9))),
    _subjects("other type", "orders-value v2 type", "another kind", "orders-value",
              _orders(replace(ORDERS[1], type="JSON"))),
    _subjects("other content", "id 3", "silent corruption", "orders-value",
              _orders(replace(ORDERS[1], content='{"name":"x"}')), approve="id 3", first=True),
    _subjects("other references", "orders-value v2 references", "imports", "orders-value",
              _orders(replace(ORDERS[1], references=()))),
    _subjects("other compatibility", "orders-value compatibility", "other changes",
              "orders-value", replace(SUBJECTS["orders-value"], compatibility="NONE")),
    _subjects("subject read-only", "money mode", "cannot register", "money",
              replace(SUBJECTS["money"], mode="READONLY")),
    Planted("schema default compatibility", _target(compatibility="NONE"), "schema",
            "money compatibility", "other changes", _approve("schema", subject="money")),
    Planted("schema registry importing", _target(mode="IMPORT"), "schema", "registry mode",
            "cannot register", _approve("schema", subject="registry mode")),
    Planted("schema of records missing", _unread(77), "schema", "payments value id 77",
            "cannot be read on the target", _approve("schema", subject="*"), True),
    # records
    _window("missing", Window(100, 3, 0, "key 7", at_ms=1_000), "3 missing"),
    _window("surplus", Window(100, 0, 2, "key 9", at_ms=1_000), "2 surplus"),
)  # fmt: skip
