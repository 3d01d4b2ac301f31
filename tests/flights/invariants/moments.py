"""Reads the truth off a simulated world. Changes nothing, and never asks the cockpit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cockpit.core.actions import Action, CommitOffsets, ExcludeGroups, PatchConnector
from cockpit.core.observe import MISSING, TopicPartition
from cockpit.core.plan import SIDES, Side
from cockpit.sim.layout import STRANGER
from cockpit.sim.logs import COPIED
from cockpit.sim.truth import Numbers
from cockpit.sim.world import World
from tests.flights.invariants.trace import Moment, Placing

EXCLUDE_KEY = "groups.exclude"


def moment_of(world: World, *, drained: bool = False, committed: bool = False) -> Moment:
    """The truth now; `drained`: with what is left to be copied; `committed`: with commits."""
    source = world.shores["source"]
    groups = world.layout.groups
    left, left_by_others = _left(world) if drained else (None, {})
    return Moment(
        at_ms=world.begin_ms + world.now_ms,
        views=tuple(source.acls.views),
        bindings=source.acls.bindings,
        brokers_down=source.brokers_down,
        where={name: str(side) for name, side in world.where().items()},
        open={side: _open(world, side) for side in SIDES},
        members={
            side: {name: int(world.shores[side].members[g]) for g, name in enumerate(groups)}
            for side in SIDES
        },
        connectors={name: dict(config) for name, config in world.mirror.configs.items()},
        own=_own(world),
        left=left,
        left_by_others=left_by_others,
        others=_others(world),
        commits=_commits(world) if committed else None,
    )


def _open(world: World, side: Side) -> frozenset[tuple[str, str]]:
    layout = world.layout
    able = world.traffic.writing[side] & world.shores[side].permitted
    found = set()
    for index in np.flatnonzero(able):
        lane = layout.lanes[int(index)]
        if lane.service != STRANGER:
            topic = layout.topics[int(layout.topic_of[lane.partition])]
            found.add((layout.services[lane.service].name, topic))
    return frozenset(found)


def _commits(world: World) -> Mapping[str, Mapping[TopicPartition, int]]:
    target = world.shores["target"]
    return {name: target.commits(group) for group, name in enumerate(world.layout.groups)}


def _own(world: World) -> Mapping[str, int]:
    own: dict[str, int] = {}
    logs = world.shores["target"].logs
    for p, (topic, _) in enumerate(world.layout.keys.names):
        end = int(logs.end[p])
        own[topic] = own.get(topic, 0) + sum(
            count for lane, _, count in logs.pieces(p, 0, end) if lane != COPIED
        )
    return own


def _left(world: World) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """By content: past the end of what was ever brought, whatever the mirror says of itself. All,
    and how much of it nobody of the plan wrote."""
    left: dict[str, int] = {}
    strange: dict[str, int] = {}
    source, target = world.shores["source"].logs, world.shores["target"].logs
    for p, (topic, _) in enumerate(world.layout.keys.names):
        pieces = target.pieces(p, 0, int(target.end[p]))
        brought = max(
            (number + count for lane, number, count in pieces if lane == COPIED), default=0
        )
        left[topic] = left.get(topic, 0) + int(source.end[p]) - brought
        strange[topic] = strange.get(topic, 0) + _by_others(world, p, brought)
    return left, strange


def _others(world: World) -> Mapping[str, int]:
    others: dict[str, int] = {}
    strangers = {lane.partition for lane in world.layout.lanes if lane.service == STRANGER}
    for p in sorted(strangers):
        topic = world.layout.keys.names[p][0]
        others[topic] = others.get(topic, 0) + _by_others(world, p, 0)
    return others


def _by_others(world: World, partition: int, first: int) -> int:
    """Records of a source's log from a place on that nobody of the plan wrote."""
    logs, lanes = world.shores["source"].logs, world.layout.lanes
    pieces = logs.pieces(partition, first, int(logs.end[partition]))
    return sum(count for lane, _, count in pieces if lanes[lane].service == STRANGER)


def repeated_of(world: World) -> Mapping[TopicPartition, int]:
    """Source records that lie on the target more than once, by partition."""
    found: dict[TopicPartition, int] = {}
    logs = world.shores["target"].logs
    for p, name in enumerate(world.layout.keys.names):
        brought = [
            (number, count)
            for lane, number, count in logs.pieces(p, 0, int(logs.end[p]))
            if lane == COPIED
        ]
        again, seen = 0, Numbers()
        for number, count in brought:
            # not all from 0 on: what a topic had before it was made anew may never have come
            again += seen.add(number, number + count)
        if again:
            found[name] = again
    return found


def placing_of(world: World, service: str) -> Placing | None:
    """How a service's group would resume on the target now; None: it has none, or is at work."""
    index = world.service_index(service)
    group = world.layout.group_of(index)
    if group is None or world.shores["target"].members[group]:
        return None
    source, target = world.shores["source"], world.shores["target"]
    skipped = again = 0
    for p in np.flatnonzero(world.layout.reads[group]):
        partition = int(p)
        committed = int(source.committed[group, partition])
        done = 0 if committed == MISSING else source.offset_map.place(partition, committed)
        place = world.traffic.resume_place("target", group, partition)
        end = int(target.logs.end[partition])
        before = _numbers(target.logs.pieces(partition, 0, place))
        ahead = _numbers(target.logs.pieces(partition, place, end))
        skipped += sum(1 for number in before if number >= done and number not in ahead)
        again += sum(1 for number in ahead if number < done)
    return Placing(skipped, again)


def _numbers(pieces: Any) -> set[int]:  # an iterator of pieces
    found: set[int] = set()
    for lane, number, count in pieces:
        if lane == COPIED:
            found.update(range(number, number + count))
    return found


def replaced_by(world: World, action: Action) -> Mapping[str, Any]:
    """What an action would replace, as an intent has to keep it."""
    match action:
        case PatchConnector(connector=connector, settings=settings):
            config = world.mirror.configs.get(connector, {})
            return {key: config.get(key) for key, _ in settings}
        case ExcludeGroups():
            name = world.plan.replication.checkpoint_connector
            return {EXCLUDE_KEY: world.mirror.configs.get(name, {}).get(EXCLUDE_KEY)}
        case CommitOffsets(side=side, group=group, offsets=offsets):
            commits = world.shores[side].commits(world.layout.groups.index(group))
            return {f"{topic}/{p}": commits.get((topic, p)) for (topic, p), _ in offsets}
        case _:
            return {}
