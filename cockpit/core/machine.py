"""`step(state, event) -> (state, commands)`: every rule of a flight starts here.

Pure and deterministic: the same events give the same commands. Effects happen elsewhere,
after their intent is on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, assert_never

from cockpit.core import (
    adopted,
    afterwards,
    arming,
    away,
    confirming,
    coordination,
    driving,
    foreign,
    latefences,
    openings,
    progress,
    rereads,
    withouttarget,
    withouttopic,
)
from cockpit.core.drilling import is_drilled
from cockpit.core.escaping import watch_proofs
from cockpit.core.facts import Health, absorb
from cockpit.core.fences import RELEASED, bindings_by_topic, fence_step, fenced_topics
from cockpit.core.flight import (
    Asked,
    Command,
    Event,
    Finished,
    FlightState,
    Observed,
    Tell,
    Ticked,
    WaveState,
)
from cockpit.core.gates import told as word_of
from cockpit.core.gates import trigger_view
from cockpit.core.gathering import gather
from cockpit.core.judging import measured
from cockpit.core.left import Left
from cockpit.core.leftovers import RESTING, leftovers
from cockpit.core.marking import mark
from cockpit.core.observe import MISSING, Unknown, partition_text
from cockpit.core.ownsurvey import CoordinationSurvey
from cockpit.core.plan import SIDES, FenceStep, Side, StopStep
from cockpit.core.price import price, rollback_word
from cockpit.core.quantities import quantity
from cockpit.core.reconcile import disagreements, unread
from cockpit.core.snapshot import AlarmView
from cockpit.core.standing import standing
from cockpit.core.turn import Turn, closed_since_ms, is_reversed, moved_of, produces
from cockpit.core.watch import renew

WATCH_EVERY_MS = 1_000
STEP_ENDS = ("step_done", "step_undone")
PACE_MS = 1_000
PACE_BLOCKED_MS = 100
"""While clients are blocked the clusters are read more often."""


def step(state: FlightState, event: Event) -> tuple[FlightState, tuple[Command, ...]]:
    """Take in one event. Time never runs backwards, whatever the event says."""
    facts = absorb(state.facts, event.sample) if isinstance(event, Observed) else state.facts
    turn = Turn(replace(state, at_ms=max(state.at_ms, event.at_ms), facts=facts))
    match event:
        case Observed():
            _tell_sides(turn, state.facts.health)
            if isinstance(event.sample, CoordinationSurvey):
                coordination.observe(turn, event.sample, coordination.newest(state))
        case Ticked():
            _ticked(turn)
        case Asked(intent=intent, seat=seat):
            if admitted := driving.admit(turn, intent, seat):
                arming.handle(turn, admitted)
            confirming.ask(turn)
        case Finished():
            progress.finished(turn, event)
            _deadline(turn)  # time may have passed that no tick has told of
            watch_proofs(turn)  # before anything goes on by what has ended
        case _:
            assert_never(event)
    progress.settle(turn)
    mark(turn, event, state.current)
    _tell_price(turn, event)
    return turn.state, tuple(turn.commands)


def _tell_price(turn: Turn, event: Event) -> None:
    """Say what going back costs whenever a step has ended, and when that becomes another thing."""
    ended = any(isinstance(c, Tell) and c.kind in STEP_ENDS for c in turn.commands)
    wave = turn.wave
    if wave.word in ("ready", "pending") and turn.state.current:
        wave = turn.state.waves[turn.state.current - 1]
    if not wave.attempt or not (ended or isinstance(event, Ticked)):
        return
    view = price(turn.state, wave)
    turn.set(rereads=rereads.seen(turn.state.rereads, (view.wave, wave.attempt), view, turn.now_ms))
    priced = f"{view.wave}.{wave.attempt}.{view.word}"
    if not ended and (view.word == "unknown" or priced == turn.state.priced):
        return
    turn.set(priced=priced)
    turn.tell(
        "going_back",
        f"{view.wave}: going back: {view.text}",
        "info" if view.word == "nothing" else "warn",
        wave=view.wave,
        price=view.word,
        records=None if isinstance(view.records, Unknown) else view.records,
        reread=None if isinstance(view.reread, Unknown) else view.reread,
        partitions=dict(view.partitions),
        since_ms=view.since_ms,
    )


def pace_ms(state: FlightState) -> int:
    """How often the clusters should be read now."""
    wave = state.wave()
    if not wave.stages or wave.word not in ("running", "rolling back", "holding"):
        return PACE_MS
    # Before the first stop call already: a feed that sleeps for a second would wake up too late.
    stopping = isinstance(wave.steps[wave.cursor].step, StopStep)
    hurried = wave.blocked_since_ms is not None or wave.back or stopping
    return PACE_BLOCKED_MS if hurried else PACE_MS


def _tell_sides(turn: Turn, before: Mapping[Side, Health]) -> None:
    """Say of which side it is another thing now how it answers."""
    if turn.state.facts.health is before:
        return
    for side in SIDES:
        known, health = before.get(side), turn.state.facts.health.get(side)
        if health is None or (known is not None and known.word == health.word):
            continue
        if health.word == "connected":
            turn.tell("side", f"{side} answers", "good", side=side, word=health.word)
        elif health.word != "connecting":
            text = f"{side} {health.word}: {health.reason}"
            turn.tell("side", text, "bad", side=side, word=health.word)


def _ticked(turn: Turn) -> None:
    if turn.state.outcome:
        return
    if turn.wave.word == "pending":
        turn.set_wave(word="ready")
    _adopt(turn)
    _left_over(turn)
    _restored(turn)
    gather(turn)
    _measure(turn)
    afterwards.evaluate(turn)
    _renew(turn)
    _deadline(turn)
    latefences.watch(turn)
    watch_proofs(turn)
    withouttarget.watch(turn)
    withouttopic.watch(turn)
    _proof_of_no_return(turn)
    _triggers(turn)
    driving.pass_time(turn)
    arming.check_armed(turn)
    confirming.ask(turn)


def _renew(turn: Turn) -> None:
    """Everything that somebody must look at, once each second."""
    state = turn.state
    if turn.now_ms - state.watch.at_ms < WATCH_EVERY_MS:
        return
    also = (
        *standing(state, deadline_ms(state)),
        *afterwards.alarming(state),
        *away.alarming(state),
        *coordination.alarming(state),
    )
    watch = renew(
        state.watch, moved_of(state), state.facts, turn.now_ms, remains=state.left, also=also,
        topics=produces(state, turn.wave) or state.plan.topics(),
    )  # fmt: skip
    turn.set(watch=watch)
    known = {alarm.subject for alarm in state.watch.alarms}
    for alarm in watch.alarms:
        if alarm.subject.startswith(away.SUBJECT) and alarm.subject not in known:
            service = alarm.subject.removeprefix(away.SUBJECT)
            turn.tell("service_away", alarm.text, "bad", service=service)
    _tell_alarms(turn, state.watch.alarms, watch.alarms)


def _tell_alarms(turn: Turn, before: tuple[AlarmView, ...], now: tuple[AlarmView, ...]) -> None:
    """Have it on record which alarms of the highest priority begin, or are worse than what
    somebody has seen, and which are over. The log has its own lines of what led to them."""
    was = {alarm.subject: alarm for alarm in before if alarm.level == "bad"}
    loud = {alarm.subject: alarm for alarm in now if alarm.level == "bad"}
    for subject, alarm in loud.items():
        known = was.get(subject)
        if known is None or (known.seen_by and not alarm.seen_by):
            turn.commands.append(Tell("alarm", alarm.text, "bad", {"subject": subject}))
    for subject, alarm in was.items():
        if subject not in loud:
            text = f"over: {alarm.text}"
            turn.commands.append(Tell("alarm_over", text, "good", {"subject": subject}))


def _left_over(turn: Turn) -> None:
    """Say once of each thing that an earlier attempt has left standing. A wave at work is not
    asked: what stands then is its own."""
    known = {(one.kind, one.names) for one in turn.state.left.found}
    left = leftovers(turn.state) if turn.wave.word in (*RESTING, "done") else Left()
    turn.set(left=left)
    for one in left.found:
        if (one.kind, one.names) not in known:
            level: Literal["bad", "warn"] = "bad" if one.harms else "warn"
            text = f"left over: {one.text}; {one.advice()}"
            turn.tell("left_over", text, level, what=one.kind, command=one.command)


def _restored(turn: Turn) -> None:
    """Say once what the clusters show of a wave that another engine has left half-way."""
    wave = turn.wave
    if wave.restored_at_ms is None or wave.restored_told or unread(turn.state, wave):
        return
    turn.set_wave(restored_told=True)
    name = wave.wave.name
    differing = disagreements(turn.state, wave)
    for text in differing:
        turn.tell("not_as_left", f"{name}: {text}", "bad", wave=name)
    if not differing:
        turn.tell("as_left", f"{name}: the clusters are as the flight left them", "good", wave=name)


def _measure(turn: Turn) -> None:
    """One reading for each gate and trigger of the current wave."""
    measured(turn)
    wave, name = turn.wave, turn.wave.wave.name
    if wave.word not in ("ready", "rolled back"):
        return
    views = openings.gate_views(turn.state, wave)
    before = wave.verdicts or ("",) * len(views)
    turn.set_wave(verdicts=tuple(view.verdict for view in views))
    for view, told in zip(views, before, strict=True):
        if view.verdict != told:
            text = f"gate {view.name} {word_of(view.verdict)}: {view.evidence}"
            good = view.verdict == "PASS"
            turn.tell(
                "gate",
                text,
                "good" if good else "info",
                wave=name,
                gate=view.name,
                verdict=view.verdict,
            )


def _deadline(turn: Turn) -> None:
    """What happens when clients have been blocked for too long."""
    deadline = deadline_ms(turn.state)
    wave = turn.wave
    if deadline is None or turn.now_ms < deadline or wave.back or wave.back_wanted:
        return
    if unread(turn.state, wave):
        return  # an engine that has just taken over looks before it unfences
    fence = fence_step(wave.wave)
    assert fence is not None
    text = f"fence deadline of {fence.deadline_ms / 1000:.0f} s is over"
    own = foreign.why_not_unfence(turn.state)
    open_back = wave.start_intent_at_ms is None and closed_since_ms(turn.state, wave) is None
    if open_back and fence.at_zero == "unfence" and not own:
        progress.want_back(turn, text)
    elif not wave.deadline_told:
        turn.set_wave(deadline_told=True)
        why = f": {own}" if own else ""
        turn.tell("deadline", f"{text}: the fence stays{why}", "bad", wave=wave.wave.name)


def deadline_ms(state: FlightState) -> int | None:
    """When the fence's deadline strikes; None while clients are not blocked by a fence."""
    wave = state.wave()
    if wave.fenced_at_ms is None or wave.blocked_since_ms is None:
        return None
    fence = fence_step(wave.wave)
    if fence is None or _has_fallen(state, wave):
        return None
    return wave.fenced_at_ms + fence.deadline_ms


