"""What the slower looks at the clusters found, each a value with the time it was asked for.

A survey is read every few seconds or minutes, hot samples (`cockpit.core.observe`) many times as
often. Never guesses: what one broker, group or subject did not answer is Unknown for that one and
takes nothing else with it. Strings come from clusters and are hostile until an edge has cleaned
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from cockpit.core.mirrorsurvey import CheckpointsSurvey, ConnectSurvey, MarksSurvey
from cockpit.core.observe import FailureKind, TopicPartition, Unknown
from cockpit.core.ownsurvey import CoordinationSurvey, RecordingSurvey, WebhookSurvey
from cockpit.core.plan import Side
from cockpit.core.readiness import ReadinessSurvey

# --- topics and brokers ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """One topic as the cluster's metadata has it."""

    id: str
    """Kafka's topic id (2.8 and newer), else empty: another id is another topic of that name."""
    partitions: int
    replicas: int
    """Replicas of its first partition."""
    leaderless: int
    """Partitions that nobody leads."""
    under_replicated: int
    """Partitions of which a replica is not in sync."""
    internal: bool = False


@dataclass(frozen=True, slots=True)
class TopicsSurvey:
    """Every topic of one cluster."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    topics: Mapping[str, TopicFacts]

    @property
    def feed(self) -> str:
        """`source.topics` or `target.topics`."""
        return f"{self.side}.topics"


@dataclass(frozen=True, slots=True)
class BrokerHealth:
    """One broker, asked by itself."""

    node: int
    address: str
    word: Literal["connected"] | FailureKind
    reason: str
    """Empty when connected."""
    took_ms: int
    """How long its answer took."""
    release: str
    """The Kafka releases that its API versions fit, such as `3.9` or `before 0.10`; empty:
    unknown."""


@dataclass(frozen=True, slots=True)
class BrokersSurvey:
    """Every broker that the cluster's metadata or the plan's bootstrap names."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    brokers: tuple[BrokerHealth, ...]
    controller: int | Unknown

    @property
    def feed(self) -> str:
        """`source.brokers` or `target.brokers`."""
        return f"{self.side}.brokers"


# --- who uses the cluster -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a group."""

    member_id: str
    client_id: str
    host: str
    assigned: tuple[TopicPartition, ...]


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """Members of one group; `unknown` says why they could not be read."""

    name: str
    kind: str
    """`classic`, `consumer`, `share`, `streams`; empty where the broker is too old to say."""
    state: str
    members: tuple[Member, ...]
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class MembersSurvey:
    """Who is in the groups of one cluster."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    groups: Mapping[str, GroupMembers]

    @property
    def feed(self) -> str:
        """`source.members` or `target.members`."""
        return f"{self.side}.members"


@dataclass(frozen=True, slots=True)
class ProducerState:
    """An idempotent or transactional producer that a partition's leader remembers.

    Producers without idempotence are not listed by any broker. Entries outlive their producer for
    a day: only a change between two surveys shows activity.
    """

    topic: str
    partition: int
    producer_id: int
    epoch: int
    last_sequence: int
    last_timestamp_ms: int
    """The time in its last record, by the producer's clock; -1: none."""
    transaction_start: int
    """Offset at which its open transaction begins; -1: none is open."""


@dataclass(frozen=True, slots=True)
class ProducersSurvey:
    """Producers by partition; `errors` has the partitions that did not answer, and why."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    producers: tuple[ProducerState, ...]
    errors: Mapping[TopicPartition, str] = field(default_factory=dict)

    @property
    def feed(self) -> str:
        """`source.producers` or `target.producers`."""
        return f"{self.side}.producers"


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transactional id that a coordinator knows."""

    transactional_id: str
    producer_id: int
    state: str
    started_at_ms: int
    """-1: none is open."""
    timeout_ms: int
    partitions: tuple[TopicPartition, ...]


