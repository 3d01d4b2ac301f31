"""Two logs and a mirror between them as a model that knows which record is a copy of which.

The mirror appends copies in order, starts again further back as often as it likes, and may be in
the middle of that. Afterwards each log is cleaned and loses its beginning by itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from cockpit.core.image import Item, Piece, Verdict, fingerprint

BACKFILL_MS = 500_000


@dataclass(frozen=True)
class Entry:
    """A data record in a log; `origin` is the source offset that it is, or is a copy of."""

    item: Item
    key: int | None
    origin: int


@dataclass
class ModelLog:
    """A log: data, offsets without data, and its bounds."""

    start: int = 0
    end: int = 0
    entries: list[Entry] = field(default_factory=list)
    empty: set[int] = field(default_factory=set)

    def piece(self, begin: int | None = None, end: int | None = None) -> Piece:
        """What is read of it."""
        lower = self.start if begin is None else max(begin, self.start)
        upper = self.end if end is None else min(end, self.end)
        return Piece(
            begin=lower,
            end=upper,
            items=tuple(e.item for e in self.entries if lower <= e.item.offset < upper),
            left_out=frozenset(o for o in self.empty if lower <= o < upper),
            first=lower <= self.start,
            last=upper >= self.end,
        )


@dataclass(frozen=True)
class Shape:
    """What kind of logs are made."""

    values: int = 0
    """How many different values there are; 0: each record has its own."""
    keys: int = 0
    """How many keys; 0: null keys."""
    steps_ms: Sequence[int] = (1, 2, 5)
    """Times between records; negative ones put them out of order."""
    backfill: bool = False
    """A run of records has times from long before the others."""
    markers: float = 0.0
    """Share of source offsets that hold no data."""
    target_markers: float = 0.0
    restarts: int = 0
    clean_source: bool = False
    clean_target: bool = False
    expire_source: bool = False
    expire_target: bool = False
    behind: bool = False
    stamped: bool = False
    """The target sets its own times."""
    size: int = 30


@dataclass
class Pair:
    """A source, its mirror, and how far that has come."""

    source: ModelLog
    target: ModelLog
    history: tuple[int, ...]
    """Offsets of all data that the source ever had."""
    copied: int
    """Number of these that the mirror's last run has passed."""
    timed: bool = True

    def wrong(self, offset: int, verdict: Verdict) -> str:
        """What is wrong with a verdict, by a full alignment of both logs; empty: nothing.

        The place of an offset is right where a copy of every record from there on follows, and none
        of an older one; if several are, the last one is. Where records are equal, nobody can tell
        which is a copy of which: then a place that looks the same is right as well.
        """
        if verdict.word == "NONE":
            return ""
        copies = self.target.entries
        offsets = [e.item.offset for e in copies]
        low, high = (bisect_left(offsets, at) for at in (verdict.low, verdict.high))
        newest = {e.origin: at for at, e in enumerate(copies)}
        truth = min((at for o, at in newest.items() if o >= offset), default=len(copies))
        last_before = max((at for o, at in newest.items() if o < offset), default=-1)
        if low > truth and self._lost(offset, low):
            return f"{verdict}: skips records, the place is {truth}"
        if verdict.word == "RANGE":
            fits = low <= truth and (high > last_before or high >= truth)
            looks = any(self._looks_right(offset, at) for at in range(low, high + 1))
            return "" if fits or looks or self._twins() else f"{verdict}: the place is {truth}"
        if verdict.low != verdict.high:
            return f"{verdict}: exact, and two offsets"
        if low != truth and not self._looks_right(offset, low):
            return f"{verdict}: the place is {truth}"
        if truth < len(copies):
            follow = last_before >= low and not self._looks_right(offset, low)
            return f"{verdict}: older records follow" if follow else ""
        there = {e.item.offset for e in self.source.entries}
        late = [o for o in self.history[self.copied :] if o < offset and o in there]
        return f"{verdict}: {late} are still to come" if late and not self._twins() else ""

    def _twins(self) -> bool:
        """Whether a record that the source has lost is equal to one that it still has."""
        there = {e.item.offset: self._token(e) for e in self.source.entries}
        lost = {self._token(e) for e in self.target.entries if e.origin not in there}
        return bool(lost & set(there.values()))

    def _token(self, entry: Entry) -> tuple[bytes, int]:
        return entry.item.token(timed=self.timed)

    def _lost(self, offset: int, low: int) -> bool:
        """Whether a copy of a record from the offset on has no equal at target index `low` or
        after it."""
        needed = {e.origin: self._token(e) for e in self.target.entries}
        after = Counter(token for origin, token in needed.items() if origin >= offset)
        left = Counter(self._token(e) for e in self.target.entries[low:])
        return bool(after - left)

    def _looks_right(self, offset: int, at: int) -> bool:
        """Whether equal records make this target index look like the place."""
        needed = [e for e in self.source.entries if e.item.offset >= offset]
        older = {self._token(e) for e in self.target.entries if e.origin < offset}
        copies = self.target.entries[at:]
        tokens = {self._token(e) for e in needed}
        clean = all(e.origin >= offset or self._token(e) in tokens for e in copies)
        alike = tokens & older or len(tokens) < len(needed) or self._twins()
        return bool(alike) and clean and not self._lost(offset, at)


