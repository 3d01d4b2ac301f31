"""Whether a wave has been moved by an earlier flight: the clusters are asked, not a file.

Judges from the facts; what they do not show is no. One look is a glimpse: a wave is taken as moved
only where every look of some seconds agrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.core.fences import is_fenced
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.plan import SIDES
from cockpit.core.turn import produces

ADOPT_MAX_AGE_MS: Final = 5_000
APART_MS: Final = 2_000
"""How long after the newest part of a first look the oldest part of another one must be asked."""


def is_there(state: FlightState, wave: WaveState) -> bool:
    """By the newest look: every service has its group at work on the target, none on the source,
    its topics fenced."""
    return _asked_ms(state, wave) is not None


def seen(state: FlightState) -> Mapping[str, int]:
    """By wave that every look so far has shown on the target: until when the first one was asked.
    Only the waves that come next, up to the first that is not there."""
    found: dict[str, int] = {}
    for wave in state.waves[state.current :]:
        asked = _asked_ms(state, wave) if _may_be_adopted(wave) else None
        if asked is None:
            break
        found[wave.wave.name] = state.there.get(wave.wave.name, asked[1])
    return found


def is_moved_for_sure(state: FlightState, wave: WaveState) -> bool:
    """Whether two whole looks, some time apart, and all between them agree that it is there."""
    first_ms = state.there.get(wave.wave.name)
    asked = _asked_ms(state, wave) if _may_be_adopted(wave) else None
    return first_ms is not None and asked is not None and asked[0] - first_ms >= APART_MS


def why_wait(state: FlightState, wave: WaveState) -> str:
    """Why a wave must not begin while nobody knows for sure; empty: it was not seen there."""
    if wave.attempt or not is_there(state, wave):
        return ""
    return f"wave {wave.wave.name} seems to be on the target already: it is looked at once more"


def _may_be_adopted(wave: WaveState) -> bool:
    return wave.word in ("ready", "pending") and wave.attempt == 0


def _asked_ms(state: FlightState, wave: WaveState) -> tuple[int, int] | None:
    """When the oldest and the newest part of the newest look were asked for; None: it is not there,
    or not all of it is known."""
    facts = state.facts
    samples = [facts.newest_groups(side) for side in SIDES]
    for sample in samples:
        if sample is None or state.at_ms - sample.states_asked_at_ms() > ADOPT_MAX_AGE_MS:
            return None
    source, target = samples
    assert source is not None
    assert target is not None
    asked = [source.states_asked_at_ms(), target.states_asked_at_ms()]
    for service in state.plan.wave_services(wave.wave):
        if service.group is None:
            return None
        there, here = target.groups.get(service.group), source.groups.get(service.group)
        if there is None or there.unknown is not None or there.members <= 0:
            return None
        if here is not None and (here.unknown is not None or here.members):
            return None
    if produces(state, wave):
        acls = facts.acls.get("source")
        if acls is None or not is_fenced(wave.wave, state.plan, acls):
            return None
        asked.append(acls.asked_at_ms)
    return min(asked), max(asked)
