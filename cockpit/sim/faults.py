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
class EscapingWriter:
    """Somebody outside the plan writes to source topics as a super user: no fence holds it."""

    name: str = "batch-job"
    topics: tuple[str, ...]
    rate_per_s: float = 20.0
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceVanishes:
    """Somebody else removes every DENY from the source, once, when the window opens."""

    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCrash:
    """A service dies without committing and comes back on the same side when the window closes."""

    service: str
    when: When


EffectMode = Literal["lost_before", "lost_after", "slow", "refused"]
ActionWord = Literal[
    "call",
    "patch",
    "exclude",
    "fence",
    "unfence",
    "prove_silent",
    "prove_drained",
    "commit",
    "find",
    "any",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectFault:
    """An effect of the cockpit meets trouble.

    lost_before: it never arrives, and nobody can say so. lost_after: it happens, its reply is
    lost. slow: it takes `delay_ms` (a service call beyond its own timeout: its reply is lost).
    refused: it is refused. `subject` narrows it: a service, `SERVICE VERB`, a connector or a
    group; empty: every one. After `times` uses it is over.
    """

    action: ActionWord = "any"
    mode: EffectMode
    subject: str = ""
    times: int = 1
    delay_ms: int = 5_000
    when: When = ALWAYS


Fault = (
    ErrorBurst
    | SignalDown
    | SignalGarbage
    | ClusterUnreachable
    | ClusterRefuses
    | ClusterSlow
    | BrokerDown
    | ConnectDown
    | MirrorStalled
    | MirrorTaskFailed
    | StalePositions
    | EscapingWriter
    | FenceVanishes
    | ServiceCrash
    | EffectFault
)
