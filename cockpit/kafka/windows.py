"""Sampled windows of records compared on both clusters: first, last mirrored, one in the middle.

Reads only, a few records of each partition at a time; never keeps a record.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from cockpit.core.image import Verdict
from cockpit.core.observe import TopicPartition, partition_text
from cockpit.core.plan import Plan
from cockpit.core.survey import Window, WindowsSurvey
from cockpit.kafka.client import Client
from cockpit.kafka.comparing import Compared, Kept, compare, remembered, schema_uses
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.content import (
    Allowance,
    PartitionLog,
    Place,
    Stretch,
    TooMuchError,
    in_turn,
    leaders_of,
    read_records,
)
from cockpit.kafka.finding import FAR, Limits, find, find_origin
from cockpit.kafka.habits import Habits, habits_reader
from cockpit.kafka.protocol.fetch import Record
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

PARTITIONS_PER_READ: Final = 120
MS_PER_READ: Final = 1_000
RECORDS: Final = 20
"""Records of one window."""
SPREAD: Final = 64
"""Offsets that are read to find so many records."""
ALLOWANCE: Final = (300, 40_000)
GENEROUS: Final = 4
"""How much longer the target's window may be, in offsets, where its end is not known."""
LIMITS: Final = Limits(near=2_000, chunk=256, probes=0)

CLEANED: Final = "one of the logs has been cleaned there, so that records cannot be compared"
NO_PLACE: Final = "cannot be found on the target"
NOT_MIRRORED: Final = "nothing mirrored to compare"
SOURCE_EMPTY: Final = "the source's log is empty, the target's is not"
NO_RECORDS: Final = "no record in the sampled windows"


@dataclass(slots=True)
class _Seen:
    """What was found in one partition: by the newest look, and ids by earlier ones too."""

    window: Window
    ids: Kept


@dataclass(frozen=True, slots=True)
class _Both:
    """Both logs of a partition, and how they are read."""

    source_place: Place
    target_place: Place
    source: PartitionLog
    target: PartitionLog
    allowance: Allowance
    habits: Habits


class _SteadyLog(PartitionLog):
    """A log whose bounds are asked for once: they stay the same for all questions of a look, and
    cost no more than two requests."""

    _known: tuple[int, int] | None = None

    async def bounds(self) -> tuple[int, int]:
        """As they were when first asked for. Raises PortError."""
        if self._known is None:
            self._known = await super().bounds()
        return self._known


class WindowReader:
    """Reads WindowsSurveys of the plan's topics, a part of their partitions each time."""

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        *,
        source: Client,
        target: Client,
        rest: ConnectRest | None = None,
        ids: set[int] | None = None,
    ) -> None:
        """`ids` is kept up to date with the schema ids that the windows have."""
        self._plan = plan
        self._clock = clock
        self._ids: set[int] = set() if ids is None else ids
        self._source = source
        self._target = target
        self._habits = habits_reader(plan, clock, rest)
        self._registries = plan.registry("source") is not None or (
            plan.registry("target") is not None
        )
        self._seen: dict[TopicPartition, _Seen] = {}

    async def read(self) -> WindowsSurvey:
        """Windows of those partitions that have waited longest, and the newest of all others.

        Raises PortError when the topics of a side cannot be read.
        """
        asked_at_ms = self._clock.now_ms()
        topics = self._plan.topics()
        source = await leaders_of(self._source, topics)
        target = await leaders_of(self._target, topics)
        habits = await self._habits.read()
        self._seen = {name: seen for name, seen in self._seen.items() if name in source}
        waiting = sorted(source, key=self._turn)

        async def look(name: TopicPartition) -> None:
            await self._sample(name, (source[name], target.get(name, -1)), habits)

        deadline_ms = asked_at_ms + MS_PER_READ
        await in_turn(waiting[:PARTITIONS_PER_READ], look, self._clock, deadline_ms=deadline_ms)
        windows = {name: seen.window for name, seen in self._seen.items()}
        self._ids.clear()
        self._ids.update(use.schema_id for w in windows.values() for use in w.schemas)
        return WindowsSurvey(asked_at_ms, self._clock.now_ms(), windows)

    def _turn(self, name: TopicPartition) -> tuple[int, int, str]:
        """Longest ago first; of those never looked at the first partition of each topic first."""
        seen = self._seen.get(name)
        topic, partition = name
        return seen.window.at_ms if seen else -1, partition, topic

    async def _sample(self, name: TopicPartition, nodes: tuple[int, int], habits: Habits) -> None:
        at_ms = self._clock.now_ms()
        records: Sequence[Record] = ()
        try:
            window, records = await _windows(self._both(name, nodes, habits), at_ms)
        except PortError as error:
            window = _nothing(error.reason, at_ms)
        except TooMuchError:
            window = _nothing("more would have to be read than is allowed", at_ms)
        seen = self._seen.get(name)
        ids: Kept = seen.ids if seen else {}
        if self._registries:
            found = schema_uses(records)
            ids = remembered(ids, found.uses, now_ms=at_ms)
            notes = tuple(sorted(found.notes))
            window = replace(window, notes=notes, ids_unknown=found.unknown)
        window = replace(window, schemas=tuple(use for use, _ in ids.values()))
        self._seen[name] = _Seen(window, ids)

    def _both(self, name: TopicPartition, nodes: tuple[int, int], habits: Habits) -> _Both:
        if min(nodes) < 0:
            raise PortError("protocol", one_line(f"{partition_text(name)} has no leader"))
        allowance = Allowance(*ALLOWANCE)
        committed_only = habits.committed_only is True
        source = Place(self._source, name, nodes[0], committed_only=committed_only)
        target = Place(self._target, name, nodes[1], committed_only=True)
        return _Both(
            source,
            target,
            _SteadyLog(source, allowance, headers=habits.headers),
            _SteadyLog(target, allowance, headers=habits.headers),
            allowance,
            habits,
        )


