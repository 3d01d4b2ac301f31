"""Where stopped groups resume: translated or exact, forward onto the target and back to the source.

Judges from the facts what to commit; changes nothing itself and never goes past a true place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, assert_never

from cockpit.core.actions import CommitOffsets
from cockpit.core.delta import (
    Bounds,
    Place,
    back_to_source,
    bounds,
    delta_rows,
    latest_image,
    resume_place,
    service_partitions,
    translated_reread,
)
from cockpit.core.exact import (
    CLOSER_PLACE_MS,
    Search,
    best_known,
    commit_on_target,
    mirror_at_rest,
    reread_max,
    settled,
    tolerance_of,
    worked_on,
)
from cockpit.core.lag import newest_before, not_there
from cockpit.core.observe import (
    MISSING,
    GroupState,
    LogSample,
    MirrorSample,
    TopicPartition,
    Unknown,
    partition_of,
    partition_text,
)
from cockpit.core.plan import SIDES, Service
from cockpit.core.scene import Act, Done, Failed, Progress, Scene, Wait, group_on
from cockpit.core.seeking import place_sought
from cockpit.core.topicids import not_compared
from cockpit.core.unread import return_unread

Commits = Mapping[TopicPartition, int]
ORDERED_PLACES: Final = "without_place"
"""Who has ordered the way back on without places that are not found; absent: nobody."""
NO_PROGRESS: Final = "{group} made no progress on the target that the source does not know"


@dataclass(frozen=True, slots=True)
class PlaceGroup:
    """Commit on the target where a stopped group resumes: as its service's plan says."""

    service: Service
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class CheckPlaced:
    """The target's commits of a group still are what was committed for it."""

    service: Service
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class ReturnGroup:
    """Bring a group's progress on the target back to the source: by the inverse of its way there.

    Never behind what the group has committed on the source.
    """

    service: Service
    timeout_ms: int


def place_group(task: PlaceGroup, scene: Scene) -> Progress:
    """How a group's placing on the target stands."""
    group = task.service.group
    assert group is not None
    state = group_on(scene, "source", group)
    if isinstance(state, Wait):
        return state
    if state is not None and state.members:
        return Failed(f"{group} still has {state.members} members on the source")
    if task.service.resume != "external" and isinstance(
        there := group_on(scene, "target", group), Wait
    ):
        return there  # a commit that nobody has read is not replaced
    logs = scene.facts.newest_logs("source")
    absent = not_there(logs, task.service.consumes) if logs else Unknown("no offsets yet")
    if absent is not None:
        return Wait(f"{group}: {absent.reason}")
    names = service_partitions(scene.facts, task.service)
    if not names:
        return Wait(f"no partition of {', '.join(task.service.consumes)} is known yet")
    committed = state.committed() if state else {}
    match task.service.resume:
        case "exact":
            return _place_exactly(task, scene, committed)
        case "translated":
            return _place_translated(task, scene, committed)
        case "earliest" | "latest" | "timestamp":
            return place_sought(task, scene, committed, names)
        case "external":
            return Done(f"{group} keeps its offsets outside Kafka")
        case _:
            assert_never(task.service.resume)


def _place_exactly(task: PlaceGroup, scene: Scene, committed: Commits) -> Progress:
    """By content. Where nothing was committed, from the source's start: that is what is read."""
    service, group = task.service, task.service.group
    assert group is not None
    if (wait := mirror_at_rest(scene)) is not None:
        return wait
    asked: list[tuple[TopicPartition, int]] = []
    from_start = 0
    for name in service_partitions(scene.facts, service):
        log = bounds(scene.facts, name)
        if isinstance(log, Unknown):
            return Wait(f"{group} {partition_text(name)}: {log.reason}")
        if name not in committed:
            from_start += log.source_end - log.source_start
        asked.append((name, committed.get(name, log.source_start)))
    tolerance = tolerance_of(service)
    search = Search(service, "target", tuple(asked), task.timeout_ms, tolerance, from_start)
    places = settled(search, scene)
    if not isinstance(places, tuple):
        return places
    for place in places:
        if why := worked_on(group, place, scene):
            return Failed(why)
    offsets = [(place.name, place.low) for place in places]
    bounds_of = {place.name: (place.offset, place.reread_max()) for place in places}
    reread = from_start + reread_max(places)
    beside = translated_reread(delta_rows(scene.facts, service))
    theirs = f"not known: {beside.reason}" if isinstance(beside, Unknown) else f"up to {beside}"
    how = f"exact; by MirrorMaker's translation: {theirs}"
    if scene.subject.plan.replication.kind == "link":
        how = "exact, found in the records"
    return _commit_placed(task, offsets, bounds_of, reread, how)


