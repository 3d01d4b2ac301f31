"""Finds the image of an offset: reads as little of both logs as proves it.

Works on logs as `content.Log` has them; never says more than `core.image` proves of what was read.

Records keep their times on the target, unless its broker sets them. So the first target offset of a
time is no later than the first copy of a record of that time, and a record of which no equal has an
earlier offset on the source is known by one question for its time. From the offset to the end both
logs are read whole where that is short. Where it is long, a run of records after the offset is read
on both sides and aligned, and the rest of the target is looked at in steps that are shorter than
that run: if the mirror had come back to the offset later, one of them would meet the run again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from cockpit.core.image import GONE, NOTHING, Piece, Token, Verdict, judge, none, origin
from cockpit.kafka.content import Log, TooMuchError
from cockpit.ports import PortError

BEFORE: Final = 16
"""Records before the offset that are looked for."""
BACK: Final = 64
GROWTH: Final = 4
ANCHORS: Final = 8
PEEK: Final = 16

FAR: Final = "it is too far from the end to rule out that the mirror copied it again later"
LONG: Final = "the target sets its own times, and the logs are too long to be read whole"
BUDGET: Final = "more would have to be read than is allowed at a time"
TWICE: Final = "records with equal content may come before it"


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a search goes."""

    near: int = 4_000
    """Up to so many offsets before the source's end everything to the ends is read."""
    chunk: int = 1_000
    """Otherwise so many source offsets are aligned,"""
    probes: int = 256
    """and the rest of the target is looked at so often."""


@dataclass(slots=True)
class _Search:
    """One question, and what has been read for it."""

    offset: int
    source: Log
    target: Log
    limits: Limits
    ours: tuple[int, int] = (0, 0)
    theirs: tuple[int, int] = (0, 0)
    piece: Piece = field(default_factory=lambda: Piece(0, 0, ()))
    timed: bool = True
    fallback: Verdict | None = None
    """What can be said if no more may be read."""


async def find(offset: int, source: Log, target: Log, limits: Limits) -> Verdict:
    """The image of a source offset on the target. Raises PortError."""
    search = _Search(offset, source, target, limits)
    # The target's end first: then whatever is on it, has been on the source.
    search.theirs = await target.bounds()
    search.ours = await source.bounds()
    if not 0 <= offset <= search.ours[1]:
        return none(f"the source's log, as far as the mirror may read it, ends at {search.ours[1]}")
    try:
        return await _search(search)
    except TooMuchError:
        return search.fallback or none(BUDGET if search.timed else LONG)


async def _search(search: _Search) -> Verdict:
    start, end = search.ours
    at = max(search.offset, start)
    far = end - at > search.limits.near
    search.piece = await search.source.read(at - BACK, at + search.limits.chunk if far else end)
    back = BACK
    while search.piece.index_at(at) < BEFORE and not search.piece.first:
        back *= GROWTH
        await _widen_source(search, at - back)
    search.timed = all(item.time_ms >= 0 for item in search.piece.items)
    if far and search.timed:
        verdict = await _far(search)
        if verdict is not None:
            return verdict
    if far:
        await _extend_source(search, end)
    return await _near(search)


async def _widen_source(search: _Search, begin: int) -> None:
    front = await search.source.read(begin, search.piece.begin)
    search.piece = front.joined(search.piece)


async def _extend_source(search: _Search, end: int) -> None:
    more = await search.source.read(search.piece.end, end)
    search.piece = search.piece.joined(more)


async def _floor(search: _Search, anchors: int) -> int:
    """The target offset before which there is no copy of so many records around the offset."""
    start, end = search.theirs
    cut = search.piece.index_at(search.offset)
    around = search.piece.items[max(0, cut - anchors) : cut + anchors]
    if not search.timed or not around:
        return start
    first = await search.target.at_time(min(item.time_ms for item in around))
    return max(start, (end if first < 0 else first) - PEEK)


# --- from the offset to both ends -----------------------------------------------------------------


async def _near(search: _Search) -> Verdict:
    """Both logs are read to their ends, the target backwards as far as it takes."""
    start, end = search.theirs
    floor = await _floor(search, ANCHORS)
    reach = GROWTH * BACK + 2 * (search.ours[1] - search.offset)
    target = await search.target.read(max(floor, end - reach), end)
    while True:
        if search.timed and any(item.stamped for item in target.items):
            search.timed, floor = False, start
        verdict = judge(search.offset, search.piece, target, timed=search.timed)
        needed = await _needed(search, verdict, target)
        if needed >= target.begin:
            if verdict.word == "EXACT" or target.first:
                return await _confirmed(search, verdict, target)
            if target.begin <= floor:
                further = await _look_further(search, verdict, target)
                if further is None:
                    return verdict
                floor = further
                continue
            needed = max(floor, end - GROWTH * (end - target.begin) - BACK)
        target = (await search.target.read(needed, target.begin)).joined(target)


