"""How a wave moves: step by step forward, and back over every step that was begun.

Pure rules over a Turn. A wave goes back only when nothing of it is in flight any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cockpit.core import coordination, drilling, latefences, learning, recovering, release
from cockpit.core.actions import Action, CallService, action_text
from cockpit.core.drained import before_undo
from cockpit.core.drills import DrillTask
from cockpit.core.expiring import expired
from cockpit.core.flight import (
    QUESTION,
    Abandon,
    Finished,
    FlightState,
    Run,
    StepState,
    WaveState,
)
from cockpit.core.placing import PlaceGroup, ReturnGroup
from cockpit.core.plan import StopStep, step_name
from cockpit.core.probing import ProbeGroup
from cockpit.core.scene import Act, Done, Failed, Progress, Scene, Wait
from cockpit.core.script import Script, backward, forward, undo_order
from cockpit.core.seeking import said
from cockpit.core.soaking import soaked
from cockpit.core.tasks import Ask, Do, Soak, poll
from cockpit.core.turn import Turn, closed_since_ms, subject_of

MAX_MOVES_PER_TURN = 500
SENT: Final = "fresh_sent_ms"
"""Until when the gates stand for effects that were sent and may have done nothing yet."""

ON_ITS_WAY: Final = "on its way"
"""Of an effect whose outcome is not known yet."""


def begin_wave(turn: Turn, by: str, fresh_until_ms: int) -> None:
    """Start the current wave, or start it again after it was rolled back."""
    wave = turn.wave
    turn.set_wave(
        word="running",
        steps=tuple(StepState(step) for step in wave.wave.steps),
        cursor=0,
        stages=(),
        attempt=wave.attempt + 1,
        back=False,
        back_wanted="",
        memory={"fresh_until_ms": fresh_until_ms, **latefences.kept(wave.memory)},
        detail="",
        blocked_since_ms=None,
        fenced_at_ms=None,
        start_intent_at_ms=None,
        closed_at_ms=None,
        done_at_ms=None,
        fired=frozenset(),
        deadline_told=False,
        escape_told=False,
    )
    name = wave.wave.name
    turn.tell("wave_started", f"wave {name} begins ({by})", wave=name, attempt=wave.attempt + 1)


def want_back(turn: Turn, reason: str) -> None:
    """Let the current wave go back as soon as nothing of it is in flight."""
    if turn.wave.back or turn.wave.back_wanted:
        return
    turn.set_wave(back_wanted=reason, detail=reason)
    turn.set(paused=False, armed=None)
    name = turn.wave.wave.name
    turn.tell("rollback_wanted", f"wave {name} goes back: {reason}", "warn", wave=name)
    for run in in_flight(turn.wave.stages):
        turn.commands.append(Abandon(run.action_id))


def retry(turn: Turn) -> None:
    """Try the step that failed again, in the direction in which it failed."""
    back = turn.wave.back
    word = "rolling back" if back else "running"
    turn.set_wave(word=word, stages=(), detail="", restored_at_ms=None)
    turn.set_step(turn.wave.cursor, word="pending", detail="")


def answer(turn: Turn, by: str) -> None:
    """A person has done or decided what the step asked for."""
    stage = tuple(
        replace(run, done=True, detail=f"confirmed by {by}") if isinstance(run.task, Ask) else run
        for run in turn.wave.stages[0]
    )
    turn.set_wave(stages=(stage, *turn.wave.stages[1:]))


def waits_for_person(turn_wave_stages: tuple[tuple[Run, ...], ...]) -> str:
    """What a person is asked at the moment; empty: nothing."""
    if not turn_wave_stages:
        return ""
    texts = [r.task.text for r in turn_wave_stages[0] if isinstance(r.task, Ask) and not r.done]
    return "; ".join(texts)


def settle(turn: Turn) -> None:
    """Move the current wave as far as it goes now."""
    for _ in range(MAX_MOVES_PER_TURN):
        if turn.state.outcome or not (recovering.move(turn) or _move(turn)):
            return
    msg = "a wave that never settles is a defect"
    raise AssertionError(msg)


def in_flight(stages: tuple[tuple[Run, ...], ...]) -> list[Run]:
    """Runs of the stage at work whose action has not ended."""
    return [run for run in stages[0] if run.action_id and not run.done] if stages else []


def _move(turn: Turn) -> bool:
    """One move; whether there may be another."""
    wave = turn.wave
    if wave.recovery_at is not None:
        return False
    if wave.back_wanted and wave.word in ("running", "holding", "done"):
        if in_flight(wave.stages):
            return False
        if closed_since_ms(turn.state, wave) is not None:
            turn.set_wave(back_wanted="")
            turn.set(paused=True)
            text = (
                f"wave {wave.wave.name} cannot go back: records of its producers are on the target"
            )
            turn.tell("rollback_closed", text, "bad", wave=wave.wave.name)
            return False
        _begin_back(turn)
        return True
    if wave.word not in ("running", "rolling back"):
        return False
    if not wave.stages:
        return _next_step(turn)
    if all(run.done for run in wave.stages[0]):
        details = "; ".join(run.detail for run in wave.stages[0] if run.detail)
        told = turn.current_step().detail
        turn.set_step(wave.cursor, detail=details or ("" if told == ON_ITS_WAY else told))
        turn.set_wave(stages=wave.stages[1:])
        if turn.wave.stages:
            _restart_clocks(turn)
        else:
            _end_step(turn)
        return True
    return _poll_stage(turn)


def _begin_back(turn: Turn) -> None:
    reason = turn.wave.back_wanted
    steps = tuple(_interrupted(step, turn.now_ms) for step in turn.wave.steps)
    turn.set_wave(
        word="rolling back", back=True, back_wanted="", stages=(), steps=steps, detail=reason
    )
    turn.set(paused=False)
    turn.set_wave(cursor=_next_to_undo(turn))
    name = turn.wave.wave.name
    turn.tell("rollback_started", f"wave {name} begins to go back: {reason}", "warn", wave=name)


def _interrupted(step: StepState, now_ms: int) -> StepState:
    """A step that a wave on its way back will not finish: over, where nothing of it is undone."""
    if step.word not in ("running", "waiting"):
        return step
    word = step.word if step.begun else "undone"
    return replace(step, word=word, detail="interrupted", ended_at_ms=now_ms)


def _next_step(turn: Turn) -> bool:
    wave, state = turn.wave, turn.state
    if wave.back:
        return _next_undo(turn)
    if wave.cursor >= len(wave.steps):
        _end_wave(turn)
        return False
    if state.paused:
        return False
    step = wave.steps[wave.cursor]
    turn.set_step(
        wave.cursor, word="running", started_at_ms=turn.now_ms, ended_at_ms=None, detail=""
    )
    name = step_name(step.step)
    turn.tell("step_started", f"{wave.wave.name}: {name}", wave=wave.wave.name, step=name)
    _load_forward(turn)
    return True


def _load_forward(turn: Turn) -> None:
    """The step at the cursor, from its begin: it finds what is so already."""
    release.forget(turn)
    wave = turn.wave
    step = wave.steps[wave.cursor].step
    _load(turn, forward(step, wave.wave, turn.state.plan, wave.memory))


def _next_undo(turn: Turn) -> bool:
    wave, state = turn.wave, turn.state
    cursor = _next_to_undo(turn)
    if cursor < 0:
        _end_back(turn)
        return False
    turn.set_wave(cursor=cursor)
    step = wave.steps[cursor]
    turn.set_step(cursor, word="undoing", detail="")
    before_undo(turn, step.step)
    script = backward(step.step, wave.wave, state.plan, turn.wave.memory)
    name = step_name(step.step)
    turn.tell("undo_started", f"{wave.wave.name}: undo {name}", wave=wave.wave.name, step=name)
    _load(turn, script)
    return True


def _next_to_undo(turn: Turn) -> int:
    """The step that is undone next; -1: none is left."""
    return next(iter(undo_order(turn.wave)), -1)


def _load(turn: Turn, script: Script) -> None:
    stages = tuple(tuple(Run(task, turn.now_ms) for task in stage) for stage in script if stage)
    turn.set_wave(stages=stages)
    if not stages:
        _end_step(turn)


def _restart_clocks(turn: Turn) -> None:
    """A stage's tasks begin when the stage does: only later samples count for them."""
    stage = tuple(replace(run, started_at_ms=turn.now_ms) for run in turn.wave.stages[0])
    turn.set_wave(stages=(stage, *turn.wave.stages[1:]))