def _place_translated(task: PlaceGroup, scene: Scene, committed: Commits) -> Progress:
    group, facts = task.service.group, scene.facts
    assert group is not None
    if facts.syncs is None or not facts.syncs.read_to_end:
        return Wait("reads the offset-syncs to their end")
    # syncs read after the positions hold every sync that those positions stand for
    mirror = newest_before(facts.mirror, facts.syncs.asked_at_ms)
    if mirror is None or mirror.asked_at_ms <= scene.started_at_ms:
        return Wait("reads the mirror's positions, then its offset-syncs")
    offsets: list[tuple[TopicPartition, int]] = []
    bounds_of: dict[TopicPartition, tuple[int, int]] = {}
    reread = 0
    for name in service_partitions(facts, task.service):
        placed = _place_partition(name, committed.get(name), scene, mirror)
        if isinstance(placed, Unknown):
            return Wait(f"{group} {partition_text(name)}: {placed.reason}")
        if why := _progress_on_target(name, committed.get(name), group, scene):
            return Failed(why)
        offsets.append((name, placed.offset))
        log = bounds(facts, name)
        assert isinstance(log, Bounds)
        bounds_of[name] = committed.get(name, log.source_start), placed.reread_max
        reread += placed.reread_max
    tolerance = tolerance_of(task.service)
    if tolerance is not None and reread > tolerance:
        return Wait(f"{group} would read up to {reread:,} records again, tolerated: {tolerance}")
    return _commit_placed(task, offsets, bounds_of, reread, "by MirrorMaker's translation")


def _progress_on_target(
    name: TopicPartition, committed: int | None, group: str, scene: Scene
) -> str:
    """Why the target's commit must not be replaced: the group has gone on there."""
    there = commit_on_target(group, name, scene)
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
    task: PlaceGroup,
    offsets: list[tuple[TopicPartition, int]],
    bounds_of: Mapping[TopicPartition, tuple[int, int]],
    reread: int,
    how: str,
) -> Progress:
    """`bounds_of`: of each partition, the source's offset and what it may read again at most."""
    group = task.service.group
    assert group is not None
    remember = {
        f"placed.{group}": {partition_text(name): offset for name, offset in offsets},
        f"placing.{group}": {partition_text(n): [*bound, 0] for n, bound in bounds_of.items()},
        f"reread_max.{group}": reread,
        f"rereads.{group}": {partition_text(n): r for n, (_, r) in bounds_of.items() if r},
    }
    note = f"{group} resumes on target: at most {reread:,} records are read again ({how})"
    return Act(CommitOffsets("target", group, tuple(offsets)), task.timeout_ms, remember, note)


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


def check_placed(task: CheckPlaced, scene: Scene) -> Progress:
    """How the last look at both sides stands before a group is released on the target."""
    service, group = task.service, task.service.group
    assert group is not None
    source = group_on(scene, "source", group)
    if isinstance(source, Wait):
        return source
    if source is not None and source.members:
        return Failed(f"{group} has {source.members} members on the source")
    if scene.memory.get(f"started.{service.name}"):
        return Done(f"{service.name} was told to start already")
    target = group_on(scene, "target", group)
    if isinstance(target, Wait):
        return target
    if target is not None and target.members:
        return Failed(f"{group} already has {target.members} members on the target")
    logs = scene.facts.newest_logs("target")
    if logs is None or logs.asked_at_ms <= scene.started_at_ms:
        return Wait("reads offsets on target")
    why = moved_since(service, target, source, scene.memory) or _outside(group, logs, scene.memory)
    if why:
        return Failed(f"{why}. A places it again; R goes back")
    return Done(f"{group}: commits read again on both sides, as they were placed")


def _outside(group: str, logs: LogSample, memory: Mapping[str, Any]) -> str:
    """A place that the target's log does not have any more: its reader would be reset."""
    for key, offset in memory.get(f"placed.{group}", {}).items():
        index = logs.keys.position.get(partition_of(key))
        if index is None:
            return f"{group} {key}: placed at {offset}, and the target has no such partition"
        start, end = int(logs.start[index]), int(logs.end[index])
        if end != MISSING and offset > end:
            return f"{group} {key}: placed at {offset}, the target's log ends at {end}"
        if start != MISSING and offset < start:
            return f"{group} {key}: placed at {offset}, the target's log begins at {start}"
    return ""