async def _look_further(search: _Search, verdict: Verdict, target: Piece) -> int | None:
    """The target offset to read from next, None: that will not help.

    A cleaner may have removed what is next to the offset, on either side: then records further
    away are looked for.
    """
    start, _ = search.theirs
    if verdict.word != "NONE" or verdict.reason not in (GONE, NOTHING):
        return None
    width = search.offset - search.piece.begin
    if not search.piece.first and width < search.limits.near:
        await _widen_source(search, search.offset - width * GROWTH)
        return min(target.begin, await _floor(search, len(search.piece)))
    nearby = search.piece.first and target.begin - start <= search.limits.near
    return start if nearby else None


async def _needed(search: _Search, verdict: Verdict, target: Piece) -> int:
    """The target offset from which on it must be read for a verdict to hold."""
    if verdict.missing_ms is None or target.first:
        return target.begin
    if not search.timed:
        return search.theirs[0]
    at = await search.target.at_time(verdict.missing_ms)
    return target.begin if at < 0 else min(at, target.begin)


async def _confirmed(search: _Search, verdict: Verdict, target: Piece) -> Verdict:
    """An exact verdict whose witness has no equal before the source's piece; else a range."""
    while verdict.word == "EXACT" and verdict.witness_ms >= 0 and not search.piece.first:
        first = search.ours[0]
        if search.timed:
            first = await search.source.at_time(verdict.witness_ms)
            if first >= search.piece.begin:
                return verdict
        try:
            await _widen_source(search, first)
        except TooMuchError:
            return replace(verdict, word="RANGE", high=search.theirs[1], reason=TWICE)
        verdict = judge(search.offset, search.piece, target, timed=search.timed)
    return verdict


# --- far from the ends ----------------------------------------------------------------------------