def _end_step(turn: Turn) -> None:
    wave = turn.wave
    step = turn.current_step()
    name = step_name(step.step)
    word = "undone" if wave.back else "done"
    turn.set_step(wave.cursor, word=word, ended_at_ms=turn.now_ms)
    kind = "step_undone" if wave.back else "step_done"
    text = f"{wave.wave.name}: {name} {word}"
    if step.detail and not wave.back:
        text += f" - {step.detail}"
    turn.tell(kind, text, "good", wave=wave.wave.name, step=name)
    if not wave.back and name == "start":
        turn.set_wave(blocked_since_ms=None)
    if wave.back and isinstance(step.step, StopStep):
        turn.set_wave(blocked_since_ms=None)
    turn.set_wave(cursor=_next_to_undo(turn) if wave.back else wave.cursor + 1)


def _end_wave(turn: Turn) -> None:
    wave = turn.wave
    turn.set_wave(word="done", done_at_ms=turn.now_ms, detail="")
    turn.tell("wave_done", f"wave {wave.wave.name} is done", "good", wave=wave.wave.name)
    next_wave(turn)


def next_wave(turn: Turn) -> None:
    """Make the next wave current, or say that there is none left."""
    if turn.state.current + 1 < len(turn.state.waves):
        turn.set(current=turn.state.current + 1)
        turn.set_wave(word="ready")
    else:
        turn.tell("all_waves_done", "every wave is done: E ends the flight", "good")


