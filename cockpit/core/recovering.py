"""Forward recovery: what a plan does about a wave in trouble that can no longer go back.

Its steps go one after the other, each intended before it leaves; a person chooses to begin, and
what comes after it. Never moves the wave itself.
"""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.errands import begun, call_text, ended, of_recovery
from cockpit.core.flight import Finished, FlightState, Run, WaveState
from cockpit.core.plan import ConfirmStep, RecoveryStep
from cockpit.core.snapshot import RollbackWord
from cockpit.core.tasks import Ask, Do, Task
from cockpit.core.turn import Turn

UNDER_WAY = "recovery is under way"
_DONE = "recovery.done"


def why_not(state: FlightState, rollback: RollbackWord) -> str:
    """Why `recover` is not open now; empty: it is. `rollback`: whether going back is possible."""
    wave = state.wave()
    if state.outcome:
        return "the flight has ended"
    if not wave.wave.recovery:
        return f"wave {wave.wave.name} has no recovery steps"
    if wave.recovery_at is not None:
        return UNDER_WAY
    if wave.back or wave.back_wanted:
        return f"wave {wave.wave.name} is going back"
    if wave.start_intent_at_ms is None or rollback == "possible":
        return "the point of no return is not crossed: R takes the wave back"
    if not (state.paused or wave.word == "holding" or wave.fired):
        return "no trigger has fired: P pauses first"
    if any(run.action_id and not run.done for run in (wave.stages[0] if wave.stages else ())):
        return "an action is still under way"
    return ""


def lines(state: FlightState) -> tuple[str, ...]:
    """What recovering would do, for the confirmation."""
    wave = state.wave()
    found = [f"recover wave {wave.wave.name}, which cannot go back without loss"]
    done = _done(wave)
    for number, step in enumerate(wave.wave.recovery):
        found.append(f"{number + 1}. {_text(step)}{' (done)' if number in done else ''}")
    found.append("the wave stays paused afterwards: A goes on")
    return tuple(found)


def begin(turn: Turn, by: str) -> None:
    """Begin at the first step that is not done; with the first one where all are."""
    wave = turn.wave
    done = _done(wave)
    at = next((i for i in range(len(wave.wave.recovery)) if i not in done), None)
    if at is None:
        turn.remember({_DONE: []})
    turn.set(paused=True)
    turn.set_wave(recovery_at=at or 0, recovery_run=None)
    text = f"recovery of wave {wave.wave.name} begins at step {(at or 0) + 1} ({by})"
    turn.tell("recovery_started", text, "warn", wave=wave.wave.name, by=by)


def move(turn: Turn) -> bool:
    """One move of a recovery under way; whether there may be another."""
    wave = turn.wave
    if wave.recovery_at is None:
        return False
    if wave.recovery_run is not None:
        if not wave.recovery_run.done:
            return False
        _step_done(turn)
        return True
    step = wave.wave.recovery[wave.recovery_at]
    task = _task(step, wave, wave.recovery_at)
    run = Run(task, turn.now_ms, detail=_text(step))
    if isinstance(task, Do):
        turn.remember(begun(task.action))  # type: ignore[arg-type]  # an errand's only
        action_id = turn.perform(task.action, task.timeout_ms, None, step="recovery")
        run = replace(run, action_id=action_id)
    elif isinstance(task, Ask):
        turn.tell("asked_person", f"a person is asked: {task.text}", "warn", wave=wave.wave.name)
    turn.set_wave(recovery_run=run)
    return False


def asks(wave: WaveState) -> str:
    """What a person is asked by a recovery; empty: nothing."""
    run = wave.recovery_run
    return run.task.text if run is not None and isinstance(run.task, Ask) and not run.done else ""


def answer(turn: Turn, by: str) -> None:
    """A person has done or decided what the recovery asked for."""
    run = turn.wave.recovery_run
    assert run is not None
    turn.set_wave(recovery_run=replace(run, done=True, detail=f"confirmed by {by}"))


def finished(turn: Turn, event: Finished) -> bool:
    """Take in how a call of the recovery has ended; whether it was one."""
    run = turn.wave.recovery_run
    if run is None or run.action_id != event.action_id:
        return False
    assert isinstance(run.task, Do)
    turn.remember(ended(run.task.action, event.outcome))  # type: ignore[arg-type]  # an errand's only
    if event.outcome in ("done", "already"):
        turn.set_wave(recovery_run=replace(run, done=True, action_id="", detail=event.detail))
        return True
    name, number = turn.wave.wave.name, turn.wave.recovery_at
    assert number is not None
    turn.set_wave(recovery_at=None, recovery_run=None)
    text = f"recovery of wave {name}: step {number + 1} {event.outcome}: {event.detail}"
    turn.tell("recovery_failed", text, "bad", wave=name, step=number + 1, outcome=event.outcome)
    return True


def _step_done(turn: Turn) -> None:
    wave = turn.wave
    at, run, steps = wave.recovery_at, wave.recovery_run, wave.wave.recovery
    assert at is not None
    assert run is not None
    name = wave.wave.name
    turn.remember({_DONE: [*_done(wave), at]})
    text = f"recovery of wave {name}: step {at + 1} of {len(steps)} done: {_text(steps[at])}"
    turn.tell("recovery_step", text, "good", wave=name, step=at + 1)
    if at + 1 < len(steps):
        turn.set_wave(recovery_at=at + 1, recovery_run=None)
        return
    turn.set_wave(recovery_at=None, recovery_run=None)
    turn.tell("recovery_done", f"wave {name} is recovered: A goes on", "good", wave=name)


def _done(wave: WaveState) -> tuple[int, ...]:
    return tuple(wave.memory.get(_DONE, ()))


def _task(step: RecoveryStep, wave: WaveState, number: int) -> Task:
    if isinstance(step, ConfirmStep):
        return Ask(step.text)
    return of_recovery(step, wave.wave, number, wave.memory)


def _text(step: RecoveryStep) -> str:
    return f"confirm: {step.text}" if isinstance(step, ConfirmStep) else call_text(step.call)
