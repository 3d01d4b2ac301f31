"""The order to go back without a target that cannot be read: when it is open, what it says, what it
leaves. The tasks themselves are in `cockpit.core.unread`.

Until it is given they go on asking the target, and go back the usual way as soon as it answers.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.flight import FlightState, Run, WaveState
from cockpit.core.placing import ReturnGroup
from cockpit.core.plan import step_name
from cockpit.core.price import price
from cockpit.core.progress import waits_for_person
from cockpit.core.scene import Scene
from cockpit.core.tasks import AwaitEmpty, AwaitSilent
from cockpit.core.turn import Turn, services_of, subject_of
from cockpit.core.unread import ORDERED, target_groups, target_logs

_TOLD: Final = "without_target.told"


def offered(state: FlightState, wave: WaveState) -> str:
    """Why the target cannot be read, where the way back waits for nothing else; empty: the order is
    not open. A question to a person comes first."""
    if not wave.back or wave.memory.get(ORDERED) or not wave.stages:
        return ""
    if wave.word not in ("rolling back", "holding") or waits_for_person(wave.stages):
        return ""
    open_runs = [run for run in wave.stages[0] if not run.done]
    if any(run.action_id for run in open_runs):
        return ""
    return next((why for run in open_runs if (why := _why(state, wave, run))), "")


def _why(state: FlightState, wave: WaveState, run: Run) -> str:
    subject = subject_of(state, wave)
    scene = Scene(state.facts, subject, wave.memory, state.at_ms, run.started_at_ms)
    match run.task:
        case ReturnGroup(service=service) | AwaitEmpty(service=service, side="target"):
            return target_groups(scene, service.group or "")
        case AwaitSilent():
            return target_logs(scene)
        case _:
            return ""


def lines(state: FlightState) -> tuple[str, ...]:
    """What the order means, for the confirmation."""
    wave = state.wave()
    started = [s for s in services_of(state, wave) if wave.memory.get(f"started.{s.name}")]
    found = [f"take wave {wave.wave.name} back without the target: {offered(state, wave)}"]
    if started:
        names = ", ".join(service.name for service in started)
        found.append(f"make sure that {names} stopped there: nobody can see it")
    if groups := ", ".join(s.group for s in started if s.group):
        found.append(
            f"{groups}: from the commits on the source; what was read on the target since is read"
            " again, how much is unknown"
        )
    found.append(f"going back: {price(state, wave).text}")
    found.append("commits on the target stay as this flight has placed them")
    return tuple(found)


def order(turn: Turn, by: str) -> None:
    """A person has confirmed it."""
    wave = turn.wave
    why = offered(turn.state, wave)
    turn.remember({ORDERED: by})
    text = f"{wave.wave.name} goes back without the target, which cannot be read ({why}): {by}"
    turn.tell("without_target", text, "warn", wave=wave.wave.name, by=by)


def watch(turn: Turn) -> None:
    """Say once that the order is open, and what else there is to do."""
    wave = turn.wave
    why = offered(turn.state, wave)
    if not why or wave.memory.get(_TOLD):
        return
    turn.remember({_TOLD: True})
    name = step_name(turn.current_step().step)
    text = (
        f"{wave.wave.name}: undo {name} waits for the target, which cannot be read ({why}): it goes"
        " on as soon as the target answers, or A goes back by what the source has"
    )
    turn.tell("target_unread", text, "bad", wave=wave.wave.name, step=name)
