"""I2: nothing goes forward on stale, partial or unknown data, and no proof is given that is not so.

Recomputes from the samples that came in and from the world's truth; asks no gate and no history.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.core.actions import CallService, Fence, ProveDrained, ProveShut, ProveSilent
from cockpit.core.observe import MISSING, AclBinding, LogSample, MirrorSample, SignalSample, Unknown
from cockpit.core.plan import (
    SIDES,
    Condition,
    DrainStep,
    FenceStep,
    GroupLagGate,
    OffsetDeltaGate,
    ParityGate,
    ReplicationLagGate,
    SignalGate,
    Wave,
    touched_topics,
)
from cockpit.sim.faults import OpenTransaction
from tests.flights.invariants.case import Attempt, Case
from tests.flights.invariants.trace import Call, Felt, Line, Moment, Read, last

SETTLED_MS = 1_500
"""Younger answers may not have reached a verdict yet: verdicts are made once a tick."""
BLIND_MS = 10_000
"""Nothing begins on a side whose newest good answer is older."""
LOOK_COUNTS_MS = 10_000
"""A start that is sent later than this after its look stands on nothing."""

ESCAPES_TOLD: Final = ("fence_escaped", "proof_void", "paused")
"""Entries by which a person learns that a proof has lost its worth."""


def check_evidence(case: Case) -> Iterator[str]:
    """I2 where a wave begins: its gates, by samples; both sides answer."""
    for attempt in case.attempts:
        yield from _sides_answer(case, attempt)
        for gate in attempt.wave.gates:
            yield from _gate_held(case, attempt, gate)
            yield from _is_fresh(case, attempt.wave, gate, attempt.started)
        first = _first_effect(case, attempt)
        if first is None:
            continue
        for gate in attempt.wave.gates:
            yield from _is_fresh(case, attempt.wave, gate, first)


def _first_effect(case: Case, attempt: Attempt) -> Call | None:
    """The first thing sent for it, if that was before anybody was asked again."""
    calls = (c for c in case.effects if attempt.started.n < c.n < attempt.end_n)
    first = next(calls, None)
    again = next(case.of("confirmed", after_n=attempt.started.n), None)
    return None if first is None or (again is not None and again.n < first.n) else first


def _sides_answer(case: Case, attempt: Attempt) -> Iterator[str]:
    begun = attempt.started
    for side in SIDES:
        for what in ("groups", "logs"):
            feed = f"{side}.{what}"
            newest, good = case.newest(feed, begun.n), case.newest_good(feed, begun.n)
            if good is None or case.decided_ms(begun) - good.asked_at_ms > BLIND_MS:
                yield f"I2: wave {attempt.wave.name} begins without knowing {feed}"
            elif newest is not None and newest.sample is None:
                first = _failed_since(case, feed, begun.n)
                if begun.at_ms - first > SETTLED_MS:
                    yield f"I2: wave {attempt.wave.name} begins though {feed} does not answer"


def _failed_since(case: Case, feed: str, before_n: int) -> int:
    """When the first of the newest failures in a row had come."""
    since = 0
    for read in reversed([r for r in case.reads.get(feed, []) if r.n < before_n]):
        if read.sample is not None:
            break
        since = read.at_ms
    return since


def _feeds(gate: Condition) -> tuple[str, ...]:
    """What a gate cannot be judged without."""
    match gate:
        case SignalGate(name=name):
            return (f"signal.{name}",)
        case ReplicationLagGate():
            return ("source.logs", "mirror")
        case GroupLagGate():
            return ("source.groups", "source.logs")
        case OffsetDeltaGate():
            return ("source.groups", "target.groups", "syncs")
        case ParityGate():
            return ("source.configs", "target.configs")
        case _:
            return ()


def _is_fresh(case: Case, wave: Wave, gate: Condition, effect: Call | Line) -> Iterator[str]:
    """When it is ordered, and when the first effect is sent."""
    for feed in _feeds(gate):
        good = case.newest_good(feed, effect.n)
        age_ms = None if good is None else case.decided_ms(effect) - good.asked_at_ms
        if age_ms is None or age_ms > gate.max_age_ms:
            limit_ms = gate.max_age_ms
            yield f"I2: wave {wave.name} acts on {feed}, {age_ms} ms old; {limit_ms} are allowed"


def _gate_held(case: Case, attempt: Attempt, gate: Condition) -> Iterator[str]:
    begun, name = attempt.started, attempt.wave.name
    until_ms = begun.at_ms - SETTLED_MS
    from_ms = begun.at_ms - gate.for_ms + SETTLED_MS
    if isinstance(gate, SignalGate):
        feed = f"signal.{gate.name}"
        for read in _settled(case, feed, begun):
            value = read.sample.value if isinstance(read.sample, SignalSample) else Unknown("")
            bad = isinstance(value, Unknown) or value > gate.max_value
            newest = read is _settled(case, feed, begun)[-1]
            if bad and (newest or from_ms <= read.asked_at_ms <= until_ms):
                yield f"I2: wave {name} begins, {feed} was {value} at {read.asked_at_ms} ms"
                return
    if isinstance(gate, ReplicationLagGate):
        topics = touched_topics(case.services(attempt.wave))
        for read in _settled(case, "source.logs", begun):
            if isinstance(read.sample, LogSample) and read.asked_at_ms >= from_ms:
                least = _least_lag(case, read, read.sample, topics)
                if least is not None and least > gate.max_records:
                    yield f"I2: wave {name} begins, the mirror was at least {least} behind"
                    return


def _settled(case: Case, feed: str, begun: Line) -> list[Read]:
    reads = case.reads.get(feed, [])
    return [r for r in reads if r.n < begun.n and r.at_ms <= begun.at_ms - SETTLED_MS]


def _least_lag(case: Case, read: Read, logs: LogSample, topics: tuple[str, ...]) -> int | None:
    """The lag by positions that were asked for later: the true one was no smaller."""
    later = next(
        (
            r.sample
            for r in case.reads.get("mirror", [])
            if r.asked_at_ms >= read.at_ms and isinstance(r.sample, MirrorSample)
        ),
        None,
    )
    if later is None:
        return None
    lags = [
        int(logs.end[i]) - later.positions[name]
        for i, name in enumerate(logs.keys.names)
        if name[0] in topics and logs.end[i] != MISSING and name in later.positions
    ]
    return max(lags, default=None)


def check_proofs(case: Case) -> Iterator[str]:
    """I2 where something is attested or relied on: fence, silence, drain, a trigger."""
    for call in case.calls:
        if call.truth is not None:
            yield from _attested(case, call, call.truth)
    for line in case.of("action_finished"):
        yield from _believed(case, line)
    for felt in case.felts:
        if felt.name.startswith("start ") and felt.moment is not None:
            yield from _started_drained(case, felt, felt.moment)
    for line in case.of("trigger"):
        yield from _fired(case, line)


def _attested(case: Case, call: Call, truth: Moment) -> Iterator[str]:
    """Whether a proof holds in truth at the moment at which it was given."""
    match call.action:
        case Fence(topics=topics, principals=principals) if call.verb != "do":
            yield from _fenced(topics, principals, truth)
        case ProveShut(topics=topics, denied=denied) if call.verb != "do" and denied:
            yield from _fenced(topics, denied, truth)
        case ProveSilent(topics=topics):
            loud = sorted(s for s, topic in truth.open["source"] if topic in topics)
            if loud:
                yield f"I2: silence was attested while {loud[0]} was at work"
        case ProveDrained(topics=topics) if truth.left is not None:
            if getattr(call.action, "written", "source") != "source":
                return
            left = {topic: truth.left[topic] for topic in topics if truth.left.get(topic)}
            if left:
                yield f"I2: drained was attested, records are still to come: {left}"
        case _:
            return


def _fenced(topics: tuple[str, ...], principals: tuple[str, ...], truth: Moment) -> Iterator[str]:
    if truth.brokers_down:
        yield f"I2: a fence was attested while broker {min(truth.brokers_down)} was away"
    for broker, view in enumerate(truth.views):
        denied = {(b.resource_name, b.principal) for b in view if _denies(b)}
        if not {(t, p) for t in topics for p in principals} <= denied:
            yield f"I2: a fence was attested that broker {broker} does not know"
            return


def _denies(binding: AclBinding) -> bool:
    return binding.permission == "deny" and binding.operation in ("write", "all")


def _believed(case: Case, line: Line) -> Iterator[str]:
    """A proof counts only if somebody has really given it for this action."""
    if line.entry["outcome"] not in ("done", "already"):
        return
    action_id = str(line.entry["action_id"])
    step = action_id.rpartition(".")[0].rpartition(".")[2]
    kinds = {"fence": ("Fence", "ProveSilent"), "drain": ("ProveDrained",)}.get(step)
    if kinds is None:
        return
    started = next(
        (s for s in case.of("action_started") if s.entry.get("action_id") == action_id), None
    )
    after_n = started.n if started else 0
    given = any(
        call.found is not None and call.found.holds
        for call in case.calls
        if after_n < call.n and call.ended_n < line.n and type(call.action).__name__ in kinds
    )
    if not given:
        yield f"I2: {action_id} counts as {line.entry['outcome']}, and nobody has proved it"


def _started_drained(case: Case, felt: Felt, truth: Moment) -> Iterator[str]:
    """Producers start where everything that they have written before is."""
    name = felt.name.partition(" ")[2]
    wave = case.wave_of(name)
    if wave is None:
        return
    yield from _unproved(case, wave, felt)
    mine = case.plan.service(name).produces
    yield from _escape_untold(case, wave, felt, mine)
    if truth.left is None or not any(isinstance(step, DrainStep) for step in wave.steps):
        return
    strange = truth.left_by_others
    left = {topic: truth.left.get(topic, 0) - strange.get(topic, 0) for topic in mine}
    if any(left.values()):
        yield f"I2: {name} starts on the target before its records are there: {left}"


def _escape_untold(case: Case, wave: Wave, felt: Felt, mine: tuple[str, ...]) -> Iterator[str]:
    """Whoever wrote behind the fence, up to the last look before the start, was told of: by an
    alarm or a pause, so that a person has ordered on. Of a topic with an open transaction nobody
    can say what lies behind the fence's proof."""
    begun = _begun(case, wave, felt)
    after_n = begun.n if begun is not None else 0
    proofs = [
        call
        for call in case.calls
        if after_n < call.n and call.ended_n < felt.n and call.verb != "do" and call.truth
    ]
    looks = [c for c in proofs if isinstance(c.action, ProveDrained | ProveShut)]
    fences = [c for c in proofs if looks and c.n < looks[-1].n]
    fences = [c for c in fences if isinstance(c.action, Fence | ProveSilent)]
    if not fences:
        return
    fenced, looked = fences[-1], looks[-1]
    assert fenced.truth is not None
    assert looked.truth is not None
    if any(True for _ in case.of(*ESCAPES_TOLD, after_n=fenced.n, before_n=felt.n)):
        return
    open_on = {f.topic for f in case.flown.faults if isinstance(f, OpenTransaction)}
    before, now = fenced.truth.others, looked.truth.others
    by = {t: now.get(t, 0) - before.get(t, 0) for t in mine if t not in open_on}
    if any(by.values()):
        yield f"I2: {felt.name} came, and nobody was told who wrote behind the fence: {by}"


