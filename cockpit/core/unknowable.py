"""Conditions of a plan that no reading can ever decide, so that what waits for them never ends.

Pure: a plan in, reasons out.
"""

from __future__ import annotations

from cockpit.core.conditions import Condition, GroupLagGate, OffsetDeltaGate
from cockpit.core.plan import Plan, Service, SoakStep, Wave


def unknowable(plan: Plan) -> tuple[tuple[int, str], ...]:
    """Each with the index of its wave, in words. A service that keeps its offsets outside Kafka
    commits nothing: the lag of its group is unknown for ever, and unknown never passes."""
    found: list[tuple[int, str]] = []
    for index, wave in enumerate(plan.waves):
        services = [s for s in plan.wave_services(wave) if s.group]
        outside = [s for s in services if s.resume == "external"]
        if outside:
            found += [(index, text) for text in _of_wave(wave, services, outside)]
    return tuple(found)


def _of_wave(wave: Wave, services: list[Service], outside: list[Service]) -> list[str]:
    names = ", ".join(service.name for service in outside)
    keeps = "keeps its offsets" if len(outside) == 1 else "keep their offsets"
    why = f"{names} {keeps} outside Kafka"
    texts: list[str] = []
    if _has(wave.gates, GroupLagGate):
        texts.append(f"wave {wave.name}: its gate group_lag can never pass: {why}")
    if _has(wave.gates, OffsetDeltaGate) and len(outside) == len(services):
        texts.append(f"wave {wave.name}: its gate offset_delta can never pass: {why}")
    soaks = any(isinstance(step, SoakStep) for step in wave.steps)
    if _has(wave.rollback.triggers, GroupLagGate):
        ends = "every soak of it fails, and it never fires" if soaks else "it never fires"
        texts.append(
            f"wave {wave.name}: its trigger group_lag is never known, so that {ends}: {why}"
        )
    return texts


def _has(conditions: tuple[Condition, ...], kind: type[Condition]) -> bool:
    return any(isinstance(condition, kind) for condition in conditions)
