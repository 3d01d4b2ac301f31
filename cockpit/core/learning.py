"""What a wave remembers: of what it intends, of what its looks find, of how its actions end.

Writes into the wave's memory and marks, and says so; never moves a wave and starts no action.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cockpit.core import errands, exact, once, unread
from cockpit.core.actions import (
    CallService,
    Errand,
    ExcludeGroups,
    Look,
    PatchConnector,
    PromoteTopics,
    ProveDrained,
    ProveShut,
    ProveSilent,
    action_text,
)
from cockpit.core.actions import Fence as FenceAction
from cockpit.core.fences import RELEASED
from cockpit.core.flight import Finished, Run
from cockpit.core.placing import PlaceGroup, ReturnGroup
from cockpit.core.plan import Side
from cockpit.core.probing import ProbeGroup, probed_key
from cockpit.core.reversing import LATE
from cockpit.core.seeking import sought_key
from cockpit.core.tasks import Ask, Do
from cockpit.core.turn import Turn, produces, services_of


def mark_asked(turn: Turn, ask: Ask) -> None:
    """A person is about to do it, and may have done it long before the answer comes."""
    if ask.service and not turn.wave.back:
        turn.set_step(turn.wave.cursor, begun=True)
        _mark_service(turn, ask.service, ask.verb)
        if ask.verb == "place":
            turn.remember({f"placed_outside.{ask.service}": True})
    if ask.service:
        turn.tell(
            "asked_person",
            f"a person is asked: {ask.text}",
            "warn",
            wave=turn.wave.wave.name,
            service=ask.service,
            verb=ask.verb,
        )


def mark_effect(turn: Turn, action: object) -> None:
    """What an intended effect means for the wave, before it leaves."""
    wave = turn.wave
    if isinstance(action, Errand):
        turn.remember(errands.begun(action))
    if isinstance(action, CallService):
        turn.remember(once.begun(action, wave.memory))
    if wave.back or isinstance(action, Look | ProveShut):
        return
    turn.set_step(wave.cursor, begun=True)
    if isinstance(action, CallService):
        _mark_service(turn, action.service, action.verb)
    elif isinstance(action, FenceAction | ProveSilent) and wave.fenced_at_ms is None:
        turn.set_wave(fenced_at_ms=turn.now_ms)
    elif isinstance(action, PatchConnector):
        turn.remember({"patched.unsure": True})
    elif isinstance(action, PromoteTopics) and wave.closed_at_ms is None:
        turn.set_wave(closed_at_ms=turn.now_ms)
        text = f"{', '.join(action.topics)} are promoted on the target: there is no way back"
        turn.tell("point_of_no_return", text, "warn", wave=wave.wave.name)


def _mark_service(turn: Turn, service: str, verb: str) -> None:
    """A service's stop blocks its clients; its start on the target is the point of no return."""
    wave = turn.wave
    if verb == "stop":
        turn.remember({f"stopped.{service}": True})
        if wave.blocked_since_ms is None:
            turn.set_wave(blocked_since_ms=turn.now_ms)
    if verb == "start":
        again = bool(wave.memory.get(f"started.{service}"))
        turn.remember({f"started.{service}": True, f"started_before.{service}": again})
    if verb == "start" and wave.start_intent_at_ms is None:
        turn.set_wave(start_intent_at_ms=turn.now_ms)
        topics = produces(turn.state, wave)
        # what is written behind a link's proxy goes to the source until the promotion
        if topics and turn.state.plan.replication.kind != "link":
            turn.tell(
                "point_of_no_return",
                f"producers of {', '.join(topics)} start on the target: "
                "from here on going back may lose records",
                "warn",
                wave=wave.wave.name,
            )


def _learn_start(turn: Turn, service: str, event: Finished) -> None:
    if event.outcome == "done":
        turn.remember({f"running.{service}": True})
    if not event.intended:
        unlearn_start(turn, service, "was not told to start")
    elif event.data.get("unsent"):
        unlearn_start(turn, service, "was not told to start: the order never left")


def unlearn_start(turn: Turn, service: str, why: str) -> None:
    """A start that certainly did not happen: unless there was another one, the service is not on
    the target, and the point of no return is not crossed. `why`, in words behind its name."""
    wave = turn.wave
    if wave.memory.get(f"started_before.{service}", True):
        return
    words = ("started.", "started_before.")
    _forget(turn, {word + service for word in words})
    if any(turn.wave.memory.get(f"started.{s.name}") for s in services_of(turn.state, wave)):
        return
    _forget(turn, {RELEASED})  # what has grown on the target was nobody's of this wave
    turn.set_wave(start_intent_at_ms=None)
    if turn.state.plan.replication.kind != "link":
        turn.set_wave(closed_at_ms=None)
    if produces(turn.state, wave):
        text = f"{service} {why}; the point of no return is not crossed"
        turn.tell("no_return_taken_back", text, wave=wave.wave.name)


