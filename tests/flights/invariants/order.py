"""I8, I15: everything comes to an end, and everything comes in the plan's order."""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.core.actions import Fence
from cockpit.core.plan import step_name
from cockpit.core.snapshot import Snapshot, WaveView
from tests.flights.invariants.case import Attempt, Case
from tests.flights.invariants.trace import Felt, Line, last

LIVELY_MS = 600_000
AWAY_SHOWN_MS = 10_000
"""How soon the screen says that a service which has moved is not at work: a look every two seconds,
five in which it may only restart, and a margin."""
OPEN = ("running", "rolling back", "holding")
WAYS_OUT = ("advance", "rollback", "recover")
DAY_MS = 86_400_000
PASSED = frozenset({"drain", "offsets", "probe", "confirm", "start", "soak"})
"""What a fence may fall before, while no start was intended."""
ACL_SYNC = "sync.topic.acls.enabled"


def check_lively(case: Case) -> Iterator[str]:
    """I8: with the faults over, no wave moves, or holds with no key open, for more than ten
    minutes."""
    if case.flown.result.outcome == "stuck":
        yield "I8: the flight has not ended at all"
    quiet_ms = _quiet_ms(case)
    if quiet_ms is None:
        return
    since: int | None = None
    for shot in case.shots:
        snapshot = shot.snapshot
        wave = snapshot.waves[snapshot.status.wave_number - 1]
        if wave.word not in OPEN or _is_a_persons(snapshot, wave):
            since = None
        elif since is None:
            since = shot.at_ms
        elif shot.at_ms - max(since, quiet_ms) > LIVELY_MS:
            yield f"I8: wave {wave.name} has been {wave.word} for more than ten minutes"
            return


def _is_a_persons(snapshot: Snapshot, wave: WaveView) -> bool:
    """Whether somebody has something to press: a wave that only holds has not come to an end."""
    if wave.word == "holding":
        return any(action.enabled for action in snapshot.actions if action.verb in WAYS_OUT)
    asks = any(step.word == "waiting" for step in wave.steps)
    return asks or snapshot.status.paused


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
    in reverse, but a fence first while no start was intended; the mirror copies no ACL while a
    fence stands."""
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
            and not _is_excused(case, name, attempt.started)
        ]
        if behind:
            name = attempt.wave.name
            yield f"I15: wave {name} begins while {behind[0]} of {wave.name} is not there"


def _is_excused(case: Case, service: str, begun: Line) -> bool:
    """Whether it had come up where its last order sent it, and that was the target: what stops it
    there afterwards is another matter, as long as the screen says so."""
    felts = [felt for felt in case.felts if felt.n < begun.n]
    undone = last(f for f in felts if f.name == f"undo {service}")
    sent = next(
        (f for f in felts if f.name == f"start {service}" and (not undone or f.n > undone.n)), None
    )
    if sent is None:
        return False
    came = next((f for f in felts if f.name == f"started {service}" and f.n > sent.n), None)
    if came is None:
        return False
    stopped = last(f for f in felts if f.name == f"stopped {service}" and f.n > came.n)
    shot = case.shot_before(begun.n)
    if stopped is None or shot is None or begun.at_ms - stopped.at_ms <= AWAY_SHOWN_MS:
        return True
    alarms = shot.snapshot.alarms
    told = any(a.subject == f"not at work on the target: {service}" for a in alarms)
    side = shot.snapshot.target
    return told or side.health != "connected" or begun.at_ms - side.since_ms <= AWAY_SHOWN_MS


def _in_time(case: Case, started: Line) -> Iterator[str]:
    for window in case.plan.freeze_windows:
        utc_ms = int(started.entry["at_ms"])
        at_ms = utc_ms % DAY_MS if window.daily else utc_ms
        inside = window.from_ms <= at_ms < window.to_ms
        if window.daily and window.to_ms < window.from_ms:
            inside = at_ms >= window.from_ms or at_ms < window.to_ms
        if inside:
            yield f"I15: wave {started.entry['wave']} begins in a freeze"


def _may_land_late(case: Case) -> bool:
    """Whether an order to fence has had no answer, or an engine has died that may have sent one."""
    sent = [call for call in case.effects if isinstance(call.action, Fence)]
    return any(call.error is not None for call in sent) or case.faults("EngineKilled")


def _steps(case: Case, attempt: Attempt) -> Iterator[str]:
    planned = [step_name(step) for step in attempt.wave.steps]
    name = attempt.wave.name
    lives: list[tuple[list[str], list[str]]] = [([], [])]
    named: dict[int, str] = {}
    kinds = ("step_started", "undo_started", "flight_resumed", "proves_again")
    for line in case.of(*kinds, after_n=attempt.started.n, before_n=attempt.end_n):
        if line.kind in ("flight_resumed", "proves_again") and line.entry.get("wave", name) == name:
            lives.append(([], []))  # it goes on at a step that it has been at before
            named[len(lives) - 1] = str(line.entry.get("step", ""))
        elif line.entry["wave"] == name:
            lives[-1][line.kind == "undo_started"].append(str(line.entry["step"]))
    for number, (taken, undone) in enumerate(lives):
        forward, back = _distinct(taken), _distinct(undone)
        # an engine that takes over goes on at the step that it has a record of
        first = range(len(planned) if number else 1)
        if not any(forward == planned[at : at + len(forward)] for at in first):
            yield f"I15: wave {name} took its steps as {forward}"
        if forward and named.get(number) and forward[0] != named[number]:
            yield f"I15: wave {name} was to go on at {named[number]}, and took {forward}"
        if back[-1:] == ["fence"] and back.count("fence") > 1 and _may_land_late(case):
            back = back[:-1]  # all was undone, and then it was looked for once more
        if back not in _ways_back(case, attempt, sorted(back, key=planned.index, reverse=True)):
            yield f"I15: wave {name} was undone as {back}"


def _ways_back(case: Case, attempt: Attempt, reverse: list[str]) -> list[list[str]]:
    """In which order steps may be undone: in reverse, once a start was intended. Until then a fence
    is nothing but a burden, and falls before what has only looked, asked and placed."""
    fence = case.fence(attempt.wave)
    if fence is None or fence.by != "acl" or "fence" not in reverse:
        return [reverse]
    later = reverse[: reverse.index("fence")]
    if not set(later) <= PASSED:
        return [reverse]
    freed = ["fence", *later, *reverse[len(later) + 1 :]]
    mine = f"{attempt.wave.name}.{attempt.started.entry['attempt']}.start."
    started = [
        str(line.entry["action_id"])
        for line in case.of("action_started", after_n=attempt.started.n, before_n=attempt.end_n)
        if str(line.entry["action_id"]).startswith(mine)
    ]
    if not started:
        return [freed]
    # the disk has refused an intent, or power took what the next engine would have known
    unsure = any(action_id not in case.intended for action_id in started)
    return [reverse, freed] if unsure else [reverse]


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