def _end_back(turn: Turn) -> None:
    wave = turn.wave
    turn.set_wave(
        word="rolled back",
        back=False,
        blocked_since_ms=None,
        fenced_at_ms=None,
        start_intent_at_ms=None,
    )
    text = f"wave {wave.wave.name} is back on the source: {wave.detail}"
    turn.tell("wave_rolled_back", text, "warn", wave=wave.wave.name, reason=wave.detail)


def _poll_stage(turn: Turn) -> bool:
    """Ask every open run of the stage how it stands; whether anything moved."""
    moved = False
    for index, run in enumerate(turn.wave.stages[0]):
        if run.done or run.action_id:
            continue
        stages = turn.wave.stages
        moved = _poll_run(turn, index, run) or moved
        if turn.wave.word == "holding" or len(turn.wave.stages) > len(stages):
            break  # it looks again, or waits for a person
    memory = turn.wave.memory
    if "fresh_until_ms" in memory and in_flight(turn.wave.stages):
        # what leaves together stands on the gates, what follows on what was done
        kept = {k: v for k, v in memory.items() if k != "fresh_until_ms"}
        turn.set_wave(memory={**kept, SENT: memory["fresh_until_ms"]})
    if turn.wave.word == "holding":
        return False
    details = [r.detail for r in turn.wave.stages[0] if r.detail and not r.done]
    word = turn.current_step().word
    if not turn.wave.back:
        word = "waiting" if waits_for_person(turn.wave.stages) else "running"
    done = [r.detail for r in turn.wave.stages[0] if r.detail and r.done]
    turn.set_step(turn.wave.cursor, word=word, detail="; ".join(details or done))
    return moved


def _poll_run(turn: Turn, index: int, run: Run) -> bool:
    latefences.serve_again(turn, run.task)
    wave, state = turn.wave, turn.state
    progress: Progress
    if isinstance(run.task, Soak):
        progress = soaked(turn, run.task, run.started_at_ms)
    elif isinstance(run.task, DrillTask):
        progress = drilling.poll(turn, run.task, run.started_at_ms)
    else:
        subject = subject_of(state, wave)
        scene = Scene(state.facts, subject, wave.memory, turn.now_ms, run.started_at_ms)
        progress = poll(run.task, scene)
    next_up = progress.action if isinstance(progress, Act) else run.task
    if not run.asked and (why := expired(state, wave, next_up)):
        hold(turn, why, "failed")
        return False
    if isinstance(run.task, Ask) and not run.asked:
        learning.mark_asked(turn, run.task)
        run = replace(run, asked=True)
    match progress:
        case Wait(detail=detail):
            if detail != run.detail or run is not wave.stages[0][index]:
                _set_run(turn, index, replace(run, detail=detail))
            return False
        case Done(detail=detail, remember=remember):
            turn.remember(remember)
            learning.tell_place(turn, run, remember, detail)
            _set_run(turn, index, replace(run, done=True, detail=detail))
            return True
        case Failed(reason=reason):
            hold(turn, reason, "failed")
            return False
        case Act(action=action) if why := _why_not_yet(state, wave, action):
            _set_run(turn, index, replace(run, detail=why))
            return False
        case Act(action=action) if release.must_look_again(turn, action):
            _load_forward(turn)
            return True
        case Act(action=action, verify_ms=verify_ms, remember=remember):
            turn.remember(remember)
            learning.tell_place(turn, run, remember, progress.note)
            learning.mark_effect(turn, action)
            latefences.mark_sent(turn, action)
            fresh_ms = release.fresh_until_ms(wave, action)
            action_id = turn.perform(action, verify_ms, fresh_ms)
            _set_run(turn, index, replace(run, action_id=action_id, detail=ON_ITS_WAY))
            return True


def _why_not_yet(state: FlightState, wave: WaveState, action: Action) -> str:
    """Why an action waits; empty: it does not."""
    if isinstance(action, CallService) and state.paused and not wave.back:
        return "paused: not called yet"
    return coordination.why_wait(state, wave, action)


def _set_run(turn: Turn, index: int, run: Run) -> None:
    stages = turn.wave.stages
    stage = (*stages[0][:index], run, *stages[0][index + 1 :])
    turn.set_wave(stages=(stage, *stages[1:]))


