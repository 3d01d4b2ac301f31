"""What the clusters answered, as values with the time they were asked for.

Every sample carries `asked_at_ms`, taken before its first request left: ages are counted from
there, so that a slow answer is an old answer. Never guesses: what could not be read is MISSING or
an Unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from cockpit.core.plan import Side

I64 = NDArray[np.int64]

MISSING: Final = -(2**63)
"""In an offset column: not known. No offset can have this value."""

TopicPartition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that could not be had, and why. Falsy numbers are numbers; this is not one."""

    reason: str


@dataclass(frozen=True, slots=True)
class PartitionKeys:
    """A fixed order of partitions; columns are aligned to it.

    The same object is reused from sample to sample while nothing changes, so `is` tells a change.
    """

    names: tuple[TopicPartition, ...]
    position: Mapping[TopicPartition, int] = field(repr=False, compare=False)

    @staticmethod
    def of(names: tuple[TopicPartition, ...]) -> PartitionKeys:
        """Keys in the order given."""
        return PartitionKeys(names, {name: i for i, name in enumerate(names)})

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class LogSample:
    """Log start and end offsets of every partition of one cluster.

    `start` and `end` are int64 columns aligned to `keys`, MISSING where a partition did not answer;
    `end` is the high watermark. `errors` names the partitions that did not answer and why.
    """

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    keys: PartitionKeys
    start: I64
    end: I64
    errors: Mapping[TopicPartition, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupState:
    """One consumer group on one cluster.

    `offsets` is aligned to `keys`; a partition without a commit is absent from `keys`.
    """

    name: str
    state: str
    """`Stable`, `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Dead`, ..."""
    members: int
    keys: tuple[TopicPartition, ...]
    offsets: tuple[int, ...]
    unknown: str | None = None
    """Why state or commits could not be read; the other fields then say nothing."""

    def committed(self) -> dict[TopicPartition, int]:
        """Committed offset by partition."""
        return dict(zip(self.keys, self.offsets, strict=True))


@dataclass(frozen=True, slots=True)
class GroupSample:
    """Every group of one cluster. A group that is absent does not exist there."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    groups: Mapping[str, GroupState]


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task of a connector."""

    id: int
    state: str
    cause: str = ""
    """Last cause of a failed task, one line."""


@dataclass(frozen=True, slots=True)
class ConnectorState:
    """A connector and every one of its tasks: a RUNNING connector may hold a dead one."""

    name: str
    state: str
    tasks: tuple[TaskState, ...]


@dataclass(frozen=True, slots=True)
class MirrorSample:
    """The replication tool as it describes itself.

    `positions`: for each source partition the next source offset that the mirror will read; only
    partitions that it has a position for. Published each flush interval of the Connect worker.
    """

    asked_at_ms: int
    answered_at_ms: int
    connectors: tuple[ConnectorState, ...]
    positions: Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class SyncsSample:
    """MirrorMaker's offset-syncs, kept the way MirrorMaker keeps them.

    `slots`: for each source partition distinct (source offset, target offset) pairs, newest
    first, as `cockpit.core.translate` builds them. `read_to_end` is False while the topic is
    still being read.
    """

    asked_at_ms: int
    answered_at_ms: int
    slots: Mapping[TopicPartition, tuple[tuple[int, int], ...]]
    read_to_end: bool


@dataclass(frozen=True, slots=True)
class ConfigSample:
    """Effective topic configs of one cluster: topic, then config name, then value."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    topics: Mapping[str, Mapping[str, str]]
    partitions: Mapping[str, int]
    """Partition count by topic."""


@dataclass(frozen=True, slots=True, order=True)
class AclBinding:
    """One ACL, in the words of Kafka's own tools (lower case)."""

    resource_type: str
    """`topic`, `group`, `cluster`, `transactional_id`, ..."""
    resource_name: str
    pattern: str
    """`literal` or `prefixed`."""
    principal: str
    host: str
    operation: str
    """`read`, `write`, `describe`, `all`, ..."""
    permission: str
    """`allow` or `deny`."""


@dataclass(frozen=True, slots=True)
class AclSample:
    """Every ACL of one cluster."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    bindings: frozenset[AclBinding]


@dataclass(frozen=True, slots=True)
class SignalSample:
    """One reading of a signal of the plan."""

    name: str
    asked_at_ms: int
    answered_at_ms: int
    value: float | Unknown


@dataclass(frozen=True, slots=True)
class ClusterInfo:
    """Who answered."""

    side: Side
    asked_at_ms: int
    cluster_id: str
    brokers: tuple[str, ...]
    """`id host:port` each."""


FailureKind = Literal["slow", "refused", "unreachable", "protocol"]
"""slow: no answer in time; refused: login or right refused; unreachable: no connection; protocol:
an answer that makes no sense."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A feed that could not be read this time. What was known grows old; it does not become
    zero."""

    feed: str
    asked_at_ms: int
    answered_at_ms: int
    kind: FailureKind
    reason: str


Sample = (
    LogSample
    | GroupSample
    | MirrorSample
    | SyncsSample
    | ConfigSample
    | AclSample
    | SignalSample
    | ClusterInfo
)


def feed_name(sample: Sample | Failure) -> str:
    """The feed that a sample belongs to, such as `source.logs`, `mirror`, `signal.checkout`."""
    match sample:
        case LogSample(side=side):
            return f"{side}.logs"
        case GroupSample(side=side):
            return f"{side}.groups"
        case ConfigSample(side=side):
            return f"{side}.configs"
        case AclSample(side=side):
            return f"{side}.acls"
        case ClusterInfo(side=side):
            return f"{side}.info"
        case MirrorSample():
            return "mirror"
        case SyncsSample():
            return "syncs"
        case SignalSample(name=name):
            return f"signal.{name}"
        case Failure(feed=feed):
            return feed
