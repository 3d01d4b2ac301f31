"""What a person may do now, why not, and how a confirmation is bound to what was on the screen.

The one choke point for every verb, whoever asks: key, command or program.
"""

from __future__ import annotations

from typing import assert_never

from cockpit.core import escaping, progress, recovering, withouttarget
from cockpit.core.adopted import why_wait
from cockpit.core.afterwards import alarming
from cockpit.core.binding import epoch, token
from cockpit.core.conditions import PLACES, Momentary
from cockpit.core.costs import release_text
from cockpit.core.expiring import would_expire
from cockpit.core.fences import bindings_by_topic, is_fenced
from cockpit.core.flight import Armed, FlightState, WaveState
from cockpit.core.gates import gate_view
from cockpit.core.gathering import window_view
from cockpit.core.intents import AddNote, Arm, Confirm, Disarm, End, Intent, Pause, Verb
from cockpit.core.lag import newest_before
from cockpit.core.mistakes import mistakes
from cockpit.core.observe import MISSING, partition_text
from cockpit.core.plan import (
    SIDES,
    FenceStep,
    OffsetsStep,
    StartStep,
    step_name,
)
from cockpit.core.price import price, rollback_word
from cockpit.core.readiness import ReadinessSurvey, unproven_texts
from cockpit.core.reconcile import disagreements, unread
from cockpit.core.remember import Remembered
from cockpit.core.reproving import prove_again
from cockpit.core.schedule import frozen
from cockpit.core.script import undo_words
from cockpit.core.snapshot import GateView
from cockpit.core.turn import Turn, is_moved, produces

CONFIRM_AFTER_MS = 700
"""A confirmation sooner than this after arming is a bouncing or repeating key."""
ARMED_FOR_MS = 15_000
NOTE_MAX_CHARS = 500
BLIND_AFTER_MS = 5_000
UNDER_WAY = "an action is still under way"
MARKER_SLACK = 16
"""Control records that may follow the last mirrored one on the target."""
_VIEWS: Remembered[tuple[GateView, ...]] = Remembered()


def gate_views(state: FlightState, wave: WaveState) -> tuple[GateView, ...]:
    """The gates of a wave, judged now."""
    return _VIEWS.get((state, wave), lambda: _gate_views(state, wave))


def _gate_views(state: FlightState, wave: WaveState) -> tuple[GateView, ...]:
    name = wave.wave.name
    views: list[GateView] = []
    for index, gate in enumerate(wave.wave.gates):
        history = state.histories.get(f"{name}.gates.{index}", ())
        if isinstance(gate, Momentary) or gate.over is None:
            views.append(gate_view(gate, history, state.plan, state.at_ms))
        else:
            views.append(window_view(gate, gate.over, history, state, wave))
    return tuple(views)


def live_gates(state: FlightState, wave: WaveState) -> tuple[GateView, ...]:
    """The gates that still mean something: places are compared only before the move."""
    views = gate_views(state, wave)
    if not is_moved(wave):
        return views
    pairs = zip(wave.wave.gates, views, strict=True)
    return tuple(view for gate, view in pairs if not isinstance(gate, PLACES))


def fresh_until_ms(state: FlightState, wave: WaveState) -> int:
    """When the oldest evidence of the wave's gates becomes stale."""
    times = [
        view.at_ms + gate.max_age_ms
        for gate, view in zip(wave.wave.gates, gate_views(state, wave), strict=True)
        if view.at_ms is not None
    ]
    return min(times, default=state.at_ms + ARMED_FOR_MS)


def _answered_until_ms(state: FlightState, wave: WaveState) -> int:
    """How long what a person has answered stands. While clients are blocked each step proves by
    itself what it needs: then only the answer grows old, and no gate of before the move."""
    if wave.blocked_since_ms is not None:
        return state.at_ms + ARMED_FOR_MS
    return fresh_until_ms(state, wave)