def _begun(case: Case, wave: Wave, felt: Felt) -> Line | None:
    """Where this wave began last before; an order of it may land when the next one is under way."""
    lines = case.of("wave_started", before_n=felt.n)
    return last(line for line in lines if line.entry["wave"] == wave.name)


def _unproved(case: Case, wave: Wave, felt: Felt) -> Iterator[str]:
    """What the plan wants proved has been proved in this very try of the wave."""
    begun = _begun(case, wave, felt)
    after_n = begun.n if begun is not None else 0
    wanted: dict[type, tuple[type, ...]] = {
        FenceStep: (Fence, ProveSilent),
        DrainStep: (ProveDrained,),
    }
    for step, kinds in wanted.items():
        if not any(isinstance(planned, step) for planned in wave.steps):
            continue
        given = any(
            call.truth is not None and isinstance(call.action, kinds)
            for call in case.calls
            if after_n < call.n < felt.n
        )
        if not given:
            yield f"I2: {felt.name} came without any proof of {step.__name__}"
    if any(isinstance(planned, DrainStep) for planned in wave.steps):
        yield from _unlooked(case, wave, felt, after_n)


def _unlooked(case: Case, wave: Wave, felt: Felt, after_n: int) -> Iterator[str]:
    """The first start of a wave's producers stands on a look of just before it was sent."""
    names = {f"start {s.name}" for s in case.plan.wave_services(wave) if s.produces}
    first = min(one.n for one in case.felts if one.n > after_n and one.name in names)
    sent = [
        call
        for call in case.effects
        if call.n < felt.n
        and isinstance(call.action, CallService)
        and f"{call.action.verb} {call.action.service}" == felt.name
    ]
    if felt.n != first or not sent:
        return
    every = [
        call
        for call in case.calls
        if after_n < call.ended_n < sent[-1].n and isinstance(call.action, ProveShut)
    ]
    if every and _ordered_past(case, wave, every[-1], sent[-1]):
        return
    looks = [call.ended_ms for call in every if call.truth is not None]
    if not looks or sent[-1].at_ms - max(looks) > LOOK_COUNTS_MS:
        yield f"I2: {felt.name} came without a look at the source right before it"


