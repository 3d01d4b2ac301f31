"""I1, I3, I7, I9, I12: who owns the writes, what became of the records, where groups resume."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator

from cockpit.core.actions import CommitOffsets
from cockpit.core.plan import OffsetsStep, Service
from cockpit.sim.faults import ServiceCrash
from tests.flights.invariants.case import Case, last_line
from tests.flights.invariants.trace import Call, Felt, Line, Moment, in_order

EXCLUDE_KEY = "groups.exclude"
FENCE_SLACK_MS = 2_000
"""Ticks, and the steps of the way back that come before the fence is taken down."""


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


def check_fence(case: Case) -> Iterator[str]:
    """I9: whoever is fenced is let go, or the start is intended, by the deadline and one call; or
    as soon after the next engine has begun, where none lives then."""
    timeout_ms = 5_000
    for attempt in case.attempts:
        fence = case.fence(attempt.wave)
        name = attempt.wave.name
        felt = _first(case, f"fence {name}", attempt.started.n, attempt.end_n)
        if fence is None or fence.at_zero == "hold" or felt is None or fence.by != "acl":
            continue
        ends = [
            item.at_ms
            for item in (
                _first(case, f"unfence {name}", felt.n, attempt.end_n),
                _tried(case, "Unfence", felt.n),
                _start_intent(case, name, felt.n),
                next((f for f in case.felts if f.n > felt.n and _is_gone(f, felt)), None),
            )
            if item is not None
        ]
        end_ms = min(ends, default=case.trace.ended_ms)
        due_ms = _lived_ms(case, felt, felt.at_ms + fence.deadline_ms) - felt.at_ms
        limit_ms = due_ms + timeout_ms + FENCE_SLACK_MS
        if end_ms - felt.at_ms > limit_ms:
            yield f"I9: wave {name} was fenced for {end_ms - felt.at_ms} ms, {limit_ms} at most"


def _lived_ms(case: Case, felt: Felt, at_ms: int) -> int:
    """This time, or that when the next engine began, where none lived; or when the one that stood
    still went on."""
    for resumed in case.of("flight_resumed"):
        before = max((line.at_ms for line in case.lines if line.n < resumed.n), default=0)
        if before < at_ms < resumed.at_ms:
            return resumed.at_ms
    if case.faults("EngineFrozen", "JournalSlow"):
        shown = (s.snapshot.at_ms for s in case.shots if s.n > felt.n)
        return next((shown_ms for shown_ms in shown if shown_ms >= at_ms), at_ms)
    return at_ms


def _first(case: Case, name: str, after_n: int, before_n: int) -> Felt | None:
    return next((f for f in case.felts if f.name == name and after_n < f.n < before_n), None)


def _tried(case: Case, kind: str, after_n: int) -> Call | None:
    """The first try to take it down: a cluster that is away cannot be unfenced."""
    calls = (c for c in case.calls if c.n > after_n and type(c.action).__name__ == kind)
    return next(calls, None)


def _start_intent(case: Case, wave: str, after_n: int) -> Call | None:
    for intent in case.intended.values():
        mine = intent.wave == wave and intent.action.get("verb") == "start"
        if mine and intent.line.n > after_n and intent.calls:
            return intent.calls[0]
    return None


def _is_gone(felt: Felt, fenced: Felt) -> bool:
    """Whether somebody else has taken the fence down since."""
    if felt.moment is None or fenced.moment is None:
        return False
    denied = {b for b in fenced.moment.bindings if b.permission == "deny"}
    return not denied & felt.moment.bindings


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
    strays = (f for f in case.flown.faults if type(f).__name__ == "StrayMember")
    return any(getattr(stray, "group", None) == service.group for stray in strays)


def _is_elsewhere(service: Service) -> bool:
    """A group whose plan says that it does not resume where it stopped, or not by Kafka."""
    return service.resume not in ("translated", "exact")


def _came_up(case: Case, group: str) -> bool:
    """Whether its service may have come up from a crash since it was seen to be gone: then it does
    not start on the target."""
    crashed = {f.service for f in case.flown.faults if isinstance(f, ServiceCrash)}
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