def why_not_advance(state: FlightState) -> str:
    """Why `advance` is not open now; empty: it is."""
    wave = state.wave()
    if state.outcome:
        return "the flight has ended"
    if wave.recovery_at is not None:
        return "" if recovering.asks(wave) else recovering.UNDER_WAY
    if wave.word in ("running", "rolling back") and progress.waits_for_person(wave.stages):
        untouched = not wave.back and not any(step.begun for step in wave.steps)
        return _gates_why_not(state, wave) if untouched else ""
    if wave.back_wanted or (wave.back and wave.word == "rolling back"):
        unread = withouttarget.offered(state, wave)
        return "" if unread else f"wave {wave.wave.name} is going back"
    if wave.word == "done":
        return "every wave is done"
    if wave.word == "holding":
        return _hold_why_not(state, wave)
    if wave.word in ("ready", "rolled back"):
        freeze = frozen(state.plan, state.at_ms)
        return (
            freeze
            or _blind_why_not(state)
            or why_wait(state, wave)
            or _left_why_not(state, wave)
            or next(mistakes(state, wave), "")
            or _gates_why_not(state, wave)
            or would_expire(state, wave)
        )
    if state.paused:
        return UNDER_WAY if wave.escape_told and progress.in_flight(wave.stages) else ""
    if wave.word == "running":
        return f"step {step_name(wave.steps[wave.cursor].step)} is under way"
    return "an earlier wave comes first"


def _gates_why_not(state: FlightState, wave: WaveState) -> str:
    for view in gate_views(state, wave):
        if view.verdict != "PASS":
            return f"gate {view.name} {view.verdict}: {view.evidence}"
    return ""


def _left_why_not(state: FlightState, wave: WaveState) -> str:
    """What an earlier attempt has left standing that would harm the wave."""
    one = state.left.harming(wave.wave.name)
    return f"left over: {one.text}; {one.advice()}" if one is not None else ""


def _hold_why_not(state: FlightState, wave: WaveState) -> str:
    if wave.back:
        going = "going back failed: only another try to go back is open"
        return "" if withouttarget.offered(state, wave) else going
    if progress.in_flight(wave.stages):
        return UNDER_WAY
    if why := unread(state, wave):
        return why
    if differing := disagreements(state, wave):
        return f"the clusters are not as the flight left them: {differing[0]}"
    if not _has_effect(wave):
        return _gates_why_not(state, wave)
    return ""


def _has_effect(wave: WaveState) -> bool:
    """Whether anything of this attempt was done: until then its evidence must be fresh."""
    return any(key.startswith(("stopped.", "excluded.", "patched.")) for key in wave.memory)


def _blind_why_not(state: FlightState) -> str:
    """No wave begins before both sides answer and have shown who already works where."""
    facts = state.facts
    for side in SIDES:
        health = facts.health.get(side)
        if health is not None and health.word != "connected":
            return f"{side} does not answer: {health.reason}"
        sample = facts.newest_groups(side)
        if sample is None or state.at_ms - sample.states_asked_at_ms() > BLIND_AFTER_MS:
            return f"groups on {side} are not known"
    if produces(state, state.wave()) and "source" not in facts.acls:
        return "ACLs on source are not known"
    return moved_before(state)


def moved_before(state: FlightState) -> str:
    """Why the wave seems to have been moved by an earlier flight; empty: it does not.

    Its topics are fenced, and the target has gone on past the last record that the mirror brought.
    """
    wave, acls = state.wave(), state.facts.acls.get("source")
    topics = produces(state, wave)
    if not topics or wave.attempt or acls is None:
        return ""
    if not is_fenced(wave.wave, state.plan, acls):
        return ""
    partition = own_records(state)
    if not partition:
        return ""
    word = "is fenced" if bindings_by_topic(wave.wave, state.plan) else "is to be moved"
    return (
        f"{partition} {word} and the target has records of its own: "
        "moved by an earlier flight? begin with --from the wave after it"
    )


