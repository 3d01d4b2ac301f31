"""Exact images in a simulated world: read off what its mirror really copied, never off content.

Read only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cockpit.core.image import AGAIN, BACKWARDS, NOT_YET, PASSING
from cockpit.core.observe import MISSING, TopicPartition, Unknown
from cockpit.core.plan import Side
from cockpit.core.survey import GroupImage, Image, ImagesSurvey
from cockpit.sim.logs import COPIED
from cockpit.sim.world import World

_NO_RECORD = "it comes from no source record"


def survey_images(world: World, asked_at_ms: int, now_ms: int) -> ImagesSurvey:
    """Images of every commit on the source."""
    source = world.shores["source"]
    found: dict[tuple[str, TopicPartition], GroupImage] = {}
    for group, name in enumerate(world.layout.groups):
        for index in np.flatnonzero(source.committed[group] != MISSING):
            partition = int(index)
            at = world.layout.keys.names[partition]
            found[name, at] = _image_of(world, group, partition, asked_at_ms)
    return ImagesSurvey(asked_at_ms, now_ms, found, _sought(world))


def _sought(world: World) -> dict[tuple[str, TopicPartition], int]:
    """On the target, the first offset since its time of each group that resumes at a timestamp."""
    target, layout = world.shores["target"], world.layout
    found: dict[tuple[str, TopicPartition], int] = {}
    for service in world.plan.services:
        spec = service.offsets
        if service.group is None or spec is None or spec.at_ms is None:
            continue
        for index in layout.keys.of_topics(service.consumes).tolist():
            place = world.arrived_by(spec.at_ms, index)
            found[service.group, layout.keys.names[index]] = target.offset_map.offset(index, place)
    return found


def _image_of(world: World, group: int, partition: int, at_ms: int) -> GroupImage:
    source, target = world.shores["source"], world.shores["target"]
    topic, number = world.layout.keys.names[partition]
    offset = int(source.committed[group, partition])
    committed = int(target.committed[group, partition])
    place = _place_of(world, partition, source.offset_map.place(partition, offset))
    reread: int | Unknown
    skipped: int | Unknown
    if place is None:
        image = Image(offset, "NONE", Unknown(NOT_YET), Unknown(NOT_YET), NOT_YET)
        reread = skipped = Unknown(NOT_YET)
    else:
        low = target.offset_map.offset(partition, place)
        image = Image(offset, "EXACT", low, low, "")
        apart = 0
        if committed != MISSING:
            apart = target.offset_map.place(partition, committed) - place
        reread, skipped = max(-apart, 0), max(apart, 0)
    return GroupImage(
        group=world.layout.groups[group],
        topic=topic,
        partition=number,
        image=image,
        target_committed=None if committed == MISSING else committed,
        reread_records=reread,
        skipped_records=skipped,
        at_ms=at_ms,
    )


def _place_of(world: World, partition: int, source_place: int) -> int | None:
    """Where the last copy of a source record is on the target, or where the next one will be."""
    logs = world.shores["target"].logs
    end = int(logs.end[partition])
    found: int | None = None
    begin = 0
    for lane, number, count in logs.pieces(partition, 0, end):
        if lane == COPIED and number <= source_place < number + count:
            found = begin + source_place - number
        begin += count
    if found is None and source_place == int(world.mirror.copied[partition]):
        return end
    return found


def found_place(world: World, side: Side, partition: int, offset: int) -> list[Any]:
    """What `FindPlaces` says of one offset: [offset, word, low, high, reason, passing]."""
    here = world.shores[side]
    there = world.shores["source" if side == "target" else "target"]
    place = there.offset_map.place(partition, offset)
    reason = ""
    if side == "source":
        found, high = _origin_of(world, partition, place)
        reason = _NO_RECORD if found is None else BACKWARDS if found != high else ""
    else:
        found = high = _place_of(world, partition, place)
        if found is None:
            reason = NOT_YET
        elif int(world.mirror.copied[partition]) <= place and found < int(here.logs.end[partition]):
            high, reason = int(here.logs.end[partition]), AGAIN
    if found is None or high is None:
        return [offset, "NONE", 0, 0, reason, reason in PASSING]
    word = "RANGE" if reason else "EXACT"
    low_and_high = [here.offset_map.offset(partition, at) for at in (found, high)]
    return [offset, word, *low_and_high, reason, reason in PASSING]


def _origin_of(world: World, partition: int, target_place: int) -> tuple[int | None, int | None]:
    """The source's place of a record on the target, or of the one that would come next; and up to
    where records of the source come before it."""
    logs = world.shores["target"].logs
    before = [
        number + count if lane == COPIED else None
        for lane, number, count in logs.pieces(partition, 0, target_place)
    ]
    if None in before:
        return None, None
    high = max((end for end in before if end is not None), default=0)
    for lane, number, _ in logs.pieces(partition, target_place, target_place + 1):
        return (number, max(number, high)) if lane == COPIED else (None, None)
    return high, high