def _has_fallen(state: FlightState, wave: WaveState) -> bool:
    """Whether the fence was taken down, and the source shows that none of it stands. One that is
    nothing but silence ends with the stop."""
    if not any(isinstance(s.step, FenceStep) and s.word == "undone" for s in wave.steps):
        return False
    acls = state.facts.acls.get("source")
    if acls is None or acls.asked_at_ms <= (wave.fenced_at_ms or 0):
        return False
    if not bindings_by_topic(wave.wave, state.plan):
        return False
    return not fenced_topics(wave.wave, state.plan, acls)


def _proof_of_no_return(turn: Turn) -> None:
    """A record on the target past the drained end that the mirror cannot have written."""
    wave = turn.wave
    ends = wave.memory.get("drained.target_end")
    logs = turn.state.facts.newest_logs("target")
    if (
        wave.start_intent_at_ms is None
        or wave.back
        or (wave.closed_at_ms is not None and wave.memory.get(RELEASED))
        or wave.memory.get("returned.source_end")  # it has come back
        or not ends
        or logs is None
        or logs.asked_at_ms <= wave.start_intent_at_ms
    ):
        return
    topics = frozenset(produces(turn.state, wave))
    for name, end in zip(logs.keys.names, logs.end.tolist(), strict=True):
        if name[0] in topics and end != MISSING and end > ends.get(partition_text(name), end):
            turn.remember({RELEASED: True})
            if is_reversed(wave) or wave.closed_at_ms is not None:
                return  # what is written there comes back
            turn.set_wave(closed_at_ms=turn.now_ms)
            text = (
                f"first record past the drained end in {partition_text(name)}: going back is closed"
            )
            turn.tell("no_return_proved", text, "warn", wave=wave.wave.name)
            return