def own_records(state: FlightState) -> str:
    """A partition that the wave produces, where the target has grown by more since the newest
    offset-sync than the source had to bring; empty: there is none, as far as can be told."""
    facts, topics = state.facts, produces(state, state.wave())
    syncs, source = facts.syncs, facts.newest_logs("source")
    logs = newest_before(facts.logs.get("target", ()), source.asked_at_ms) if source else None
    if syncs is None or source is None or logs is None:
        return ""
    ends = dict(zip(source.keys.names, source.end.tolist(), strict=True))
    for name, end in zip(logs.keys.names, logs.end.tolist(), strict=True):
        pairs, here = syncs.slots.get(name, ()), ends.get(name, MISSING)
        if name[0] not in topics or not pairs or MISSING in (end, here):
            continue
        newest_source, newest_target = pairs[0]
        if end - newest_target > max(here - newest_source, 1) + MARKER_SLACK:
            return partition_text(name)
    return ""


def rollback_index(state: FlightState) -> tuple[int | None, str]:
    """The wave that `rollback` would take back; or None and why not."""
    if state.outcome:
        return None, "the flight has ended"
    wave = state.wave()
    if wave.recovery_at is not None:
        return None, recovering.UNDER_WAY
    if wave.back_wanted or wave.word == "rolling back":
        return None, f"wave {wave.wave.name} is going back already"
    if wave.word == "holding" and wave.back and progress.in_flight(wave.stages):
        return None, UNDER_WAY
    index = state.current
    if wave.word in ("ready", "pending", "rolled back"):
        index -= 1
        if index < 0 or state.waves[index].word != "done":
            return None, "nothing of this wave has been done"
        if state.waves[index].attempt == 0:
            return None, f"wave {state.waves[index].wave.name} was moved by an earlier flight"
    word, _, why = rollback_word(state, state.waves[index])
    if word == "closed":
        return None, why
    return index, ""


def why_not_end(state: FlightState) -> str:
    """Why the flight may not be closed now; empty: it may."""
    wave = state.wave()
    if state.outcome:
        return "the flight has ended"
    if wave.word in ("running", "rolling back"):
        return f"wave {wave.wave.name} is under way: pause, or take it back first"
    if wave.word == "holding" and any(step.begun for step in wave.steps):
        return f"wave {wave.wave.name} stands half way: finish it or take it back first"
    return ""


def handle(turn: Turn, intent: Intent) -> None:
    """Take in what a person wants."""
    match intent:
        case Arm(verb=verb, by=by):
            _arm(turn, verb, by)
        case Confirm():
            _confirm(turn, intent)
        case Disarm(by=by):
            if turn.state.armed is not None:
                turn.tell("disarmed", f"{turn.state.armed.verb} taken back by {by}", by=by)
                turn.set(armed=None)
        case Pause(by=by):
            _pause(turn, by)
        case AddNote(text=text, by=by):
            turn.tell("note", f"{by}: {text[:NOTE_MAX_CHARS]}", by=by)
        case End(by=by):
            _end(turn, by)
        case _:
            assert_never(intent)


def refuse(turn: Turn, verb: str, by: str, why: str) -> None:
    """Say no, and say why."""
    turn.tell("refused", f"{verb} refused ({by}): {why}", "warn", verb=verb, by=by, why=why)


def check_armed(turn: Turn) -> None:
    """Disarm what is too old, or what is no longer what the person saw."""
    armed = turn.state.armed
    if armed is None:
        return
    if turn.now_ms > armed.armed_at_ms + ARMED_FOR_MS:
        turn.set(armed=None)
        turn.tell("disarmed", f"{armed.verb} was not confirmed in time", "warn")
    elif _token(turn.state, armed.verb) != armed.token:
        why = why_not_advance(turn.state) if armed.verb == "advance" else "the wave has moved on"
        turn.set(armed=None)
        turn.tell("disarmed", f"{armed.verb} disarmed: {why or 'the state changed'}", "warn")


def _why_not(state: FlightState, verb: Verb) -> str:
    match verb:
        case "advance":
            return why_not_advance(state)
        case "rollback":
            return rollback_index(state)[1]
        case "recover":
            return why_not_recover(state)
        case _:
            assert_never(verb)


