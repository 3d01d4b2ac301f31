"""A table of differences to plant between two real clusters, one at a time, and what must find it.

Everything is named `planted...`: nothing of the lab's own is touched. Values only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from cockpit.core.observe import AclBinding
from cockpit.core.plan import ApprovedDifference, Plan, Side
from cockpit.core.snapshot import CheckKind
from cockpit.core.survey import Quota, ScramCredential
from tests.core.build import acl, service
from tests.kafka.planting import User

ORDERS, PAYMENTS = "planted.orders", "planted.payments"
WRITER, READER, BATCH = "planted-checkout", "planted-ledger", "planted-batch"
GROUP: Final = READER


def scratch_plan(lab_plan: Plan, *more: str) -> Plan:
    """Two services on scratch topics, at the lab's clusters; `more` topics are read too."""
    defaults = ("segment.bytes", "message.timestamp.after.max.ms")
    return replace(
        lab_plan,
        services=(
            service(READER, consumes=(ORDERS, PAYMENTS, *more)),
            service(WRITER, produces=(ORDERS, PAYMENTS)),
        ),
        waves=(),
        approved_differences=tuple(
            ApprovedDifference("the lab's brokers have other defaults", "lab", "*", config)
            for config in defaults
        ),
    )


WRITE = acl(WRITER, "write", "topic", ORDERS)
READ = acl(READER, "read", "topic", ORDERS)
READ_GROUP = acl(READER, "read", "group", GROUP)
PREFIXED = acl(WRITER, "all", "topic", "planted.pay", pattern="prefixed")
TRANSACTIONAL = acl(WRITER, "write", "transactional_id", "planted-", pattern="prefixed")
IDEMPOTENT = acl(WRITER, "idempotent_write", "cluster", "kafka-cluster")
EVERY_TOPIC = acl(BATCH, "read", "topic", "*")
EVERY_GROUP = acl(BATCH, "read", "group", "planted-", pattern="prefixed")
FROM_HOST = acl(BATCH, "write", "topic", ORDERS, host="10.0.0.7")
DENIED = acl("planted-intruder", "all", "topic", ORDERS, permission="deny")
WHOLE = acl(BATCH, "all", "topic", PAYMENTS)

BINDINGS = (
    WRITE,
    PREFIXED,
    TRANSACTIONAL,
    IDEMPOTENT,
    READ,
    acl(READER, "read", "topic", PAYMENTS),
    acl(READER, "describe_configs", "topic", ORDERS),
    READ_GROUP,
    EVERY_TOPIC,
    EVERY_GROUP,
    FROM_HOST,
    DENIED,
    WHOLE,
)
BY_USER = Quota((("user", WRITER),), "producer_byte_rate", 1_000_000.0)
BY_BOTH = Quota((("client-id", "planted-app"), ("user", READER)), "request_percentage", 50.0)
BY_CLIENT = Quota((("client-id", "planted-app"),), "consumer_byte_rate", 9_000_000.0)
OF_ALL_USERS = Quota((("user", ""),), "producer_byte_rate", 1e12)
OF_ALL_CLIENTS = Quota((("client-id", ""),), "consumer_byte_rate", 1e12)
BY_ADDRESS = Quota((("ip", "10.0.0.7"),), "connection_creation_rate", 20.0)
QUOTAS = (BY_USER, BY_BOTH, BY_CLIENT, OF_ALL_USERS, OF_ALL_CLIENTS, BY_ADDRESS)

WRITERS_LOGIN = ScramCredential(WRITER, "SCRAM-SHA-512", 4096)
READERS_LOGIN = ScramCredential(READER, "SCRAM-SHA-512", 8192)
READERS_OTHER = ScramCredential(READER, "SCRAM-SHA-256", 8192)
BATCH_LOGIN = ScramCredential(BATCH, "SCRAM-SHA-512", 4096)
USERS = tuple(User(c) for c in (WRITERS_LOGIN, READERS_LOGIN, READERS_OTHER, BATCH_LOGIN))


@dataclass(frozen=True)
class Difference:
    """What is changed on one side, and how it must show.

    Some open check of `kind` has `finds` in its name; no open check is of another kind or has not
    `about` in its name.
    """

    name: str
    kind: CheckKind
    finds: str
    about: str
    side: Side = "target"
    less: tuple[AclBinding, ...] = ()
    more: tuple[AclBinding, ...] = ()
    quota_less: tuple[Quota, ...] = ()
    quota_more: tuple[Quota, ...] = ()
    user_less: tuple[ScramCredential, ...] = ()
    user_more: tuple[ScramCredential, ...] = ()
    config: tuple[str, str] | None = None
    partitions: dict[Side, int] = field(default_factory=dict)
    """Of the topic named `finds`, which exists only for this difference."""


def _config(config: str, value: str, *, side: Side = "target") -> Difference:
    name = f"{ORDERS} {config}"
    return Difference(f"{config} on {side}", "config", name, name, side, config=(config, value))


def _lost(name: str, finds: str, *bindings: AclBinding) -> Difference:
    return Difference(name, "acl", finds, bindings[0].principal, less=bindings)


def _deny(
    name: str, finds: str, about: str, binding: AclBinding, *, side: Side = "target"
) -> Difference:
    return Difference(name, "acl", finds, about, side, more=(replace(binding, permission="deny"),))


