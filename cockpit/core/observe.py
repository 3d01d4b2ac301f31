"""What the clusters answered, as values with the time they were asked for.

Every sample carries `asked_at_ms`, taken before its first request left: ages are counted from
there, so that a slow answer is an old answer. Never guesses: what could not be read is MISSING or
an Unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, overload

import numpy as np
from numpy.typing import NDArray

from cockpit.core.plan import Side

I64 = NDArray[np.int64]

MISSING: Final = -(2**63)
"""In an offset column: not known. No offset can have this value."""

TopicPartition = tuple[str, int]


def partition_text(name: TopicPartition) -> str:
    """`orders/3`, for reasons and as a key of JSON."""
    return f"{name[0]}/{name[1]}"


def partition_of(text: str) -> TopicPartition:
    """What `partition_text` was made of. Raises ValueError where it was not."""
    topic, _, partition = text.rpartition("/")
    return topic, int(partition)


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
    by_topic: Mapping[str, I64] = field(repr=False, compare=False)
    """Where each topic's partitions are."""

    @staticmethod
    def of(names: tuple[TopicPartition, ...]) -> PartitionKeys:
        """Keys in the order given."""
        topics: dict[str, list[int]] = {}
        for i, (topic, _) in enumerate(names):
            topics.setdefault(topic, []).append(i)
        columns = {topic: np.array(where, dtype=np.int64) for topic, where in topics.items()}
        return PartitionKeys(names, {name: i for i, name in enumerate(names)}, columns)

    def of_topics(self, topics: Iterable[str]) -> I64:
        """Where these topics' partitions are, ascending."""
        found = [self.by_topic[topic] for topic in set(topics) if topic in self.by_topic]
        if not found:
            return np.empty(0, dtype=np.int64)
        return np.sort(np.concatenate(found)) if len(found) > 1 else found[0]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class LogSample:
    """Log start and end offsets of every partition of one cluster.

    `start` and `end` are int64 columns aligned to `keys`, MISSING where a partition did not answer;
    `end` is the high watermark, asked for at `asked_at_ms`; `start` may be older, it is read every
    half minute. `errors` names the partitions that did not answer and why.
    """

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    keys: PartitionKeys
    start: I64
    end: I64
    errors: Mapping[TopicPartition, str] = field(default_factory=dict)
    recreated: frozenset[str] = frozenset()
    """Topics that were deleted and created again while this was watched: another topic of the
    same name. Their offsets from before mean nothing."""
    starts_at_ms: int = -1
    """When the oldest of the starts were asked for; -1: at `asked_at_ms`."""

    def starts_asked_at_ms(self) -> int:
        """When the oldest of the starts were asked for."""
        return self.asked_at_ms if self.starts_at_ms < 0 else self.starts_at_ms


class OffsetColumn(Sequence[int]):
    """Offsets kept as an int64 column; they become numbers of Python only where they are asked for.

    Reads, compares and hashes as a tuple of the same numbers would.
    """

    __slots__ = ("_column",)

    def __init__(self, column: I64) -> None:
        self._column = column

    @property
    def column(self) -> I64:
        """All of them as they are kept; never to be written to."""
        return self._column

    def __len__(self) -> int:
        return len(self._column)

    def __iter__(self) -> Iterator[int]:
        return iter(self._column.tolist())

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[int, ...]: ...

    def __getitem__(self, index: int | slice) -> int | tuple[int, ...]:
        found = self._column[index]
        return tuple(found.tolist()) if isinstance(index, slice) else int(found)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, OffsetColumn):
            return np.array_equal(self._column, other._column)
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


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
    offsets: Sequence[int]
    """A tuple, or an OffsetColumn."""
    unknown: str | None = None
    """Why state or commits could not be read; the other fields then say nothing."""
    members_unknown: str | None = None
    """Why state and members could not be read although the commits could; `state` is then
    `Unknown` and `members` is -1."""

    def committed(self) -> dict[TopicPartition, int]:
        """Committed offset by partition."""
        return dict(zip(self.keys, self.offsets, strict=True))


@dataclass(frozen=True, slots=True)
class GroupSample:
    """Every group of one cluster. A group that is absent does not exist there.

    Commits were asked for at `asked_at_ms` or later; states and members may be older.
    """

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    groups: Mapping[str, GroupState]
    states_at_ms: int = -1
    """When states and members were asked for; -1: at `asked_at_ms`, before the commits."""
    unlisted: str = ""
    """Why the cluster cannot list its groups; then there may be others besides the plan's."""

    def states_asked_at_ms(self) -> int:
        """When states and members were asked for."""
        return self.asked_at_ms if self.states_at_ms < 0 else self.states_at_ms


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
    positions_unknown: str = ""
    """Why positions cannot be told at all, while connectors and tasks can."""
    reverse_positions: Mapping[TopicPartition, int] = field(default_factory=dict)
    """Of the mirrors that run from the target to the source: next target offset."""
    reverse_unknown: str = ""
    """Why those cannot be told."""


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
    same_offsets: bool = False
    """Of a link: every record has the same offset on both sides, so that nothing is translated."""


@dataclass(frozen=True, slots=True)
class ConfigSample:
    """Effective topic configs of one cluster: topic, then config name, then value."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    topics: Mapping[str, Mapping[str, str]]
    partitions: Mapping[str, int]
    """Partition count by topic."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Topics of which neither configs nor absence could be made out, and why."""
    configs_unknown: Mapping[str, str] = field(default_factory=dict)
    """Topics that are there, with their partitions, and why their configs cannot be read."""
    own: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By topic the configs that are set on the topic itself; the others are its cluster's defaults,
    and change with them."""


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


FailureKind = Literal["slow", "refused", "unreachable", "protocol", "unsupported"]
"""slow: no answer in time; refused: login or right refused; unreachable: no connection; protocol:
an answer that makes no sense; unsupported: this version cannot answer, and nothing is broken."""


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