def moved_since(
    service: Service,
    target: GroupState | None,
    source: GroupState | None,
    memory: Mapping[str, Any],
) -> str:
    """What a group's commits show to be otherwise than when it was placed; empty: nothing."""
    group = service.group
    there = {partition_text(k): v for k, v in (target.committed() if target else {}).items()}
    for key, offset in memory.get(f"placed.{group}", {}).items():
        if there.get(key) != offset:
            return f"{group} {key}: committed {offset}, the target now says {there.get(key)}"
    placing = memory.get(f"placing.{group}")
    if placing is None:  # its offsets are kept elsewhere
        return ""
    for name, offset in (source.committed() if source else {}).items():
        known = placing.get(partition_text(name))
        if known is not None and known[0] != offset:
            where = f"{group} {partition_text(name)}"
            return f"{where}: placed for {known[0]}, the source has committed {offset} since"
        if known is None and name[0] in service.consumes:
            return f"{group} {partition_text(name)}: not placed, the source has committed {offset}"
    return ""


def return_group(task: ReturnGroup, scene: Scene) -> Progress:
    """How a group's way back to the source stands."""
    group = task.service.group
    assert group is not None
    placed = scene.memory.get(f"placed.{group}")
    if placed is None:
        return Done(f"{group} was never placed on the target")
    state, source = group_on(scene, "target", group), group_on(scene, "source", group)
    if isinstance(state, Wait):
        return return_unread(task.service, task.timeout_ms, scene, state)
    moved = {
        name: offset
        for name, offset in (state.committed() if state else {}).items()
        if name[0] in task.service.consumes and offset > placed.get(partition_text(name), -1)
    }
    if not moved:  # a fence that stands before this waits for no look at anything else
        return Done(NO_PROGRESS.format(group=group))
    if isinstance(source, Wait):
        return source
    before = source.committed() if source else {}
    anew = _made_anew(scene, moved, before)
    if isinstance(anew, Wait):
        return anew
    moved = {name: offset for name, offset in moved.items() if name not in anew.rereads}
    match task.service.resume:
        case "translated":
            return _return_translated(task, scene, moved, before, anew)
        case "exact":
            return _return_exactly(task, scene, moved, before, anew)
        case "earliest" | "latest" | "timestamp":
            kept = _unskipped(task, scene, moved)
            again = sum(o - placed.get(partition_text(n), 0) for n, o in moved.items() - kept)
            anew = replace(anew, again=again)
            return _return_exactly(task, scene, dict(kept), before, anew)
        case "external":
            return Done(f"{group} keeps its offsets outside Kafka")
        case _:
            assert_never(task.service.resume)


@dataclass(frozen=True, slots=True)
class _Unmapped:
    """What comes back without an image of its place on the target."""

    offsets: tuple[tuple[TopicPartition, int], ...] = ()
    rereads: Mapping[TopicPartition, int] = field(default_factory=dict)
    again: int = 0
    """What is read again of partitions that are not among `rereads`."""


def _made_anew(scene: Scene, moved: Commits, before: Commits) -> _Unmapped | Wait:
    """Partitions of topics that were made anew: a place before that has no image after it. On such
    a source all is read again; of such a target, all since the source's own commit."""
    topics = {topic for topic, _ in moved}
    for side in SIDES:
        if why := not_compared(scene.facts, side, topics):
            return Wait(why)
    recreated = scene.facts.recreated
    offsets: list[tuple[TopicPartition, int]] = []
    rereads: dict[TopicPartition, int] = {}
    for name in sorted(moved):
        on_source = name[0] in recreated.get("source", ())
        if not on_source and name[0] not in recreated.get("target", ()):
            continue
        logs = scene.facts.newest_logs("source")
        if logs is None or logs.asked_at_ms <= scene.started_at_ms:
            return Wait("reads offsets on source")  # the group has read on since an older look
        log = bounds(scene.facts, name)
        if isinstance(log, Unknown):
            return Wait(f"{partition_text(name)}: {log.reason}")
        if on_source and name not in before:
            offsets.append((name, log.source_start))
        rereads[name] = resumes_without_place(before.get(name), log)[1]
    return _Unmapped(tuple(offsets), rereads)


def _unskipped(
    task: ReturnGroup, scene: Scene, moved: Commits
) -> frozenset[tuple[TopicPartition, int]]:
    """Progress with nothing left out before it."""
    group = task.service.group
    return frozenset(one for one in moved.items() if is_unskipped(scene.memory, group, one[0]))


