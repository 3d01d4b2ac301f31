"""What a confirmation is bound to: a short word over the plan, the wave's epoch and all else that
was on the screen.

Makes words only; who may do what is decided in `cockpit.core.arming`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from cockpit.core.flight import FlightState, WaveState
from cockpit.core.intents import Verb
from cockpit.core.plan import Plan
from cockpit.core.remember import Remembered

_PLANS: Remembered[str] = Remembered()


def plan_hash(plan: Plan) -> str:
    """SHA-256 over all that a plan says. Equal in every process, for plans that say the same."""
    return _PLANS.get((plan,), lambda: hashlib.sha256(_said(plan).encode()).hexdigest())


def _said(plan: Plan) -> str:
    """All of a plan. What it says of people, coordination and notices is left out where it says
    nothing, as it was before plans could: the hash of such a plan stays."""
    later = (plan.people, plan.coordination, plan.notify)
    return "".join([repr(plan), *(repr(one) for one in later if one is not None)])


def epoch(index: int, wave: WaveState) -> str:
    """Which try of which wave this is, and in the hands of which engine."""
    return f"{index} {wave.wave.name} {wave.attempt} {wave.restored_at_ms}"


def token(state: FlightState, verb: Verb, shown: Iterable[str]) -> str:
    """Of a verb, for just this plan, session, wave and engine. `shown` is what else it stands on:
    evidence and words, but no numbers that always move."""
    at = epoch(state.current, state.wave())
    parts = (plan_hash(state.plan), state.session, verb, at, *shown)
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:16]
