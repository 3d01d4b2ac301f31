"""What can happen next: one topic's world, and every move that a flight may make in it.

The moves are those of `core.script` and `core.progress`: steps forward, services of a stop or
start in any order, a pause anywhere (which is to stay), back over every begun step, last first
(but for a fence under which nobody was started), then again or not. Never judges; the rules do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from cockpit.core.prove.lanes import View


class World(NamedTuple):
    """Where everything stands, as far as one view goes. Sets are bit masks."""

    lane: int = 0
    """The wave under way; the number of lanes when all are done."""
    step: int = 0
    back: bool = False
    on_source: int = 0
    """Parties that run on the source."""
    on_target: int = 0
    placed: int = 0
    """Parties whose group has its place on the target."""
    fences: int = 0
    """Lanes whose fence stands."""
    drained: bool = False
    """Every record of the source is on the target, and no more can come."""
    own: bool = False
    """The target has records that the source does not have."""
    reversed: bool = False
    """A mirror brings the target's records back."""
    promoted: int = 0
    """Lane of the promotion, plus 1; 0: not promoted."""


@dataclass(frozen=True, slots=True)
class Move:
    """What happens. `party` is who, or NOBODY."""

    word: str
    """A step's word, `undo` with one, or `writes`, `end`, `back`."""
    lane: int
    step: int
    party: int = -1
    undo: bool = False


NOBODY: Final = -1


def begin(view: View) -> World:
    """Everybody on the source."""
    return World(on_source=(1 << len(view.parties)) - 1)


def moves(world: World, view: View) -> Iterator[tuple[Move, World]]:
    """Every move that is possible now, with what it leads to."""
    if world.back:
        yield from _backward(world, view)
        return
    if world.lane < len(view.lanes):
        yield from _forward(world, view)
    yield from _turns_back(world, view)
    if view.kind != "link" and not world.own and writers(view) & world.on_target:
        yield Move("writes", world.lane, world.step), world._replace(own=True)


def may_write(world: World, view: View, party: int) -> bool:
    """Whether the party's writes on the source would be taken."""
    if not (view.parties[party].writes and world.on_source >> party & 1):
        return False
    return not refused_by(world, view, party)


def refused_by(world: World, view: View, party: int) -> int:
    """Lanes whose standing fence refuses the party's writes on the source."""
    refusing = 0
    for number, lane in enumerate(view.lanes):
        if not (lane.writes and world.fences >> number & 1):
            continue
        mine = view.parties[party].lane == number or view.parties[party].denied_by >> number & 1
        if lane.denies == "all" or (lane.denies == "producers" and mine):
            refusing |= 1 << number
    return refusing


def source_is_written(world: World, view: View) -> bool:
    """Whether anybody may write the topic on the source."""
    return any(may_write(world, view, party) for party in range(len(view.parties)))


def is_lossy(world: World, view: View, lane: int) -> bool:
    """Whether the wave's producers, going back now, leave records behind."""
    there = writers(view) & members(view, lane) & world.on_target
    return bool(world.own and not world.reversed and there)


def members(view: View, lane: int) -> int:
    """Parties that move in this lane."""
    return sum(1 << n for n, party in enumerate(view.parties) if party.lane == lane)


def writers(view: View) -> int:
    """Parties that write."""
    return sum(1 << n for n, party in enumerate(view.parties) if party.writes)


def readers(view: View) -> int:
    """Parties that read."""
    return sum(1 << n for n, party in enumerate(view.parties) if party.reads)


def _forward(world: World, view: View) -> Iterator[tuple[Move, World]]:
    lane = view.lanes[world.lane]
    if world.step >= len(lane.steps):
        yield Move("end", world.lane, world.step), world._replace(lane=world.lane + 1, step=0)
        return
    word, who = lane.steps[world.step].word, members(view, world.lane)
    done = world._replace(step=world.step + 1)
    if word in ("stop", "start"):
        waiting = who & (world.on_source if word == "stop" else ~world.on_target)
        for party in range(len(view.parties)):
            if waiting >> party & 1:
                move = Move(word, world.lane, world.step, party)
                yield move, _moved(world, view, party, word)
        if not waiting:
            yield Move("end", world.lane, world.step), done
        return
    yield Move(word, world.lane, world.step), _effect(done, view, word)