def _nothing(why: str, at_ms: int) -> Window:
    return Window(0, 0, 0, "", unknown=why, at_ms=at_ms)


async def _windows(both: _Both, at_ms: int) -> tuple[Window, Sequence[Record]]:
    """The three windows together, and the source's records in them."""
    begin, end = await _mirrored_span(both)
    if begin >= end:
        return await _without_span(both, at_ms), ()
    total = Compared(0, 0, 0, "")
    sampled: dict[int, Record] = {}
    unknown: str | None = None
    last = max(begin, end - SPREAD)
    middle = begin + secrets.randbelow(max(1, last - begin))
    for at in dict.fromkeys((begin, last, middle)):
        found = await _window(both, at, min(end, at + SPREAD), from_end=at == last)
        if isinstance(found, str):
            unknown = unknown or found
            continue
        compared, records = found
        sampled.update((record.offset, record) for record in records)
        total = Compared(
            total.compared + compared.compared,
            total.missing + compared.missing,
            total.surplus + compared.surplus,
            total.first_difference or compared.first_difference,
        )
    if total.missing or total.surplus:
        unknown = None
    elif not total.compared:
        unknown = unknown or NO_RECORDS
    window = Window(
        total.compared,
        total.missing,
        total.surplus,
        total.first_difference,
        unknown=unknown,
        at_ms=at_ms,
    )
    return window, tuple(sampled.values())


async def _without_span(both: _Both, at_ms: int) -> Window:
    """Nothing of the source is on the target: no difference only if neither has a record."""
    if not await _is_empty(both.source):
        return _nothing(NOT_MIRRORED, at_ms)
    if not await _is_empty(both.target):
        return _nothing(SOURCE_EMPTY, at_ms)
    return Window(0, 0, 0, "", both_empty=True, at_ms=at_ms)


async def _is_empty(log: PartitionLog) -> bool:
    """Whether a log has no record; a short one may have offsets of transactions' ends alone."""
    begin, end = await log.bounds()
    return end - begin <= LIMITS.chunk and not len(await log.read(begin, end))


async def _mirrored_span(both: _Both) -> tuple[int, int]:
    """Source offsets whose records are on the target, as far as both logs reach.

    Raises PortError where that cannot be told.
    """
    # The target's first: then whatever is on it, has been on the source.
    first, last = await both.target.bounds()
    start, end = await both.source.bounds()
    if first >= last:
        return start, start
    oldest = await find_origin(first, both.target, both.source, LIMITS)
    newest = await find_origin(last, both.target, both.source, LIMITS)
    begin = max(start, oldest.high)
    if oldest.word == "NONE":
        begin = await _of_same_time(both, first, first + SPREAD)
    if newest.word == "NONE":
        return begin, await _newest_there(both, end, last)
    return begin, min(end, newest.low)


