"""Places that are looked up and next records that are read, in a simulated world.

Read only; records are told by where the mirror has them from.
"""

from __future__ import annotations

from typing import Any, assert_never

from cockpit.core.actions import FindPlaces, Look, ProbePlaces, SeekPlaces
from cockpit.core.image import NOT_YET
from cockpit.core.observe import partition_text
from cockpit.core.plan import SIDES
from cockpit.ports import PortError
from cockpit.sim.images import found_place
from cockpit.sim.logs import COPIED
from cockpit.sim.world import World


def look(world: World, action: Look) -> dict[str, Any]:
    """What a look answers. Raises PortError where a partition has no leader."""
    match action:
        case FindPlaces():
            return _find(world, action)
        case SeekPlaces():
            return _seek(world, action)
        case ProbePlaces():
            return _probe(world, action)
        case _:
            assert_never(action)


def _find(world: World, action: FindPlaces) -> dict[str, Any]:
    """Places as the world knows them."""
    return {
        "places": {
            partition_text(name): found_place(world, action.side, _partition(world, name), offset)
            for name, offset in action.offsets
        }
    }


def _seek(world: World, action: SeekPlaces) -> dict[str, Any]:
    target = world.shores["target"]
    sought: dict[str, int] = {}
    for name in action.partitions:
        partition = _partition(world, name)
        match action.at:
            case "earliest":
                place = 0
            case "latest":
                place = int(target.logs.end[partition])
            case "timestamp":
                assert action.at_ms is not None
                place = world.arrived_by(action.at_ms, partition)
            case _:
                assert_never(action.at)
        sought[partition_text(name)] = target.offset_map.offset(partition, place)
    return {"sought": sought}


def _probe(world: World, action: ProbePlaces) -> dict[str, Any]:
    return {
        "probes": {
            partition_text(name): _probed(world, _partition(world, name), source, target)
            for name, source, target in action.places
        }
    }


def _probed(world: World, partition: int, source: int, target: int) -> list[Any]:
    here, there = world.shores["source"], world.shores["target"]
    ours = here.offset_map.place(partition, source)
    theirs = there.offset_map.place(partition, target)
    next_ours = ours if ours < int(here.logs.end[partition]) else None
    next_theirs: tuple[int, int] | None = None
    for lane, number, _ in there.logs.pieces(partition, theirs, theirs + 1):
        next_theirs = lane, number
    word = "OTHER"
    if next_theirs is None:
        word = "ENDS" if next_ours is None else "NOT_YET"
    elif next_ours is None:
        word = "SURPLUS"
    elif next_theirs == (COPIED, next_ours):
        word = "SAME"
    _, image, low, high, reason, passing = found_place(world, "target", partition, source)
    apart: tuple[int | None, int | None] = (None, None)
    if image != "NONE":
        lowest, highest = (there.offset_map.place(partition, at) for at in (low, high))
        apart = max(0, highest - theirs), max(0, theirs - lowest)
    again = word == "NOT_YET" or (passing and reason == NOT_YET)
    return [source, target, word, *apart, reason, again]


def _partition(world: World, name: tuple[str, int]) -> int:
    partition = world.layout.keys.position.get(name)
    if partition is None:
        raise PortError("protocol", f"simulated: no partition {partition_text(name)}")
    if not all(world.shores[side].up[partition] for side in SIDES):
        raise PortError("unreachable", f"simulated: no leader for {partition_text(name)}")
    return partition
