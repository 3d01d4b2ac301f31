"""`step(state, event) -> (state, commands)`: every rule of a flight starts here.

Pure and deterministic: the same events give the same commands. Effects happen elsewhere,
after their intent is on disk.
"""

from __future__ import annotations

from typing import assert_never

from cockpit.core import arming, progress
from cockpit.core.facts import absorb
from cockpit.core.fences import fence_step, is_fenced
from cockpit.core.flight import Asked, Command, Event, Finished, FlightState, Observed, Ticked
from cockpit.core.gates import extend_history, measure, trigger_view
from cockpit.core.observe import MISSING, partition_text
from cockpit.core.plan import SIDES
from cockpit.core.reconcile import disagreements, unread
from cockpit.core.turn import Turn, moved_of, produces, subject_of
from cockpit.core.watch import renew

PACE_MS = 1_000
PACE_BLOCKED_MS = 200
"""While clients are blocked the clusters are read more often."""
ADOPT_MAX_AGE_MS = 5_000


def step(state: FlightState, event: Event) -> tuple[FlightState, tuple[Command, ...]]:
    """Take in one event. Time never runs backwards, whatever the event says."""
    turn = Turn(state)
    turn.set(at_ms=max(state.at_ms, event.at_ms))
    match event:
        case Observed():
            _observed(turn, event)
        case Ticked():
            _ticked(turn)
        case Asked(intent=intent):
            arming.handle(turn, intent)
        case Finished():
            progress.finished(turn, event)
        case _:
            assert_never(event)
    progress.settle(turn)
    return turn.state, tuple(turn.commands)


def pace_ms(state: FlightState) -> int:
    """How often the clusters should be read now."""
    wave = state.wave()
    busy = wave.word in ("running", "rolling back", "holding") and bool(wave.stages)
    return PACE_BLOCKED_MS if busy and wave.blocked_since_ms is not None else PACE_MS


def _observed(turn: Turn, event: Observed) -> None:
    before = turn.state.facts.health
    turn.set(facts=absorb(turn.state.facts, event.sample))
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
    turn.set(last_tick_ms=turn.now_ms)
    if turn.state.outcome:
        return
    if turn.wave.word == "pending":
        turn.set_wave(word="ready")
    _adopt(turn)
    _restored(turn)
    state = turn.state
    turn.set(watch=renew(state.watch, moved_of(state), state.facts, turn.now_ms))
    _measure(turn)
    _deadline(turn)
    _watch_fence(turn)
    _proof_of_no_return(turn)
    _triggers(turn)
    arming.check_armed(turn)


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
    state, wave = turn.state, turn.wave
    subject = subject_of(state, wave)
    histories = dict(state.histories)
    name = wave.wave.name
    for kind, conditions in (("gates", wave.wave.gates), ("triggers", wave.wave.rollback.triggers)):
        for index, condition in enumerate(conditions):
            key = f"{name}.{kind}.{index}"
            reading = measure(condition, subject, state.facts, turn.now_ms)
            histories[key] = extend_history(histories.get(key, ()), reading, condition)
    turn.set(histories=histories)
    if wave.word not in ("ready", "rolled back"):
        return
    views = arming.gate_views(turn.state, wave)
    before = wave.verdicts or ("",) * len(views)
    turn.set_wave(verdicts=tuple(view.verdict for view in views))
    for view, told in zip(views, before, strict=True):
        if view.verdict != told:
            text = f"gate {view.name} {view.verdict}: {view.evidence}"
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
    own = wave.restored_at_ms is not None and arming.own_records(turn.state)
    if wave.start_intent_at_ms is None and fence.at_zero == "unfence" and not own:
        progress.want_back(turn, text)
    elif not wave.deadline_told:
        turn.set_wave(deadline_told=True)
        turn.tell("deadline", f"{text}: the fence stays", "bad", wave=wave.wave.name)


def deadline_ms(state: FlightState) -> int | None:
    """When the fence's deadline strikes; None while clients are not blocked by a fence."""
    wave = state.wave()
    if wave.fenced_at_ms is None or wave.blocked_since_ms is None:
        return None
    fence = fence_step(wave.wave)
    return None if fence is None else wave.fenced_at_ms + fence.deadline_ms


