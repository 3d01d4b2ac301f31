"""The small pieces that steps are made of, and how each judges from the facts whether it is done.

`poll` answers for one task at one moment: wait, done, failed, or carry out this action. It never
changes anything; time comes in as `now_ms`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cockpit.core.actions import Action, ServiceVerb
from cockpit.core.anew import BeginAnew, begin_anew
from cockpit.core.drills import DrillTask
from cockpit.core.gates import Subject, gate_view, measure
from cockpit.core.lag import group_lag, made_anew
from cockpit.core.late import AwaitLate, AwaitNoStart, await_late, await_no_start
from cockpit.core.observe import (
    MISSING,
    LogSample,
    TopicPartition,
    Unknown,
    partition_text,
)
from cockpit.core.once import happened
from cockpit.core.placing import (
    CheckPlaced,
    PlaceGroup,
    ReturnGroup,
    check_placed,
    place_group,
    return_group,
)
from cockpit.core.plan import ReplicationLagGate, Service, Side, touched_topics
from cockpit.core.probing import ProbeGroup, probe_group
from cockpit.core.reversing import ResumeMirror, resume_mirror
from cockpit.core.scene import Act, Done, Failed, Progress, Scene, Wait, group_on
from cockpit.core.unread import left_alone, not_seen, target_groups, target_logs


@dataclass(frozen=True, slots=True)
class Do:
    """Carry out one action and take its result into the wave's memory under `key`. A call of a
    service, if `blindly`, whatever shows of it already."""

    action: Action
    timeout_ms: int
    key: str = ""
    blindly: bool = False


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
    verb: ServiceVerb | Literal["", "place"] = ""
    """`place`: its offsets are kept outside Kafka, and a person sets them."""


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
    | BeginAnew
    | ProbeGroup
    | ResumeMirror
    | AwaitLate
    | AwaitNoStart
    | Soak
    | DrillTask
    | Ask
)


def poll(task: Task, scene: Scene) -> Progress:
    """How a task stands now."""
    if isinstance(task, Ask):
        return Wait(f"waits for a person: {task.text}")
    if isinstance(task, Soak | DrillTask):
        return Wait("")  # the machine judges these: they need the wave's gates
    progress = _POLLS[type(task)](task, scene)
    late = scene.now_ms - scene.started_at_ms > task.timeout_ms
    if isinstance(progress, Wait) and late and not progress.patient:
        return Failed(f"not within {task.timeout_ms / 1000:.0f} s: {progress.detail}")
    return progress


def _do(task: Do, scene: Scene) -> Progress:
    found = left_alone(task.action, scene)
    if found is None and not task.blindly:
        return happened(task.action, scene) or Act(task.action, task.timeout_ms)
    return found or Act(task.action, task.timeout_ms)


def _await_empty(task: AwaitEmpty, scene: Scene) -> Progress:
    assert task.service.group is not None
    state = group_on(scene, task.side, task.service.group)
    if isinstance(state, Wait):
        why = target_groups(scene, task.service.group) if task.side == "target" else ""
        return not_seen(task.service, why, scene) if why else state
    if state is None:
        return Done(f"{task.service.group} does not exist on {task.side}")
    if state.members or state.state not in ("Empty", "Dead"):
        return Wait(f"{task.service.group} on {task.side}: {state.state}, {state.members} members")
    return Done(f"{task.service.group} is empty on {task.side}")


def _await_active(task: AwaitActive, scene: Scene) -> Progress:
    group = task.service.group
    assert group is not None
    state = group_on(scene, task.side, group)
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
    if why := target_logs(scene):
        return not_seen(task.service, why, scene)
    if not samples or samples[-1].asked_at_ms - samples[0].asked_at_ms < SILENT_MS:
        return Wait(f"{task.service.name}: watches its topics on target")
    newest = _ends(samples[-1], task.topics)
    flat = [s for s in samples if _ends(s, task.topics) == newest]
    if samples[-1].asked_at_ms - flat[0].asked_at_ms < SILENT_MS or not newest:
        return Wait(f"{task.service.name} still writes on target, or its offsets are unknown")
    return Done(f"{task.service.name} is silent on target")


def _await_mirror(task: AwaitMirror, scene: Scene) -> Progress:
    anew = made_anew(scene.facts)
    topic = next((topic for topic in touched_topics(task.services) if topic in anew), None)
    if topic is not None:  # no later sample will tell
        return Failed(f"the mirror is not known to be close: {anew[topic]}")
    condition = ReplicationLagGate(task.max_records)
    subject = Subject(scene.subject.plan, task.services, scene.subject.running_on)
    reading = measure(condition, subject, scene.facts, scene.now_ms)
    if reading.at_ms <= scene.started_at_ms:
        return Wait("reads the mirror's positions")
    view = gate_view(condition, (reading,), scene.subject.plan, scene.now_ms)
    if view.verdict == "PASS":
        return Done(f"mirror is close: {view.evidence}")
    return Wait(f"mirror: {view.evidence}")


_POLLS: Mapping[type, Callable[[Any, Scene], Progress]] = {
    Do: _do,
    AwaitEmpty: _await_empty,
    AwaitActive: _await_active,
    AwaitWrites: _await_writes,
    AwaitSilent: _await_silent,
    AwaitMirror: _await_mirror,
    PlaceGroup: place_group,
    CheckPlaced: check_placed,
    ReturnGroup: return_group,
    BeginAnew: begin_anew,
    ProbeGroup: probe_group,
    ResumeMirror: resume_mirror,
    AwaitLate: await_late,
    AwaitNoStart: await_no_start,
}
