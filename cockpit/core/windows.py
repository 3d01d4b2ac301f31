"""Everything that was sampled of one number over a long time, and whether it was good throughout.

Rows of a minute at most, kept as columns: the least and greatest value, how many were known and how
many not. Time without a row is time that nobody has seen. Never reads a clock or a file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from cockpit.core.observe import Unknown
from cockpit.core.peaks import Over, earliest, unseen
from cockpit.core.quantities import quantity
from cockpit.core.schedule import DAY_MS, instant_words

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

WindowVerdict = Literal["PASS", "FAIL", "UNKNOWN"]


@dataclass(frozen=True, slots=True)
class Row:
    """Readings that follow each other. Times are those of the samples."""

    first_ms: int
    last_ms: int
    known: int
    """How many had a value."""
    unknown: int
    least: float
    most: float
    most_at_ms: int
    gap_ms: int
    """The longest time between two known values of this row."""


_NEAR_MS: Final = 600_000

_FIRST, _LAST, _KNOWN, _UNKNOWN, _MOST_AT, _GAP = range(6)
_NO_TIMES: Final = np.zeros((0, 6), dtype=np.int64)
_NO_VALUES: Final = np.zeros((0, 2), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Rollup:
    """The past of one number. `times` [N, 6]: first, last, known, unknown, time of the greatest,
    gap; `values` [N, 2]: least, greatest. In the order of `first`."""

    times: I64 = field(default_factory=lambda: _NO_TIMES)
    values: F64 = field(default_factory=lambda: _NO_VALUES)
    open: Row | None = None
    """The newest readings, which are no row yet."""
    told_bad_ms: int | None = None
    """When a row was closed early because of a bad value."""

    def with_rows(self, rows: Iterable[Row]) -> Rollup:
        """Closed rows added at the end."""
        fresh = tuple(rows)
        if not fresh:
            return self
        times = np.array([_times(row) for row in fresh], dtype=np.int64)
        values = np.array([(row.least, row.most) for row in fresh], dtype=np.float64)
        return replace(
            self,
            times=np.concatenate((self.times, times)),
            values=np.concatenate((self.values, values)),
        )

    def since(self, begin_ms: int) -> Rollup:
        """Without the rows that ended before then."""
        keep = self.times[:, _LAST] >= begin_ms
        if keep.all():
            return self
        return replace(self, times=self.times[keep], values=self.values[keep])

    def whole(self) -> Rollup:
        """With the newest readings as a row of their own."""
        return self if self.open is None else self.with_rows((self.open,))


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was gathered up to `at_ms`, by the name of each number."""

    at_ms: int = 0
    rollups: Mapping[str, Rollup] = field(default_factory=dict)
    newest: Mapping[str, tuple[int, float | Unknown]] = field(default_factory=dict)


def restored(rows: Mapping[str, Iterable[Row]], now_ms: int) -> Gathered:
    """What earlier engines have kept."""
    return Gathered(rollups={key: rollup_of(found, now_ms) for key, found in rows.items()})


def _times(row: Row) -> tuple[int, ...]:
    return row.first_ms, row.last_ms, row.known, row.unknown, row.most_at_ms, row.gap_ms


def rollup_of(rows: Iterable[Row], now_ms: int) -> Rollup:
    """The past as it was kept. What makes no sense, or lies in the future, is left out."""
    found = [row for row in rows if _is_sound(row) and row.last_ms <= now_ms]
    found.sort(key=lambda row: (row.first_ms, row.last_ms))
    return Rollup().with_rows(found)


def _is_sound(row: Row) -> bool:
    counts = min(row.known, row.unknown, row.gap_ms) >= 0
    ordered = 0 <= row.first_ms <= row.last_ms
    return counts and ordered and row.least <= row.most


