"""Whether a wave has been moved by an earlier flight: the clusters are asked, not a file.

Judges from the facts; what they do not show is no.
"""

from __future__ import annotations

from cockpit.core.fences import is_fenced
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.plan import SIDES
from cockpit.core.turn import produces

ADOPT_MAX_AGE_MS = 5_000


def is_there(state: FlightState, wave: WaveState) -> bool:
    """Every service has its group at work on the target, none on the source, its topics fenced."""
    facts = state.facts
    samples = [facts.newest_groups(side) for side in SIDES]
    for sample in samples:
        if sample is None or state.at_ms - sample.states_asked_at_ms() > ADOPT_MAX_AGE_MS:
            return False
    source, target = samples
    assert source is not None
    assert target is not None
    for service in state.plan.wave_services(wave.wave):
        if service.group is None:
            return False
        there, here = target.groups.get(service.group), source.groups.get(service.group)
        if there is None or there.unknown is not None or there.members <= 0:
            return False
        if here is not None and (here.unknown is not None or here.members):
            return False
    if not produces(state, wave):
        return True
    acls = facts.acls.get("source")
    return acls is not None and is_fenced(wave.wave, state.plan, acls)
