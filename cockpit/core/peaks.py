"""Long windows of time that must hold certain hours, and when one does.

Pure arithmetic on milliseconds since the epoch, in UTC; never asks what time it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.core.schedule import DAY_MS

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EPOCH_WEEKDAY: Final = 3
"""1970-01-01 was a Thursday."""
_MINUTE_MS: Final = 60_000
_WEEK_MS: Final = 7 * DAY_MS
_LONGEST_GAP_MS: Final = 300_000
_SEARCH_DAYS: Final = 15
_ROW_MS: Final = 60_000
_SHARE: Final = 4
"""How many gaps as long as may be make up one of the hours."""


@dataclass(frozen=True, slots=True)
class Peak:
    """Hours of a day that come again on certain days of the week."""

    from_ms: int
    """Since midnight UTC."""
    to_ms: int
    """Exclusive; not greater than `from_ms` when it is on the day after."""
    days: tuple[int, ...] = tuple(range(7))
    """Weekdays on which it begins, Monday is 0; in order, at least one."""

    @property
    def length_ms(self) -> int:
        """From its beginning to its end."""
        return self.to_ms - self.from_ms + (DAY_MS if self.to_ms <= self.from_ms else 0)

    @property
    def most_gap_ms(self) -> int:
        """The longest time without a known value with which these hours were still looked
        through."""
        return self.length_ms // _SHARE

    def within(self, from_ms: int, to_ms: int) -> bool:
        """Whether one whole occurrence lies in [from, to]."""
        return (end := self.next_end(from_ms + self.length_ms - 1)) is not None and end <= to_ms

    def ends(self, from_ms: int, to_ms: int) -> Iterator[int]:
        """When each whole occurrence in [from, to] ends."""
        end = self.next_end(from_ms + self.length_ms - 1)
        while end is not None and end <= to_ms:
            yield end
            end = self.next_end(end)

    def next_end(self, after_ms: int) -> int | None:
        """The first end after an instant."""
        day = (after_ms - self.from_ms - self.length_ms) // DAY_MS
        for number in range(day, day + 9):
            end_ms = number * DAY_MS + self.from_ms + self.length_ms
            if end_ms > after_ms and (number + _EPOCH_WEEKDAY) % 7 in self.days:
                return end_ms
        return None

    def words(self) -> str:
        """As a plan writes it."""
        clock = f"{_clock(self.from_ms)}-{_clock(self.to_ms)} UTC"
        if len(self.days) == len(WEEKDAYS):
            return clock
        first, last = self.days[0], self.days[-1]
        if last - first == len(self.days) - 1 and last - first > 1:
            return f"{WEEKDAYS[first]}-{WEEKDAYS[last]} {clock}"
        return f"{','.join(WEEKDAYS[day] for day in self.days)} {clock}"


@dataclass(frozen=True, slots=True)
class Over:
    """A condition is judged over everything that was sampled in the last `over_ms`."""

    over_ms: int
    including: tuple[Peak, ...] = ()
    """Of each, one whole occurrence must lie inside, and be looked through."""
    max_gap_ms: int = _LONGEST_GAP_MS
    """The longest time without a known value."""

    @property
    def row_ms(self) -> int:
        """How much time one row of its record covers at most: little enough that the row that an
        engine's death takes with it leaves no gap by itself."""
        return min(_ROW_MS, max(1_000, self.max_gap_ms // 4))


def usual_gap_ms(over_ms: int, max_age_ms: int, including: Sequence[Peak] = ()) -> int:
    """The gap that is tolerated where the plan says none: a tenth of the window, or the age at
    which a single reading is too old where that is longer; at most five minutes, and never more
    than looks through each of the hours."""
    most_ms = min((_LONGEST_GAP_MS, *(peak.most_gap_ms for peak in including)))
    return min(most_ms, max(max_age_ms, over_ms // 10))


def shortest_ms(including: Sequence[Peak]) -> int:
    """The least length of a window that holds one whole occurrence of each of these hours."""
    ends = [end for peak in including for end in peak.ends(2 * _WEEK_MS, 3 * _WEEK_MS)]
    return min(end - min(_last_begin(peak, end) for peak in including) for end in ends)


def _last_begin(peak: Peak, end_ms: int) -> int:
    """When the last occurrence begins that is over by then."""
    return max(peak.ends(end_ms - 2 * _WEEK_MS, end_ms)) - peak.length_ms


def missing(including: Sequence[Peak], from_ms: int, to_ms: int) -> tuple[Peak, ...]:
    """Those of which no whole occurrence lies in [from, to]."""
    return tuple(peak for peak in including if not peak.within(from_ms, to_ms))


def unseen(
    including: Sequence[Peak], from_ms: int, to_ms: int, gaps: Sequence[tuple[int, int]]
) -> tuple[Peak, ...]:
    """Those of which no occurrence in [from, to] was looked through: there is none, or a gap in
    each takes more than its share."""

    def looked_through(peak: Peak, end_ms: int) -> bool:
        begin_ms = end_ms - peak.length_ms
        missed = (min(last, end_ms) - max(first, begin_ms) for first, last in gaps)
        return all(missed_ms <= peak.most_gap_ms for missed_ms in missed)

    return tuple(
        peak
        for peak in including
        if not any(looked_through(peak, end_ms) for end_ms in peak.ends(from_ms, to_ms))
    )


def earliest(over: Over, since_ms: int) -> int | None:
    """The first instant at which a window without a gap since `since_ms` is long enough and holds
    all its hours; None: no window of this length ever does."""
    at_ms = since_ms + over.over_ms
    last_ms = at_ms + _SEARCH_DAYS * DAY_MS
    while at_ms <= last_ms:
        absent = missing(over.including, at_ms - over.over_ms, at_ms)
        if not absent:
            return at_ms
        ends = [end for peak in absent if (end := peak.next_end(at_ms)) is not None]
        if len(ends) < len(absent):
            return None
        at_ms = max(ends)
    return None


def _clock(since_midnight_ms: int) -> str:
    hours, minutes = divmod(since_midnight_ms // _MINUTE_MS, 60)
    return f"{hours:02d}:{minutes:02d}"
