"""ProbePlaces: reads a group's next record on the target, and the one that the source has for it.

Joins no group, commits nothing and keeps no record. What it could not read is said, never guessed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cockpit.core.actions import ProbePlaces
from cockpit.core.image import PASSING, Item
from cockpit.core.observe import TopicPartition, partition_text
from cockpit.core.probing import ProbeWord
from cockpit.kafka.client import Client
from cockpit.kafka.content import Allowance, Log, TooMuchError, in_turn
from cockpit.kafka.finder import ROUND, ROUND_ALLOWANCE, UNSURE, Finder, modes
from cockpit.kafka.habits import Habits, HabitsReader
from cockpit.ports import Clock, PortError

CHUNK: Final = 256
"""Offsets that are read at once: the next record is nearly always the first of them."""
TIME_UP: Final = "it took longer than there was time for"
TOO_FAR: Final = "its next record is further away than was looked"


@dataclass(frozen=True, slots=True)
class _Next:
    """The first data record from an offset on."""

    item: Item | None
    removed: bool
    """Offsets before it hold nothing that is known: what came next may have been removed."""
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """What came of one partition."""

    word: ProbeWord
    text: str = ""
    reread: int | None = None
    skipped: int | None = None
    passing: bool = False


class ShadowReader:
    """Reads as a consumer would that began where a group is to begin."""

    def __init__(
        self, clock: Clock, *, source: Client, target: Client, habits: HabitsReader
    ) -> None:
        self._clock = clock
        self._source = source
        self._target = target
        self._habits = habits

    async def do(self, action: ProbePlaces) -> Mapping[str, Any]:
        """What each partition has next. Raises PortError where no topic could be read."""
        finder = Finder(self._source, self._target, self._habits)
        await finder.lay_out(sorted({topic for (topic, _), _, _ in action.places}))
        habits = await self._habits.read()
        places = {name: (source, target) for name, source, target in action.places}
        found = dict.fromkeys(places, _Seen("NONE", TIME_UP, passing=True))

        async def look(name: TopicPartition) -> None:
            found[name] = await _look(finder, habits, name, *places[name])

        deadline_ms = self._clock.now_ms() + action.within_ms
        try:
            async with asyncio.timeout(action.within_ms / 1000):
                await in_turn(places, look, self._clock, deadline_ms=deadline_ms)
        except TimeoutError:
            pass  # what has not been read by now is said so
        return {
            "probes": {
                partition_text(name): [
                    *places[name],
                    seen.word,
                    seen.reread,
                    seen.skipped,
                    seen.text,
                    seen.passing,
                ]
                for name, seen in found.items()
            }
        }


async def _look(
    finder: Finder, habits: Habits, name: TopicPartition, source: int, target: int
) -> _Seen:
    try:
        seen = [
            await _compare(finder, habits, (name, source, target), committed_only=committed_only)
            for committed_only in modes(habits)
        ]
        first = seen[0]
        if any(other.word != first.word for other in seen):
            return _Seen("NONE", UNSURE, passing=True)
        if first.word in ("SAME", "ENDS"):
            return first
        return await _priced(finder, habits, (name, source, target), first)
    except PortError as error:
        return _Seen("NONE", error.reason, passing=True)
    except TooMuchError:
        return _Seen("NONE", TOO_FAR)


async def _compare(
    finder: Finder,
    habits: Habits,
    place: tuple[TopicPartition, int, int],
    *,
    committed_only: bool,
) -> _Seen:
    """The next records of both sides. The target is read first: what is on it has been on the
    source."""
    name, source, target = place
    allowance = Allowance(*ROUND_ALLOWANCE)
    theirs = await _next(finder.log("target", name, allowance, habits), target)
    if not theirs.begin <= target <= theirs.end:
        text = f"the target's log is from {theirs.begin} to {theirs.end}: a consumer would reset"
        return _Seen("NONE", text)
    log = finder.log("source", name, allowance, habits, committed_only=committed_only)
    ours = await _next(log, source)
    if ours.item is None and theirs.item is None:
        return _Seen("ENDS") if not ours.removed else _Seen("NONE", _REMOVED)
    if ours.item is None:
        return _Seen("SURPLUS")
    if theirs.item is None:
        return _Seen("NOT_YET", passing=True)
    if _same(ours.item, theirs.item):
        return _Seen("SAME")
    return _Seen("NONE", _REMOVED) if ours.removed else _Seen("OTHER")


_REMOVED: Final = "the source no longer has what came next there"


def _same(ours: Item, theirs: Item) -> bool:
    """The same record: key, value and headers, and its time unless a broker has set it."""
    timed = not (ours.stamped or theirs.stamped) and ours.time_ms >= 0
    return ours.token(timed=timed) == theirs.token(timed=timed)


async def _next(log: Log, offset: int) -> _Next:
    """Raises PortError and TooMuchError."""
    begin, end = await log.bounds()
    at = max(offset, begin)
    removed = offset < begin
    while at < end:
        piece = await log.read(at, min(end, at + CHUNK))
        if piece.items:
            first = piece.items[0]
            removed = removed or piece.removed(at, first.offset) > 0
            return _Next(first, removed, begin, end)
        removed = removed or piece.removed(at, piece.end) > 0
        at = piece.end
    return _Next(None, removed, begin, end)


async def _priced(
    finder: Finder, habits: Habits, place: tuple[TopicPartition, int, int], seen: _Seen
) -> _Seen:
    """With the distance to the exact place, where that can be found. Raises PortError."""
    name, source, target = place
    exact = await finder.find(name, source, ROUND, ROUND_ALLOWANCE)
    if exact.word == "NONE":
        passing = seen.passing or exact.reason in PASSING
        return _Seen(seen.word, seen.text or exact.reason, passing=passing)
    log = finder.log("target", name, Allowance(*ROUND_ALLOWANCE), habits)
    reread = await _records(log, target, exact.high)
    skipped = await _records(log, exact.low, target)
    if exact.word != "EXACT":
        reread = max(1, reread) if target <= exact.high else reread
    return _Seen(seen.word, seen.text, reread, skipped, seen.passing)


async def _records(log: Log, begin: int, end: int) -> int:
    """Data records from one offset up to another; where they are too many, offsets."""
    if begin >= end:
        return 0
    start, last = await log.bounds()
    try:
        return len(await log.read(max(begin, start), min(end, last)))
    except TooMuchError:
        return end - begin
