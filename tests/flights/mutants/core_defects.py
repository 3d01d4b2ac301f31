"""Defects planted in the rules: gates, order, places, ways back, people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cockpit.core import (
    arming,
    gates,
    machine,
    openings,
    placing,
    progress,
    scene,
    script,
    soaking,
    tables,
    tasks,
)
from cockpit.core import lag as lags
from cockpit.core.actions import ExcludeGroups
from cockpit.core.delta import Place
from cockpit.core.flight import Finished
from cockpit.core.gates import Judgement, Reading
from cockpit.core.lag import ReplicationLag
from cockpit.core.observe import MISSING, GroupState, Unknown
from cockpit.core.placing import CheckPlaced, ReturnGroup
from cockpit.core.plan import DrainStep, FenceStep, OffsetsStep, StartStep, Step, StopStep
from cockpit.core.scene import Done
from cockpit.core.tasks import AwaitEmpty, Do
from cockpit.core.turn import Turn

Patch = pytest.MonkeyPatch
FAR_MS = 10**9


def release_unlooked(patch: Patch) -> None:
    """Producers are released on what was proved of the source before, however long ago."""
    patch.setattr(script, "shut", lambda *_: None)


def fence_unwatched(patch: Patch) -> None:
    """Once it was proved, nobody watches the fence, nor what it keeps as it was."""
    patch.setattr(machine, "watch_proofs", lambda _turn: None)


def stale_gates(patch: Patch) -> None:
    """No sample is ever too old for a gate."""
    judge = gates.judge

    def patient(readings: Any, **how: Any) -> Judgement:
        return judge(readings, **{**how, "max_age_ms": FAR_MS})

    patch.setattr(gates, "judge", patient)
    patch.setattr(arming, "fresh_until_ms", lambda state, _wave: state.at_ms + FAR_MS)


def unknown_passes(patch: Patch) -> None:
    """Nothing is known against it, so the gate passes."""
    judge = gates.judge

    def hopeful(readings: tuple[Reading, ...], **how: Any) -> Judgement:
        if readings and isinstance(readings[-1].value, Unknown):
            return Judgement("PASS", how["for_ms"], "nothing is known against it")
        return judge(readings, **how)

    patch.setattr(gates, "judge", hopeful)


def blind_side(patch: Patch) -> None:
    """A wave begins though a side does not answer."""
    patch.setattr(openings, "_blind_why_not", lambda _state: "")


def stale_trigger(patch: Patch) -> None:
    """A signal that has fallen silent goes on being what it was last."""
    view = gates.trigger_view

    def remembering(condition: Any, history: tuple[Reading, ...], plan: Any, now_ms: int) -> Any:
        known = tuple(r for r in history if not isinstance(r.value, Unknown))
        if known:
            known = (*known, Reading(now_ms, known[-1].value, known[-1].evidence))
        return view(condition, known, plan, now_ms)

    patch.setattr("cockpit.core.machine.trigger_view", remembering)


def no_deadline(patch: Patch) -> None:
    """A fence stands as long as it takes."""
    patch.setattr(machine, "_deadline", lambda _turn: None)


def unfence_after_start(patch: Patch) -> None:
    """The deadline takes the wave back, whether its producers were started or not."""

    def strike(turn: Turn) -> None:
        deadline = machine.deadline_ms(turn.state)
        if deadline is not None and turn.now_ms >= deadline and not turn.wave.back:
            progress.want_back(turn, "the fence's deadline is over")

    patch.setattr(machine, "_deadline", strike)
    patch.setattr(machine, "_proof_of_no_return", lambda _turn: None)


def _other_script(patch: Patch, change: Callable[[Step], Step | None]) -> None:
    """Forward scripts are those of another step; None: of no step at all."""
    forward = script.forward

    def changed(step: Step, wave: Any, plan: Any, memory: Any) -> Any:
        other = change(step)
        return () if other is None else forward(other, wave, plan, memory)

    patch.setattr("cockpit.core.progress.forward", changed)


def start_before_offsets(patch: Patch) -> None:
    """Services start, then their groups are placed."""

    def swapped(step: Step) -> Step:
        if isinstance(step, OffsetsStep):
            return StartStep()
        return OffsetsStep() if isinstance(step, StartStep) else step

    _other_script(patch, swapped)


def no_fence(patch: Patch) -> None:
    """Nothing refuses a write, nor is it looked whether anything does: the producers were told to
    stop."""
    patch.setattr(script, "shut", lambda *_: None)
    _other_script(patch, lambda step: None if isinstance(step, FenceStep) else step)


def no_drain(patch: Patch) -> None:
    """The mirror will have brought everything."""
    _other_script(patch, lambda step: None if isinstance(step, DrainStep) else step)


def placed_while_active(patch: Patch) -> None:
    """Nobody waits for a group to be empty, and nobody looks whether it is."""
    on = scene.group_on

    def alone(*args: Any) -> Any:
        state = on(*args)
        return replace(state, members=0) if isinstance(state, GroupState) else state

    patch.setitem(tasks._POLLS, AwaitEmpty, lambda _task, _scene: Done(""))
    patch.setattr("cockpit.core.placing.group_on", alone)


def soak_asks_nothing(patch: Patch) -> None:
    """A soak is over when its time is, whatever gates and triggers say."""
    patch.setattr(soaking, "_broken_gate", lambda _turn: "")
    patch.setattr(soaking, "_trigger", lambda *_: "")


def not_read_back(patch: Patch) -> None:
    """What was committed is there when services start."""
    patch.setitem(tasks._POLLS, CheckPlaced, lambda _task, _scene: Done(""))


def unmapped_offsets(patch: Patch) -> None:
    """The source's offsets are committed on the target as they are, and nobody looks whether its
    logs have them."""

    def same(_name: Any, committed: int | None, *_: Any) -> Place:
        return Place(committed or 0, 0)

    patch.setattr(placing, "_place_partition", same)
    patch.setattr(placing, "_outside", lambda *_: "")


def off_by_one(patch: Patch) -> None:
    """Groups resume behind the record that they have not read yet, and nobody looks whether there
    is one."""
    commit = placing._commit_placed

    def beyond(task: Any, offsets: list[Any], *rest: Any) -> Any:
        return commit(task, [(name, offset + 1) for name, offset in offsets], *rest)

    patch.setattr(placing, "_commit_placed", beyond)
    patch.setattr(placing, "_outside", lambda *_: "")


def no_inverse_image(patch: Patch) -> None:
    """Groups that come back go on where they had stopped on the source."""
    patch.setitem(tasks._POLLS, ReturnGroup, lambda _task, _scene: Done(""))


def former_commits_lost(patch: Patch) -> None:
    """Groups that come back leave on the target what the wave has committed there."""
    patch.setattr(script, "_former_commits", lambda *_: ())


def back_past_no_return(patch: Patch) -> None:
    """Going back is always possible."""
    for room in ("arming", "machine", "price", "project"):
        name = f"cockpit.core.{room}.rollback_word"
        patch.setattr(name, lambda _state, _wave: ("possible", None, ""))
    patch.setattr(machine, "_proof_of_no_return", lambda _turn: None)


def abort_forgotten(patch: Patch) -> None:
    """That a wave shall go back is said, and not done."""

    def saying(turn: Turn, reason: str) -> None:
        name = turn.wave.wave.name
        turn.tell("rollback_wanted", f"wave {name} goes back: {reason}", "warn", wave=name)

    patch.setattr(progress, "want_back", saying)


def pause_ignored(patch: Patch) -> None:
    """The next step begins in a pause."""
    following = progress._next_step

    def eager(turn: Turn) -> bool:
        paused = turn.state.paused
        turn.set(paused=False)
        moved = following(turn)
        turn.set(paused=paused)
        return moved

    patch.setattr(progress, "_next_step", eager)


def token_of_nothing(patch: Patch) -> None:
    """A confirmation is bound to nothing that it was given for."""
    patch.setattr(arming, "_token", lambda _state, _verb: "0" * 16)


def anybody_confirms(patch: Patch) -> None:
    """Whoever confirms, confirms."""
    confirm = arming._confirm

    def anybody(turn: Turn, intent: Any) -> None:
        armed = turn.state.armed
        confirm(turn, replace(intent, by=armed.by) if armed else intent)

    patch.setattr(arming, "_confirm", anybody)


def no_guard(patch: Patch) -> None:
    """A bouncing key confirms what it has armed."""
    patch.setattr(arming, "CONFIRM_AFTER_MS", 0)


def freeze_ignored(patch: Patch) -> None:
    """Waves begin in a freeze."""
    patch.setattr(openings, "frozen", lambda _plan, _at_ms: "")


def undone_forwards(patch: Patch) -> None:
    """The first step is undone first."""
    order = script.undo_order
    patch.setattr(progress, "undo_order", lambda wave: tuple(sorted(order(wave))))


def fence_falls_in_its_turn(patch: Patch) -> None:
    """Whoever is fenced waits until all that came after the fence is undone."""
    order = script.undo_order
    patch.setattr(progress, "undo_order", lambda wave: tuple(sorted(order(wave), reverse=True)))


def sync_before_unfence(patch: Patch) -> None:
    """The mirror copies ACLs again while the fence still stands."""
    backward = script.backward

    def early(step: Step, wave: Any, plan: Any, memory: Any) -> Any:
        undo = backward(step, wave, plan, memory)
        if isinstance(step, FenceStep):
            return (*script._restore_mirror(plan, memory), *undo)
        return undo

    patch.setattr("cockpit.core.progress.backward", early)


def sync_never_restored(patch: Patch) -> None:
    """The mirror's settings stay as the wave has left them."""
    patch.setattr(script, "_restore_mirror", lambda *_: ())