def _ordered_past(case: Case, wave: Wave, look: Call, sent: Call) -> bool:
    """Whether a person who had been told that the way back is closed and what the look showed
    ordered on all the same: from there on there is nothing else."""
    if look.truth is not None:
        return False
    closed = any(
        line.entry["wave"] == wave.name
        for line in case.of("no_return_proved", before_n=look.ended_n)
    )
    return closed and any(
        True for _ in case.of("retry", "resumed", after_n=look.ended_n, before_n=sent.n)
    )


def _fired(case: Case, line: Line) -> Iterator[str]:
    """A signal's trigger: every answer of its window was over the limit, the newest is one."""
    wave = case.wave(str(line.entry["wave"]))
    for trigger in wave.rollback.triggers:
        if not isinstance(trigger, SignalGate) or line.entry["trigger"] != f"signal {trigger.name}":
            continue
        feed = f"signal.{trigger.name}"
        good = case.newest_good(feed, line.n)
        if good is None or line.at_ms - good.asked_at_ms > trigger.max_age_ms:
            yield f"I2: the trigger {feed} fired on nothing that is fresh"
            return
        for read in case.reads[feed]:
            if good.asked_at_ms - trigger.for_ms <= read.asked_at_ms <= good.asked_at_ms:
                value = read.sample.value if isinstance(read.sample, SignalSample) else Unknown("")
                if isinstance(value, Unknown) or value <= trigger.max_value:
                    yield f"I2: the trigger {feed} fired, it was {value} at {read.asked_at_ms} ms"
                    return
