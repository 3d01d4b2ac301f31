"""Moments of a recording as people write them: a time of day, so much on or back, an end.

Pure. Never guesses a time zone: everything is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

DAY_MS: Final = 86_400_000
FORMS: Final = "02:14:07, 2026-11-20 02:14:07, +90s, -1h30m, start or end"
_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS}
_PART: Final = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_SPAN: Final = re.compile(rf"([+-])((?:{_PART.pattern})+)")
_TIME: Final = re.compile(
    r"(?:([0-9]{4}-[0-9]{2}-[0-9]{2})[T ])?([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?Z?"
)


class MomentError(ValueError):
    """Not a moment of this recording. The text is fit for a person."""


def utc(at_ms: int) -> str:
    """`02:14:07Z`."""
    return utc_day(at_ms).rpartition(" ")[2]


def utc_day(at_ms: int) -> str:
    """`2026-11-20 02:14:07Z`; the number itself where no calendar has such a day."""
    try:
        return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{at_ms}ms"


def parse_moment(text: str, *, first_ms: int, last_ms: int, at_ms: int) -> int:
    """The moment that `text` means in a recording from `first_ms` to `last_ms` that stands at
    `at_ms`. A span past an end is that end; a time of day is the one nearest to `at_ms` where a
    recording has it more than once. Raises MomentError."""
    text = text.strip()
    if text in ("start", "end"):
        return first_ms if text == "start" else last_ms
    if span := _SPAN.fullmatch(text):
        length = sum(int(number) * _UNIT_MS[unit] for number, unit in _PART.findall(span[2]))
        moved = at_ms + (length if span[1] == "+" else -length)
        return max(first_ms, min(last_ms, moved))
    if time := _TIME.fullmatch(text):
        return _of_day(time, first_ms, last_ms, at_ms)
    raise MomentError(f"not a time: write {FORMS} (UTC)")


def _of_day(time: re.Match[str], first_ms: int, last_ms: int, at_ms: int) -> int:
    hour, minute, second = int(time[2]), int(time[3]), int(time[4] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise MomentError("there is no such time of day")
    of_day_ms = (hour * 3600 + minute * 60 + second) * 1000
    if time[1]:
        try:
            midnights = [int(datetime.fromisoformat(f"{time[1]}T00:00+00:00").timestamp()) * 1000]
        except ValueError:
            raise MomentError("there is no such day") from None
    else:
        days = {ms // DAY_MS + more for ms in (first_ms, at_ms, last_ms) for more in (-1, 0, 1)}
        midnights = [day * DAY_MS for day in sorted(days)]
    # to the second: what a screen shows as 02:14:07Z may be a part of a second later
    there = [m + of_day_ms for m in midnights if first_ms - 999 <= m + of_day_ms <= last_ms]
    if not there:
        span = f"{utc_day(first_ms)} to {utc_day(last_ms)}"
        raise MomentError(f"not in this recording: it has {span}")
    return max(first_ms, min(there, key=lambda moment: abs(moment - at_ms)))
