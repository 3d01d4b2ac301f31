"""Services that have moved and are not at work on the target any more: an alarm, and no soak passes
over it.

Seen by their groups: of a service without one, and of members that nobody can tell, it says
nothing. Takes nothing back and starts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.core.alarms import HOLD_MS, Trouble
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.plan import StartStep
from cockpit.core.turn import services_of

SUBJECT: Final = "not at work on the target: "
MAX_AGE_MS: Final = 10_000
"""An older look says nothing about now."""


def away(state: FlightState, wave: WaveState) -> Iterator[tuple[str, str]]:
    """Services of a wave, each with what shows that it is away. Nothing of a wave that has not been
    started on the target, or goes back."""
    started = any(isinstance(s.step, StartStep) and s.word == "done" for s in wave.steps)
    sample = state.facts.newest_groups("target")
    if sample is None or wave.back or not (started or wave.word == "done"):
        return
    if state.at_ms - sample.states_asked_at_ms() > MAX_AGE_MS:
        return
    for service in services_of(state, wave):
        if service.group is None:
            continue
        group = sample.groups.get(service.group)
        if group is None:
            yield service.name, f"group {service.group} does not exist on the target"
        elif group.unknown is None and group.members_unknown is None and not group.members:
            yield service.name, f"{service.group} has no member on the target"


def alarming(state: FlightState) -> tuple[Trouble, ...]:
    """Who is away of all that have moved. A restart is none yet."""
    return tuple(
        Trouble("bad", f"{SUBJECT}{name}", f"{why}: its wave has moved it there", HOLD_MS)
        for wave in state.waves
        for name, why in away(state, wave)
    )
