"""The small pieces that steps are made of, and how each judges from the facts whether it is done.

`poll` answers for one task at one moment: wait, done, failed, or carry out this action. It never
changes anything; time comes in as `now_ms`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cockpit.core.actions import Action, CommitOffsets, ServiceVerb
from cockpit.core.delta import (
    Place,
    bounds,
    latest_image,
    resume_place,
    service_partitions,
    to_source,
)
from cockpit.core.facts import Facts
from cockpit.core.gates import Subject, gate_view, measure
from cockpit.core.lag import group_lag, newest_before, not_there
from cockpit.core.observe import (
    MISSING,
    GroupState,
    LogSample,
    MirrorSample,
    TopicPartition,
    Unknown,
    partition_text,
)
from cockpit.core.plan import ReplicationLagGate, Service, Side

CLOSER_PLACE_MS = 5_000
"""How long a group waits for the mirror to pass its commit, for a closer place. A place taken
before that is as safe; a trailing transaction marker would be waited for in vain."""


@dataclass(frozen=True, slots=True)
class Do:
    """Carry out one action and take its result into the wave's memory under `key`."""

    action: Action
    timeout_ms: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class AwaitEmpty:
    """A service's group has no member on a side."""

    service: Service
    side: Side
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class AwaitActive:
    """A service's group works on a side: members, and either a commit that moved or nothing to
    read."""

    service: Service
    side: Side
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class AwaitWrites:
    """A record arrives on the target, in a topic that only this service of the wave writes."""

    service: Service
    topics: tuple[str, ...]
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class AwaitSilent:
    """No record arrives in these topics on the target for a while: their writer has stopped."""

    service: Service
    topics: tuple[str, ...]
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class AwaitMirror:
    """The mirror is close again, on samples asked after this task began."""

    services: tuple[Service, ...]
    max_records: int
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class PlaceGroup:
    """Translate a stopped group's commits and commit them on the target."""

    service: Service
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class CheckPlaced:
    """The target's commits of a group still are what was committed for it."""

    service: Service
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class ReturnGroup:
    """Bring a group's progress on the target back to the source: the inverse translation.

    Never behind what the group has committed on the source.
    """

    service: Service
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Soak:
    """The soak's conditions hold for a time without a break, within ten times that time."""

    for_ms: int
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A person does or decides something and confirms.

    `service` and `verb` are set when it stands for a service's control: asking is then the intent,
    for the person may act long before the answer.
    """

    text: str
    service: str = ""
    verb: ServiceVerb | Literal[""] = ""


Task = (
    Do
    | AwaitEmpty
    | AwaitActive
    | AwaitWrites
    | AwaitSilent
    | AwaitMirror
    | PlaceGroup
    | CheckPlaced
    | ReturnGroup
    | Soak
    | Ask
)


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet, and what is missing."""

    detail: str


@dataclass(frozen=True, slots=True)
class Done:
    """It is so. `remember` goes into the wave's memory."""

    detail: str = ""
    remember: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """It cannot become so without a person."""

    reason: str


@dataclass(frozen=True, slots=True)
class Act:
    """Carry this out; its outcome ends the task."""

    action: Action
    verify_ms: int
    remember: Mapping[str, Any] = field(default_factory=dict)


Progress = Wait | Done | Failed | Act


@dataclass(frozen=True, slots=True)
class Scene:
    """What a task may look at."""

    facts: Facts
    subject: Subject
    memory: Mapping[str, Any]
    now_ms: int
    started_at_ms: int


def poll(task: Task, scene: Scene) -> Progress:
    """How a task stands now."""
    if isinstance(task, Do):
        return Act(task.action, task.timeout_ms)
    if isinstance(task, Ask):
        return Wait(f"waits for a person: {task.text}")
    if isinstance(task, Soak):
        return Wait("soaking")  # the machine judges a soak: it needs the wave's gates
    progress = _POLLS[type(task)](task, scene)
    if isinstance(progress, Wait) and scene.now_ms - scene.started_at_ms > task.timeout_ms:
        return Failed(f"not within {task.timeout_ms / 1000:.0f} s: {progress.detail}")
    return progress


def _group(scene: Scene, side: Side, group: str) -> GroupState | Wait | None:
    """The group in a sample asked after the task began; None when it does not exist there."""
    sample = scene.facts.newest_groups(side)
    if sample is None or sample.states_asked_at_ms() <= scene.started_at_ms:
        failure = scene.facts.failures.get(f"{side}.groups")
        return Wait(failure.reason if failure else f"reads groups on {side}")
    state = sample.groups.get(group)
    why = (state.unknown or state.members_unknown) if state is not None else None
    return Wait(f"group {group} on {side}: {why}") if why is not None else state


def _await_empty(task: AwaitEmpty, scene: Scene) -> Progress:
    assert task.service.group is not None
    state = _group(scene, task.side, task.service.group)
    if isinstance(state, Wait):
        return state
    if state is None:
        return Done(f"{task.service.group} does not exist on {task.side}")
    if state.members or state.state not in ("Empty", "Dead"):
        return Wait(f"{task.service.group} on {task.side}: {state.state}, {state.members} members")
    return Done(f"{task.service.group} is empty on {task.side}")


