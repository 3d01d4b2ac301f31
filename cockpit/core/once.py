"""Calls that move a service are not made again where the clusters show that they have happened.

A call whose answer nobody has, for its engine died or the answer was lost, and one that was
answered are told by what a look shows that was asked for since: members of a group, or records of a
producer's own. What shows nothing is called again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cockpit.core.actions import Action, CallService
from cockpit.core.observe import MISSING, partition_text
from cockpit.core.plan import Service, Side
from cockpit.core.scene import Done, Scene, Wait, group_on
from cockpit.core.unread import target_groups


def begun(action: CallService, memory: Mapping[str, Any]) -> Mapping[str, Any]:
    """What to remember before it leaves."""
    return {_key(action, memory): "maybe"}


def ended(action: CallService, outcome: str, memory: Mapping[str, Any]) -> Mapping[str, Any]:
    """What to remember of how it ended: of a lost answer, that nobody knows."""
    return {} if outcome == "unknown" else {_key(action, memory): outcome}


def _side(action: CallService, memory: Mapping[str, Any]) -> Side:
    """Where it stops or starts a service: what was told to start is on the target."""
    if action.verb == "stop":
        return "target" if memory.get(f"started.{action.service}") else "source"
    return "target" if action.verb == "start" else "source"


def _key(action: CallService, memory: Mapping[str, Any]) -> str:
    return key(action.verb, _side(action, memory), action.service)


def key(verb: str, side: Side, service: str) -> str:
    """What a wave remembers of a call: `maybe`, or how it ended."""
    return f"called.{verb}.{side}.{service}"


def happened(action: Action, scene: Scene) -> Done | Wait | None:
    """That a call made before has done what it is for; None: it is to be made."""
    if not isinstance(action, CallService):
        return None
    if scene.memory.get(_key(action, scene.memory)) not in ("maybe", "done"):
        return None
    service = scene.subject.plan.service(action.service)
    if service.group is None:
        return _writes(service, scene) if action.verb == "start" else None
    if service.resume == "external":
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


def _writes(service: Service, scene: Scene) -> Done | Wait | None:
    """That a producer has written past the drained end, where nobody else of its wave writes. On a
    link others may."""
    ends = scene.memory.get("drained.target_end")
    others = {t for s in scene.subject.services if s is not service for t in s.produces}
    own = frozenset(service.produces) - others
    if not ends or not own or scene.subject.plan.replication.kind == "link":
        return None
    logs = scene.facts.newest_logs("target")
    if logs is None or logs.asked_at_ms <= scene.started_at_ms:
        return Wait("reads offsets on target")
    for name, end in zip(logs.keys.names, logs.end.tolist(), strict=True):
        known = ends.get(partition_text(name), end)
        if name[0] in own and end != MISSING and end > known:
            return Done(f"{service.name} writes {partition_text(name)}: not started again")
    return None
