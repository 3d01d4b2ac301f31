"""The plan as values: what moves, in which waves, behind which gates.

Built by `cockpit.plan` from YAML; never reads a file, a clock or a cluster.
"""

# ruff: noqa: PLC0414  # these are part of a plan: it gives them on under its own name

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cockpit.core.calls import HttpCall as HttpCall
from cockpit.core.clusterspec import ClusterSpec as ClusterSpec
from cockpit.core.clusterspec import FirstHop as FirstHop
from cockpit.core.clusterspec import RegistrySpec as RegistrySpec
from cockpit.core.clusterspec import Security as Security
from cockpit.core.clusterspec import TokenSource as TokenSource
from cockpit.core.clusterspec import ZooKeeperSpec as ZooKeeperSpec
from cockpit.core.conditions import ClientProbeGate as ClientProbeGate
from cockpit.core.conditions import Condition as Condition
from cockpit.core.conditions import GroupLagGate as GroupLagGate
from cockpit.core.conditions import OffsetDeltaGate as OffsetDeltaGate
from cockpit.core.conditions import ParityGate as ParityGate
from cockpit.core.conditions import ReplicationLagGate as ReplicationLagGate
from cockpit.core.conditions import SignalGate as SignalGate
from cockpit.core.conditions import Windowed as Windowed
from cockpit.core.crew import People as People
from cockpit.core.drills import DrillStep as DrillStep
from cockpit.core.elsewhere import Coordination
from cockpit.core.leftout import Exclusion
from cockpit.core.notify import Notify
from cockpit.core.remember import Remembered
from cockpit.core.replication import LinkApiWord as LinkApiWord
from cockpit.core.replication import Login as Login
from cockpit.core.replication import Replication as Replication
from cockpit.core.replication import ReplicationKind as ReplicationKind
from cockpit.core.schedule import FlightWindow, FreezeWindow
from cockpit.core.secretref import SecretRef as SecretRef

Side = Literal["source", "target"]
SIDES: tuple[Side, Side] = ("source", "target")


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """A number from outside Kafka that gates and triggers may use.

    `kind` says how it is read: `http` takes `url` and `path`, `prometheus` takes `url` and `query`,
    `command` takes `argv` and reads the first number of its standard output.
    """

    name: str
    url: str = ""
    path: str = ""
    """Dotted path into the JSON body, such as `errors.ratio` or `0.value`."""
    unit: Literal["ratio", "count", "ms", "per_s"] = "ratio"
    max_age_ms: int = 5_000
    kind: Literal["http", "prometheus", "command"] = "http"
    query: str = ""
    argv: tuple[str, ...] = ()
    """An argument vector; no shell ever sees it."""


@dataclass(frozen=True, slots=True)
class Manual:
    """A person does it and confirms."""

    text: str


@dataclass(frozen=True, slots=True)
class CommandCall:
    """A program that ends with status 0 when it is done; no shell ever sees its arguments."""

    argv: tuple[str, ...]
    timeout_ms: int = 30_000


Control = HttpCall | CommandCall | Manual


Resume = Literal["translated", "exact", "earliest", "latest", "timestamp", "external"]
"""By MirrorMaker's own translation; by the records themselves; at the target log's start or end, or
the first record at or after a time; or kept outside Kafka, where a person sets it."""
SOUGHT: tuple[Resume, ...] = ("earliest", "latest", "timestamp")
"""By the target's log alone, wherever a group stands on the source."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Something that a service's owner has agreed to with open eyes."""

    why: str
    by: str


@dataclass(frozen=True, slots=True)
class OffsetsSpec:
    """How a group finds its place on the target."""

    resume: Resume = "translated"
    replay_tolerance_records: int | None = None
    """How many records the owner accepts to be read twice; None: not stated, of `exact`, `earliest`
    and `timestamp` none."""
    at_ms: int | None = None
    """Only with `timestamp`: UTC ms."""
    accept_loss: Acceptance | None = None
    """Records may be skipped that were not read yet."""
    accept_replay: Acceptance | None = None
    """As many records may be read again as will be."""