def group_sync_left_on(patch: Patch) -> None:
    """The mirror goes on placing the groups that the wave places."""
    prepare = script._prepare_mirror

    def leaving(*args: Any) -> Any:
        stages = prepare(*args)
        return tuple(
            tuple(
                task
                for task in stage
                if not (isinstance(task, Do) and isinstance(task.action, ExcludeGroups))
            )
            for stage in stages
        )

    patch.setattr(script, "_prepare_mirror", leaving)


def acl_sync_left_on(patch: Patch) -> None:
    """The fence is set while the mirror copies ACLs."""
    forward = script.forward

    def leaving(step: Step, *rest: Any) -> Any:
        stages = forward(step, *rest)
        if not isinstance(step, StopStep):
            return stages
        return tuple(
            tuple(t for t in stage if not (isinstance(t, Do) and t.key == "patched"))
            for stage in stages
        )

    patch.setattr("cockpit.core.progress.forward", leaving)


def negative_lag_is_zero(patch: Patch) -> None:
    """A lag below zero makes no sense, so it is zero."""
    lag = lags.replication_lag

    def clamped(facts: Any) -> ReplicationLag | Unknown:
        found = lag(facts)
        if isinstance(found, Unknown):
            return found
        column = np.where(found.lag == MISSING, MISSING, np.maximum(found.lag, 0))
        return replace(found, lag=column)

    patch.setattr("cockpit.core.tables.replication_lag", clamped)


def always_fresh(patch: Patch) -> None:
    """What is shown is of now."""
    shown = tables.partitions

    def now(state: Any) -> Any:
        return replace(shown(state), source_at_ms=state.at_ms)

    patch.setattr(tables, "partitions", now)


def numbers_reused(patch: Patch) -> None:
    """Each step's actions are counted from the same number."""
    perform = Turn.perform

    def again(turn: Turn, *args: Any) -> str:
        number = turn.state.next_action
        found = perform(turn, *args)
        turn.set(next_action=number)
        return found

    patch.setattr(Turn, "perform", again)


def commits_never_end(patch: Patch) -> None:
    """How a commit has ended is not taken in."""
    finished = progress.finished

    def deaf(turn: Turn, event: Finished) -> None:
        if ".offsets." not in event.action_id:
            finished(turn, event)

    patch.setattr(progress, "finished", deaf)