def _forget(turn: Turn, keys: set[str]) -> None:
    memory = turn.wave.memory
    turn.set_wave(memory={key: value for key, value in memory.items() if key not in keys})


def tell_place(turn: Turn, run: Run, found: Mapping[str, Any], note: str) -> None:
    """Say what a group will read again before its place is committed, or found to be so already;
    and of a service that it is not called again."""
    if isinstance(run.task, Do) and isinstance(call := run.task.action, CallService) and note:
        text = f"{action_text(call)}: {note}"
        turn.tell("not_called_again", text, service=call.service, verb=call.verb)
    if not isinstance(run.task, PlaceGroup | ReturnGroup):
        return
    group = run.task.service.group
    if unread.skipped_key(group) in found and f"reread_max.{group}" not in found:
        turn.tell("group_unread", note, "warn", group=group)
    if f"reread_max.{group}" in found:
        turn.tell(
            "offsets_placed",
            note,
            group=group,
            side="target" if isinstance(run.task, PlaceGroup) else "source",
            reread_max_records=found[f"reread_max.{group}"],
            rereads=found.get(f"rereads.{group}", {}),
            skipped_max_records=found.get(f"skipped_max.{group}", 0),
        )


def keep_found(turn: Turn, task: PlaceGroup | ReturnGroup | ProbeGroup, event: Finished) -> bool:
    """Keep what a look has found; whether it was one."""
    group = task.service.group or ""
    if "places" in event.data:
        side: Side = "source" if isinstance(task, ReturnGroup) else "target"
        key = exact.memory_key(side, group)
        turn.remember({key: exact.remembered(event.data["places"], event.at_ms)})
        return True
    for word, key in (("sought", sought_key(group)), ("probes", probed_key(group))):
        if word in event.data:
            turn.remember({key: {"at_ms": event.at_ms, word: event.data[word]}})
            return True
    return False


def _certainly_nothing(event: Finished) -> bool:
    """Whether a setting was not touched: a failure that came later tells what it has replaced."""
    return event.outcome == "already" or (
        event.outcome == "failed" and "previous" not in event.data
    )


def _learn_call(turn: Turn, action: object, event: Finished) -> None:
    """How a call has ended, whichever way the wave goes."""
    if isinstance(action, Errand):
        turn.remember(errands.ended(action, event.outcome))
    elif isinstance(action, CallService):
        turn.remember(once.ended(action, event.outcome, event.at_ms, turn.wave.memory))


def learn(turn: Turn, run: Run, action: object, event: Finished) -> None:
    """Keep what the end of an action says of the clusters, for later steps and the way back."""
    _learn_call(turn, action, event)
    if turn.wave.back:
        if isinstance(action, ProveDrained) and event.data:  # where the first mirror is to go on
            turn.remember({f"returned.{k}": v for k, v in event.data.items()})
            turn.remember({"returned.at_ms": turn.now_ms, LATE: {}})
        return
    if isinstance(run.task, Do) and run.task.key:
        turn.remember({f"{run.task.key}.{k}": v for k, v in event.data.items()})
        if isinstance(action, FenceAction | ProveSilent | ProveDrained):
            turn.remember({f"{run.task.key}.at_ms": turn.now_ms})
        if isinstance(action, ExcludeGroups) and event.outcome != "already":
            turn.remember({f"{run.task.key}.groups": list(action.groups)})
        if isinstance(action, PatchConnector) and _certainly_nothing(event):
            turn.remember({"patched.unsure": bool(turn.wave.memory.get("patched.maybe"))})
        elif isinstance(action, PatchConnector):
            turn.remember({"patched.maybe": True})
    if isinstance(action, PromoteTopics) and not event.intended:
        turn.set_wave(closed_at_ms=None)
        text = "nothing was promoted: the point of no return is not crossed"
        turn.tell("no_return_taken_back", text, wave=turn.wave.wave.name)
    if isinstance(action, CallService) and action.verb == "start":
        _learn_start(turn, action.service, event)
    if isinstance(run.task, PlaceGroup) and "previous" in event.data:
        key = f"placed.{run.task.service.group}.previous"
        turn.remember({key: event.data["previous"]})
