"""The plan's services for a snapshot: where each runs, as far as the flight has ordered.

Pure; what the clusters say about it is not looked at here.
"""

from __future__ import annotations

from cockpit.core.flight import FlightState, WaveState
from cockpit.core.plan import Service, StartStep
from cockpit.core.remember import Remembered
from cockpit.core.serviceview import ServiceView, ServiceWord
from cockpit.core.turn import is_moved

_SERVICES: Remembered[tuple[ServiceView, ...]] = Remembered()


def service_views(state: FlightState) -> tuple[ServiceView, ...]:
    """The plan's services in its order."""
    return _SERVICES.get((state.plan, state.waves), lambda: _services(state))


def _services(state: FlightState) -> tuple[ServiceView, ...]:
    wave_of = {name: wave for wave in state.waves for name in wave.wave.services}
    return tuple(_view(one, wave_of.get(one.name)) for one in state.plan.services)


def _view(service: Service, wave: WaveState | None) -> ServiceView:
    word: ServiceWord = "source" if wave is None else _word(wave)
    since_ms = None
    if wave is not None and word == "target":
        since_ms = wave.start_intent_at_ms or wave.done_at_ms
    return ServiceView(
        name=service.name,
        owner=service.owner,
        criticality=service.criticality,
        wave="" if wave is None else wave.wave.name,
        group=service.group or "",
        produces=service.produces,
        consumes=service.consumes,
        word=word,
        since_ms=since_ms,
    )


def _word(wave: WaveState) -> ServiceWord:
    if wave.word in ("pending", "ready", "rolled back"):
        return "source"
    if wave.back or wave.back_wanted:
        return "going back"
    started = any(isinstance(s.step, StartStep) and s.word == "done" for s in wave.steps)
    return "target" if wave.word == "done" or (started and is_moved(wave)) else "moving"
