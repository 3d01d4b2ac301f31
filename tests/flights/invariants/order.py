"""I8, I15: everything comes to an end, and everything comes in the plan's order."""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.core.plan import step_name
from tests.flights.invariants.case import Attempt, Case
from tests.flights.invariants.trace import Felt, Line, last

LIVELY_MS = 600_000
MOVING = ("running", "rolling back")
DAY_MS = 86_400_000
ACL_SYNC = "sync.topic.acls.enabled"


def check_lively(case: Case) -> Iterator[str]:
    """I8: with the faults over, no wave moves for more than ten minutes without an end."""
    if case.flown.result.outcome == "stuck":
        yield "I8: the flight has not ended at all"
    quiet_ms = _quiet_ms(case)
    if quiet_ms is None:
        return
    since: int | None = None
    for shot in case.shots:
        snapshot = shot.snapshot
        wave = snapshot.waves[snapshot.status.wave_number - 1]
        asks = any(step.word == "waiting" for step in wave.steps)
        moving = wave.word in MOVING and not asks and not snapshot.status.paused
        if not moving:
            since = None
        elif since is None:
            since = shot.at_ms
        elif shot.at_ms - max(since, quiet_ms) > LIVELY_MS:
            yield f"I8: wave {wave.name} has been {wave.word} for more than ten minutes"
            return


def _quiet_ms(case: Case) -> int | None:
    """When the last fault was over; None: one of them never is."""
    begin_ms = case.shots[0].at_ms if case.shots else 0
    quiet_ms = begin_ms
    for fault in case.flown.faults:
        when = getattr(fault, "when", None)
        if type(fault).__name__ == "EffectFault":
            continue
        if when is None or when.for_ms is None:
            return None
        opened_ms: int | None = begin_ms
        if when.event:
            felt = [f for f in case.felts if f.name == when.event]
            opened_ms = felt[when.occurrence - 1].at_ms if len(felt) >= when.occurrence else None
        if opened_ms is not None:
            quiet_ms = max(quiet_ms, opened_ms + when.delay_ms + when.for_ms)
    return quiet_ms


def check_order(case: Case) -> Iterator[str]:
    """I15: waves after those that they come after and never in a freeze; steps as planned, undone
    in reverse; the mirror copies no ACL while a fence stands."""
    names = [wave.name for wave in case.plan.waves]
    for attempt in case.attempts:
        yield from _in_turn(case, attempt, names)
        yield from _in_time(case, attempt.started)
        yield from _steps(case, attempt)
    for felt in case.felts:
        yield from _acl_sync(case, felt)


def _in_turn(case: Case, attempt: Attempt, names: list[str]) -> Iterator[str]:
    moment = attempt.started.moment
    if moment is None or case.faults("ServiceCrash"):
        return
    for wave in case.plan.waves[: names.index(attempt.wave.name)]:
        behind = [
            name
            for name in wave.services
            if moment.where[name] not in ("target", "both")
            and not _arrived(case, name, attempt.started.n)
        ]
        if behind:
            name = attempt.wave.name
            yield f"I15: wave {name} begins while {behind[0]} of {wave.name} is not there"


def _arrived(case: Case, service: str, before_n: int) -> bool:
    """Whether it has come up where its last order sent it, and that was the target: what stops it
    there afterwards is another matter."""
    felts = [felt for felt in case.felts if felt.n < before_n]
    sent = last(f for f in felts if f.name in (f"start {service}", f"undo {service}"))
    if sent is None or not sent.name.startswith("start "):
        return False
    return any(felt.name == f"started {service}" and felt.n > sent.n for felt in felts)


def _in_time(case: Case, started: Line) -> Iterator[str]:
    for window in case.plan.freeze_windows:
        utc_ms = int(started.entry["at_ms"])
        at_ms = utc_ms % DAY_MS if window.daily else utc_ms
        inside = window.from_ms <= at_ms < window.to_ms
        if window.daily and window.to_ms < window.from_ms:
            inside = at_ms >= window.from_ms or at_ms < window.to_ms
        if inside:
            yield f"I15: wave {started.entry['wave']} begins in a freeze"


def _steps(case: Case, attempt: Attempt) -> Iterator[str]:
    planned = [step_name(step) for step in attempt.wave.steps]
    name = attempt.wave.name
    lives: list[tuple[list[str], list[str]]] = [([], [])]
    kinds = ("step_started", "undo_started", "flight_resumed")
    for line in case.of(*kinds, after_n=attempt.started.n, before_n=attempt.end_n):
        if line.kind == "flight_resumed":
            lives.append(([], []))
        elif line.entry["wave"] == name:
            lives[-1][line.kind == "undo_started"].append(str(line.entry["step"]))
    for number, (taken, undone) in enumerate(lives):
        forward, back = _distinct(taken), _distinct(undone)
        # an engine that takes over goes on at the step that it has a record of
        first = range(len(planned) if number else 1)
        if not any(forward == planned[at : at + len(forward)] for at in first):
            yield f"I15: wave {name} took its steps as {forward}"
        places = [planned.index(step) for step in back]
        if places != sorted(places, reverse=True):
            yield f"I15: wave {name} was undone as {back}"


def _distinct(steps: list[str]) -> list[str]:
    """Without the tries of the same step that follow one another."""
    return [step for i, step in enumerate(steps) if i == 0 or steps[i - 1] != step]


def _acl_sync(case: Case, felt: Felt) -> Iterator[str]:
    connector = case.plan.replication.source_connector
    touched = felt.name in ("fence", "unfence", f"patch {connector}")
    if not touched or felt.moment is None or felt.name == "unfence":
        return
    synced = felt.moment.connectors.get(connector, {}).get(ACL_SYNC) == "true"
    topics = case.plan.topics()
    denied = [
        b.resource_name
        for b in felt.moment.bindings
        if b.permission == "deny" and b.resource_name in topics
    ]
    if synced and denied:
        yield f"I15: the mirror copies ACLs while {sorted(denied)[0]} is fenced ({felt.name})"
