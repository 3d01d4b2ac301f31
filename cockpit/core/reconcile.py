"""After a crash: what the clusters say of a wave, against what its record says.

The clusters are believed. A difference is told and closes the way forward; the way back stays open.
"""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.core.fences import bindings_by_topic, fenced_topics
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.lag import not_there
from cockpit.core.observe import GroupSample, partition_text
from cockpit.core.plan import (
    SIDES,
    FenceStep,
    OffsetsStep,
    Service,
    StartStep,
    Step,
    StopStep,
    touched_topics,
)
from cockpit.core.turn import produces, services_of


def unread(state: FlightState, wave: WaveState) -> str:
    """What has not been read yet since the wave was taken over; empty: all has, or it was not."""
    since = wave.restored_at_ms
    if since is None:
        return ""
    facts = state.facts
    for side in SIDES:
        groups, logs = facts.newest_groups(side), facts.newest_logs(side)
        if groups is None or groups.states_asked_at_ms() < since:
            return f"groups on {side} are not read again yet"
        if logs is None or logs.asked_at_ms < since:
            return f"offsets on {side} are not read again yet"
    acls = facts.acls.get("source")
    by_acl = produces(state, wave) and bindings_by_topic(wave.wave, state.plan)
    if by_acl and (acls is None or acls.asked_at_ms < since):
        return "ACLs on source are not read again yet"
    return ""


def disagreements(state: FlightState, wave: WaveState) -> tuple[str, ...]:
    """What is not as the record says, for people. Empty where nothing was restored or read yet."""
    if wave.restored_at_ms is None or unread(state, wave):
        return ()
    return (*_topics(state, wave), *_fence(state, wave), *_groups(state, wave))


def _word(wave: WaveState, kind: type[Step]) -> str:
    """How the record has a step: `done`, `open` (begun, and perhaps done) or `` (not begun)."""
    for step in wave.steps:
        if isinstance(step.step, kind):
            if step.word == "done" and not wave.back:
                return "done"
            return "open" if step.begun else ""
    return ""


def _topics(state: FlightState, wave: WaveState) -> Iterator[str]:
    for side in SIDES:
        logs = state.facts.newest_logs(side)
        absent = not_there(logs, touched_topics(services_of(state, wave))) if logs else None
        if absent is not None:
            yield f"{side}: {absent.reason}"


def _fence(state: FlightState, wave: WaveState) -> Iterator[str]:
    acls = state.facts.acls.get("source")
    if acls is None:
        return
    word = _word(wave, FenceStep)
    wanted = bindings_by_topic(wave.wave, state.plan)
    standing = fenced_topics(wave.wave, state.plan, acls)
    for topic in sorted(wanted.keys() - standing if word == "done" else ()):
        yield f"the fence on {topic} is gone"
    for topic in sorted(standing if not word else ()):
        yield f"{topic} is fenced, and this flight has not fenced it"


def _groups(state: FlightState, wave: WaveState) -> Iterator[str]:
    source, target = (state.facts.newest_groups(side) for side in SIDES)
    assert source is not None
    assert target is not None
    stopped, started = _word(wave, StopStep), _word(wave, StartStep)
    for service in services_of(state, wave):
        group = service.group
        if group is None:
            continue
        here, there = _at_work(source, group), _at_work(target, group)
        if here is None or there is None:
            yield f"whether {group} is at work is not known"
            continue
        if stopped == "done" and not started and here:
            yield f"{group} is at work on the source again"
        if not started and there:
            yield f"{group} is at work on the target already"
        if started == "done" and not there:
            yield f"{group} has no members on the target"
        if _word(wave, OffsetsStep) == "done" and not started:
            yield from _place(wave, service, target)


def _at_work(sample: GroupSample, group: str) -> bool | None:
    """Whether a group has members; None: unknown."""
    state = sample.groups.get(group)
    if state is None:
        return False
    return None if state.unknown is not None else state.members > 0


def _place(wave: WaveState, service: Service, target: GroupSample) -> Iterator[str]:
    state = target.groups.get(service.group or "")
    committed = state.committed() if state is not None and state.unknown is None else {}
    there = {partition_text(name): offset for name, offset in committed.items()}
    for key, offset in wave.memory.get(f"placed.{service.group}", {}).items():
        if there.get(key) != offset:
            yield f"{service.group} {key}: {offset} was committed, the target has {there.get(key)}"
            return
