"""I1, I3, I7, I12: who owns the writes, what became of the records, where groups resume."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator

from cockpit.core.actions import CommitOffsets
from cockpit.core.plan import OffsetsStep, Service
from cockpit.sim.faults import ServiceCrash
from tests.flights.invariants.case import Case, last_line
from tests.flights.invariants.trace import Felt, Line, Moment, in_order

EXCLUDE_KEY = "groups.exclude"


def check_sides(case: Case) -> Iterator[str]:
    """I1: the world's own watch at every step; and where an effect would open a second side."""
    for text in case.flown.truth.violations:
        named = re.match(r"(I\d+)\W+(.*)", text)
        yield f"{named[1]}: {named[2]}" if named else f"I1: {text}"
    interleaved = {i.topic for i in case.plan.interleavings}
    for felt in case.felts:
        word, _, name = felt.name.partition(" ")
        if felt.moment is None:
            continue
        if word == "start" and (wave := case.wave_of(name)) is not None:
            mine = set(case.plan.service(name).produces) - interleaved
            torn = sorted(t for _, t in felt.moment.open["source"] if t in mine)
            if torn:
                where = f"{torn[0]} is open on the source"
                yield f"I1: {name} of {wave.name} starts on the target while {where}"
        if word == "unfence" and name:
            mine = set(case.topics(case.wave(name))) - interleaved
            torn = sorted(t for _, t in felt.moment.open["target"] if t in mine)
            if torn:
                yield f"I1: the fence of {name} falls while {torn[0]} is written on the target"


def check_no_return(case: Case) -> Iterator[str]:
    """I3: with records of its own on the target a wave goes back only by the lossy procedure."""
    for attempt in case.attempts:
        name, topics = attempt.wave.name, case.topics(attempt.wave)
        begun = attempt.started
        back = next(
            (
                line
                for line in case.of("rollback_started", after_n=begun.n, before_n=attempt.end_n)
                if line.entry["wave"] == name
            ),
            None,
        )
        if back is None or back.moment is None or begun.moment is None:
            continue
        own = sum(back.moment.own[t] - begun.moment.own[t] for t in topics)
        proved = last_line(case.of("no_return_proved", after_n=begun.n, before_n=back.n))
        if proved is not None:
            yield f"I3: wave {name} goes back after its point of no return was proved passed"
        if own and not case.lossy_confirmed(begun.n, back.n):
            yield f"I3: wave {name} goes back over {own} records that only the target has"


def check_records(case: Case) -> Iterator[str]:
    """I7: no record lost or out of order; no more read twice than was said beforehand."""
    truth = case.flown.truth
    lossy = case.lossy_confirmed()
    for service in truth.services:
        if service.lost and not lossy:
            yield f"I7: {service.service} has lost {service.lost} records"
        if service.disordered and not lossy:
            yield f"I7: {service.service} has read {service.disordered} records out of order"
    if case.flown.result.left_running or not case.lines or case.faults("ServiceCrash"):
        return
    told: dict[str, float] = defaultdict(float)
    for line in case.of("offsets_placed"):
        told[str(line.entry["group"])] += _announced(line)
    for service in truth.services:
        spec = case.plan.service(service.service)
        again = sum(n for (topic, _), n in case.trace.repeated.items() if topic in spec.consumes)
        bound = told[spec.group or ""] + again
        if service.service in case.overtaken():
            continue  # it began on the target when it was at work on the source again
        if service.duplicated > bound and not _set_back(case, spec):
            twice = service.duplicated
            yield f"I7: {service.service} has read {twice} twice, announced were {bound}"


def _announced(line: Line) -> float:
    """Records that a group may read again; unknown is any number."""
    most = line.entry["reread_max_records"]
    return math.inf if most is None else int(most)


def check_places(case: Case) -> Iterator[str]:
    """I12: groups resume without a gap and within what was announced; placed while nobody works."""
    told: dict[str, float] = {}
    for item in in_order(case.of("offsets_placed"), case.felts):
        if isinstance(item, Line):
            if item.entry["side"] == "target":
                told[str(item.entry["group"])] = _announced(item)
        elif isinstance(item, Felt) and item.placing is not None:
            yield from _resumes(case, item, told)
    for intent in case.intended.values():
        for call in intent.calls:
            if isinstance(call.action, CommitOffsets) and not intent.is_back:
                yield from _placed(case, call.action, call.truth)


def _resumes(case: Case, felt: Felt, told: dict[str, float]) -> Iterator[str]:
    name = felt.name.partition(" ")[2]
    service, wave, placing = case.plan.service(name), case.wave_of(name), felt.placing
    if placing is None or wave is None or not any(isinstance(s, OffsetsStep) for s in wave.steps):
        return
    if _is_elsewhere(service) or case.is_overtaken(felt):
        return
    name_of = case.plan.replication.checkpoint_connector
    if felt.moment is not None and _is_synced(felt.moment, name_of, service.group or ""):
        yield f"I12: {name} starts while the mirror goes on placing its group"
    if placing.skipped:
        yield f"I12: {name} starts {placing.skipped} records past where it stopped"
    bound = told.get(service.group or "", 0)
    for repeated in (n for (t, _), n in case.trace.repeated.items() if t in service.consumes):
        bound += repeated
    if case.lines and placing.again > bound and not _set_back(case, service):
        yield f"I12: {name} starts {placing.again} records too early, announced were {bound}"


def _set_back(case: Case, service: Service) -> bool:
    """Whether somebody else commits older places for its group."""
    strays = (f for f in case.opened if type(f).__name__ == "StrayMember")
    return any(getattr(stray, "group", None) == service.group for stray in strays)


def _is_elsewhere(service: Service) -> bool:
    """A group whose plan says that it does not resume where it stopped, or not by Kafka."""
    return service.resume not in ("translated", "exact")


def _came_up(case: Case, group: str) -> bool:
    """Whether its service may have come up from a crash since it was seen to be gone: then it does
    not start on the target."""
    crashed = {f.service for f in case.opened if isinstance(f, ServiceCrash)}
    return any(s.group == group and s.name in crashed for s in case.plan.services)


def _placed(case: Case, action: CommitOffsets, truth: Moment | None) -> Iterator[str]:
    if truth is None or action.side != "target":
        return
    if truth.members["source"].get(action.group) and not _came_up(case, action.group):
        yield f"I12: {action.group} was placed on the target while it worked on the source"
    if _is_synced(truth, case.plan.replication.checkpoint_connector, action.group):
        yield f"I12: {action.group} was placed while the mirror may overwrite its place"


def _is_synced(truth: Moment, connector: str, group: str) -> bool:
    """Whether the mirror commits for a group on the target."""
    config = truth.connectors.get(connector, {})
    excluded = config.get(EXCLUDE_KEY, "").split(",")
    synced = config.get("sync.group.offsets.enabled") == "true"
    return synced and re.escape(group) not in excluded