def _moved(world: World, view: View, party: int, word: str) -> World:
    if word == "stop":
        return world._replace(on_source=world.on_source & ~(1 << party))
    return world._replace(on_target=world.on_target | 1 << party)


def _effect(world: World, view: View, word: str) -> World:
    """The world after a step that concerns no single service."""
    lane = view.lanes[world.lane]
    match word:
        case "fence" if lane.writes:
            return world._replace(fences=world.fences | 1 << world.lane)
        case "drain" if lane.writes:
            proved = bool(world.fences) and not source_is_written(world, view)
            return world._replace(drained=world.drained or proved)
        case "offsets":
            # a place that is set while its service goes on reading is soon the wrong one
            settled = members(view, world.lane) & readers(view) & ~world.on_source
            return world._replace(placed=world.placed | settled)
        case "reverse" if lane.writes:
            return world._replace(reversed=True)
        case "promote" if lane.promotes:
            return world._replace(promoted=world.lane + 1)
        case _:
            return world


def _turns_back(world: World, view: View) -> Iterator[tuple[Move, World]]:
    """The wave under way is taken back, or the one before it where this one has not begun.

    Beyond the point of no return it is not: what a plan promises there is a rule's matter, and
    what a person decides there is priced.
    """
    lane = world.lane
    if lane == len(view.lanes) or world.step == 0:
        begun = members(view, lane) & (~world.on_source | world.on_target)
        lane -= 0 if begun else 1
    if lane < 0 or is_lossy(world, view, lane) or world.promoted == lane + 1:
        return
    last = world.step if lane == world.lane else len(view.lanes[lane].steps)
    step = min(last, len(view.lanes[lane].steps) - 1)
    yield Move("back", lane, step), world._replace(lane=lane, step=step, back=True)


def _backward(world: World, view: View) -> Iterator[tuple[Move, World]]:
    if world.step < 0:
        yield Move("end", world.lane, 0, undo=True), world._replace(step=0, back=False)
        return
    lane, who = view.lanes[world.lane], members(view, world.lane)
    word = lane.steps[world.step].word
    yield from _freed(world, view)
    if word in ("stop", "start"):
        waiting = who & (~world.on_source if word == "stop" else world.on_target)
        for party in range(len(view.parties)):
            if waiting >> party & 1:
                bit = 1 << party
                after = (
                    world._replace(on_source=world.on_source | bit)
                    if word == "stop"
                    else world._replace(on_target=world.on_target & ~bit)
                )
                yield Move(word, world.lane, world.step, party, undo=True), _settle(after, view)
        if not waiting:
            yield (
                Move("end", world.lane, world.step, undo=True),
                world._replace(step=world.step - 1),
            )
        return
    after = world._replace(step=world.step - 1)
    match word:
        case "fence":
            after = after._replace(fences=world.fences & ~(1 << world.lane))
        case "offsets":
            after = after._replace(placed=world.placed & ~who)
        case "reverse" if lane.writes and world.reversed:
            after = after._replace(reversed=False, own=False)
        case _:
            pass
    yield Move(word, world.lane, world.step, undo=True), _settle(after, view)


def _freed(world: World, view: View) -> Iterator[tuple[Move, World]]:
    """While nobody is on the target a fence falls before what came after it is undone; when its own
    turn comes there is none. That somebody may have been there makes no difference to a rule."""
    words = [step.word for step in view.lanes[world.lane].steps[: world.step + 1]]
    standing = world.fences & 1 << world.lane
    if not standing or members(view, world.lane) & world.on_target:
        return
    fence = words.index("fence") if "fence" in words else len(words)
    if words[fence + 1 :] and set(words[fence + 1 :]) <= {"drain", "offsets", "start"}:
        after = world._replace(fences=world.fences & ~standing)
        yield Move("fence", world.lane, fence, undo=True), _settle(after, view)


def _settle(world: World, view: View) -> World:
    """What is drained is so only until somebody may write on the source again."""
    if world.drained and source_is_written(world, view):
        return world._replace(drained=False)
    return world