@dataclass(frozen=True, slots=True)
class Service:
    """One workload that moves as a whole."""

    name: str
    principal: str
    """Kafka principal, such as `User:checkout`."""
    stop: Control
    start: Control
    undo: Control
    produces: tuple[str, ...] = ()
    consumes: tuple[str, ...] = ()
    group: str | None = None
    offsets: OffsetsSpec | None = None
    owner: str = ""
    criticality: Literal["low", "normal", "high"] = "normal"
    probe: CommandCall | None = None
    """Connects to the target from where the service runs, as its principal."""

    @property
    def resume(self) -> Resume:
        """How its group finds its place on the target."""
        return "translated" if self.offsets is None else self.offsets.resume


DifferenceKind = Literal["config", "partitions", "acl", "quota", "user", "schema", "records"]


@dataclass(frozen=True, slots=True)
class ApprovedDifference:
    """A difference between the clusters that somebody accepted.

    `kind` says what differs and which of the other fields name it: `config` a `topic` and a
    `config`; `partitions` and `records` a `topic`; `acl`, `quota` and `user` a `principal`;
    `schema` a `subject`. A `*` means every one of them.
    """

    why: str
    by: str
    topic: str = ""
    """Topic name, or `*` for every topic of the plan."""
    config: str = ""
    kind: DifferenceKind = "config"
    principal: str = ""
    """As in `User:checkout`; of a quota the entity as the checks show it."""
    subject: str = ""


# --- rollback -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rollback:
    """What makes a wave go back, and how much the cockpit may do by itself."""

    triggers: tuple[Condition, ...] = ()
    on_trigger: Literal["ask", "pause", "rollback"] = "ask"
    after_no_return: Literal["rollback", "pause"] = "rollback"
    """What `on_trigger: rollback` means once going back would lose or replay records."""


# --- steps ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StopStep:
    """Services stop on the source."""

    timeout_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class FenceStep:
    """Topics that the wave produces refuse writes on the source."""

    deadline_ms: int = 60_000
    """How long clients may be blocked before the start on the target is intended."""
    at_zero: Literal["unfence", "hold"] = "unfence"
    by: Literal["acl", "stop"] = "acl"
    """`stop`: for clusters without an authorizer; all producers are stopped, and watched."""
    deny: Literal["all", "producers"] = "all"
    """Whose writes: everybody's, or only those of the wave's principals."""


@dataclass(frozen=True, slots=True)
class DrainStep:
    """Everything on the source has arrived on the target."""

    timeout_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class OffsetsStep:
    """Groups get their place on the target."""

    timeout_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class ProbeStep:
    """A shadow consumer reads each group's next record on the target, and nothing changes."""

    timeout_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class StartStep:
    """Services start on the target."""

    timeout_ms: int = 120_000


@dataclass(frozen=True, slots=True)
class SoakStep:
    """For a time the wave's gates hold, its triggers are quiet and its services at work."""

    for_ms: int


@dataclass(frozen=True, slots=True)
class ConfirmStep:
    """A person answers before the wave goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class ReverseStep:
    """A second mirror brings what is written on the target back to the source."""

    connector: str
    """The MirrorSourceConnector in the other direction, for the wave's own topics."""
    forward: Literal["excluded", "kept"] = "excluded"
    """What becomes of the topics in the first mirror's filter, before the second one starts."""
    start_at: Literal["drained", "earliest", "latest"] = "drained"
    """Where on the target it begins; `drained`: at the end that the drain proved."""
    timeout_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class PromoteStep:
    """Topics of a link become ordinary topics of the target; there is no way back."""

    topics: tuple[str, ...] = ()
    """Empty: every topic that the wave's services read or write."""
    timeout_ms: int = 60_000
    accept_loss: Acceptance | None = None
    """Of named topics that no service of the plan writes."""


@dataclass(frozen=True, slots=True)
class HttpStep:
    """A request is made."""

    call: HttpCall
    undo: HttpCall | CommandCall | None = None
    """What going back calls, if anything."""
    undoes_nothing: bool = False
    """The plan says that there is nothing to take back."""


@dataclass(frozen=True, slots=True)
class CommandStep:
    """A program is run."""

    call: CommandCall
    undo: HttpCall | CommandCall | None = None
    undoes_nothing: bool = False
    """As of a request."""


RecoveryStep = ConfirmStep | HttpStep | CommandStep
"""What may be done about a wave that can no longer go back."""

Step = (
    StopStep
    | FenceStep
    | DrainStep
    | OffsetsStep
    | ProbeStep
    | StartStep
    | SoakStep
    | ConfirmStep
    | DrillStep
    | ReverseStep
    | PromoteStep
    | HttpStep
    | CommandStep
)

