"""All that a screen may know, as one immutable value.

`seq` rises with every snapshot. All times are UTC milliseconds; an age on a screen is
`snapshot.at_ms` minus the time in the value, never a clock's. Strings may come from clusters:
they are hostile until a drawing edge has cleaned them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cockpit.core.crewview import CrewView
from cockpit.core.elsewhere import CoordinationView
from cockpit.core.intents import Verb
from cockpit.core.left import Leftover
from cockpit.core.observe import I64, PartitionKeys, Unknown
from cockpit.core.pastview import PastView
from cockpit.core.plan import Side
from cockpit.core.serviceview import ServiceView, WayBackView

Verdict = Literal["PASS", "FAIL", "UNKNOWN", "INCONCLUSIVE"]
HealthWord = Literal[
    "connecting", "connected", "slow", "refused", "unreachable", "protocol", "unsupported"
]
WritesWord = Literal["SOURCE", "FENCED", "TARGET", "UNKNOWN"]
ErrorClass = Literal["authentication", "authorisation", "schema", "network", "timeout", "other"]
CheckKind = Literal["acl", "user", "schema", "records", "topic", "config", "quota", "connector"]
RollbackWord = Literal["possible", "lossy", "closed"]
WaveWord = Literal[
    "pending", "ready", "running", "holding", "rolling back", "done", "rolled back", "failed"
]
"""pending: an earlier wave comes first. ready: gates are judged, `advance` begins it. holding: a
step failed or is unknown and a person decides. failed: going back did not succeed either."""
StepWord = Literal[
    "pending", "running", "waiting", "done", "failed", "unknown", "undone", "undoing"
]


@dataclass(frozen=True, slots=True)
class SideView:
    """One cluster as it answers."""

    side: Side
    health: HealthWord
    since_ms: int
    reason: str
    """Empty when connected."""
    asked_at_ms: int | None
    """When the newest good sample was asked for; None: never."""
    cluster_id: str
    brokers: int
    simulated: bool


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of a wave, or its undo."""

    name: str
    word: StepWord
    detail: str
    started_at_ms: int | None = None
    ended_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class WaveView:
    """One wave."""

    name: str
    word: WaveWord
    services: tuple[str, ...]
    steps: tuple[StepView, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class GateView:
    """A gate or a trigger with its evidence."""

    name: str
    """As in the plan: `replication_lag`, `signal checkout-errors`, ..."""
    verdict: Verdict
    """Of a trigger: PASS is quiet, FAIL is fired."""
    value: float | Unknown
    limit: float
    unit: str
    """`records`, `differences`, `ratio`, `ms`, ..."""
    at_ms: int | None
    """Time of the oldest sample that the newest reading stands on."""
    held_ms: int
    """How long it has been good (gate) or broken (trigger) without a break."""
    for_ms: int
    evidence: str
    """One line: which partition, group or object is worst, counts, ages."""


@dataclass(frozen=True, slots=True)
class PartitionTable:
    """Columns over `keys`; int64, MISSING where unknown.

    `lag` is source end less mirror position; negative is an anomaly and is shown as one.
    `lag_by_logs` is the second, independent reading: what the source's log has grown since the
    newest offset-sync, less what the target's log has. `source_rate_milli` and `target_rate_milli`
    are records per 1000 s appended on each side. `source_at_ms`, `target_at_ms` and `mirror_at_ms`
    say when each column's sample was asked for (None: never); of the starts `source_starts_at_ms`
    and `target_starts_at_ms` do, they are read less often than the ends.
    """

    keys: PartitionKeys
    source_start: I64
    source_end: I64
    target_start: I64
    target_end: I64
    mirror_position: I64
    lag: I64
    lag_by_logs: I64
    source_rate_milli: I64
    target_rate_milli: I64
    source_at_ms: int | None
    target_at_ms: int | None
    mirror_at_ms: int | None
    wave: frozenset[str]
    """Topics of the current wave."""
    source_starts_at_ms: int | None = None
    target_starts_at_ms: int | None = None


TimeLeftWord = Literal["level", "shrinking", "unsteady", "standing", "growing"]


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """How long a lag takes to be worked off at the pace of the last minutes.

    level: there is nothing to work off. shrinking: between `low_ms` and `high_ms`, by the fastest
    and the slowest stretch of the window. unsteady: it neither shrinks nor grows all the time.
    standing, growing: it does not shrink at all. None of these has a number.
    """

    word: TimeLeftWord
    low_ms: int | None = None
    high_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Behind:
    """How old the oldest record is that a group has not read yet, by when it was appended."""

    duration_ms: int
    more: bool = False
    """Older than the history of log ends: it is more than `duration_ms`."""


NOT_MEASURED = Unknown("not measured yet")


@dataclass(frozen=True, slots=True)
class DrainView:
    """Replication of one topic, or of all topics of the plan (`topic` is empty)."""

    topic: str
    lag_records: int | Unknown
    left: TimeLeft | Unknown
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class GroupView:
    """One consumer group on both sides."""

    name: str
    service: str
    """Empty when it is not in the plan."""
    source_state: str
    target_state: str
    source_members: int | None
    target_members: int | None
    source_lag_records: int | Unknown
    target_lag_records: int | Unknown
    source_at_ms: int | None
    target_at_ms: int | None
    source_rate_milli: int | Unknown = NOT_MEASURED
    """Records read per 1000 s, by its commits."""
    target_rate_milli: int | Unknown = NOT_MEASURED
    source_left: TimeLeft | Unknown = NOT_MEASURED
    target_left: TimeLeft | Unknown = NOT_MEASURED
    source_behind: Behind | Unknown = NOT_MEASURED
    target_behind: Behind | Unknown = NOT_MEASURED
    reread_records: int | Unknown = NOT_MEASURED
    """Data records between its target commits and the exact images, all partitions together."""
    skipped_records: int | Unknown = NOT_MEASURED
    note: str = ""
    """What is odd about it, such as that it has members and does not commit."""
    release: str = ""
    """What it would read again and skip if it moved now by the plan's way, and by the mirror's."""


@dataclass(frozen=True, slots=True)
class ExactView:
    """The image of a commit by content, and the commit that it was asked with.

    `low` and `high` bound the true place on the target, both included. `overshoot` is how many
    offsets MirrorMaker's translation of the same commit lies past `high`: those records would be
    skipped. `reread` and `skipped` (data records) belong to that moment too. `is_current`: both
    commits are still the ones that it was asked with. `is_fresh`: images still come, and it was
    asked at most two minutes ago, or where the commits have moved on a short while ago, as good a
    reading of moving commits as there can be.
    """

    word: Literal["EXACT", "RANGE", "NONE"]
    source_offset: int
    low: int | Unknown
    high: int | Unknown
    reason: str
    reread: int | Unknown
    skipped: int | Unknown
    overshoot: int | Unknown
    is_current: bool
    is_fresh: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class DeltaRow:
    """The offset delta of one group and partition.

    `translated` is MirrorMaker's own translation of the source's committed offset; `delta` is the
    target's commit less that. `reread_max` bounds the records that the group would read twice if it
    resumed at `translated` now. `skipped_max` bounds those that it would never read if it resumed
    at its present target commit, by the offset-syncs and a fresh image; so many as `skipped_min`
    the offset-syncs prove. `exact` is the independent answer by content.
    """

    group: str
    topic: str
    partition: int
    source_committed: int | Unknown
    translated: int | Unknown
    target_committed: int | Unknown
    delta: int | Unknown
    reread_max: int | Unknown
    skipped_max: int | Unknown
    at_ms: int | None
    exact: ExactView | Unknown = NOT_MEASURED
    skipped_min: int | Unknown = 0


@dataclass(frozen=True, slots=True)
class SignalView:
    """A signal with its recent past: (time, value) pairs, oldest first; an Unknown is a gap."""

    name: str
    unit: str
    value: float | Unknown
    at_ms: int | None
    max_age_ms: int
    history: tuple[tuple[int, float | Unknown], ...]
    limit: float | None
    """The tightest limit that a gate or trigger of the plan sets, for the plot's line."""


@dataclass(frozen=True, slots=True)
class CheckView:
    """One compared object. A snapshot has them with the worst first."""

    kind: CheckKind
    name: str
    word: Literal["equal", "approved", "open", "unknown", "noted"]
    source: str
    target: str
    why: str
    rank: int = 1
    """0: shown before the others of its word, such as a right to write that is lost."""
    at_ms: int | None = None
    """When the oldest of the samples was asked for that it stands on; None: nothing was read."""


@dataclass(frozen=True, slots=True)
class FeedView:
    """One feed, such as `source.logs` or `target.acls`, as it answers."""

    feed: str
    word: HealthWord
    since_ms: int
    """Since when it has been so."""
    asked_at_ms: int | None
    """When the newest good answer was asked for; None: never."""
    took_ms: int | None
    """How long the newest answer took, good or not."""
    reason: str
    """Empty when connected."""
    skipped: int
    """Readings left out because an answer took longer than the pace, since the beginning."""


@dataclass(frozen=True, slots=True)
class AlarmView:
    """Something that somebody must look at."""

    level: Literal["warn", "bad"]
    subject: str
    """What it is about, in a word or two; one subject is one alarm."""
    text: str
    since_ms: int
    seen_by: str = ""
    """Who has acknowledged it; empty: nobody, or it has become worse since."""


@dataclass(frozen=True, slots=True)
class StragglerView:
    """Who still reads or writes on the source after its service has moved."""

    kind: Literal["reader", "writer", "unlisted writer", "unknown"]
    name: str
    """Group, or producer id."""
    who: str
    """Client ids and hosts, as far as a broker tells; empty: none does."""
    where: str
    """Topics or partitions."""
    rate_milli: int | Unknown
    """Records per 1000 s."""
    service: str
    """The moved service that it belongs to; empty: none of the plan."""
    at_ms: int


@dataclass(frozen=True, slots=True)
class ErrorRateView:
    """Errors of one class in one place, counted by the minute."""

    where: Literal["source", "target", "replication", "registry", "signals"]
    kind: ErrorClass
    per_minute: tuple[int, ...]
    """The last minutes, the present one last."""
    newest: str
    """The newest of them in words."""
    at_ms: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event, for the event log."""

    seq: int
    at_ms: int
    level: Literal["info", "good", "warn", "bad"]
    text: str


@dataclass(frozen=True, slots=True)
class ArmedView:
    """What a person is about to confirm."""

    verb: Verb
    wave: str
    by: str
    token: str
    armed_at_ms: int
    confirm_from_ms: int
    """A confirmation before this is refused: it may be a bouncing key."""
    expires_at_ms: int
    lines: tuple[str, ...]
    """What will be done, on which cluster, the evidence with ages, and how to undo it."""
    level: int = 1
    """1: another key confirms. 2: and the wave's name. 3: and the go of other people."""
    way_back: str = ""
    """What taking it back will cost, or that it cannot be; empty: it is not grave."""
    said: tuple[str, ...] = ()
    """Who has said go."""
    waits_for: str = ""
    """The role whose go comes next, `observer`: anybody else with a say; empty: nobody's."""


@dataclass(frozen=True, slots=True)
class ActionView:
    """Whether a verb is open now, and if not, why."""

    verb: Literal["advance", "rollback", "recover", "pause", "end"]
    enabled: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class PriceView:
    """What taking a wave back costs.

    closed: it is not possible, since `since_ms`. unknown: at least one number is not known.
    """

    word: Literal["nothing", "records", "closed", "unknown"]
    wave: str
    records: int | Unknown
    """On the target past the drained end: they would be lost, or replayed by their producers."""
    reread: int | Unknown
    """That the wave's groups would read again on the source, at most."""
    partitions: tuple[tuple[str, int], ...]
    """Where the records are, most first: `topic/partition` and how many."""
    since_ms: int | None
    text: str
    """All of it in a line."""
    reread_lately: int | None = None
    """The highest `reread` of the last seconds; None: nothing is known of it."""


@dataclass(frozen=True, slots=True)
class StatusView:
    """The two status lines' content."""

    plan: str
    environment: str
    session: str
    simulated: bool
    wave: str
    wave_number: int
    waves: int
    step: str
    paused: bool
    writes: WritesWord
    writes_detail: str
    """Of the current wave's produced topics, as read from the clusters; empty when none."""
    blocked_since_ms: int | None
    """Clients of the wave are blocked since then; None: they are not."""
    deadline_ms: int | None
    """When the fence's deadline strikes."""
    rollback: RollbackWord
    rollback_since_ms: int | None
    rollback_detail: str
    """What going back costs now."""
    outcome: str
    """Empty while the flight goes on, else `completed`, `rolled_back`, `failed`, `stopped`,
    `taken_over`."""
    price: PriceView | None = None
    """The same in numbers; None: not worked out."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything, at one moment."""

    seq: int
    at_ms: int
    status: StatusView
    source: SideView
    target: SideView
    mirror: str
    """The mirror in a word or two: `running`, `task failed`, `unknown: ...`."""
    waves: tuple[WaveView, ...]
    gates: tuple[GateView, ...]
    triggers: tuple[GateView, ...]
    partitions: PartitionTable
    groups: tuple[GroupView, ...]
    deltas: tuple[DeltaRow, ...]
    signals: tuple[SignalView, ...]
    checks: tuple[CheckView, ...]
    log: tuple[LogLine, ...]
    armed: ArmedView | None
    actions: tuple[ActionView, ...]
    feeds: tuple[FeedView, ...] = ()
    alarms: tuple[AlarmView, ...] = ()
    """Those that nobody has acknowledged first, of these the worst first."""
    drains: tuple[DrainView, ...] = ()
    """All topics of the plan together first, then each."""
    stragglers: tuple[StragglerView, ...] = ()
    error_rates: tuple[ErrorRateView, ...] = ()
    left_over: tuple[Leftover, ...] = ()
    """What an earlier attempt has left standing, worst first; nobody looks while a wave is at
    work."""
    crew: CrewView = field(default_factory=CrewView)
    coordination: CoordinationView | None = None
    """None: told by an engine that knew of no such thing."""
    head: str = ""
    """The newest entry of the engine's journal, `SEQ:HASH`: whoever keeps it can prove later that
    nothing was changed or cut off. Empty: there is no journal."""
    services: tuple[ServiceView, ...] = ()
    """The plan's, in its order."""
    way_back: WayBackView | None = None
    """None: told by an engine that did not work it out."""
    past: PastView = field(default_factory=PastView)

    def action(self, verb: str) -> ActionView:
        """The view of one verb."""
        return next(a for a in self.actions if a.verb == verb)