def _quota(name: str, about: str, less: Quota | None, value: float | None) -> Difference:
    more = () if less is None or value is None else (replace(less, value=value),)
    gone = (less,) if less is not None and value is None else ()
    return Difference(f"quota {name}", "quota", about, about, quota_less=gone, quota_more=more)


CONFIGS = (
    _config("retention.ms", "1000000"),
    _config("retention.bytes", "1000000"),
    _config("cleanup.policy", "compact"),
    _config("max.message.bytes", "10000"),
    _config("message.timestamp.type", "LogAppendTime"),
    _config("compression.type", "zstd"),
    _config("delete.retention.ms", "1000000"),
    _config("min.compaction.lag.ms", "5000"),
    _config("segment.ms", "1000000"),
    _config("max.message.bytes", "2000000", side="source"),
    _config("min.insync.replicas", "2", side="source"),
    _config("unclean.leader.election.enable", "true"),
)
PARTITIONS = (
    Difference("fewer partitions", "topic", "planted.fewer", "planted.fewer",
               partitions={"source": 4, "target": 3}),
    Difference("more partitions", "topic", "planted.more", "planted.more",
               partitions={"source": 3, "target": 4}),
    Difference("no such topic", "topic", "planted.absent", "planted.absent",
               partitions={"source": 3}),
)  # fmt: skip
ACLS = (
    _lost("may not write a topic", f"User:{WRITER} write", WRITE),
    _lost("may not read a topic", f"User:{READER} read", READ,
          acl(READER, "describe_configs", "topic", ORDERS)),
    _lost("may not use its group", f"group {GROUP}", READ_GROUP),
    _lost("nothing by prefix", f"topic {PAYMENTS}", PREFIXED),
    _lost("no transactions", "transactional_id planted-", TRANSACTIONAL),
    _lost("no idempotent producers", "idempotent_write cluster", IDEMPOTENT),
    _lost("not every topic", f"User:{BATCH} read", EVERY_TOPIC),
    _lost("not every group", f"User:{BATCH} read", EVERY_GROUP),
    _lost("not from its host", "from 10.0.0.7", FROM_HOST),
    _lost("a deny forgotten", "planted-intruder", DENIED),
    Difference("a copy that only reads", "acl", f"User:{BATCH} write", BATCH,
               less=(WHOLE,), more=(replace(WHOLE, operation="read"),)),
    _deny("a literal deny", f"User:{WRITER} write topic {ORDERS}", WRITER, WRITE),
    _deny("everybody denied", f"User:{WRITER} write topic {ORDERS}", ORDERS,
          acl("*", "write", "topic", ORDERS)),
    _deny("a prefixed deny", f"topic {PAYMENTS}", "planted.",
          acl(READER, "read", "topic", "planted.", pattern="prefixed")),
    _deny("a deny of every topic", f"topic {ORDERS}", f"User:{WRITER}",
          acl(WRITER, "write", "topic", "*")),
    _deny("a deny of a group", f"group {GROUP}", f"User:{READER}", READ_GROUP),
    _deny("a deny of transactions", "transactional_id planted-", f"User:{WRITER}", TRANSACTIONAL),
    _deny("denied on the source only", f"deny read topic {PAYMENTS}", READER,
          acl(READER, "read", "topic", PAYMENTS), side="source"),
    _deny("a fence that nobody ordered", f"deny write topic {ORDERS}", "User:*",
          acl("*", "write", "topic", ORDERS), side="source"),
)  # fmt: skip
LIMITS = (
    _quota("of a user missing", f"user={WRITER} producer_byte_rate", BY_USER, None),
    _quota("of a user lower", f"user={WRITER} producer_byte_rate", BY_USER, 1_000.0),
    _quota("of a user's client missing", "client-id=planted-app", BY_BOTH, None),
    _quota("of a client id missing", "client-id=planted-app", BY_CLIENT, None),
    _quota("of a client id higher", "client-id=planted-app", BY_CLIENT, 9_000_001.0),
    _quota("of all users lower", "user=(default)", OF_ALL_USERS, 5e11),
    _quota("of all clients missing", "client-id=(default)", OF_ALL_CLIENTS, None),
    _quota("of an address missing", "ip=10.0.0.7", BY_ADDRESS, None),
    Difference("quota on the target only", "quota", f"user={READER}", READER,
               quota_more=(Quota((("user", READER),), "consumer_byte_rate", 5_000.0),)),
)  # fmt: skip
LOGINS = (
    Difference("a user missing", "user", f"{WRITER} SCRAM-SHA-512", WRITER,
               user_less=(WRITERS_LOGIN,)),
    Difference("a mechanism missing", "user", f"{READER} SCRAM-SHA-256", READER,
               user_less=(READERS_OTHER,)),
    Difference("fewer iterations", "user", f"{READER} SCRAM-SHA-512", READER,
               user_more=(replace(READERS_LOGIN, iterations=4096),)),
    Difference("a user of nobody's plan who has rights", "user", BATCH, BATCH,
               user_less=(BATCH_LOGIN,)),
)  # fmt: skip

DIFFERENCES = (*CONFIGS, *PARTITIONS, *ACLS, *LIMITS, *LOGINS)