@dataclass(frozen=True, slots=True)
class TransactionsSurvey:
    """Transactions of one cluster; `unknown` has what could not be read, by broker or id."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    transactions: tuple[Transaction, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def feed(self) -> str:
        """`source.transactions` or `target.transactions`."""
        return f"{self.side}.transactions"


# --- what is set on the cluster -------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Quota:
    """One client quota. `entity` has (type, name) pairs, sorted; an empty name is the default."""

    entity: tuple[tuple[str, str], ...]
    key: str
    """`producer_byte_rate`, `consumer_byte_rate`, `request_percentage`, ..."""
    value: float


@dataclass(frozen=True, slots=True)
class QuotasSurvey:
    """Every client quota of one cluster."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    quotas: frozenset[Quota]

    @property
    def feed(self) -> str:
        """`source.quotas` or `target.quotas`."""
        return f"{self.side}.quotas"


@dataclass(frozen=True, slots=True, order=True)
class ScramCredential:
    """That a user has a SCRAM credential; the secret itself never leaves a broker."""

    user: str
    mechanism: str
    """`SCRAM-SHA-256` or `SCRAM-SHA-512`."""
    iterations: int


@dataclass(frozen=True, slots=True)
class UsersSurvey:
    """Every SCRAM credential of one cluster."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    credentials: frozenset[ScramCredential]

    @property
    def feed(self) -> str:
        """`source.users` or `target.users`."""
        return f"{self.side}.users"


@dataclass(frozen=True, slots=True)
class LogDir:
    """One log directory of one broker; sizes are Unknown before Kafka 3.3 or when it failed."""

    broker: int
    path: str
    total_bytes: int | Unknown
    usable_bytes: int | Unknown
    error: str = ""


@dataclass(frozen=True, slots=True)
class StorageSurvey:
    """Bytes on disk: of each partition on the replica that is largest, and of each directory."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    sizes: Mapping[TopicPartition, int]
    dirs: tuple[LogDir, ...]
    unknown: Mapping[int, str] = field(default_factory=dict)
    """Brokers that did not answer, and why."""

    @property
    def feed(self) -> str:
        """`source.storage` or `target.storage`."""
        return f"{self.side}.storage"


# --- schemas --------------------------------------------------------------------------------------


NO_MODES: Final = "NO MODES"
"""The mode of a registry that has none: it always takes schemas."""


