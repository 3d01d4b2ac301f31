"""Faults as data: what goes wrong in a simulated world, and when.

Says nothing about how a fault is carried out; the rooms of the world ask which ones are on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cockpit.core.plan import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A window of time.

    It opens `delay_ms` after the world's beginning, or, where `event` is given, after that event
    has happened for the `occurrence`-th time. Events are what effects leave behind: `fence`,
    `fence WAVE`, `unfence`, `unfence WAVE`, `stop SERVICE`, `start SERVICE`, `undo SERVICE`,
    `stopped SERVICE`, `started SERVICE`, `commit GROUP`, `patch CONNECTOR`, `exclude`, `include`.
    """

    event: str = ""
    occurrence: int = 1
    delay_ms: int = 0
    for_ms: int | None = None
    """How long the window is open; None: for ever."""


ALWAYS = When()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProbeFails:
    """A service's probe ends badly, or (`silent`) does not answer."""

    service: str
    text: str = "simulated: TopicAuthorizationException"
    silent: bool = False
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBurst:
    """A signal shows at least this value."""

    signal: str
    value: float
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalDown:
    """A signal's endpoint does not answer."""

    signal: str
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalGarbage:
    """A signal's endpoint answers with something that is no number."""

    signal: str
    text: str = "NaN"
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterUnreachable:
    """The cockpit reaches no broker of a side. Clients and mirror do."""

    side: Side
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRefuses:
    """A side refuses the cockpit's login. Clients and mirror go on."""

    side: Side
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSlow:
    """Each answer of a side to the cockpit takes this long; beyond the call timeout: none."""

    side: Side
    latency_ms: int
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class RepliesReordered:
    """Each answer of a side to the cockpit takes some other time: later questions overtake."""

    side: Side
    up_to_ms: int = 1_500
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled:
    """A side asks the cockpit to wait so long after each answer, and the cockpit does."""

    side: Side
    throttle_ms: int
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialAnswer:
    """A side leaves every second partition and every second group out of its answers."""

    side: Side
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicUnknown:
    """A side's brokers know nothing of a topic when the cockpit asks for its ends."""

    side: Side
    topic: str
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleLeader:
    """For one broker's partitions an old leader answers the cockpit: ends stand still."""

    side: Side
    broker: int
    """0-based."""
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerDown:
    """One broker is gone: its partitions and groups, for the cockpit and for everybody."""

    side: Side
    broker: int
    """0-based."""
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectDown:
    """Connect's REST interface does not answer. Its tasks go on."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorStalled:
    """The mirror copies nothing, though it says that it runs."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorTaskFailed:
    """The source connector's task has failed; the connector says RUNNING.

    When the window closes the task is restarted; with `replays` it then copies again what it had
    copied since it last published its positions.
    """

    cause: str = "org.apache.kafka.common.errors.TimeoutException: simulated"
    replays: bool = True
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class StalePositions:
    """The mirror copies but publishes neither positions nor delayed syncs."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorSlow:
    """The mirror copies no more than so many records of a partition in each step."""

    records_per_step: int
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorLoops:
    """The mirror copies its last records again, each time that it publishes its positions."""

    records: int = 10
    """Of each partition."""
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class EscapingWriter:
    """Somebody outside the plan writes to source topics: as a super user, whom no fence holds, or
    with a principal of its own, which both clusters have allowed all along."""

    name: str = "batch-job"
    principal: str = ""
    """Empty: a super user."""
    topics: tuple[str, ...]
    rate_per_s: float = 20.0
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceVanishes:
    """Somebody else removes every DENY from the source, once, when the window opens."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceForgotten:
    """One broker of the source goes by its ACLs as if there were no DENY among them."""

    broker: int
    """0-based."""
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayMember:
    """A forgotten consumer joins a group of the plan, and commits an older place as it does."""

    side: Side
    group: str
    records: int = 5
    """How much older, in each partition."""
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class RebalanceStorm:
    """A group rebalances without end: it reads nothing, and no commit of its members is taken."""

    side: Side
    group: str
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncation:
    """The source's logs lose, once, their last records, as far as nobody has read them."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRecreated:
    """A topic of the source is deleted and made anew, once, under everybody's feet."""

    topic: str
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTransaction:
    """A transaction is open on a topic of the source: nobody reads past its begin."""

    topic: str
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStartMoves:
    """Retention removes all that the mirror and every group have left behind, on the source."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCrash:
    """A service dies without committing and comes back on the same side when the window closes."""

    service: str
    when: When


EffectMode = Literal["lost_before", "lost_after", "slow", "refused", "twice"]
ActionWord = Literal[
    "call",
    "patch",
    "exclude",
    "fence",
    "unfence",
    "prove_silent",
    "prove_drained",
    "prove_shut",
    "commit",
    "find",
    "seek",
    "probe",
    "errand",
    "drill",
    "any",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectFault:
    """An effect of the cockpit meets trouble.

    lost_before: it never arrives, and nobody can say so. lost_after: it happens, its reply is
    lost. slow: it takes `delay_ms`; beyond the timeout its reply is lost, and it happens then, if
    it still can: groups that have members take no commit.
    refused: it is refused. twice: it happens twice, right after another. `subject` narrows it: a
    service, `SERVICE VERB`, a connector or a group; empty: every one. Over after `times` uses.
    """

    action: ActionWord = "any"
    mode: EffectMode
    subject: str = ""
    times: int = 1
    delay_ms: int = 5_000
    when: When = ALWAYS


Fault = (
    ClientProbeFails
    | ErrorBurst
    | SignalDown
    | SignalGarbage
    | ClusterUnreachable
    | ClusterRefuses
    | ClusterSlow
    | RepliesReordered
    | Throttled
    | PartialAnswer
    | TopicUnknown
    | StaleLeader
    | BrokerDown
    | ConnectDown
    | MirrorSlow
    | MirrorLoops
    | MirrorStalled
    | MirrorTaskFailed
    | StalePositions
    | EscapingWriter
    | FenceVanishes
    | FenceForgotten
    | StrayMember
    | RebalanceStorm
    | LogStartMoves
    | Truncation
    | TopicRecreated
    | OpenTransaction
    | ServiceCrash
    | EffectFault
)