def _await_active(task: AwaitActive, scene: Scene) -> Progress:
    group = task.service.group
    assert group is not None
    state = _group(scene, task.side, group)
    if isinstance(state, Wait):
        return state
    if state is None or not state.members or state.state != "Stable":
        word = "absent" if state is None else f"{state.state}, {state.members} members"
        return Wait(f"{group} on {task.side}: {word}")
    if task.side == "source":
        return Done(f"{group} is back on the source")
    placed = scene.memory.get(f"placed.{group}", {})
    moved = any(
        offset > placed.get(partition_text(name), offset)
        for name, offset in state.committed().items()
    )
    if moved:
        return Done(f"{group} commits on {task.side}")
    lag = group_lag(scene.facts, task.side, group, task.service.consumes)
    if not isinstance(lag, Unknown) and lag.records == 0 and lag.at_ms > scene.started_at_ms:
        return Done(f"{group} has members on {task.side} and nothing to read")
    return Wait(f"{group} on {task.side}: {state.members} members, no commit past its place yet")


def _ends(logs: LogSample, topics: tuple[str, ...]) -> dict[TopicPartition, int]:
    pairs = zip(logs.keys.names, logs.end.tolist(), strict=True)
    return {name: end for name, end in pairs if name[0] in topics and end != MISSING}


def _await_writes(task: AwaitWrites, scene: Scene) -> Progress:
    newest = scene.facts.newest_logs("target")
    if newest is None or newest.asked_at_ms <= scene.started_at_ms:
        return Wait("reads offsets on target")
    earlier = [s for s in scene.facts.logs["target"] if s.answered_at_ms <= newest.asked_at_ms]
    first = earlier[0] if earlier else newest
    before = scene.memory.get("drained.target_end", {})
    known = _ends(first, task.topics)
    for name, end in _ends(newest, task.topics).items():
        if end > before.get(partition_text(name), known.get(name, end)):
            return Done(f"{task.service.name} writes {name[0]}/{name[1]} on target")
    return Wait(f"{task.service.name}: no write on target yet")


SILENT_MS = 1_500
"""How long a stopped producer's topics must stay flat."""


def _await_silent(task: AwaitSilent, scene: Scene) -> Progress:
    samples = [s for s in scene.facts.logs.get("target", ()) if s.asked_at_ms > scene.started_at_ms]
    if not samples or samples[-1].asked_at_ms - samples[0].asked_at_ms < SILENT_MS:
        return Wait(f"{task.service.name}: watches its topics on target")
    newest = _ends(samples[-1], task.topics)
    flat = [s for s in samples if _ends(s, task.topics) == newest]
    if samples[-1].asked_at_ms - flat[0].asked_at_ms < SILENT_MS or not newest:
        return Wait(f"{task.service.name} still writes on target, or its offsets are unknown")
    return Done(f"{task.service.name} is silent on target")


def _await_mirror(task: AwaitMirror, scene: Scene) -> Progress:
    condition = ReplicationLagGate(task.max_records)
    subject = Subject(scene.subject.plan, task.services, scene.subject.running_on)
    reading = measure(condition, subject, scene.facts, scene.now_ms)
    if reading.at_ms <= scene.started_at_ms:
        return Wait("reads the mirror's positions")
    view = gate_view(condition, (reading,), scene.subject.plan, scene.now_ms)
    if view.verdict == "PASS":
        return Done(f"mirror is close: {view.evidence}")
    return Wait(f"mirror: {view.evidence}")


def _place_group(task: PlaceGroup, scene: Scene) -> Progress:
    group, facts = task.service.group, scene.facts
    assert group is not None
    state = _group(scene, "source", group)
    if isinstance(state, Wait):
        return state
    if state is not None and state.members:
        return Failed(f"{group} still has {state.members} members on the source")
    committed = state.committed() if state else {}
    if facts.syncs is None or not facts.syncs.read_to_end:
        return Wait("reads the offset-syncs to their end")
    # syncs read after the positions hold every sync that those positions stand for
    mirror = newest_before(facts.mirror, facts.syncs.asked_at_ms)
    if mirror is None or mirror.asked_at_ms <= scene.started_at_ms:
        return Wait("reads the mirror's positions, then its offset-syncs")
    logs = facts.newest_logs("source")
    absent = not_there(logs, task.service.consumes) if logs else Unknown("no offsets yet")
    if absent is not None:
        return Wait(f"{group}: {absent.reason}")
    offsets: list[tuple[TopicPartition, int]] = []
    reread = 0
    for name in service_partitions(facts, task.service):
        placed = _place_partition(name, committed.get(name), scene, mirror)
        if isinstance(placed, Unknown):
            return Wait(f"{group} {partition_text(name)}: {placed.reason}")
        if why := _progress_on_target(name, committed.get(name), group, scene):
            return Failed(why)
        offsets.append((name, placed.offset))
        reread += placed.reread_max
    if not offsets:
        return Wait(f"no partition of {', '.join(task.service.consumes)} is known yet")
    return _commit_placed(task, offsets, reread)