def is_unskipped(memory: Mapping[str, Any], group: str | None, name: TopicPartition) -> bool:
    """Whether a group that was placed by an order of its own was so with nothing left out before
    it. Where it has skipped records, or may have, the source's commit stays: it will read there
    what it has not read on the target."""
    placing = memory.get(f"placing.{group}", {})
    return bool(placing.get(partition_text(name), [0, 0, None])[2] == 0)


def since_placed(
    memory: Mapping[str, Any], group: str | None, name: TopicPartition, before: int
) -> int | None:
    """From where on the target a group that goes back to its commit on the source reads again at
    most: it was placed there for this commit, or for an older one. None: nothing tells."""
    placing = memory.get(f"placing.{group}", {}).get(partition_text(name))
    placed = memory.get(f"placed.{group}", {}).get(partition_text(name))
    if placing is None or placed is None or before < placing[0]:
        return None
    return int(placed)


def _return_exactly(
    task: ReturnGroup, scene: Scene, moved: Commits, before: Commits, beside: _Unmapped
) -> Progress:
    """By content: a group comes back whatever its owner tolerates, but never past a record."""
    offsets, rereads = list(beside.offsets), dict(beside.rereads)
    if not moved:
        return _commit_returned(task, offsets, rereads, beside)
    asked = tuple(sorted(moved.items()))
    search = Search(task.service, "source", asked, task.timeout_ms, None)
    ordered = scene.memory.get(ORDERED_PLACES)
    places = best_known(search, scene) if ordered else settled(search, scene)
    if not isinstance(places, tuple):
        return places
    for place in places:
        if place.word == "NONE":
            log = bounds(scene.facts, place.name)
            if isinstance(log, Unknown):
                return Wait(f"{partition_text(place.name)}: {log.reason}")
            commit = before.get(place.name)
            at, rereads[place.name] = resumes_without_place(commit, log)
            if at != commit:
                offsets.append((place.name, at))
            continue
        resume = max(place.low, before.get(place.name, -1))
        reread = place.reread_max() if resume == place.low else max(0, place.high - resume)
        rereads[place.name] = reread
        if resume == place.low:
            offsets.append((place.name, resume))
    return _commit_returned(task, offsets, rereads, beside)


def resumes_without_place(commit: int | None, log: Bounds) -> tuple[int, int]:
    """Where on the source a group goes on whose place there is not known, and how many records it
    reads again at most: at its commit, and never before the log's start."""
    at = max(log.source_start, commit if commit is not None else 0)
    return at, max(0, log.source_end - at)


def _return_translated(
    task: ReturnGroup, scene: Scene, moved: Commits, before: Commits, beside: _Unmapped
) -> Progress:
    group, facts = task.service.group, scene.facts
    if facts.syncs is None or facts.syncs.asked_at_ms <= scene.started_at_ms:
        return Wait("reads the offset-syncs")
    if not facts.syncs.read_to_end:
        return Wait("reads the offset-syncs to their end")
    offsets, rereads = list(beside.offsets), dict(beside.rereads)
    for name, offset in moved.items():
        stood = before.get(name, -1)
        place = back_to_source(facts.syncs.slots.get(name, ()), offset, stood)
        if place is None:
            where = f"{group} {partition_text(name)}"
            return Wait(f"{where}: no offset sync at or before {offset} on the target")
        since = since_placed(scene.memory, group, name, stood)
        rereads[name] = place.reread_max if since is None else min(place.reread_max, offset - since)
        if place.offset > stood:
            offsets.append((name, place.offset))
    return _commit_returned(task, offsets, rereads, beside)


def _commit_returned(
    task: ReturnGroup,
    offsets: list[tuple[TopicPartition, int]],
    rereads: Mapping[TopicPartition, int],
    beside: _Unmapped,
) -> Progress:
    group = task.service.group
    assert group is not None
    reread = beside.again + sum(rereads.values())
    note = f"{group} resumes on source: at most {reread:,} records are read again"
    if beside.rereads:
        topics = ", ".join(sorted({topic for topic, _ in beside.rereads}))
        note += f" ({topics} was made anew: its places have no image)"
    remember = {
        f"reread_max.{group}": reread,
        f"rereads.{group}": {partition_text(n): r for n, r in rereads.items() if r},
    }
    if not offsets and not reread:
        return Done(NO_PROGRESS.format(group=group))
    if not offsets:
        return Done(note, remember)
    action = CommitOffsets("source", group, tuple(sorted(offsets)))
    return Act(action, task.timeout_ms, remember, note)
