"""How a confirmation is bound to what was on the screen, and what it then does.

The one choke point for every verb, whoever asks: key, command or program.
"""

from __future__ import annotations

from typing import assert_never

from cockpit.core import (
    escaping,
    progress,
    recovering,
    withoutplace,
    withouttarget,
    withouttopic,
)
from cockpit.core.afterwards import alarming
from cockpit.core.binding import epoch, token
from cockpit.core.confirming import open_for_ms
from cockpit.core.costs import release_text
from cockpit.core.flight import Armed, FlightState, WaveState
from cockpit.core.goingback import rollback_index
from cockpit.core.intents import (
    Acknowledge,
    ActIntent,
    AddNote,
    Arm,
    Confirm,
    Disarm,
    End,
    Pause,
    Verb,
)
from cockpit.core.openings import (
    answered_until_ms,
    fresh_until_ms,
    gate_views,
    why_not_advance,
    why_not_end,
    why_not_recover,
)
from cockpit.core.plan import (
    FenceStep,
    OffsetsStep,
    StartStep,
    step_name,
)
from cockpit.core.price import price, rollback_word
from cockpit.core.readiness import ReadinessSurvey, unproven_texts
from cockpit.core.reproving import prove_again
from cockpit.core.script import undo_order, undo_words
from cockpit.core.turn import Turn, produces
from cockpit.core.watch import acknowledge

CONFIRM_AFTER_MS = 700
"""A confirmation sooner than this after arming is a bouncing or repeating key."""
NOTE_MAX_CHARS = 500
NOTE_SORTS = ("todo", "decision", "bookmark")


def handle(turn: Turn, intent: ActIntent) -> None:
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
            turn.tell("note", f"{by}: {text[:NOTE_MAX_CHARS]}", by=by, sort=note_sort(text))
        case End(by=by):
            _end(turn, by)
        case Acknowledge():
            _acknowledge(turn, intent)
        case _:
            assert_never(intent)


def _acknowledge(turn: Turn, intent: Acknowledge) -> None:
    found = acknowledge(turn.state.watch, intent.subject, intent.since_ms, intent.by)
    if isinstance(found, str):
        refuse(turn, "acknowledge", intent.by, found)
        return
    turn.set(watch=found)
    alarm = next(one for one in found.alarms if one.subject == intent.subject)
    text = f"{intent.by} has seen the alarm: {alarm.text}"
    turn.tell("acknowledged", text, by=intent.by, subject=intent.subject)


def note_sort(text: str) -> str:
    """What a note is, by its first word: `todo: ...`, `decision: ...`, `bookmark: ...` or none of
    these."""
    word, colon, said = text.partition(":")
    sort = word.strip().lower()
    return sort if colon and said.strip() and sort in NOTE_SORTS else "note"


def refuse(turn: Turn, verb: str, by: str, why: str) -> None:
    """Say no, and say why."""
    turn.tell("refused", f"{verb} refused ({by}): {why}", "warn", verb=verb, by=by, why=why)


def check_armed(turn: Turn) -> None:
    """Disarm what is too old, or what is no longer what the person saw."""
    armed = turn.state.armed
    if armed is None:
        return
    if turn.now_ms > armed.until_ms:
        turn.set(armed=None)
        why = "it was not confirmed in time"
        turn.tell("disarmed", f"{armed.verb} was not confirmed in time", "warn", why=why)
    elif _token(turn.state, armed.verb) != armed.token:
        closed = why_not_advance(turn.state) if armed.verb == "advance" else "the wave has moved on"
        why = closed or "the state changed"
        turn.set(armed=None)
        turn.tell("disarmed", f"{armed.verb} disarmed: {why}", "warn", why=why)


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
        # which order it would be: one that nobody has read must not be given
        shown += [word for word, is_it in _orders(state, wave) if is_it]
        survey = state.facts.survey(ReadinessSurvey, "readiness")
        shown += unproven_texts(wave.wave.name, survey)
        shown += [one.subject for one in alarming(state) if one.level == "bad"]
    return token(state, verb, shown)


def _orders(state: FlightState, wave: WaveState) -> tuple[tuple[str, str], ...]:
    """The orders that `advance` may be for a wave that goes back, in the order of `_advance`."""
    return (
        ("without the target", withouttarget.offered(state, wave)),
        ("without the topic", withouttopic.offered(state, wave)),
        ("without the place", withoutplace.offered(state, wave)),
    )


def _arm(turn: Turn, verb: Verb, by: str) -> None:
    if why := _why_not(turn.state, verb):
        refuse(turn, verb, by, why)
        return
    says = {"advance": _advance_lines, "rollback": _rollback_lines, "recover": recovering.lines}
    lines = says[verb](turn.state)
    until_ms = turn.now_ms + open_for_ms(turn.state, verb)
    armed = Armed(verb, by, _token(turn.state, verb), turn.now_ms, until_ms, lines)
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
        why = _why_not(turn.state, armed.verb) or "what was shown has changed"
        turn.set(armed=None)
        refuse(turn, armed.verb, intent.by, why)
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
    elif withouttopic.offered(turn.state, wave):
        withouttopic.order(turn, by)
        if wave.word == "holding":
            progress.retry(turn)
    elif withoutplace.offered(turn.state, wave):
        withoutplace.order(turn, by)
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
            turn.remember({"fresh_until_ms": answered_until_ms(turn.state, turn.wave)})
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
    if withouttopic.offered(state, wave):
        return withouttopic.lines(state)
    if withoutplace.offered(state, wave):
        return withoutplace.lines(state)
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
        then = {"unfence": "the wave goes back", "hold": "an alarm: the fence stays"}
        lines.append(
            f"fence deadline {fences[0].deadline_ms / 1000:.0f} s from the fence on, then"
            f" {then[fences[0].at_zero]}"
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
        f"undo {step_name(step)}: {words}"
        for step in (wave.steps[number].step for number in undo_order(wave))
        if (words := undo_words(step))
    )
    return tuple(lines)
