"""Finds the prediction under which a snapshot's column costs nothing. Only the writer guesses.

A wrong guess costs bytes, never a value: candidates are tried on some rows, the best one is taken.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple

import numpy as np

from cockpit.core.observe import I64
from cockpit.wire.predict import MINUS, RATE, SAME, Prediction, Ref

RATE_WINDOW_MS: Final = 10_000
KEEP_MS: Final = 13_000
MAX_BACK: Final = 127
MAX_REACH: Final = 64
"""How many frames back a prediction looks at most: a reader must begin before them."""
KEEP_NEWEST: Final = 4
PROBED_ROWS: Final = 256
SPACING_MS: Final = 1_000


class Kept(NamedTuple):
    """One sample of a series."""

    number: int
    """Its place in the series, from the beginning."""
    at_ms: int
    frame: int
    """The frame that it is told in."""
    column: I64


class Ring:
    """The samples of one series that predictions may refer to, oldest first: the newest few, and
    one a second for as long as a rate looks back."""

    def __init__(self) -> None:
        self.table = -1
        self.count = 0
        self.kept: deque[Kept] = deque()

    def add(self, table: int, column: I64, at_ms: int, frame: int) -> None:
        """One more sample; other rows are another past."""
        if table != self.table:
            self.table = table
            self.kept.clear()
        self.kept.append(Kept(self.count, at_ms, frame, column))
        self.count += 1
        kept = self.kept
        while (
            kept
            and (self.count - 1 - kept[0].number > MAX_BACK or kept[0].at_ms < at_ms - KEEP_MS)
            and len(kept) > 1
        ):
            kept.popleft()
        if len(kept) > KEEP_NEWEST:
            aged, before = kept[-KEEP_NEWEST], kept[-KEEP_NEWEST - 1]
            if aged.at_ms // SPACING_MS == before.at_ms // SPACING_MS:
                del kept[-KEEP_NEWEST]

    def back(self, kept: Kept) -> int:
        """How many samples before the newest."""
        return self.count - 1 - kept.number

    def within(self, frame: int) -> Iterator[Kept]:
        """What a prediction of that frame may refer to, newest first: the newest, and what is near
        enough."""
        for one in reversed(self.kept):
            if one.number < self.count - 1 and one.frame < frame - MAX_REACH:
                return
            yield one

    def at(self, back: int) -> Kept | None:
        """The sample so many before the newest, if it is kept."""
        wanted = self.count - 1 - back
        return next((one for one in reversed(self.kept) if one.number == wanted), None)


Rings = dict[str, tuple[int, Ring]]
"""By name of the series its number and its ring."""


def candidates(column: str, rings: Rings, mirror_column: int, frame: int) -> Iterator[Prediction]:
    """What the core may have made a column of the snapshot of, likeliest first."""
    side = column.partition("_")[0]
    match column:
        case "source_start" | "source_end" | "target_start" | "target_end":
            series = f"{side}.logs.{column.removeprefix(side + '_')}"
            yield from (Prediction(SAME, (ref,)) for ref in _newest(rings, series, 1, frame))
        case "mirror_position":
            for ref in _newest(rings, "mirror.positions", KEEP_NEWEST, frame):
                yield Prediction(SAME, (ref,))
        case "lag":
            for ref in _newest(rings, "source.logs.end", KEEP_NEWEST, frame):
                yield Prediction(MINUS, (ref, Ref(-1, mirror_column)))
        case "lag_by_logs":
            for source in _newest(rings, "source.logs.end", 1, frame):
                for target in _newest(rings, "target.logs.end", KEEP_NEWEST, frame):
                    yield Prediction(MINUS, (source, target))
        case "source_rate_milli" | "target_rate_milli":
            yield from _rates(rings, f"{side}.logs.end", frame)
        case _:
            pass


def _newest(rings: Rings, series: str, count: int, frame: int) -> Iterator[Ref]:
    if series in rings:
        number, ring = rings[series]
        for kept in islice(ring.within(frame), count):
            yield Ref(number, ring.back(kept))


def _rates(rings: Rings, series: str, frame: int) -> Iterator[Prediction]:
    """From the newest sample and the one that is ten seconds older, or one of those around it."""
    if series not in rings:
        return
    number, ring = rings[series]
    kept = ring.within(frame)
    newest = base = next(kept, None)
    if newest is None or base is None:
        return
    for base in kept:
        if (span_ms := newest.at_ms - base.at_ms) >= RATE_WINDOW_MS:
            yield _rate(number, ring, newest, base)
    span_ms = newest.at_ms - base.at_ms
    if 0 < span_ms < RATE_WINDOW_MS:
        yield _rate(number, ring, newest, base)


def _rate(number: int, ring: Ring, newest: Kept, base: Kept) -> Prediction:
    refs = (Ref(number, ring.back(newest)), Ref(number, ring.back(base)))
    return Prediction(RATE, refs, newest.at_ms - base.at_ms)


def as_before(tried: Iterator[Prediction], last: Prediction) -> Prediction | None:
    """The candidate that differs from the last prediction in its span of time alone."""
    return next((one for one in tried if one.kind == last.kind and one.refs == last.refs), None)


@functools.lru_cache(4)
def probe_rows(rows: int) -> I64 | None:
    """Rows on which a prediction is tried; None: all."""
    if rows <= PROBED_ROWS:
        return None
    return np.linspace(0, rows - 1, PROBED_ROWS).astype(np.int64)


def choose(
    tried: Iterator[Prediction],
    fetch: Callable[[Ref], I64],
    wanted: I64,
    residual: I64,
    probe: I64 | None,
) -> Prediction:
    """The candidate that costs least: rows whose residual it changes, and for what comes later half
    as much for rows that it leaves a residual at all."""
    aims, was = (wanted, residual) if probe is None else (wanted[probe], residual[probe])

    def part(ref: Ref) -> I64:
        column = fetch(ref)
        return column if probe is None else column[probe]

    best = Prediction()
    changed = int(np.count_nonzero(aims != was))
    if not changed:
        return best
    least = 2 * changed + int(np.count_nonzero(aims))
    for one in tried:
        left = aims - one.of(part, len(aims))
        changed = int(np.count_nonzero(left - was))
        cost = 2 * changed + int(np.count_nonzero(left))
        if cost < least:
            best, least = one, cost
        if not changed:
            break
    return best