def _progress_on_target(
    name: TopicPartition, committed: int | None, group: str, scene: Scene
) -> str:
    """Why the target's commit must not be replaced: the group has gone on there."""
    sample = scene.facts.newest_groups("target")
    state = sample.groups.get(group) if sample else None
    there = state.committed().get(name) if state and state.unknown is None else None
    assert scene.facts.syncs is not None
    pairs = scene.facts.syncs.slots.get(name, ())
    latest = latest_image(pairs, committed) if committed is not None else None
    if there is None or latest is None or there <= latest:
        return ""
    return (
        f"{group} {partition_text(name)}: the target's commit {there} lies past every image of "
        f"{committed}: it has worked on the target already"
    )


def _commit_placed(
    task: PlaceGroup, offsets: list[tuple[TopicPartition, int]], reread: int
) -> Progress:
    group = task.service.group
    assert group is not None
    tolerance = task.service.offsets.replay_tolerance_records if task.service.offsets else None
    if tolerance is not None and reread > tolerance:
        return Wait(f"{group} would read up to {reread} records again, tolerated: {tolerance}")
    remember = {
        f"placed.{group}": {partition_text(name): offset for name, offset in offsets},
        f"reread_max.{group}": reread,
    }
    action = CommitOffsets("target", group, tuple(offsets))
    return Act(action, task.timeout_ms, remember)


def _place_partition(
    name: TopicPartition, committed: int | None, scene: Scene, mirror: MirrorSample
) -> Place | Unknown:
    log = bounds(scene.facts, name)
    if isinstance(log, Unknown):
        return log
    position = mirror.positions.get(name)
    waited_ms = scene.now_ms - scene.started_at_ms
    if committed is not None and committed > log.source_start and waited_ms < CLOSER_PLACE_MS:
        if position is None:
            return Unknown("the mirror has no position for it")
        if position < committed:
            return Unknown(f"the mirror is at {position}, the group's commit at {committed}")
    assert scene.facts.syncs is not None
    place = resume_place(committed, scene.facts.syncs.slots.get(name, ()), log)
    if isinstance(place, Place) and place.offset > log.target_end:
        return Unknown(f"place {place.offset} lies past the target's end as read before it")
    return place


def _check_placed(task: CheckPlaced, scene: Scene) -> Progress:
    group = task.service.group
    assert group is not None
    if scene.memory.get(f"started.{task.service.name}"):
        return Done(f"{task.service.name} was told to start already")
    state = _group(scene, "target", group)
    if isinstance(state, Wait):
        return state
    if state is not None and state.members:
        return Failed(f"{group} already has {state.members} members on the target")
    committed = {partition_text(k): v for k, v in (state.committed() if state else {}).items()}
    for key, offset in scene.memory.get(f"placed.{group}", {}).items():
        if committed.get(key) != offset:
            return Failed(
                f"{group} {key}: committed {offset}, the target now says {committed.get(key)}"
            )
    return Done(f"{group}: commits on the target read again and equal")


def _return_group(task: ReturnGroup, scene: Scene) -> Progress:
    group, facts = task.service.group, scene.facts
    assert group is not None
    placed = scene.memory.get(f"placed.{group}")
    if placed is None:
        return Done(f"{group} was never placed on the target")
    state, source = _group(scene, "target", group), _group(scene, "source", group)
    if isinstance(state, Wait):
        return state
    if isinstance(source, Wait):
        return source
    if facts.syncs is None or facts.syncs.asked_at_ms <= scene.started_at_ms:
        return Wait("reads the offset-syncs")
    if not facts.syncs.read_to_end:
        return Wait("reads the offset-syncs to their end")
    before = source.committed() if source else {}
    offsets: list[tuple[TopicPartition, int]] = []
    reread = 0
    for name, offset in (state.committed() if state else {}).items():
        key = partition_text(name)
        if name[0] not in task.service.consumes or offset <= placed.get(key, -1):
            continue
        place = to_source(facts.syncs.slots.get(name, ()), offset)
        if place is None:
            return Wait(f"{group} {key}: no offset sync at or before {offset} on the target")
        resume = max(place.offset, before.get(name, -1))
        reread += max(0, place.offset + place.reread_max - resume)
        if resume == place.offset:
            offsets.append((name, resume))
    if not offsets:
        return Done(f"{group} made no progress on the target that the source does not know")
    action = CommitOffsets("source", group, tuple(sorted(offsets)))
    return Act(action, task.timeout_ms, {f"reread_max.{group}": reread})


_POLLS: Mapping[type, Callable[[Any, Scene], Progress]] = {
    AwaitEmpty: _await_empty,
    AwaitActive: _await_active,
    AwaitWrites: _await_writes,
    AwaitSilent: _await_silent,
    AwaitMirror: _await_mirror,
    PlaceGroup: _place_group,
    CheckPlaced: _check_placed,
    ReturnGroup: _return_group,
}