def _triggers(turn: Turn) -> None:
    wave = turn.wave
    if wave.word not in ("running", "holding") or wave.back or wave.back_wanted:
        return
    if unread(turn.state, wave):
        return  # nothing moves before an engine that has just taken over has looked
    rollback = wave.wave.rollback
    fired = set(wave.fired)
    for index, condition in enumerate(rollback.triggers):
        key = f"{wave.wave.name}.triggers.{index}"
        history = turn.state.histories.get(key, ())
        view = trigger_view(condition, history, turn.state.plan, turn.now_ms)
        if view.verdict != "FAIL":
            fired.discard(key)
            continue
        if key in fired:
            continue
        fired.add(key)
        limit = quantity(view.limit, view.unit)
        text = f"trigger {view.name} fired: {view.evidence} (limit {limit})"
        turn.tell("trigger", text, "bad", wave=wave.wave.name, trigger=view.name)
        if not is_drilled(turn, index):
            _react(turn, f"trigger {view.name}: {view.evidence}")
    turn.set_wave(fired=frozenset(fired))


def _react(turn: Turn, reason: str) -> None:
    wave = turn.wave
    word, _, why = rollback_word(turn.state, wave)
    if wave.wave.rollback.on_trigger == "rollback":
        own = foreign.why_not_unfence(turn.state)
        if word == "possible" and not own:
            progress.want_back(turn, reason)
            return
        text = f"does not go back by itself, {own or f'it is {word}: {why}'}"
        turn.tell("rollback_not_by_itself", text, "bad")
    if not turn.state.paused:
        turn.set(paused=True)
        ask = "R takes the wave back, A goes on" if word != "closed" else "A goes on"
        turn.tell("paused", f"paused by trigger: {ask}", "warn", wave=wave.wave.name)


def _adopt(turn: Turn) -> None:
    """Recognise a wave that an earlier flight has moved: the clusters are believed, not a file."""
    there = adopted.seen(turn.state)
    if there != turn.state.there:
        turn.set(there=there)
    while turn.wave.word == "ready" and adopted.is_moved_for_sure(turn.state, turn.wave):
        name = turn.wave.wave.name
        turn.set_wave(word="done", done_at_ms=turn.now_ms, detail="found on the target")
        turn.tell("wave_found", f"wave {name} is on the target already", "good", wave=name)
        progress.next_wave(turn)
