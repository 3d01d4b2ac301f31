"""The way back while the target cannot be read: by what the source still has, with the price told.

Judges from the facts; never takes silence for an answer: what the target would say stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from cockpit.core.actions import Action, CommitOffsets
from cockpit.core.observe import MISSING, TopicPartition, partition_of
from cockpit.core.plan import Service
from cockpit.core.scene import Act, Done, Progress, Scene, Wait, group_on

UNREAD_FOR_MS: Final = 10_000
"""For so long nothing is read before the target counts as one that cannot be read."""
ORDERED: Final = "without_target"
"""Who has ordered the way back on without the target; absent: nobody."""


def skipped_key(group: str | None) -> str:
    """What is remembered of why a group came back without a look at the target."""
    return f"unread.{group}"


def target_groups(scene: Scene, group: str) -> str:
    """Why a group on the target cannot be read: it was not since the task began, and has not been
    for UNREAD_FOR_MS. Empty: it was, or it is too early to say."""
    sample = scene.facts.newest_groups("target")
    if sample is None or sample.states_asked_at_ms() <= scene.started_at_ms:
        return _silent(scene, "groups", sample.states_asked_at_ms() if sample else 0)
    state = sample.groups.get(group)
    why = (state.unknown or state.members_unknown) if state is not None else None
    return why if why and scene.now_ms - scene.started_at_ms >= UNREAD_FOR_MS else ""


def target_logs(scene: Scene) -> str:
    """The same of the target's log ends."""
    sample = scene.facts.newest_logs("target")
    return _silent(scene, "logs", sample.asked_at_ms if sample else 0)


def _silent(scene: Scene, feed: Literal["groups", "logs"], seen_ms: int) -> str:
    failure = scene.facts.failures.get(f"target.{feed}")
    if failure is None or failure.answered_at_ms <= scene.started_at_ms:
        return ""
    long = scene.now_ms - seen_ms >= UNREAD_FOR_MS
    return failure.reason if long and seen_ms <= scene.started_at_ms else ""


def offer(why: str) -> Wait:
    """A person may order the way back on."""
    return Wait(f"the target cannot be read ({why}): A goes back without it", patient=True)


def not_seen(service: Service, why: str, scene: Scene) -> Progress:
    """Nobody sees whether a service has stopped on the target: a person answers for it."""
    by = scene.memory.get(ORDERED)
    if not by:
        return offer(why)
    return Done(f"not seen whether {service.name} has stopped on target ({why}): {by} goes on")


def return_unread(service: Service, timeout_ms: int, scene: Scene, wait: Wait) -> Progress:
    """The way back of a group that cannot be read on the target: it goes on from its own commits on
    the source. Who was never started on the target has read nothing there; of others a person has
    to order it. `wait`: what is said until it is clear that the target cannot be read."""
    group = service.group
    assert group is not None
    why = target_groups(scene, group)
    if not why:
        return wait
    skipped = {skipped_key(group): why}
    if not scene.memory.get(f"started.{service.name}"):
        text = f"{group} was not started on the target, which cannot be read ({why})"
        return Done(f"{text}: it goes on from its commits on the source; those there stay", skipped)
    if not scene.memory.get(ORDERED):
        return offer(why)
    source = group_on(scene, "source", group)
    if isinstance(source, Wait):
        return source
    lost = _lost_on_source(group, scene, source.committed() if source else {})
    if isinstance(lost, Wait):
        return lost
    note = (
        f"{group} goes on from its commits on the source: how many records are read again is not"
        f" known (the target cannot be read: {why}); its commits there stay"
    )
    remember: dict[str, Any] = {**skipped, f"reread_max.{group}": None, f"rereads.{group}": {}}
    if not lost:
        return Done(note, remember)
    return Act(CommitOffsets("source", group, lost), timeout_ms, remember, note)


def _lost_on_source(
    group: str, scene: Scene, before: Mapping[TopicPartition, int]
) -> tuple[tuple[TopicPartition, int], ...] | Wait:
    """Commits that a group was placed for and that the source does not have any more: without one
    its reader would begin wherever it is told to. Of a topic made anew, from its beginning."""
    logs = scene.facts.newest_logs("source")
    if logs is None:
        return Wait("reads offsets on source")
    found: list[tuple[TopicPartition, int]] = []
    for key, (offset, *_) in sorted(scene.memory.get(f"placing.{group}", {}).items()):
        name = partition_of(key)
        index = logs.keys.position.get(name)
        if name in before or index is None:
            continue
        start = int(logs.start[index])
        if start == MISSING:
            return Wait(f"{group} {key}: where its log on the source begins is not known")
        anew = name[0] in scene.facts.recreated.get("source", ())
        found.append((name, start if anew else max(offset, start)))
    return tuple(found)


def left_alone(action: Action, scene: Scene) -> Done | None:
    """What is not done to a target that cannot be read; None: it is done."""
    if not isinstance(action, CommitOffsets) or action.side != "target":
        return None
    why = scene.memory.get(skipped_key(action.group))
    if not why or "target.groups" not in scene.facts.failures:
        return None
    return Done(f"the former commits of {action.group} on the target are not restored ({why})")
