"""Protocols that the engine works through: real clusters, simulated ones and tests all fit here.

Types only; nothing here runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cockpit.core.actions import Action, Finding
from cockpit.core.intents import Intent
from cockpit.core.observe import (
    AclSample,
    ClusterInfo,
    ConfigSample,
    FailureKind,
    GroupSample,
    LogSample,
    MirrorSample,
    SignalSample,
    SyncsSample,
)
from cockpit.core.plan import Side
from cockpit.core.playing import PlayerView, PlayVerb
from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.core.survey import Survey


class PortError(Exception):
    """A call through a port failed. `reason` is fit for a person; it may hold data from outside."""

    def __init__(self, kind: FailureKind, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind: FailureKind = kind
        self.reason = reason


class OutcomeUnknownError(Exception):
    """An effect was sent and its reply was lost: it may or may not have happened."""


class SupersededError(Exception):
    """Another has become the one that writes: what was handed in was not taken, and nothing will
    be."""


class Clock(Protocol):
    """Time as the engine knows it."""

    def now_ms(self) -> int:
        """UTC milliseconds that never run backwards."""

    async def sleep(self, duration_ms: int) -> None:
        """Wait."""


class Cluster(Protocol):
    """One cluster, read only. Every method raises PortError."""

    async def info(self) -> ClusterInfo:
        """Cluster id and brokers."""

    async def logs(self) -> LogSample:
        """Start and end offsets of all partitions of all topics that are not internal."""

    async def groups(self, *, states_max_age_ms: int = 0) -> GroupSample:
        """State and commits of all groups (committed offsets; never joins a group).

        States and members may be as old as `states_max_age_ms`; commits are always read now.
        """

    async def configs(self) -> ConfigSample:
        """Effective configs and partition counts of the plan's topics."""

    async def acls(self) -> AclSample:
        """All ACLs."""

    async def close(self) -> None:
        """Let go of every connection. Never raises, never takes more than two seconds."""


class Replication(Protocol):
    """The replication tool, read only. Every method raises PortError."""

    async def mirror(self) -> MirrorSample:
        """Connectors, tasks and positions."""

    async def syncs(self) -> SyncsSample:
        """The offset-syncs topic, read to its end."""

    async def close(self) -> None:
        """Let go of every connection."""


class Signals(Protocol):
    """Numbers from outside Kafka."""

    async def read(self, name: str) -> SignalSample:
        """One reading of a signal of the plan; raises PortError."""

    async def close(self) -> None:
        """Let go of every connection."""


@dataclass(frozen=True, slots=True)
class SurveyFeed:
    """One slow look: read again and again, `every_ms` apart, by itself."""

    name: str
    """The `feed` of the surveys that it reads."""
    every_ms: int
    read: Callable[[], Awaitable[Survey]]
    """Raises PortError when nothing at all could be read."""
    wave: str = ""
    """Read only while this wave waits to be begun; empty: always."""
    is_awaited: bool = False
    """Whether a wave that waits to be begun waits for it: read again soon after a step's end."""


class Surveyor(Protocol):
    """Everything that is looked at more slowly than offsets, read only."""

    def feeds(self) -> tuple[SurveyFeed, ...]:
        """What there is to look at under this plan; the same each time."""

    async def close(self) -> None:
        """Let go of every connection. Never raises, never takes more than two seconds."""


class Effector(Protocol):
    """The only part that changes anything."""

    async def precheck(self, action: Action) -> Finding:
        """Read whether it is already so. Raises PortError."""

    async def do(self, action: Action) -> Mapping[str, Any]:
        """Make it so; the mapping is JSON-able and goes into the journal (never a secret).

        Raises PortError when it certainly did not happen, OutcomeUnknownError when nobody can say.
        """

    async def verify(self, action: Action) -> Finding:
        """Read whether it is so now. Raises PortError."""

    async def close(self) -> None:
        """Let go of every connection."""


class Gate(Protocol):
    """What every change passes right before it leaves."""

    def check(self) -> None:
        """Raises PortError where nothing may be changed now."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a session's journal, from this byte of it on."""

    at: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SharedSession:
    """A session as a shared log has it."""

    id: str
    head: Mapping[str, Any]
    """What another host needs beside the journal; of whoever has written last."""
    journal: bytes
    """From its first byte, as far as no piece is missing."""
    whole: bool = True
    """No piece is missing, and none is of another journal."""


class SharedLog(Protocol):
    """A place off this host that a session's journal is written to, by one writer at a time.

    Every method raises PortError: whether what was handed in was taken is then not known, and the
    same may be handed in again.
    """

    async def open(self) -> None:
        """Become the one writer of this flight: whoever was it before is refused from then on, and
        what he had not committed is gone."""

    async def write(self, pieces: Sequence[Piece]) -> None:
        """Commit these, all or none; of none only ask whether this is still the one writer.

        Raises SupersededError where it is not.
        """

    async def read(self, *, settled: bool = False) -> tuple[SharedSession, ...]:
        """Everything that is committed by now, in the order of each session's beginning. `settled`:
        wait until all is decided that was begun before."""

    async def close(self) -> None:
        """Let go of every connection. Never raises, never takes more than two seconds."""


class Saboteur(Protocol):
    """Kills brokers on purpose, and starts them again. Every method raises PortError."""

    async def is_alive(self, side: Side, broker: int) -> bool:
        """Whether the broker's process lives."""

    async def kill(self, side: Side, broker: int) -> None:
        """End its process at once."""

    async def revive(self, side: Side, broker: int) -> None:
        """Start it again, and wait until it answers."""


class Session(Protocol):
    """What a screen sees of a flight: live, simulated, attached or replayed, it cannot tell
    which."""

    @property
    def seat(self) -> str:
        """The connection's name among those of the flight's people; empty: there is none, and
        this session is always heard."""

    @property
    def past(self) -> Sequence[LogLine]:
        """The log before this session joined, oldest first; empty where snapshots hold all."""

    def snapshots(self) -> AsyncIterator[Snapshot]:
        """Newest snapshots, whole; a slow reader skips some. Ends when the session ends."""

    async def submit(self, intent: Intent) -> None:
        """Hand in what a person wants. The answer is in the snapshots."""

    async def close(self) -> None:
        """Leave. The flight goes on."""


class Player(Protocol):
    """What a screen needs to play a recording, beside the Session that brings its snapshots."""

    def view(self) -> PlayerView:
        """Where it stands now. Costs next to nothing."""

    def press(self, verb: PlayVerb, argument: str = "", *, at_ms: int | None = None) -> str:
        """Do what a key means, at once; what came of it, in words.

        `argument` is the time to jump to, or a bookmark's text. `at_ms` is the moment that a
        bookmark is about, None: where it stands now.
        """
