"""Exact places of a group: what a search found by content, and whether the group may resume there.

Never past a true place: an EXACT place is taken, a RANGE at its low end if its owner tolerates what
that may read again, and nothing is done on less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cockpit.core.actions import FindPlaces
from cockpit.core.observe import TopicPartition, partition_text
from cockpit.core.plan import Service, Side
from cockpit.core.scene import Act, Failed, Scene, Wait
from cockpit.core.survey import ImageWord

CLOSER_PLACE_MS: Final = 5_000
"""How long a group waits for a closer place where one that is as safe is known. A trailing
transaction marker would be waited for in vain."""
SEARCH_AGAIN_MS: Final = 1_000
"""What was found longer ago is searched again: the mirror may have gone back since."""
SEARCH_WITHIN_MS: Final = 20_000
"""A search that takes longer is asked again: by then the logs are others."""

Offsets = tuple[tuple[TopicPartition, int], ...]
Answers = Mapping[str, Sequence[Any]]
"""`places` of a search's result."""


@dataclass(frozen=True, slots=True)
class ExactPlace:
    """What a search found of one offset."""

    name: TopicPartition
    offset: int
    """As it was asked for."""
    word: ImageWord
    low: int
    high: int
    reason: str
    passing: bool
    """The reason may go away by itself, as when the mirror has not come so far yet."""

    def reread_max(self) -> int:
        """Records that may be read again from `low`. What is not proved exact is one at least: the
        true place may be past a record that looks the same."""
        return 0 if self.word == "EXACT" else max(1, self.high - self.low)

    def text(self) -> str:
        """For people."""
        if self.word == "NONE":
            return f"{partition_text(self.name)} NONE: {self.reason}"
        return f"{partition_text(self.name)} {self.word} {self.low} to {self.high}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Search:
    """What a group must know before it may resume on a side."""

    service: Service
    side: Side
    offsets: Offsets
    """Of the other side."""
    timeout_ms: int
    tolerance: int | None
    """Records that may be read again; None: as many as must be."""
    known_reread: int = 0
    """Of these, how many will be read again whatever is found."""


def tolerance_of(service: Service) -> int | None:
    """How many records a group may read again; None: not stated. Nothing said of an exact one means
    none."""
    stated = service.offsets.replay_tolerance_records if service.offsets else None
    return 0 if stated is None and service.resume == "exact" else stated


def memory_key(side: Side, group: str) -> str:
    """Where a wave's memory has what was found last."""
    return f"exact.{side}.{group}"


def remembered(places: Answers, at_ms: int) -> dict[str, Any]:
    """What of a search's result a wave keeps; JSON-able."""
    return {"at_ms": at_ms, "places": places}


def reread_max(places: Iterable[ExactPlace]) -> int:
    """Records that may be read again, all partitions together."""
    return sum(place.reread_max() for place in places)


def settled(search: Search, scene: Scene) -> tuple[ExactPlace, ...] | Wait | Failed | Act:
    """The places of a search as soon as a group may resume there; until then what to do."""
    waited_ms = scene.now_ms - scene.started_at_ms
    left_ms = search.timeout_ms - waited_ms
    group = search.service.group or ""
    again = FindPlaces(search.side, group, search.offsets, min(SEARCH_WITHIN_MS, max(left_ms, 1)))
    found = scene.memory.get(memory_key(search.side, group))
    places = None if found is None else _places(search.offsets, found["places"])
    if found is None or places is None or found["at_ms"] <= scene.started_at_ms:
        return Act(again, again.within_ms) if left_ms > 0 else Wait(f"{group}: not found yet")
    inexact = [place for place in places if place.word != "EXACT"]
    reread = search.known_reread + reread_max(p for p in inexact if p.word == "RANGE")
    open_ones = [place for place in inexact if place.word == "NONE"]
    enough = not open_ones and (search.tolerance is None or reread <= search.tolerance)
    passing = any(place.passing for place in inexact)
    old = scene.now_ms - found["at_ms"] >= SEARCH_AGAIN_MS
    if enough and not old and not (passing and waited_ms < CLOSER_PLACE_MS):
        return places
    patience_ms = CLOSER_PLACE_MS if _hopeless(search, inexact) else search.timeout_ms
    if not enough and waited_ms >= patience_ms:
        return Failed(_held(search, inexact, reread))
    if not old or left_ms <= 0:
        return Wait(f"{group} on {search.side}: {_first(inexact) or 'commits are missing'}")
    return Act(again, again.within_ms)


