"""What gates and triggers ask, as values: a number and its limit, and for how long.

Never measures or judges; `cockpit.core.gates` does.
"""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.core.peaks import Over


@dataclass(frozen=True, slots=True)
class ReplicationLagGate:
    """Largest lag of any partition that the wave reads or writes, in records."""

    max_records: int
    for_ms: int = 0
    max_age_ms: int = 5_000
    over: Over | None = None
    """Instead of `for_ms`: over a long window that holds certain hours."""


@dataclass(frozen=True, slots=True)
class GroupLagGate:
    """Largest total lag of any group of the wave, on the side where it runs, in records."""

    max_records: int
    for_ms: int = 0
    max_age_ms: int = 5_000
    over: Over | None = None
    """Instead of `for_ms`: over a long window that holds certain hours."""


@dataclass(frozen=True, slots=True)
class OffsetDeltaGate:
    """Records that the wave's groups together would read again, or skip, if they moved now."""

    max_reread_records: int
    max_skipped_records: int = 0
    for_ms: int = 0
    max_age_ms: int = 5_000
    over: Over | None = None
    """Instead of `for_ms`: over a long window that holds certain hours."""


@dataclass(frozen=True, slots=True)
class ParityGate:
    """No open difference between the clusters for the objects of the plan."""

    topics: bool = True
    acls: bool = True
    for_ms: int = 0
    max_age_ms: int = 60_000
    schemas: bool = False
    quotas: bool = False
    users: bool = False
    records: bool = False


@dataclass(frozen=True, slots=True)
class SignalGate:
    """A signal at or under its limit."""

    name: str
    max_value: float
    for_ms: int = 0
    max_age_ms: int = 5_000
    over: Over | None = None
    """Instead of `for_ms`: over a long window that holds certain hours."""


@dataclass(frozen=True, slots=True)
class ClientProbeGate:
    """Every service of the wave could work on the target, as its own probe has found."""

    for_ms: int = 0
    max_age_ms: int = 600_000


Momentary = ParityGate | ClientProbeGate
"""Conditions that are never judged over a long window."""

Beforehand = OffsetDeltaGate | ParityGate | ClientProbeGate
"""Conditions that mean something only before the move."""

Windowed = ReplicationLagGate | GroupLagGate | OffsetDeltaGate | SignalGate
"""Conditions that may be judged over a long window."""

Condition = Windowed | Momentary
"""Used as a gate it must hold; used as a trigger it must be broken for the whole window."""

PLACES = OffsetDeltaGate | ClientProbeGate
"""Those that ask about places of before the move."""


def name(condition: Condition) -> str:
    """As the plan calls it."""
    match condition:
        case ReplicationLagGate():
            return "replication_lag"
        case GroupLagGate():
            return "group_lag"
        case OffsetDeltaGate():
            return "offset_delta"
        case ParityGate():
            return "parity"
        case ClientProbeGate():
            return "client_probe"
        case SignalGate(name=signal):
            return f"signal {signal}"