@dataclass(frozen=True, slots=True, order=True)
class SchemaReference:
    """A schema that another one imports."""

    name: str
    subject: str
    version: int


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """One version of a subject.

    `content` is the schema in a canonical text: equal schemas have equal content, whatever blanks
    or key order a registry keeps.
    """

    version: int
    id: int
    type: str
    """`AVRO`, `JSON` or `PROTOBUF`."""
    content: str
    references: tuple[SchemaReference, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject and all its versions; `unknown` says why it could not be read."""

    name: str
    versions: tuple[SchemaVersion, ...]
    compatibility: str | None = None
    """Its own level; None: the registry's."""
    mode: str | None = None
    """Its own mode; None: the registry's."""
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class RegistrySurvey:
    """A schema registry as it stands."""

    side: Side
    asked_at_ms: int
    answered_at_ms: int
    subjects: Mapping[str, Subject]
    compatibility: str | Unknown
    """The registry's own default level."""
    mode: str | Unknown
    """`READWRITE`, `READONLY`, `IMPORT`, ...; NO_MODES where the registry has none."""
    unlisted: Mapping[int, SchemaVersion | Unknown] = field(default_factory=dict)
    """What the registry resolves an id to that records carry and no subject lists (any more); an
    id that it does not know is absent. Such a version has no number: 0."""

    @property
    def feed(self) -> str:
        """`source.registry` or `target.registry`."""
        return f"{self.side}.registry"


# --- content --------------------------------------------------------------------------------------

ImageWord = Literal["EXACT", "RANGE", "NONE"]


@dataclass(frozen=True, slots=True)
class Image:
    """Where on the target a source offset is, found by the records themselves.

    EXACT: `low` and `high` are the one true place. RANGE: it lies between them, both included;
    resuming at `low` skips nothing. NONE: not known, `reason` says why; both are Unknown.
    """

    source_offset: int
    word: ImageWord
    low: int | Unknown
    high: int | Unknown
    reason: str
    """Empty for EXACT."""


@dataclass(frozen=True, slots=True)
class GroupImage:
    """The image of one group's commit on one partition, with the commits that it was asked with."""

    group: str
    topic: str
    partition: int
    image: Image
    target_committed: int | None
    reread_records: int | Unknown
    """Data records between the target's commit and the image: the group would read them again."""
    skipped_records: int | Unknown
    """Data records between the image and the target's commit: the group would never read them."""
    at_ms: int


@dataclass(frozen=True, slots=True)
class ImagesSurvey:
    """Exact images of the plan's groups, the newest of each pair."""

    asked_at_ms: int
    answered_at_ms: int
    images: Mapping[tuple[str, TopicPartition], GroupImage]
    sought: Mapping[tuple[str, TopicPartition], int] = field(default_factory=dict)
    """On the target, the first offset since its time of each group that resumes at a timestamp."""

    @property
    def feed(self) -> str:
        """`images`."""
        return "images"


@dataclass(frozen=True, slots=True)
class SchemaUse:
    """A schema id found in records of one topic."""

    part: Literal["key", "value"]
    schema_id: int
    records: int
    """In the newest look at the partition that found it."""
    doubtful: bool = False
    """Every such part has the size of a number or a UUID: an id only if the source knows it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Records of one partition compared on both sides, by key, value, headers and timestamp."""

    compared: int
    """Source records that were looked for."""
    missing: int
    """Of these, how many have no equal record in the target's window."""
    surplus: int
    """Records of the target's window that are no image of a source record: foreign or repeated."""
    first_difference: str
    """The first of them in words; empty: none."""
    schemas: tuple[SchemaUse, ...] = ()
    unknown: str | None = None
    notes: tuple[str, ...] = ()
    """What else was seen, such as schema ids of a kind that is not checked."""
    ids_unknown: str = ""
    """Why its records may carry schema ids that are not among `schemas`."""
    both_empty: bool = False
    """Neither log has a record: the one case in which nothing compared means no difference."""
    at_ms: int = field(kw_only=True)
    """When it was looked at: a survey has windows of many rounds."""


@dataclass(frozen=True, slots=True)
class WindowsSurvey:
    """Record windows sampled over the plan's topics, the newest of each partition.

    `asked_at_ms` is when the newest round began; each window has a time of its own.
    """

    asked_at_ms: int
    answered_at_ms: int
    windows: Mapping[TopicPartition, Window]

    @property
    def feed(self) -> str:
        """`windows`."""
        return "windows"


@dataclass(frozen=True, slots=True)
class ClientProbe:
    """How one service's probe has ended."""

    at_ms: int
    """When it was begun."""
    passed: bool | None
    """None: it did not answer."""
    text: str
    """What it printed last, where it passed; else why not."""


@dataclass(frozen=True, slots=True)
class ClientProbesSurvey:
    """The probes of the services of the wave that is next, by service."""

    asked_at_ms: int
    answered_at_ms: int
    probes: Mapping[str, ClientProbe]

    @property
    def feed(self) -> str:
        """`client_probes`."""
        return "client_probes"


Survey = (
    TopicsSurvey
    | BrokersSurvey
    | MembersSurvey
    | ProducersSurvey
    | TransactionsSurvey
    | QuotasSurvey
    | UsersSurvey
    | StorageSurvey
    | RegistrySurvey
    | ConnectSurvey
    | CheckpointsSurvey
    | MarksSurvey
    | ReadinessSurvey
    | ImagesSurvey
    | WindowsSurvey
    | ClientProbesSurvey
    | RecordingSurvey
    | CoordinationSurvey
    | WebhookSurvey
)
