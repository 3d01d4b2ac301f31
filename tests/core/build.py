"""Small plans and samples for tests of the pure core."""

from __future__ import annotations

import numpy as np

from cockpit.core.observe import (
    AclBinding,
    ConnectorState,
    GroupSample,
    GroupState,
    LogSample,
    MirrorSample,
    PartitionKeys,
    SyncsSample,
    TaskState,
    TopicPartition,
)
from cockpit.core.plan import (
    ClusterSpec,
    DrainStep,
    FenceStep,
    HttpCall,
    OffsetsSpec,
    OffsetsStep,
    Plan,
    ReplicationLagGate,
    Rollback,
    Security,
    Service,
    Side,
    SoakStep,
    StartStep,
    StopStep,
    Wave,
    WriteOwner,
)

KEYS = PartitionKeys.of((("orders", 0), ("orders", 1)))


def service(
    name: str, *, consumes: tuple[str, ...] = (), produces: tuple[str, ...] = ()
) -> Service:
    """A service with HTTP controls."""
    base = f"http://127.0.0.1:1/{name}"
    return Service(
        name=name,
        principal=f"User:{name}",
        stop=HttpCall(f"{base}/stop"),
        start=HttpCall(f"{base}/start?cluster=target"),
        undo=HttpCall(f"{base}/start?cluster=source"),
        produces=produces,
        consumes=consumes,
        group=name if consumes else None,
        offsets=OffsetsSpec() if consumes else None,
    )


def two_wave_plan(*, rollback: Rollback | None = None) -> Plan:
    """Readers first, then the writer of `orders`."""
    cluster = ClusterSpec(("127.0.0.1:1",), Security())
    from cockpit.core.plan import Replication

    gates = (ReplicationLagGate(100),)
    readers = Wave(
        "readers",
        ("ledger",),
        (StopStep(), OffsetsStep(), StartStep(), SoakStep(2_000)),
        WriteOwner("source", "source"),
        gates,
    )
    writers = Wave(
        "writers",
        ("checkout",),
        (StopStep(), FenceStep(60_000), DrainStep(), StartStep(), SoakStep(2_000)),
        WriteOwner("source", "target"),
        gates,
        rollback or Rollback(),
    )
    return Plan(
        name="test",
        source=cluster,
        target=cluster,
        replication=Replication("http://127.0.0.1:1", "mm2-source", "mm2-checkpoint"),
        services=(
            service("ledger", consumes=("orders",)),
            service("checkout", produces=("orders",)),
        ),
        waves=(readers, writers),
    )


def logs(side: Side, at_ms: int, ends: tuple[int, ...], keys: PartitionKeys = KEYS) -> LogSample:
    """Log ends; every log starts at 0."""
    return LogSample(
        side,
        at_ms,
        at_ms,
        keys,
        np.zeros(len(ends), dtype=np.int64),
        np.array(ends, dtype=np.int64),
    )


def group(
    name: str, members: int, commits: dict[TopicPartition, int], state: str = ""
) -> GroupState:
    """A group; Stable with members, Empty without."""
    word = state or ("Stable" if members else "Empty")
    return GroupState(name, word, members, tuple(commits), tuple(commits.values()))


def groups(side: Side, at_ms: int, *states: GroupState) -> GroupSample:
    """A group sample."""
    return GroupSample(side, at_ms, at_ms, {state.name: state for state in states})


def mirror(at_ms: int, positions: tuple[int, ...], keys: PartitionKeys = KEYS) -> MirrorSample:
    """A healthy mirror at these positions."""
    connectors = (ConnectorState("mm2-source", "RUNNING", (TaskState(0, "RUNNING"),)),)
    named = dict(zip(keys.names, positions, strict=True))
    return MirrorSample(at_ms, at_ms, connectors, named)


def syncs(at_ms: int, *pairs: tuple[int, int], keys: PartitionKeys = KEYS) -> SyncsSample:
    """The same offset-syncs for every partition, newest first."""
    return SyncsSample(at_ms, at_ms, dict.fromkeys(keys.names, tuple(pairs)), True)


def acl(
    who: str,
    operation: str,
    kind: str,
    name: str,
    *,
    pattern: str = "literal",
    host: str = "*",
    permission: str = "allow",
) -> AclBinding:
    """One binding of a user."""
    return AclBinding(kind, name, pattern, f"User:{who}", host, operation, permission)
