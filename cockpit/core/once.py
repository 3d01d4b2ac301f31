"""Calls that move a service are not made again where the clusters show that they have happened.

A call whose answer nobody has, for its engine died or the answer was lost, and one that was
answered are told by the members of a group, in a look that was asked for since. What shows nothing
is called again; and producers are: what is new on the target may be the mirror's, whose task has
begun again and brings what it had not written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cockpit.core.actions import Action, CallService
from cockpit.core.late import lost_call
from cockpit.core.plan import Side
from cockpit.core.scene import Done, Scene, Wait, group_on
from cockpit.core.unread import target_groups

_CALLED: Final = "called."
SENT: Final = "sent"
UNANSWERED: Final = "unanswered"
_MAY_HAVE_HAPPENED: Final = (SENT, UNANSWERED, "done")


def begun(action: CallService, memory: Mapping[str, Any]) -> Mapping[str, Any]:
    """What to remember before it leaves."""
    return {_key(action, memory): SENT}


def ended(
    action: CallService, outcome: str, at_ms: int, memory: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What to remember of how it ended: of a lost answer, that nobody knows, and since when."""
    if outcome != "unknown":
        return {_key(action, memory): outcome}
    lost = lost_call(action.verb, action.service)
    return {_key(action, memory): UNANSWERED, lost: at_ms}


def given_up(memory: Mapping[str, Any], at_ms: int) -> dict[str, Any]:
    """A wave's memory as an engine takes it over that waits for no answer any more: what was on
    its way then may have left as late as now."""
    found = dict(memory)
    for word in [key for key, value in memory.items() if key.startswith(_CALLED) and value == SENT]:
        verb, _, service = word.removeprefix(_CALLED).split(".", 2)
        found |= {word: UNANSWERED, lost_call(verb, service): at_ms}
    return found


def _side(action: CallService, memory: Mapping[str, Any]) -> Side:
    """Where it stops or starts a service: what was told to start is on the target."""
    if action.verb == "stop":
        return "target" if memory.get(f"started.{action.service}") else "source"
    return "target" if action.verb == "start" else "source"


def _key(action: CallService, memory: Mapping[str, Any]) -> str:
    return key(action.verb, _side(action, memory), action.service)


def key(verb: str, side: Side, service: str) -> str:
    """What a wave remembers of a call: that it was sent, or how it ended."""
    return f"{_CALLED}{verb}.{side}.{service}"


def happened(action: Action, scene: Scene) -> Done | Wait | None:
    """That a call made before has done what it is for; None: it is to be made."""
    if not isinstance(action, CallService):
        return None
    if scene.memory.get(_key(action, scene.memory)) not in _MAY_HAVE_HAPPENED:
        return None
    service = scene.subject.plan.service(action.service)
    if service.group is None or service.resume == "external":
        return None  # nothing of it need show in Kafka
    return _members(action, service.group, scene)


def _members(action: CallService, group: str, scene: Scene) -> Done | Wait | None:
    side = _side(action, scene.memory)
    state = group_on(scene, side, group)
    if isinstance(state, Wait):
        # a stop on a target that cannot be read must not wait for it: nobody could go back
        unread = action.verb == "stop" and side == "target" and target_groups(scene, group)
        return None if unread else state
    at_work = state is not None and state.members > 0
    if action.verb == "stop":
        return None if at_work else Done(f"{group} has no members on {side}: not stopped again")
    if state is None or not at_work or state.state != "Stable":
        return None
    return Done(f"{group} has {state.members} members on {side}: not started again")