def add(
    rollup: Rollup,
    at_ms: int,
    value: float | Unknown,
    *,
    limit: float,
    row_ms: int,
) -> tuple[Rollup, tuple[Row, ...]]:
    """One more reading, and the rows that it has closed: those must be kept.

    A value over the limit closes its row at once, so that the end of an engine cannot lose it; of a
    number that stays bad no more than one such row in `row_ms`.
    """
    closed: list[Row] = []
    row = rollup.open
    if row is not None and at_ms - row.first_ms >= row_ms:
        closed.append(row)
        row = None
    row = _with_reading(row, at_ms, value)
    told = rollup.told_bad_ms
    bad = row.known > 0 and not row.most <= limit
    if bad and (told is None or at_ms - told >= row_ms):
        closed.append(row)
        row, told = None, at_ms
    return replace(rollup.with_rows(closed), open=row, told_bad_ms=told), tuple(closed)


def _with_reading(row: Row | None, at_ms: int, value: float | Unknown) -> Row:
    known = not isinstance(value, Unknown) and not math.isnan(value)
    if not known:
        if row is None:
            return Row(at_ms, at_ms, 0, 1, 0.0, 0.0, at_ms, 0)
        return replace(row, unknown=row.unknown + 1)
    assert not isinstance(value, Unknown)
    if row is None:
        return Row(at_ms, at_ms, 1, 0, value, value, at_ms, 0)
    if not row.known:
        return Row(at_ms, at_ms, 1, row.unknown, value, value, at_ms, 0)
    later = max(at_ms, row.last_ms)
    worse = value > row.most
    return Row(
        first_ms=row.first_ms,
        last_ms=later,
        known=row.known + 1,
        unknown=row.unknown,
        least=min(row.least, value),
        most=value if worse else row.most,
        most_at_ms=at_ms if worse else row.most_at_ms,
        gap_ms=max(row.gap_ms, later - row.last_ms),
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """What a long window says."""

    verdict: WindowVerdict
    held_ms: int
    """How long it has been good without a gap, up to the newest reading."""
    evidence: str


def judge_over(
    rollup: Rollup, over: Over, *, limit: float, counts: str, at_ms: int, now_ms: int
) -> Seen:
    """PASS: every known value of the last `over_ms` at or under the limit, known throughout without
    a gap over `max_gap_ms`, and the named hours inside whole. FAIL: one of them was over it.
    `at_ms`: when the newest reading was sampled, which is known and good; `counts`: the unit."""
    begin_ms = now_ms - over.over_ms
    past = rollup.whole()
    known = past.times[:, _KNOWN] > 0
    times, values = past.times[known], past.values[known]
    inside = times[:, _LAST] >= begin_ms
    bad = inside & ~(values[:, 1] <= limit)
    since_ms, gap_ms = _unbroken(times, over.max_gap_ms, now_ms)
    if bad.any():
        return _was_bad(times[bad], values[bad], over, counts, now_ms)
    if since_ms is None:
        since_ms = at_ms
    held_ms = max(0, at_ms - since_ms)
    absent = unseen(over.including, max(begin_ms, since_ms), at_ms, _gaps(times, over, at_ms))
    if since_ms > begin_ms or absent:
        text = [f"seen {span(min(held_ms, over.over_ms))} of {span(over.over_ms)}"]
        if gap_ms is not None and since_ms > begin_ms:
            most = span(over.max_gap_ms)
            text.append(f"nothing known for {span(gap_ms)} up to {at(since_ms, now_ms)}, "
                        f"at most {most} may be missing")  # fmt: skip
        text.extend(f"{peak.words()} not yet seen" for peak in absent)
        text.append(_possible(over, max(since_ms, begin_ms), now_ms))
        return Seen("UNKNOWN", held_ms, "; ".join(text))
    return Seen("PASS", held_ms, _good(past, times[inside], values[inside], over, counts, now_ms))


def _unbroken(times: I64, max_gap_ms: int, now_ms: int) -> tuple[int | None, int | None]:
    """Since when there is no gap over `max_gap_ms`, and how long the gap before that was; None:
    never, or there is none."""
    if not len(times):
        return None, None
    ends = np.maximum.accumulate(times[:, _LAST])
    if now_ms - int(ends[-1]) > max_gap_ms:
        return None, None
    before = times[1:, _FIRST] - ends[:-1]
    breaks = np.flatnonzero(before > max_gap_ms)
    torn = np.flatnonzero(times[:, _GAP] > max_gap_ms)
    first = int(breaks[-1]) + 1 if len(breaks) else 0
    if len(torn) and int(torn[-1]) >= first:
        row = int(torn[-1])
        return int(times[row, _LAST]), int(times[row, _GAP])
    gap_ms = int(before[first - 1]) if first else None
    return int(times[first, _FIRST]), gap_ms


def _gaps(times: I64, over: Over, at_ms: int) -> list[tuple[int, int]]:
    """From when to when nothing was known, where that may be too long for one of the hours."""
    if not over.including or not len(times):
        return []
    least_ms = min(peak.most_gap_ms for peak in over.including)
    begins, ends = np.maximum.accumulate(times[:, _LAST]), np.append(times[1:, _FIRST], at_ms)
    long = ends - begins > least_ms
    return list(zip(begins[long].tolist(), ends[long].tolist(), strict=True))


def _was_bad(times: I64, values: F64, over: Over, counts: str, now_ms: int) -> Seen:
    worst = int(np.argmax(values[:, 1]))
    last_ms = int(times[:, _LAST].max())
    most = quantity(float(values[worst, 1]), counts)
    text = (
        f"{most} at {at(int(times[worst, _MOST_AT]), now_ms)}, in the last "
        f"{span(over.over_ms)}; {_possible(over, last_ms + 1, now_ms)}"
    )
    return Seen("FAIL", max(0, now_ms - last_ms), text)


def _good(past: Rollup, times: I64, values: F64, over: Over, counts: str, now_ms: int) -> str:
    worst = int(np.argmax(values[:, 1]))
    begin_ms = now_ms - over.over_ms
    gap_ms = _longest_gap_ms(past, times, begin_ms)
    unknown = int(past.times[past.times[:, _LAST] >= begin_ms, _UNKNOWN].sum())
    text = [
        f"good for {span(over.over_ms)}: worst {quantity(float(values[worst, 1]), counts)} at "
        f"{at(int(times[worst, _MOST_AT]), now_ms)}",
        f"{int(times[:, _KNOWN].sum()):,} samples, {unknown:,} unknown, longest gap {span(gap_ms)}",
    ]
    text.extend(f"{peak.words()} seen" for peak in over.including)
    return "; ".join(text)


def _longest_gap_ms(past: Rollup, inside: I64, begin_ms: int) -> int:
    """Without a known value, also where that began before the window."""
    known = past.times[past.times[:, _KNOWN] > 0]
    before = known[known[:, _LAST] < begin_ms, _LAST]
    ends = np.append(before.max() if len(before) else inside[0, _FIRST], inside[:-1, _LAST])
    between = inside[:, _FIRST] - np.maximum.accumulate(ends)
    return max(int(inside[:, _GAP].max()), int(between.max()))


def _possible(over: Over, since_ms: int, now_ms: int) -> str:
    when = earliest(over, since_ms)
    if when is None:
        return "no window of this length holds these hours"
    return f"PASS possible at earliest {at(when, now_ms)}"


def span(duration_ms: int) -> str:
    """`3h 20m`, `24h`, `2d 4h` or `45s`: the two greatest units."""
    seconds = duration_ms // 1000
    if seconds >= 2 * DAY_MS // 1000:
        days, rest = divmod(seconds, 86_400)
        return f"{days}d" + (f" {rest // 3600}h" if rest >= 3600 else "")
    if seconds >= 3_600:
        hours, rest = divmod(seconds, 3_600)
        return f"{hours}h" + (f" {rest // 60}m" if rest >= 60 else "")
    if seconds >= 60:
        minutes, rest = divmod(seconds, 60)
        return f"{minutes}m" + (f" {rest}s" if rest else "")
    return f"{seconds}s"


def at(at_ms: int, now_ms: int) -> str:
    """A time of day: with its date where that is not plain, and its seconds where they are near.

    What is past is cut off, what is to come rounded up.
    """
    grain_ms = 1_000 if abs(at_ms - now_ms) < _NEAR_MS else 60_000
    shown_ms = at_ms // grain_ms * grain_ms
    if at_ms > now_ms and shown_ms < at_ms:
        shown_ms += grain_ms
    words = instant_words(shown_ms)
    return words.partition("T")[2] if abs(shown_ms - now_ms) < DAY_MS else words
