"""All that a screen may know, as one immutable value.

`seq` rises with every snapshot. All times are UTC milliseconds; an age on a screen is
`snapshot.at_ms` minus the time in the value, never a clock's. Strings may come from clusters:
they are hostile until a drawing edge has cleaned them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cockpit.core.intents import Verb
from cockpit.core.observe import I64, PartitionKeys, Unknown
from cockpit.core.plan import Side

Verdict = Literal["PASS", "FAIL", "UNKNOWN", "INCONCLUSIVE"]
HealthWord = Literal["connecting", "connected", "slow", "refused", "unreachable", "protocol"]
WritesWord = Literal["SOURCE", "FENCED", "TARGET", "UNKNOWN"]
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
    `source_rate_milli` is records per 1000 s appended on the source. `source_at_ms`,
    `target_at_ms` and `mirror_at_ms` say when each column's sample was asked for (None: never).
    """

    keys: PartitionKeys
    source_start: I64
    source_end: I64
    target_start: I64
    target_end: I64
    mirror_position: I64
    lag: I64
    source_rate_milli: I64
    source_at_ms: int | None
    target_at_ms: int | None
    mirror_at_ms: int | None
    wave: frozenset[str]
    """Topics of the current wave."""


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


@dataclass(frozen=True, slots=True)
class DeltaRow:
    """The offset delta of one group and partition.

    `translated` is MirrorMaker's own translation of the source's committed offset; `delta` is the
    target's commit less that. `reread_max` bounds the records that the group would read twice if it
    resumed at `translated` now, `skipped_max` those that it would never
    read if it resumed at its present target commit, as far as the offset-syncs can tell.
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
    """One compared object."""

    kind: Literal["topic", "config", "acl", "connector"]
    name: str
    word: Literal["equal", "approved", "open", "unknown", "noted"]
    source: str
    target: str
    why: str


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


@dataclass(frozen=True, slots=True)
class ActionView:
    """Whether a verb is open now, and if not, why."""

    verb: Literal["advance", "rollback", "pause", "end"]
    enabled: bool
    why_not: str


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
    """Empty while the flight goes on, else `completed`, `rolled_back`, `failed`, `stopped`."""


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

    def action(self, verb: str) -> ActionView:
        """The view of one verb."""
        return next(a for a in self.actions if a.verb == verb)