def why_not_recover(state: FlightState) -> str:
    """Why `recover` is not open now; empty: it is."""
    return recovering.why_not(state, rollback_word(state, state.wave())[0])


def _token(state: FlightState, verb: Verb) -> str:
    """Binds to the plan, the wave's state and the evidence, but not to numbers that always move.

    Going back is bound to the wave that it would take back and its price only: it may move on
    meanwhile.
    """
    wave = state.wave()
    if verb == "rollback":
        index, _ = rollback_index(state)
        back = state.waves[index] if index is not None else wave
        shown = [epoch(-1 if index is None else index, back), rollback_word(state, back)[0]]
    elif verb == "recover":
        shown = [rollback_word(state, wave)[0], why_not_recover(state), *recovering.lines(state)]
    else:
        asks = recovering.asks(wave) or progress.waits_for_person(wave.stages)
        place = (wave.word, str(wave.cursor), str(state.paused))
        shown = [rollback_word(state, wave)[0], *place, asks, why_not_advance(state)]
        survey = state.facts.survey(ReadinessSurvey, "readiness")
        shown += unproven_texts(wave.wave.name, survey)
        shown += [one.subject for one in alarming(state) if one.level == "bad"]
    return token(state, verb, shown)


def _arm(turn: Turn, verb: Verb, by: str) -> None:
    if why := _why_not(turn.state, verb):
        refuse(turn, verb, by, why)
        return
    says = {"advance": _advance_lines, "rollback": _rollback_lines, "recover": recovering.lines}
    lines = says[verb](turn.state)
    armed = Armed(verb, by, _token(turn.state, verb), turn.now_ms, lines)
    turn.set(armed=armed)
    turn.tell("armed", f"{verb} armed by {by}", verb=verb, by=by, token=armed.token)


def _confirm(turn: Turn, intent: Confirm) -> None:
    armed = turn.state.armed
    if armed is None:
        refuse(turn, "confirm", intent.by, "nothing is armed")
        return
    if intent.by != armed.by:
        refuse(turn, armed.verb, intent.by, f"it was armed by {armed.by}")
        return
    if intent.token != armed.token or _token(turn.state, armed.verb) != armed.token:
        turn.set(armed=None)
        refuse(turn, armed.verb, intent.by, "what was shown has changed")
        return
    if turn.now_ms < armed.armed_at_ms + CONFIRM_AFTER_MS:
        refuse(turn, armed.verb, intent.by, "confirmed too quickly after arming: once more")
        return
    turn.set(armed=None)
    turn.tell("confirmed", f"{armed.verb} confirmed by {intent.by}", verb=armed.verb, by=intent.by)
    if armed.verb == "advance":
        _advance(turn, intent.by)
    elif armed.verb == "recover":
        recovering.begin(turn, intent.by)
    else:
        _rollback(turn, intent.by)


def _advance(turn: Turn, by: str) -> None:
    wave = turn.wave
    if recovering.asks(wave):
        recovering.answer(turn, by)
    elif withouttarget.offered(turn.state, wave):
        withouttarget.order(turn, by)
        if wave.word == "holding":
            progress.retry(turn)
    elif wave.word in ("ready", "rolled back"):
        turn.set(paused=False)
        progress.begin_wave(turn, by, fresh_until_ms(turn.state, wave))
    elif wave.word == "holding":
        turn.set(paused=False)
        if wave.restored_at_ms is not None:
            prove_again(turn, FenceStep)
        if wave.escape_told:
            escaping.go_on(turn)
        if isinstance(turn.current_step().step, StartStep):
            prove_again(turn, OffsetsStep)
        progress.retry(turn)
        turn.tell("retry", f"{wave.wave.name}: tries the step again ({by})", by=by)
    else:
        _go_on(turn, by)


