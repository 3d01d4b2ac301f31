"""Mistakes that are refused before anything of a wave is touched: each with what to do about it.

Judges from the facts. What they do not show is no reason here: gates and steps have their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cockpit.core import ahead
from cockpit.core.adopted import is_there
from cockpit.core.clearing import abort_transaction, find_hanging
from cockpit.core.delta import delta_rows
from cockpit.core.fences import bindings_by_topic, is_fenced
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.hanging import overdue
from cockpit.core.late import may_land
from cockpit.core.lostrights import lost_rights, untold_rights
from cockpit.core.observe import TopicPartition, partition_text
from cockpit.core.overtaken import SET_POSITION, overtaken
from cockpit.core.plan import SIDES, DrainStep, touched_topics
from cockpit.core.readiness import ReadinessSurvey, unproven_texts, why_not_ready
from cockpit.core.skips import proved_skip
from cockpit.core.turn import moved_of, produces, services_of
from cockpit.core.unnamed import reads_unnamed


def mistakes(state: FlightState, wave: WaveState) -> Iterator[str]:
    """Each reason for which this wave must not begin, in words; the plainest first."""
    yield from _unanswered(state, wave)
    yield from _unread(state, wave)
    yield from reads_unnamed(state.plan, state.facts, services_of(state, wave))
    yield from _active_on_target(state, wave)
    yield from _target_ahead(state, wave)
    yield from _past_their_place(state, wave)
    yield from _overtaken(state, wave)
    yield from _hanging(state, wave)
    yield from _not_ready(state, wave)
    yield from _lost(state, wave)


def before_flight(state: FlightState, coming: Iterable[WaveState]) -> tuple[str, ...]:
    """The mistakes that show before a flight begins: of its first wave all, of the others what does
    not go away by moving the first."""
    found: list[str] = []
    for number, wave in enumerate(coming):
        found.extend(mistakes(state, wave) if number == 0 else _lasting(state, wave))
    return tuple(dict.fromkeys(found))


def _lasting(state: FlightState, wave: WaveState) -> Iterator[str]:
    """What moving an earlier wave does not take away."""
    yield from _not_ready(state, wave)
    yield from _lost(state, wave)
    yield from reads_unnamed(state.plan, state.facts, services_of(state, wave))


def unproved(state: FlightState, coming: Iterable[WaveState]) -> tuple[str, ...]:
    """Rights of these waves that nobody can prove."""
    survey = state.facts.survey(ReadinessSurvey, "readiness")
    waves = tuple(coming)
    found = [text for wave in waves for text in unproven_texts(wave.wave.name, survey)]
    found += [text for wave in waves for text in untold_rights(state, wave)]
    failure = state.facts.failures.get("readiness")
    if failure is not None and failure.kind != "refused":
        found.append(f"rights are not known: {failure.reason}")
    return tuple(dict.fromkeys(found))


def _lost(state: FlightState, wave: WaveState) -> Iterator[str]:
    """Rights of its services that end at the source; of one that is there already they are no
    matter."""
    if not is_there(state, wave):
        yield from lost_rights(state, wave)


def _unread(state: FlightState, wave: WaveState) -> Iterator[str]:
    """A group of the wave of which a cluster tells nothing: where it stands, and whether it has
    been at work on the target, nobody knows."""
    for side in SIDES:
        sample = state.facts.newest_groups(side)
        groups = sample.groups if sample is not None else {}
        for service in services_of(state, wave):
            found = groups.get(service.group or "")
            why = (found.unknown or found.members_unknown) if found is not None else None
            if found is not None and why is not None:
                yield f"group {found.name} on {side} is not known: {why}"


def _not_ready(state: FlightState, wave: WaveState) -> Iterator[str]:
    """What asking the clusters showed. While this flight has changed something since, it showed
    another state: a canary that a fence has stopped lacks no right."""
    failure = state.facts.failures.get("readiness")
    if failure is not None and failure.kind == "refused":
        yield f"rights cannot be asked for: {failure.reason}"
        return
    survey = state.facts.survey(ReadinessSurvey, "readiness")
    if survey is not None and not _is_overtaken(state, survey):
        yield from why_not_ready(state.plan, wave.wave.name, survey)


def why_fence_unknown(state: FlightState, wave: WaveState) -> str:
    """Why nobody can say yet whether the wave's fence would hold; empty: it is known, or there is
    none by ACLs. A simulation has no brokers to be asked."""
    survey = state.facts.survey(ReadinessSurvey, "readiness")
    failure = state.facts.failures.get("readiness")
    if survey is not None and not _is_overtaken(state, survey):
        return ""
    if survey is None and failure is None and state.simulated:
        return ""
    if not bindings_by_topic(wave.wave, state.plan):
        return ""
    words = "not read yet" if survey is None else "not read again since the last step ended"
    why = failure.reason if failure is not None else words
    return f"whether a fence would hold is not known: readiness: {why}"


def wants_readiness(state: FlightState) -> bool:
    """Whether a wave waits to be begun, and what was read shows how it was before a step ended."""
    survey = state.facts.survey(ReadinessSurvey, "readiness")
    waits = state.wave().word in ("pending", "ready", "rolled back")
    return waits and survey is not None and _is_overtaken(state, survey)


def _is_overtaken(state: FlightState, survey: ReadinessSurvey) -> bool:
    """Whether a step has ended since: then it showed another state."""
    ends = [s.ended_at_ms for w in state.waves for s in w.steps if s.ended_at_ms is not None]
    return survey.asked_at_ms <= max(ends, default=-1)


def _active_on_target(state: FlightState, wave: WaveState) -> Iterator[str]:
    sample = state.facts.newest_groups("target")
    if sample is None or is_there(state, wave):
        return
    for service in services_of(state, wave):
        found = sample.groups.get(service.group or "")
        if found is not None and found.unknown is None and found.members > 0:
            yield (
                f"group {found.name} is at work on the target already, with {found.members}"
                f" members: stop {service.name} there first"
            )


def _target_ahead(state: FlightState, wave: WaveState) -> Iterator[str]:
    """Somebody who is not the mirror writes, or wrote, on the target to a topic that has not
    moved."""
    moved = frozenset(moved_of(state).produced())
    topics = frozenset(touched_topics(services_of(state, wave)))
    writers = ahead.foreign_writers(state.plan, state.facts, moved)
    for name, why in (*writers.items(), *_records_of_its_own(state, wave).items()):
        if name[0] in topics - moved:
            yield (
                f"the target is ahead on {partition_text(name)}: {why}; find who writes there,"
                " and stop it"
            )
            return


def _records_of_its_own(state: FlightState, wave: WaveState) -> dict[TopicPartition, str]:
    """Partitions that the target's ends show to be ahead. Where the wave may have been moved by an
    earlier flight, that is what is said of it instead."""
    acls = state.facts.acls.get("source")
    fenced = acls is not None and is_fenced(wave.wave, state.plan, acls)
    written = frozenset(produces(state, wave)) if fenced else frozenset()
    if is_there(state, wave):
        return {}
    found = ahead.own_records(state.facts)
    return {name: why for name, why in found.items() if name[0] not in written}


def _overtaken(state: FlightState, wave: WaveState) -> Iterator[str]:
    """Retention has taken records that the mirror may never have read: no drain could be proved.

    Over two hops only the drain knows how far the mirror is.
    """
    if not _drains(state, wave) or state.plan.first_hop is not None:
        return
    found = overtaken(state.facts, produces(state, wave))
    for name, why in found.items():
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        where = f"{partition_text(name)}{more}"
        yield f"retention has overtaken the mirror on {where}: {why}; {SET_POSITION}"
        return


def _hanging(state: FlightState, wave: WaveState) -> Iterator[str]:
    """A transaction that does not end: the drain would wait for it with the clients blocked."""
    if not _drains(state, wave):
        return
    source = state.plan.source
    for name, one in overdue(state.facts, produces(state, wave)).items():
        start = one.producer.transaction_start
        look = (
            " no coordinator tells of it; look first, for cockpit may lack the right to see whose"
            f" it is: {find_hanging(source, name)}; if it hangs,"
        )
        yield (
            f"a transaction of producer {one.producer.producer_id} is open on"
            f" {partition_text(name)} from offset {start} on, for longer than it may be:"
            f"{'' if one.coordinated else look} end it: {abort_transaction(source, name, start)}"
        )
        return


def _unanswered(state: FlightState, wave: WaveState) -> Iterator[str]:
    """A call of the try before that nobody has answered: it would stop or start a service behind
    what this try has just done."""
    if why := may_land(wave.memory, state.at_ms):
        yield f"an order of before, {why}"


def _drains(state: FlightState, wave: WaveState) -> bool:
    """Whether a drain is still to come for what the wave writes."""
    drains = any(isinstance(step, DrainStep) for step in wave.wave.steps)
    return drains and not is_there(state, wave)


def _past_their_place(state: FlightState, wave: WaveState) -> Iterator[str]:
    """A group that resumes exactly is never set back over its own commits on the target."""
    for service in services_of(state, wave):
        if service.group is None or service.resume != "exact":
            continue
        for row in delta_rows(state.facts, service):
            if skipped := proved_skip(row):
                yield (
                    f"group {service.group} is ahead on the target: its commit of"
                    f" {row.topic}/{row.partition} lies {skipped} records past its place on the"
                    " source; delete that commit, or set the group right on the source"
                )
                return