def best_known(search: Search, scene: Scene) -> tuple[ExactPlace, ...] | Wait | Act:
    """The places as far as they can be found: for a group that resumes elsewhere they only say what
    that costs."""
    waited_ms = scene.now_ms - scene.started_at_ms
    left_ms = search.timeout_ms - waited_ms
    group = search.service.group or ""
    again = FindPlaces(search.side, group, search.offsets, min(SEARCH_WITHIN_MS, max(left_ms, 1)))
    found = scene.memory.get(memory_key(search.side, group))
    places = None if found is None else _places(search.offsets, found["places"])
    if found is None or places is None or found["at_ms"] <= scene.started_at_ms:
        return Act(again, again.within_ms) if left_ms > 0 else Wait(f"{group}: not found yet")
    if any(p.passing for p in places if p.word != "EXACT") and waited_ms < CLOSER_PLACE_MS:
        if scene.now_ms - found["at_ms"] >= SEARCH_AGAIN_MS:
            return Act(again, again.within_ms)
        return Wait(f"{group} on {search.side}: {_first([p for p in places if p.passing])}")
    return places


def worked_on(group: str, place: ExactPlace, scene: Scene) -> str:
    """Why the target's commit must not be replaced: it is past the place."""
    there = commit_on_target(group, place.name, scene)
    if place.word == "NONE" or there is None or there <= place.high:
        return ""
    return (
        f"{group} {partition_text(place.name)}: the target's commit {there} lies past {place.high},"
        f" the place of {place.offset}: it has worked on the target already, or was set back on"
        " the source"
    )


def commit_on_target(group: str, name: TopicPartition, scene: Scene) -> int | None:
    """What the target has committed for one partition, as far as it is known."""
    sample = scene.facts.newest_groups("target")
    state = sample.groups.get(group) if sample else None
    return state.committed().get(name) if state and state.unknown is None else None


def mirror_at_rest(scene: Scene) -> Wait | None:
    """Why places may change at any moment; None: they do not.

    A task that is down comes back, and copies again what it had not written down.
    """
    mirror = scene.facts.newest_mirror()
    if mirror is None or mirror.asked_at_ms <= scene.started_at_ms:
        failure = scene.facts.failures.get("mirror")
        return Wait(f"mirror: {failure.reason}" if failure else "reads the mirror's state")
    name = scene.subject.plan.replication.movers[0]
    connector = next((c for c in mirror.connectors if c.name == name), None)
    if connector is None or connector.state != "RUNNING" or not connector.tasks:
        word = "absent" if connector is None else f"{connector.state}, {len(connector.tasks)} tasks"
        return Wait(f"mirror: {name} {word}")
    for task in connector.tasks:
        if task.state != "RUNNING":
            return Wait(f"mirror: {name} task {task.id} {task.state}")
    return None


def _places(offsets: Offsets, found: Answers) -> tuple[ExactPlace, ...] | None:
    """The places of these offsets; None where others were asked for."""
    places = []
    for name, offset in offsets:
        answer = found.get(partition_text(name))
        if answer is None or answer[0] != offset:
            return None
        places.append(ExactPlace(name, *answer))
    return tuple(places)


def _hopeless(search: Search, inexact: list[ExactPlace]) -> bool:
    """Whether waiting changes nothing."""
    lasting = [place for place in inexact if not place.passing]
    if any(place.word == "NONE" for place in lasting):
        return True
    sure = search.known_reread + reread_max(lasting)
    return search.tolerance is not None and sure > search.tolerance


def _first(inexact: list[ExactPlace]) -> str:
    """The worst of them and how many more there are."""
    if not inexact:
        return ""
    worst = max(inexact, key=lambda place: (place.word == "NONE", place.reread_max()))
    more = f", and {len(inexact) - 1} more" if len(inexact) > 1 else ""
    return worst.text() + more


def _held(search: Search, inexact: list[ExactPlace], reread: int) -> str:
    """Why a group is not placed, and what a person can do."""
    service, group = search.service.name, search.service.group
    why = _first(inexact)
    if search.side == "source":
        again = "R tries again (there may be more by then)"
        return f"{group} has no place on source: {why}. {again}; A goes back without one"
    advice = [f"A tries again (on {search.side} there may be more by then)"]
    if search.known_reread:
        lost = "partitions without a commit on the source are read from their start"
        why = f"{why}; {lost}" if why else lost
    if all(place.word != "NONE" for place in inexact):
        why = f"may read up to {reread:,} records again, tolerated: {search.tolerance}; {why}"
        advice.append(f"a replay_tolerance of {reread} for {service} accepts it")
    advice.append("resume: translated takes the mirror's own place")
    return f"{group} has no exact place on {search.side}: {why}. {'; '.join(advice)}; R goes back"
