"""When waves may begin: freeze windows, and the window that a wave is meant for.

Pure arithmetic on milliseconds since the epoch, in UTC; never asks what time it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cockpit.core.plan import Plan

DAY_MS = 86_400_000
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class FreezeWindow:
    """A time in which no wave may begin: once, or every day."""

    from_ms: int
    """Since the epoch; of a daily window since midnight UTC."""
    to_ms: int
    """Exclusive. Of a daily window that passes midnight it is smaller than `from_ms`."""
    why: str = ""
    daily: bool = False

    def covers(self, at_ms: int) -> bool:
        """Whether the instant lies inside."""
        if not self.daily:
            return self.from_ms <= at_ms < self.to_ms
        moment = at_ms % DAY_MS
        if self.from_ms < self.to_ms:
            return self.from_ms <= moment < self.to_ms
        return moment >= self.from_ms or moment < self.to_ms

    def meets(self, from_ms: int, to_ms: int) -> bool:
        """Whether any instant of [from, to) lies inside."""
        if not self.daily:
            return self.from_ms < to_ms and from_ms < self.to_ms
        until_next = (self.from_ms - from_ms) % DAY_MS
        return self.covers(from_ms) or from_ms + until_next < to_ms

    def words(self) -> str:
        """The window as a person reads it, with its reason."""
        why = f" ({self.why})" if self.why else ""
        if self.daily:
            return f"{_clock(self.from_ms)}-{_clock(self.to_ms)} UTC every day{why}"
        return f"{instant_words(self.from_ms)} to {instant_words(self.to_ms)}{why}"


@dataclass(frozen=True, slots=True)
class FlightWindow:
    """When a wave is meant to be flown, in ms since the epoch; the end is exclusive."""

    from_ms: int
    to_ms: int

    def words(self) -> str:
        """The window as a person reads it."""
        return f"{instant_words(self.from_ms)} to {instant_words(self.to_ms)}"


def frozen(plan: Plan, at_ms: int) -> str:
    """Why no wave of the plan may begin at this instant; empty: one may."""
    found = next((window for window in plan.freeze_windows if window.covers(at_ms)), None)
    return "" if found is None else f"no wave begins in a freeze: {found.words()}"


def longest_daily_gap_ms(windows: Iterable[FreezeWindow]) -> int | None:
    """The longest time without a daily freeze; None: no daily freeze, so it is unbounded."""
    busy: list[tuple[int, int]] = []
    for window in windows:
        if not window.daily:
            continue
        end_ms = window.to_ms + (DAY_MS if window.to_ms <= window.from_ms else 0)
        busy.append((window.from_ms, end_ms))
    if not busy:
        return None
    longest, free_from = 0, 0
    # two days in a row, so that a gap over midnight is seen whole
    for begin, end in sorted([*busy, *((b + DAY_MS, e + DAY_MS) for b, e in busy)]):
        if free_from:
            longest = max(longest, begin - free_from)
        free_from = max(free_from, end)
    return longest


def instant_words(at_ms: int) -> str:
    """`2026-11-27T18:00Z`; seconds where there are some."""
    text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")[:19]
    return f"{text.removesuffix(':00')}Z"


def _clock(since_midnight_ms: int) -> str:
    hours, minutes = divmod(since_midnight_ms // _MINUTE_MS, 60)
    return f"{hours:02d}:{minutes:02d}"