async def _far(search: _Search) -> Verdict | None:
    """A run of records after the offset is aligned, then the rest of the target looked at.

    None: that does not do, and the logs have to be read whole.
    """
    floor = await _floor(search, ANCHORS)
    target = await search.target.read(floor, floor + 2 * search.limits.chunk)
    if any(item.stamped for item in target.items):
        search.timed = False
        return None
    verdict = judge(search.offset, search.piece, target, timed=True)
    if await _needed(search, verdict, target) < target.begin:
        return None
    if target.last and verdict.word != "NONE" and not _all_known(search, target):
        return None
    verdict = await _confirmed(search, verdict, target)
    # It may be another one by now, of a wider piece.
    if await _needed(search, verdict, target) < target.begin:
        return None
    if not await _begins_before(search, verdict, target):
        return None
    if target.last:
        # The bounds of a range may be equals of records that come after the source's piece.
        return None if verdict.word == "RANGE" else verdict
    if verdict.word == "NONE":
        return None
    doubt = replace(verdict, word="RANGE", high=search.theirs[1], reason=FAR)
    search.fallback = doubt
    if verdict.word == "RANGE":
        return None
    index = target.index_at(verdict.low)
    run = _run(search, target, index)
    if run < min(BACK, search.limits.chunk // 2):
        return doubt
    clean = await _passed(search, run) and await _not_again(search, target.place(index + run), run)
    return verdict if clean else doubt


def _all_known(search: _Search, target: Piece) -> bool:
    """Whether the target's piece has nothing that the source's piece has not, once it has reached
    the offset."""
    cut = search.piece.index_at(search.offset)
    tokens = search.piece.tokens(timed=True)
    known, after = frozenset(tokens), frozenset(tokens[cut:])
    reached = False
    for token in target.tokens(timed=True):
        reached = reached or token in after
        if reached and token not in known:
            return False
    return True


async def _begins_before(search: _Search, verdict: Verdict, target: Piece) -> bool:
    """Whether what the target's piece has below the verdict comes from before the offset.

    Each run of the mirror that went further than the source's piece has come past the offset, and
    is known by that, unless the target has lost its records.
    """
    if not await _starts_before(search, target):
        return False
    index = target.index_at(verdict.low)
    begin = 0 if target.first else target.begin
    if verdict.word == "NONE" or not target.removed(begin, target.place(index)):
        return True
    below = target.tokens(timed=True)[:index]
    while not frozenset(search.piece.tokens(timed=True)).issuperset(below):
        width = search.offset - search.piece.begin
        if search.piece.first or width >= search.limits.near:
            return False
        await _widen_source(search, search.offset - width * GROWTH)
    return True


async def _starts_before(search: _Search, target: Piece) -> bool:
    """Whether the target's log, where it has lost its beginning, starts with a record from before
    the offset: whatever is left of an earlier run has come past the offset then."""
    start, lost = search.theirs[0], search.ours[0]
    if not start or target.first:
        return True
    head = await search.target.read(start, start + PEEK)
    if not head.items:
        return False
    at = await search.source.at_time(head.items[0].time_ms)
    if lost and 0 <= at <= lost:
        return True  # The source has lost it: it is older than all that is there.
    if not 0 <= at < search.offset:
        return False
    seen = await search.source.read(at, min(at + search.limits.chunk, search.offset))
    return head.tokens(timed=True)[0] in seen.tokens(timed=True)


def _run(search: _Search, target: Piece, index: int) -> int:
    """How many records from the offset on are there one after the other as on the source."""
    ours = search.piece.tokens(timed=True)[search.piece.index_at(search.offset) :]
    theirs = target.tokens(timed=True)[index:]
    run = 0
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            return 0
        run += 1
    return run


def _known(search: _Search, run: int) -> frozenset[Token]:
    cut = search.piece.index_at(search.offset)
    return frozenset(search.piece.tokens(timed=True)[cut : cut + run])


async def _not_again(search: _Search, at: int, run: int) -> bool:
    """Whether no step through the rest of the target meets the run of records again."""
    end, step = search.theirs[1], run // 2
    if (end - at) // step > search.limits.probes:
        return False
    known = _known(search, run)
    for begin in range(at + step, end, step):
        seen = await search.target.read(begin, begin + min(PEEK, step))
        if seen.end < end and not seen.items:
            return False
        if any(token in known for token in seen.tokens(timed=True)):
            return False
    return True


async def _passed(search: _Search, run: int) -> bool:
    """Whether the target ends with records that come after the run."""
    end = search.theirs[1]
    tail = await search.target.read(end - run // 2 - PEEK, end)
    if not tail.items or any(item.stamped for item in tail.items):
        return False
    if not _known(search, run).isdisjoint(tail.tokens(timed=True)):
        return False
    return await search.source.at_time(tail.items[-1].time_ms) >= search.offset


# --- the way back ---------------------------------------------------------------------------------


async def find_origin(offset: int, target: Log, source: Log, limits: Limits) -> Verdict:
    """The source offset whose image a target offset is. Raises PortError."""
    start, end = await target.bounds()
    ours = await source.bounds()
    if not start <= offset <= end:
        return none(f"the target's log, as far as it may be read, is from {start} to {end}")
    try:
        piece = await target.read(offset - BACK, offset + BACK)
        back = BACK
        while piece.index_at(offset) < BEFORE and not piece.first:
            back *= GROWTH
            piece = (await target.read(offset - back, piece.begin)).joined(piece)
        return await _origin(offset, piece, source, ours, limits)
    except TooMuchError:
        return none(BUDGET)


async def _origin(
    offset: int, target: Piece, source: Log, ours: tuple[int, int], limits: Limits
) -> Verdict:
    start, end = ours
    cut = target.index_at(offset)
    around = target.items[max(0, cut - BEFORE) : cut + BEFORE]
    timed = bool(around) and all(i.time_ms >= 0 and not i.stamped for i in target.items)
    if not timed:
        return origin(offset, target, await source.read(start, end), timed=False)
    try:
        first = await source.at_time(min(item.time_ms for item in around))
    except PortError as error:
        if error.kind != "unsupported":
            raise
        # Before 0.10 records have no time: those that the target has were set on the way.
        return origin(offset, target, await source.read(start, end), timed=False)
    if first < 0:
        if start == end:  # retention has taken everything
            return origin(offset, target, await source.read(start, end), timed=True)
        return none(GONE)
    piece = await source.read(first - BACK, first + limits.chunk)
    while True:
        verdict = origin(offset, target, piece, timed=True)
        if verdict.word == "EXACT" or piece.last:
            return verdict
        piece = piece.joined(await source.read(piece.end, piece.end + (piece.end - piece.begin)))