def make_pair(random: Random, shape: Shape) -> Pair:
    """A pair of logs of this shape."""
    source = _write(random, shape)
    history = tuple(source.entries)
    copied = random.randint(0, len(history)) if shape.behind else len(history)
    target, reached = _copy(random, shape, history, copied)
    if shape.clean_source:
        _clean(random, source)
    if shape.clean_target:
        _clean(random, target)
    if shape.expire_source:
        _expire(random, source)
    if shape.expire_target:
        _expire(random, target)
    offsets = tuple(e.item.offset for e in history)
    return Pair(source, target, offsets, reached, timed=not shape.stamped)


def make_runs(size: int, runs: Sequence[tuple[int, int]]) -> Pair:
    """A plain source, and a mirror that has made these runs."""
    source, target = ModelLog(end=size), ModelLog()
    for at in range(size):
        item = Item(at, 1_000 + at, False, fingerprint(None, str(at).encode(), ()))
        source.entries.append(Entry(item, None, at))
    for begin, end in runs:
        for entry in source.entries[begin:end]:
            target.entries.append(replace(entry, item=replace(entry.item, offset=target.end)))
            target.end += 1
    return Pair(source, target, tuple(range(size)), runs[-1][1])


def _write(random: Random, shape: Shape) -> ModelLog:
    log = ModelLog()
    now = 1_000 + shape.backfill * BACKFILL_MS
    size = random.randint(0, shape.size)
    old = range(*sorted(random.choices(range(size + 1), k=2))) if shape.backfill else range(0)
    for number in range(size):
        now += random.choice(shape.steps_ms)
        if random.random() < shape.markers:
            log.empty.add(log.end)
        else:
            value = random.randrange(shape.values) if shape.values else number
            key = random.randrange(shape.keys) if shape.keys else None
            name = None if key is None else str(key).encode()
            content = fingerprint(name, str(value).encode(), ())
            time_ms = now - BACKFILL_MS if number in old else now
            item = Item(log.end, max(time_ms, 0), False, content)
            log.entries.append(Entry(item, key, log.end))
        log.end += 1
    return log


def _copy(
    random: Random, shape: Shape, history: Sequence[Entry], copied: int
) -> tuple[ModelLog, int]:
    """The target after all runs, and how far the last one has come."""
    log = ModelLog()
    reached = 0
    for run in range(shape.restarts + 1):
        # A run that has written nothing yet leaves no trace: there is no such run here.
        at = random.randint(0, max(0, reached - 1)) if run else 0
        whole = run == shape.restarts and (not run or random.random() < 0.8)
        until = copied if whole else random.randint(min(at + 1, copied), copied)
        for entry in history[at:until]:
            while random.random() < shape.target_markers:
                log.empty.add(log.end)
                log.end += 1
            time_ms = 10_000 + log.end if shape.stamped else entry.item.time_ms
            item = Item(log.end, time_ms, shape.stamped, entry.item.content)
            log.entries.append(Entry(item, entry.key, entry.origin))
            log.end += 1
        reached = max(at, until)
    return log, reached


def _clean(random: Random, log: ModelLog) -> None:
    """Of each key only the last record stays, up to some offset."""
    limit = random.randint(log.start, log.end)
    newest = {e.key: e.item.offset for e in log.entries if e.item.offset < limit}
    log.entries = [
        e
        for e in log.entries
        if e.item.offset >= limit or e.key is None or newest[e.key] == e.item.offset
    ]
    if random.random() < 0.5:
        log.empty = {o for o in log.empty if o >= limit}


def _expire(random: Random, log: ModelLog) -> None:
    """The beginning is gone, sometimes everything."""
    log.start = log.end if random.random() < 0.1 else random.randint(0, log.end)
    log.entries = [e for e in log.entries if e.item.offset >= log.start]
    log.empty = {o for o in log.empty if o >= log.start}
