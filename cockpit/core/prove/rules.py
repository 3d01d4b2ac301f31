"""What must be true in every world that a flight can reach, and of every move.

Each rule sees one topic and one or two services. Never decides what is reachable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from cockpit.core.prove.lanes import View
from cockpit.core.prove.moves import (
    NOBODY,
    Move,
    World,
    is_lossy,
    may_write,
    members,
    readers,
    refused_by,
    source_is_written,
    writers,
)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a world or a move breaks. `party` is who does it, `other` who suffers."""

    case: str
    """Which of the rule's sentences says it."""
    lane: int
    step: int = 0
    party: int = NOBODY
    other: int = NOBODY


Rule = Callable[[Move, World, World, View], Iterator[Broken]]
"""From a move, the world before and the world after it."""


def downstream_first(move: Move, before: World, after: World, view: View) -> Iterator[Broken]:
    """A topic is written on the target only when each of its consumers is there or starts in the
    same wave: one that still reads on the source would miss it. A reverse mirror or a link, until
    the promotion, brings the records to both."""
    if view.kind == "link" or after.reversed:
        return
    started = writers(view) & after.on_target
    reading = readers(view) & after.on_source & ~after.on_target
    for party in _each(started):
        for other in _each(reading):
            yield Broken("misses", view.parties[party].lane, move.step, party, other)


def one_writer_side(move: Move, before: World, after: World, view: View) -> Iterator[Broken]:
    """A topic is written on one side only, and all of its producers move under one fence, unless
    allow_interleaving says why not."""
    if view.kind == "link":
        return  # nothing is fenced there, and until the promotion all writes go to the source
    yield from _cut_off(after, view)
    if view.interleaved:
        return
    for party in _each(writers(view) & after.on_target):
        for other in range(len(view.parties)):
            outside = view.parties[other].outside
            if other == party or not may_write(after, view, other):
                continue
            # of a reverse mirror reverse_conditions speaks, and fence_and_drain where no fence is
            if not outside or (after.fences and not after.reversed):
                case = "both_sides_left" if outside else "both_sides"
                yield Broken(case, view.parties[party].lane, move.step, party, other)


def _cut_off(after: World, view: View) -> Iterator[Broken]:
    """Whom the fence of another wave refuses. Somebody outside the plan may be: it is warned of."""
    for other in _each(writers(view) & after.on_source):
        if view.parties[other].outside:
            continue
        mine = view.parties[other].lane
        for lane in _each(refused_by(after, view, other) & ~(1 << mine if mine >= 0 else 0)):
            case = _how_cut_off(view, lane, other)
            yield Broken(case, lane, _step(view, lane, "fence"), _one_of(view, lane), other)


def _how_cut_off(view: View, lane: int, other: int) -> str:
    party = view.parties[other]
    if party.denied_by >> lane & 1 and view.lanes[lane].denies == "producers":
        return "cut_off_canary" if party.canary else "cut_off_shared"
    return "cut_off_apart" if view.interleaved else "cut_off"


def stop_before_offsets(move: Move, before: World, after: World, view: View) -> Iterator[Broken]:
    """A group's place is set, and a service starts on the target, only after the service has
    stopped on the source."""
    if move.undo:
        return
    if move.word == "offsets":
        for party in _each(readers(view) & before.on_source):
            if view.parties[party].lane == move.lane:
                yield Broken("still_reads", move.lane, move.step, party)
    if move.word == "start" and before.on_source >> move.party & 1:
        yield Broken("runs_twice", move.lane, move.step, move.party)


def offsets_before_start(move: Move, before: World, after: World, view: View) -> Iterator[Broken]:
    """A consumer starts on the target only after its group has its place there."""
    if move.word != "start" or move.undo or not view.parties[move.party].reads:
        return
    earlier = [step.word for step in view.lanes[move.lane].steps[: move.step]]
    if (before.on_source | before.placed) >> move.party & 1 or "offsets" in earlier:
        return  # of a place that was set too early, stop_before_offsets speaks
    yield Broken("no_place", move.lane, move.step, move.party)


def fence_and_drain(move: Move, before: World, after: World, view: View) -> Iterator[Broken]:
    """A producer starts on the target only after its topics are fenced on the source and, after
    that, drained. Behind a link's proxy neither is needed."""
    if move.word != "start" or move.undo or not view.parties[move.party].writes:
        return
    if view.kind == "link" or view.interleaved or before.on_source >> move.party & 1:
        return
    if before.drained:
        return
    earlier = [step.word for step in view.lanes[move.lane].steps[: move.step]]
    if not before.fences:
        case = "no_fence" if "drain" in earlier else "neither"
    else:
        case = "drained_too_early" if "drain" in earlier else "no_drain"
    if not (before.fences and source_is_written(before, view)):  # that is one_writer_side's
        yield Broken(case, move.lane, move.step, move.party)