async def _newest_there(both: _Both, end: int, last: int) -> int:
    """How far the source is on a target whose newest records others have written."""
    try:
        return await _of_same_time(both, last - SPREAD, last)
    except PortError as error:
        if error.kind != "unsupported":
            raise
        # No time to go by, before 0.10: then only where the source's last record is there.
        place = await find(end, both.source, both.target, LIMITS)
        if place.word == "NONE":
            raise
        ours = await both.source.read(end - 1, end)
        theirs = await both.target.read(place.low - 1, place.low)
        if not ours.items or ours.tokens(timed=False) != theirs.tokens(timed=False):
            raise
        return end


async def _of_same_time(both: _Both, begin: int, end: int) -> int:
    """Where the source is as old as the target is in a stretch: at its last record, or at its first
    one where the log begins there."""
    piece = await both.target.read(begin, end)
    if not piece.items or any(item.stamped for item in piece.items):
        raise PortError("protocol", "no record of one side can be found on the other")
    item = piece.items[0 if piece.first else -1]
    at = await both.source.at_time(item.time_ms)
    return at if at >= 0 else (await both.source.bounds())[1]


async def _window(
    both: _Both, begin: int, end: int, *, from_end: bool
) -> tuple[Compared, Sequence[Record]] | str:
    """One window compared, and its source records; or why it cannot be."""
    stretch = await read_records(both.source_place, begin, end, both.allowance)
    ours = stretch.records[-RECORDS:] if from_end else stretch.records[:RECORDS]
    if not ours:
        return Compared(0, 0, 0, ""), ()
    place = await find(ours[0].offset, both.source, both.target, LIMITS)
    if place.word == "NONE":
        theirs = await _by_time(both, ours)
    else:
        span = GENEROUS * (ours[-1].offset - ours[0].offset + 1)
        theirs = await _theirs(both, place.low, place.low + span)
    found = _compare(both, ours, theirs)
    if found.missing and place.word != "NONE":
        after = await find(ours[-1].offset + 1, both.source, both.target, LIMITS)
        if not (_sure(place) and _sure(after)):
            return f"source offset {ours[0].offset} {NO_PLACE}"
        theirs = await _theirs(both, place.low, after.low)
        found = _compare(both, ours, theirs)
    lost_there = found.missing and _cleaned(theirs)
    lost_here = found.foreign and _cleaned(stretch)
    return CLEANED if lost_there or lost_here else (found, ours)


def _sure(place: Verdict) -> bool:
    """Whether a place is one where the record is copied, be it not the last one."""
    return place.word == "EXACT" or place.reason == FAR


def _compare(both: _Both, ours: Sequence[Record], theirs: Stretch) -> Compared:
    timed = _timed(ours, theirs.records)
    return compare(ours, theirs.records, timed=timed, headers=both.habits.headers)


async def _theirs(both: _Both, begin: int, end: int) -> Stretch:
    start, until = await both.target.bounds()
    lower, upper = max(start, begin), min(until, end)
    return await read_records(both.target_place, lower, upper, both.allowance)


async def _by_time(both: _Both, ours: Sequence[Record]) -> Stretch:
    """Where nothing looks the same on the target: what has the same times there."""
    begin = await both.target.at_time(min(record.timestamp_ms for record in ours))
    if begin < 0:
        raise PortError("protocol", f"source offset {ours[0].offset} {NO_PLACE}")
    return await _theirs(both, begin, begin + 2 * SPREAD)


def _timed(ours: Sequence[Record], theirs: Sequence[Record]) -> bool:
    """Whether times can be compared: the target has not set its own."""
    return not any(record.append_time for record in theirs) and all(
        record.timestamp_ms >= 0 for record in ours
    )


def _cleaned(stretch: Stretch) -> bool:
    """Whether records in between have been removed."""
    offsets = sorted([*(record.offset for record in stretch.records), *stretch.left_out])
    return bool(offsets) and offsets[-1] - offsets[0] + 1 > len(offsets)
