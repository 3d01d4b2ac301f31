"""All that an engine's first state is made of.

With the plan and what came in later, a flight can be gone through once more.

Pure: whoever begins a flight reads journals and files first and hands in what they said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cockpit.core.durable import OpenIntent, restore
from cockpit.core.flight import FlightState, begin
from cockpit.core.left import Past
from cockpit.core.plan import Plan
from cockpit.core.windows import Row, restored


@dataclass(frozen=True, slots=True)
class Beginning:
    """How one engine's part of a flight begins."""

    session: str
    simulated: bool
    at_ms: int
    first: str = ""
    """Waves before the one of this name are taken as moved; empty: none."""
    takes_over: bool = False
    """Another engine, which is no more, began the flight."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """Where that engine left it; empty where no wave had begun to move."""
    intents: tuple[OpenIntent, ...] = ()
    """Its effects that the record does not include yet."""
    open: tuple[OpenIntent, ...] = ()
    """Those of them of which nobody knows what became."""
    intended: frozenset[str] = frozenset()
    """Types of all actions that it ever intended."""
    past: tuple[Past, ...] = ()
    """Earlier flights of the plan, oldest first."""
    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=dict)
    """What gates over long windows have seen before."""


def begun(plan: Plan, beginning: Beginning) -> FlightState:
    """The first state. Raises RestoreError where the record does not belong to the plan."""
    at_ms = beginning.at_ms
    session, simulated = beginning.session, beginning.simulated
    if beginning.record:
        state = restore(
            plan,
            beginning.record,
            beginning.intents,
            intended=beginning.intended,
            session=session,
            simulated=simulated,
            at_ms=at_ms,
        )
    else:
        first = beginning.first
        state = begin(plan, session=session, simulated=simulated, at_ms=at_ms, first=first)
    gathered = restored(beginning.rows, at_ms) if beginning.rows else state.gathered
    return replace(state, past=beginning.past, gathered=gathered)