def no_way_back(move: Move, before: World, after: World, view: View) -> Iterator[Broken]:
    """Beyond the point of no return a plan promises no way back: neither on_trigger: rollback
    (after_no_return: pause says so) nor a rollback_window, unless a reverse mirror brings the
    target's records to the source."""
    for number, lane in enumerate(view.lanes):
        closed = move.word == "promote" and not move.undo and after.promoted == number + 1
        lossy = move.word == "writes" and is_lossy(after, view, number)
        if lossy and not (before.lane == number or lane.rollback_window):
            continue
        moved = writers(view) & members(view, number) & after.on_target
        party = next(iter(_each(moved)), NOBODY) if lossy else NOBODY
        beyond = "_promoted" if closed else ""
        if (closed or lossy) and lane.goes_back_by_itself:
            yield Broken(f"by_itself{beyond}", number, move.step, party)
        if (closed or lossy) and lane.rollback_window:
            yield Broken(f"window{beyond}", number, move.step, party)


def reverse_conditions(move: Move, before: World, after: World, view: View) -> Iterator[Broken]:
    """A reverse mirror takes the topics out of the forward filter first, begins before start where
    the drain ended, with nobody left who writes on the source, writes through a fence that denies
    producers only, and is of no topic that allow_interleaving names: such a one has no drained end.
    Only MirrorMaker 2 has one."""
    if move.word != "reverse" or move.undo or not view.lanes[move.lane].writes:
        return
    step = view.lanes[move.lane].steps[move.step]
    where = (move.lane, move.step)
    if view.kind != "mirrormaker2":
        yield Broken("no_reverse_of_link" if view.kind == "link" else "no_reverse", *where)
        return
    earlier = [one.word for one in view.lanes[move.lane].steps[: move.step]]
    if "start" in earlier:
        yield Broken("reversed_late", *where)
    if step.forward != "excluded":
        yield Broken("circle", *where)
    if view.interleaved:
        yield Broken("reversed_interleaved", *where)
    elif step.start_at != "drained":
        yield Broken(f"from_{step.start_at}", *where)
    elif not before.drained:
        yield from _not_drained(before, view, earlier, where)
    for lane in range(len(view.lanes)):
        if after.fences >> lane & 1 and view.lanes[lane].denies == "all":
            yield Broken("mirror_denied", *where)


def _not_drained(
    world: World, view: View, earlier: list[str], where: tuple[int, int]
) -> Iterator[Broken]:
    """Why there is no drained end to begin at: somebody still writes, or nothing has drained."""
    drained = "drain" in earlier and "fence" in earlier[: earlier.index("drain")]
    writing = [party for party in range(len(view.parties)) if may_write(world, view, party)]
    if not (drained and writing):
        yield Broken("from_nowhere", *where)
        return
    for party in writing:
        # out of the forward filter, what it writes would reach nobody on the target
        left = "_left" if view.parties[party].outside else ""
        yield Broken(f"reversed_beside{left}", *where, other=party)


def promote_when_moved(move: Move, before: World, after: World, view: View) -> Iterator[Broken]:
    """A topic is promoted only when all of its producers are behind the proxy or stopped, and all
    of its consumers are on the target or have their place there. One that somebody outside the
    plan writes, who stays on the source, is named, with accept_loss. Only a link promotes."""
    if move.word != "promote" or move.undo or not view.lanes[move.lane].promotes:
        return
    if view.kind != "link":
        yield Broken("no_promotion", move.lane, move.step)
        return
    accepted = view.lanes[move.lane].steps[move.step].accepted
    if not (writers(view) or accepted):
        yield Broken("written_elsewhere", move.lane, move.step)
    for party in _each(writers(view) & before.on_source):
        if not view.parties[party].outside:
            yield Broken("still_writes", move.lane, move.step, other=party)
        elif not accepted:
            yield Broken("still_writes_left", move.lane, move.step, other=party)
    reading = readers(view) & ~before.on_target & ~before.placed
    for party in _each(reading & ~(writers(view) & before.on_source)):
        yield Broken("still_reads_promoted", move.lane, move.step, other=party)


RULES: Final[tuple[tuple[str, Rule], ...]] = (
    ("downstream-first", downstream_first),
    ("one-writer-side", one_writer_side),
    ("stop-before-offsets", stop_before_offsets),
    ("offsets-before-start", offsets_before_start),
    ("fence-and-drain", fence_and_drain),
    ("no-way-back", no_way_back),
    ("reverse-conditions", reverse_conditions),
    ("promote-when-moved", promote_when_moved),
)


def _each(mask: int) -> Iterator[int]:
    number = 0
    while mask:
        if mask & 1:
            yield number
        mask >>= 1
        number += 1


def _one_of(view: View, lane: int) -> int:
    """A writer of the lane, where the view has one."""
    mine = (n for n, party in enumerate(view.parties) if party.lane == lane and party.writes)
    return next(mine, NOBODY)


def _step(view: View, lane: int, word: str) -> int:
    words = [step.word for step in view.lanes[lane].steps]
    return words.index(word) if word in words else 0
