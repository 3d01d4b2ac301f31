"""The order to go back where no place on the source is found for what a group has read on the
target: from its commit there, with the most that is read again told. When it is open, what it says.

It is open where a search has ended without one. What is found in the meantime is still taken.
"""

from __future__ import annotations

from typing import Any, Final

from cockpit.core.delta import bounds
from cockpit.core.exact import memory_key
from cockpit.core.facts import Facts
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.observe import TopicPartition, Unknown, partition_of
from cockpit.core.placing import ORDERED_PLACES, ReturnGroup, resumes_without_place
from cockpit.core.price import price
from cockpit.core.turn import Turn

_NONE: Final = "NONE"


def offered(state: FlightState, wave: WaveState) -> str:
    """Which places are not known, where the way back holds for them; empty: the order is not
    open."""
    if not wave.back or wave.word != "holding" or wave.memory.get(ORDERED_PLACES):
        return ""
    if not wave.stages or any(run.action_id for run in wave.stages[0] if not run.done):
        return ""
    missing = [key for group in _groups(wave) for key in _missing(wave, group)]
    return ", ".join(missing)


def _groups(wave: WaveState) -> tuple[str, ...]:
    """Those that wait for a place."""
    tasks = (run.task for run in wave.stages[0] if not run.done)
    return tuple(t.service.group for t in tasks if isinstance(t, ReturnGroup) and t.service.group)


def _missing(wave: WaveState, group: str) -> tuple[str, ...]:
    found: Any = wave.memory.get(memory_key("source", group), {})
    return tuple(key for key, place in found.get("places", {}).items() if place[1] == _NONE)


def lines(state: FlightState) -> tuple[str, ...]:
    """What the order means, for the confirmation."""
    wave = state.wave()
    found = [
        f"take wave {wave.wave.name} back without the place of {offered(state, wave)}: what is on"
        " the target there has no image on the source"
    ]
    for group in _groups(wave):
        found.extend(
            f"{group} {key}: {_resumes(state.facts, group, partition_of(key))}"
            for key in _missing(wave, group)
        )
    found.append(f"going back: {price(state, wave).text}")
    return tuple(found)


def _resumes(facts: Facts, group: str, name: TopicPartition) -> str:
    sample = facts.newest_groups("source")
    state = sample.groups.get(group) if sample is not None else None
    log = bounds(facts, name)
    if isinstance(log, Unknown) or sample is None or (state is not None and state.unknown):
        return "from its commit on the source, or its start; how much is read again is not known"
    commit = state.committed().get(name) if state is not None else None
    at, again = resumes_without_place(commit, log)
    of = "its commit on the source" if commit is not None else "the source's start"
    return f"from {of}, {at}: at most {again:,} records are read again"


def order(turn: Turn, by: str) -> None:
    """A person has confirmed it."""
    wave = turn.wave
    missing = offered(turn.state, wave)
    turn.remember({ORDERED_PLACES: by})
    text = f"{wave.wave.name} goes back without the place of {missing}, which is not found: {by}"
    turn.tell("without_place", text, "warn", wave=wave.wave.name, by=by)