STEP_NAMES: dict[type, str] = {
    StopStep: "stop",
    FenceStep: "fence",
    DrainStep: "drain",
    OffsetsStep: "offsets",
    ProbeStep: "probe",
    StartStep: "start",
    SoakStep: "soak",
    ConfirmStep: "confirm",
    DrillStep: "drill",
    ReverseStep: "reverse",
    PromoteStep: "promote",
    HttpStep: "http",
    CommandStep: "command",
}


def step_name(step: Step) -> str:
    """The word that a plan uses for this step."""
    return STEP_NAMES[type(step)]


@dataclass(frozen=True, slots=True)
class WriteOwner:
    """Which side owns the writes of the wave's topics; `before` the target: its readers are late,
    their topics were moved by somebody else."""

    before: Side
    after: Side


@dataclass(frozen=True, slots=True)
class Interleaving:
    """A topic that somebody allows to be written on both sides for a while."""

    topic: str
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class Wave:
    """Services that move together."""

    name: str
    services: tuple[str, ...]
    steps: tuple[Step, ...]
    write_owner: WriteOwner
    gates: tuple[Condition, ...] = ()
    rollback: Rollback = Rollback()
    approvers: tuple[str, ...] = ()
    rollback_window_ms: int | None = None
    window: FlightWindow | None = None
    recovery: tuple[RecoveryStep, ...] = ()
    """What may be done once it can no longer go back."""


_BY_NAME: Remembered[dict[str, Service]] = Remembered()


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole migration, as reviewed."""

    name: str
    source: ClusterSpec
    target: ClusterSpec
    replication: Replication
    services: tuple[Service, ...]
    waves: tuple[Wave, ...]
    signals: tuple[SignalSpec, ...] = ()
    approved_differences: tuple[ApprovedDifference, ...] = ()
    environment: str = ""
    """A word shown on every screen, such as `PROD`."""
    source_registry: RegistrySpec | None = None
    target_registry: RegistrySpec | None = None
    interleavings: tuple[Interleaving, ...] = ()
    freeze_windows: tuple[FreezeWindow, ...] = ()
    drills: bool = False
    """Whether drills may break something: never so for clusters that anybody needs."""
    people: People | None = field(default=None, repr=False)
    """None: only the engine's own user gets in, and may do everything."""
    coordination: Coordination | None = field(default=None, repr=False)
    notify: Notify | None = field(default=None, repr=False)
    first_hop: FirstHop | None = field(default=None, repr=False)
    """None: the mirror reads the source itself."""
    excluded: tuple[Exclusion, ...] = ()
    """What somebody decided not to move."""

    def registry(self, side: Side) -> RegistrySpec | None:
        """The schema registry of one side, if the plan names one."""
        return self.source_registry if side == "source" else self.target_registry

    def service(self, name: str) -> Service:
        """The service of that name; the loader has proved that it exists."""
        return _BY_NAME.get((self.services,), lambda: {s.name: s for s in self.services})[name]

    def wave_services(self, wave: Wave) -> tuple[Service, ...]:
        """The services of a wave in the plan's order."""
        return tuple(self.service(name) for name in wave.services)

    def topics(self) -> tuple[str, ...]:
        """Every topic that a service reads or writes, sorted."""
        names = {t for s in self.services for t in (*s.produces, *s.consumes)}
        return tuple(sorted(names))

    def late_topics(self) -> frozenset[str]:
        """Topics whose readers move after somebody else has moved those who write them."""
        late = (wave for wave in self.waves if wave.write_owner.before == "target")
        return frozenset(
            topic for wave in late for s in self.wave_services(wave) for topic in s.consumes
        )

    def groups(self) -> tuple[str, ...]:
        """Every consumer group of the plan, in the plan's order."""
        return tuple(s.group for s in self.services if s.group is not None)


def produced_topics(services: tuple[Service, ...]) -> tuple[str, ...]:
    """Topics that these services write, sorted: what a fence must cover."""
    return tuple(sorted({topic for service in services for topic in service.produces}))


def promoted_topics(step: PromoteStep, services: tuple[Service, ...]) -> tuple[str, ...]:
    """Topics that a step promotes in a wave of these services, sorted."""
    return tuple(sorted(step.topics)) or touched_topics(services)


def touched_topics(services: tuple[Service, ...]) -> tuple[str, ...]:
    """Topics that these services read or write, sorted."""
    return tuple(sorted({t for s in services for t in (*s.produces, *s.consumes)}))