def _watch_fence(turn: Turn) -> None:
    """Whoever writes to a drained source topic has escaped the fence: named, and asked about."""
    wave = turn.wave
    ends = wave.memory.get("drained.source_end")
    logs = turn.state.facts.newest_logs("source")
    if not ends or logs is None or wave.back or wave.back_wanted or wave.escape_told:
        return
    if wave.word not in ("running", "holding") or logs.asked_at_ms <= (wave.fenced_at_ms or 0):
        return
    grown: list[str] = []
    for name, end in zip(logs.keys.names, logs.end.tolist(), strict=True):
        before = ends.get(partition_text(name))
        if before is not None and end != MISSING and end > before:
            grown.append(f"{partition_text(name)} by {end - before}")
    if not grown:
        return
    turn.set_wave(escape_told=True)
    more = f" and {len(grown) - 3} more" if len(grown) > 3 else ""
    text = f"a writer escapes the fence on the source: {', '.join(grown[:3])}{more}"
    turn.tell("fence_escaped", text, "bad", wave=wave.wave.name)
    if wave.start_intent_at_ms is None and not turn.state.paused:
        turn.set(paused=True)
        turn.tell("paused", "paused: R takes the wave back, A goes on", "warn")


def _proof_of_no_return(turn: Turn) -> None:
    """A record on the target past the drained end that the mirror cannot have written."""
    wave = turn.wave
    ends = wave.memory.get("drained.target_end")
    logs = turn.state.facts.newest_logs("target")
    if (
        wave.start_intent_at_ms is None
        or wave.closed_at_ms is not None
        or not ends
        or logs is None
        or logs.asked_at_ms <= wave.start_intent_at_ms
    ):
        return
    topics = frozenset(produces(turn.state, wave))
    for name, end in zip(logs.keys.names, logs.end.tolist(), strict=True):
        if name[0] in topics and end != MISSING and end > ends.get(partition_text(name), end):
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
        text = f"trigger {view.name} fired: {view.evidence} (limit {view.limit:g})"
        turn.tell("trigger", text, "bad", wave=wave.wave.name, trigger=view.name)
        _react(turn, f"trigger {view.name}: {view.evidence}")
    turn.set_wave(fired=frozenset(fired))


def _react(turn: Turn, reason: str) -> None:
    wave = turn.wave
    word, _, price = arming.rollback_word(turn.state, wave)
    if wave.wave.rollback.on_trigger == "rollback":
        if word == "possible":
            progress.want_back(turn, reason)
            return
        text = f"does not go back by itself, it is {word}: {price}"
        turn.tell("rollback_not_by_itself", text, "bad")
    if not turn.state.paused:
        turn.set(paused=True)
        ask = "R takes the wave back, A goes on" if word != "closed" else "A goes on"
        turn.tell("paused", f"paused by trigger: {ask}", "warn", wave=wave.wave.name)


def _adopt(turn: Turn) -> None:
    """Recognise a wave that an earlier flight has moved: the clusters are believed, not a file."""
    while turn.wave.word == "ready" and turn.wave.attempt == 0 and _is_there(turn):
        name = turn.wave.wave.name
        turn.set_wave(word="done", done_at_ms=turn.now_ms, detail="found on the target")
        turn.tell("wave_found", f"wave {name} is on the target already", "good", wave=name)
        progress.next_wave(turn)


def _is_there(turn: Turn) -> bool:
    """Every service has its group at work on the target, none on the source, its topics fenced."""
    facts, wave = turn.state.facts, turn.wave
    samples = [facts.newest_groups(side) for side in SIDES]
    for sample in samples:
        if sample is None or turn.now_ms - sample.states_asked_at_ms() > ADOPT_MAX_AGE_MS:
            return False
    source, target = samples
    assert source is not None
    assert target is not None
    for service in turn.state.plan.wave_services(wave.wave):
        if service.group is None:
            return False
        there, here = target.groups.get(service.group), source.groups.get(service.group)
        if there is None or there.unknown is not None or there.members <= 0:
            return False
        if here is not None and (here.unknown is not None or here.members):
            return False
    if not produces(turn.state, wave):
        return True
    acls = facts.acls.get("source")
    return acls is not None and is_fenced(wave.wave, turn.state.plan, acls)
