"""Exact images in a simulated world: read off what its mirror really copied, never off content.

Read only.
"""

from __future__ import annotations

import numpy as np

from cockpit.core.observe import MISSING, TopicPartition, Unknown
from cockpit.core.survey import GroupImage, Image, ImagesSurvey
from cockpit.sim.logs import COPIED
from cockpit.sim.world import World

_NOT_YET = "the mirror has not copied everything before it yet"


def survey_images(world: World, asked_at_ms: int, now_ms: int) -> ImagesSurvey:
    """Images of every commit on the source."""
    source = world.shores["source"]
    found: dict[tuple[str, TopicPartition], GroupImage] = {}
    for group, name in enumerate(world.layout.groups):
        for index in np.flatnonzero(source.committed[group] != MISSING):
            partition = int(index)
            at = world.layout.keys.names[partition]
            found[name, at] = _image_of(world, group, partition, asked_at_ms)
    return ImagesSurvey(asked_at_ms, now_ms, found)


def _image_of(world: World, group: int, partition: int, at_ms: int) -> GroupImage:
    source, target = world.shores["source"], world.shores["target"]
    topic, number = world.layout.keys.names[partition]
    offset = int(source.committed[group, partition])
    committed = int(target.committed[group, partition])
    place = _place_of(world, partition, source.offset_map.place(partition, offset))
    reread: int | Unknown
    skipped: int | Unknown
    if place is None:
        image = Image(offset, "NONE", Unknown(_NOT_YET), Unknown(_NOT_YET), _NOT_YET)
        reread = skipped = Unknown(_NOT_YET)
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