def _go_on(turn: Turn, by: str) -> None:
    """A wave under way goes on, or gets its answer."""
    if turn.state.paused:
        turn.set(paused=False)
        turn.tell("resumed", f"resumed by {by}", by=by)
        if turn.wave.escape_told and not progress.in_flight(turn.wave.stages):
            escaping.go_on(turn)
    if progress.waits_for_person(turn.wave.stages):
        if not turn.wave.back:
            turn.remember({"fresh_until_ms": _answered_until_ms(turn.state, turn.wave)})
        progress.answer(turn, by)


def _rollback(turn: Turn, by: str) -> None:
    index, why = rollback_index(turn.state)
    if index is None:
        refuse(turn, "rollback", by, why)
        return
    if index != turn.state.current:
        turn.set_wave(word="pending")
        turn.set(current=index)
    reason = f"rolled back by {by}"
    if turn.wave.back:
        progress.retry(turn)
        turn.set_wave(detail=reason)
    else:
        progress.want_back(turn, reason)


def _pause(turn: Turn, by: str) -> None:
    turn.set(armed=None)
    if not turn.state.paused:
        turn.set(paused=True)
        turn.tell("paused", f"paused by {by}: no new step begins", "warn", by=by)


def _end(turn: Turn, by: str) -> None:
    if why := why_not_end(turn.state):
        refuse(turn, "end", by, why)
        return
    words = [wave.word for wave in turn.state.waves]
    if all(word == "done" for word in words):
        outcome = "completed"
    elif turn.wave.word == "rolled back":
        outcome = "rolled_back"
    else:
        outcome = "stopped"
    turn.set(outcome=outcome)
    turn.tell("flight_ended", f"ended by {by}: {outcome}", "good", outcome=outcome, by=by)


def _advance_lines(state: FlightState) -> tuple[str, ...]:
    wave = state.wave()
    name = wave.wave.name
    if asks := recovering.asks(wave):
        return (f"confirm: {asks}",)
    if withouttarget.offered(state, wave):
        return withouttarget.lines(state)
    asks = progress.waits_for_person(wave.stages)
    if wave.word == "holding":
        return (f"try again: {wave.detail}",)
    if asks:
        return (f"confirm: {asks}",)
    if wave.word == "running":
        return (f"resume wave {name} at step {step_name(wave.steps[wave.cursor].step)}",)
    lines = [f"begin wave {name}: {', '.join(wave.wave.services)} move from source to target"]
    lines.append("steps: " + ", ".join(step_name(step) for step in wave.wave.steps))
    lines.extend(
        f"{service.group} resumes: {release_text(state.facts, service)}"
        for service in state.plan.wave_services(wave.wave)
        if service.group
    )
    topics = produces(state, wave)
    fences = [step for step in wave.wave.steps if isinstance(step, FenceStep)]
    if topics and fences:
        lines.append(f"writes to {', '.join(topics)} are blocked on the source meanwhile")
        lines.append(
            f"fence deadline {fences[0].deadline_ms / 1000:.0f} s, then {fences[0].at_zero}"
        )
    for view in gate_views(state, wave):
        age = "" if view.at_ms is None else f", {(state.at_ms - view.at_ms) / 1000:.1f} s old"
        lines.append(f"gate {view.name} {view.verdict}: {view.evidence}{age}")
    lines.extend(trouble.text for trouble in alarming(state))
    survey = state.facts.survey(ReadinessSurvey, "readiness")
    lines.extend(unproven_texts(wave.wave.name, survey))
    lines.append("undo: R takes the wave back" + (" until its producers start" if topics else ""))
    return tuple(lines)


def _rollback_lines(state: FlightState) -> tuple[str, ...]:
    index, _ = rollback_index(state)
    assert index is not None
    wave = state.waves[index]
    lines = [f"take wave {wave.wave.name} back: {', '.join(wave.wave.services)} return to source"]
    lines.append(f"rollback is {rollback_word(state, wave)[0]}: {price(state, wave).text}")
    lines.extend(
        f"undo {step_name(step.step)}: {words}"
        for step in reversed(wave.steps)
        if step.begun and (words := undo_words(step.step))
    )
    return tuple(lines)