def hold(turn: Turn, reason: str, word: str) -> None:
    """A step cannot go on: a person decides."""
    wave = turn.wave
    name = step_name(turn.current_step().step)
    turn.set_step(wave.cursor, word=word, detail=reason)
    turn.set_wave(word="holding", detail=f"{name}: {reason}")
    direction = "undo " if wave.back else ""
    text = f"{wave.wave.name}: {direction}{name} {word}: {reason}"
    turn.tell("step_failed", text, "bad", wave=wave.wave.name, step=name, outcome=word)


def finished(turn: Turn, event: Finished) -> None:
    """Take in how an action ended."""
    if event.action_id == QUESTION:
        _withdraw(turn, event)
        return
    level = {"done": "good", "already": "good", "failed": "bad", "unknown": "warn"}[event.outcome]
    turn.tell(
        "action_finished",
        f"{_what(turn, event)}: {event.outcome}" + (f" - {event.detail}" if event.detail else ""),
        level,  # type: ignore[arg-type]  # the table above holds nothing else
        action_id=event.action_id,
        outcome=event.outcome,
    )
    if recovering.finished(turn, event):
        return
    stages = turn.wave.stages
    found = [
        (i, r) for i, r in enumerate(stages[0] if stages else ()) if r.action_id == event.action_id
    ]
    if not found:
        return
    index, run = found[0]
    action = _action_of(run)
    learning.learn(turn, run, action, event)
    release.learn_shut(turn, action, event)
    latefences.learn(turn, action, event)
    _stand_on(turn, event)
    lost_call = event.outcome == "unknown" and _is_proved_later(turn, action)
    good = event.outcome in ("done", "already") or lost_call
    detail = f"reply lost, proved by what follows: {event.detail}" if lost_call else event.detail
    if good and isinstance(run.task, PlaceGroup | ReturnGroup | ProbeGroup):
        if learning.keep_found(turn, run.task, event):  # only looked at: the task goes on
            _set_run(turn, index, replace(run, action_id="", detail=detail))
            return
        reread = turn.wave.memory.get(f"reread_max.{run.task.service.group}")
        again = f"at most {reread:,} records" if reread is not None else said(None)
        detail = f"{detail}: {again} read again"
    _set_run(turn, index, replace(run, done=good, action_id="", detail=detail))
    if not good and not turn.wave.back_wanted:
        hold(turn, event.detail or event.outcome, event.outcome)


def _withdraw(turn: Turn, event: Finished) -> None:
    """Nobody has been asked, for the next engine would not know of it: no question stands."""
    stages, services = turn.wave.stages, event.data.get("services", ())
    refused = [
        run.task
        for run in (stages[0] if stages else ())
        if isinstance(run.task, Ask) and not run.done and run.task.service in services
    ]
    if not refused:
        return
    left = tuple(run for run in stages[0] if run.done or not isinstance(run.task, Ask))
    turn.set_wave(stages=(left, *stages[1:]))
    for ask in refused:
        if ask.verb == "start" and not turn.wave.back:
            learning.unlearn_start(turn, ask.service, "was not told to start")
    if not turn.wave.back_wanted:
        hold(turn, event.detail, "failed")


def _what(turn: Turn, event: Finished) -> str:
    """What has ended, in words."""
    for run in turn.wave.stages[0] if turn.wave.stages else ():
        if run.action_id == event.action_id and isinstance(run.task, Do):
            return action_text(run.task.action)
    wave, *rest = event.action_id.rsplit(".", 3)
    return f"{wave}, {rest[1].replace('undo-', 'undo ', 1)}" if len(rest) == 3 else wave


def _stand_on(turn: Turn, event: Finished) -> None:
    """What follows stands on what was done; where all was so already, it stands on the gates as
    before."""
    memory = turn.wave.memory
    if SENT not in memory:
        return
    kept = {k: v for k, v in memory.items() if k not in (SENT, "fresh_until_ms")}
    if event.outcome == "already":
        kept = {**kept, SENT: memory[SENT], "fresh_until_ms": memory[SENT]}
    turn.set_wave(memory=kept)


def _is_proved_later(turn: Turn, action: object) -> bool:
    """Whether what follows proves a service's call whose reply was lost.

    A group shows by itself; a silent writer's stop is proved by the fence, or by its flat topics.
    Of a reader whose offsets are outside Kafka nothing shows that it has stopped.
    """
    if not isinstance(action, CallService):
        return False
    service = turn.state.plan.service(action.service)
    if turn.state.plan.replication.kind == "link" and service.group is None:
        return False  # others write to its topics, here and there
    if service.group is not None:
        return action.verb != "stop" or service.resume != "external"
    return action.verb == "stop" or (action.verb == "start" and not turn.wave.back)


def _action_of(run: Run) -> object:
    return run.task.action if isinstance(run.task, Do) else None
