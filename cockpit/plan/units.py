"""Durations, ratios and counts as a plan writes them.

Never guesses a unit and never rounds: what is not exactly in the format raises ValueError.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cockpit.core.peaks import WEEKDAYS, Peak

DURATION_PATTERN = r"(0|[1-9][0-9]{0,8})(ms|s|m|h|d)"
COUNT_PATTERN = r"0|[1-9][0-9]{0,14}"
LIMIT_PATTERN = r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?"
PERCENT_PATTERN = LIMIT_PATTERN + "%"

INSTANT_PATTERN = r"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9](:[0-5][0-9])?Z"
_HOUR = r"([01][0-9]|2[0-3]):([0-5][0-9])"
DAILY_PATTERN = rf"{_HOUR}-{_HOUR} UTC"
_WEEKDAY = "|".join(WEEKDAYS)
PEAK_PATTERN = rf"(({_WEEKDAY})([-,]({_WEEKDAY}))* )?{DAILY_PATTERN}"

MAX_COUNT = 10**15 - 1
MAX_DURATION_MS = 366 * 86_400_000
_UNIT_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

_DURATION = re.compile(DURATION_PATTERN)
_INSTANT = re.compile(INSTANT_PATTERN)
_DAILY = re.compile(DAILY_PATTERN)
_HOURS_ELSEWHERE = re.compile(rf"(?:\S* )?{_HOUR}-{_HOUR} ?(\S+)")
_COUNT = re.compile(COUNT_PATTERN)
_LIMIT = re.compile(f"({LIMIT_PATTERN})(%?)")


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that a signal is held against."""

    value: float
    percent: bool
    """Written with a percent sign; `value` is already the ratio."""


def parse_duration_ms(text: str) -> int:
    """Milliseconds of `500ms`, `60s`, `10m`, `24h` or `7d`. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("a duration is a whole number with a unit: ms, s, m, h or d")
    duration_ms = int(match[1]) * _UNIT_MS[match[2]]
    if duration_ms > MAX_DURATION_MS:
        raise ValueError("a duration is at most 366d")
    return duration_ms


def parse_instant_ms(text: str) -> int:
    """Milliseconds since the epoch of `2026-11-27T18:00Z`. Raises ValueError."""
    if _INSTANT.fullmatch(text) is None:
        raise ValueError("an instant is a day, a time and Z: 2026-11-27T18:00Z")
    try:
        return int(datetime.fromisoformat(text).timestamp()) * 1_000
    except ValueError:
        raise ValueError("there is no such day or time") from None


def parse_daily_ms(text: str) -> tuple[int, int]:
    """Both ends of `18:00-21:00 UTC`, in milliseconds since midnight; the end may be on the next
    day and is then the smaller one. Raises ValueError."""
    match = _DAILY.fullmatch(text)
    if match is None:
        raise ValueError("a time of day is two times and UTC: 18:00-21:00 UTC")
    hour, minute, to_hour, to_minute = (int(match[group]) for group in range(1, 5))
    if (hour, minute) == (to_hour, to_minute):
        raise ValueError("both ends are the same")
    return (hour * 60 + minute) * 60_000, (to_hour * 60 + to_minute) * 60_000


def parse_peak(text: str) -> Peak:
    """`18:00-21:00 UTC`, `Mon-Fri 18:00-21:00 UTC` or `Sat,Sun 10:00-12:00 UTC`. Raises
    ValueError."""
    elsewhere = _HOURS_ELSEWHERE.fullmatch(text)
    if elsewhere is not None and elsewhere[5] != "UTC":
        raise ValueError(f"hours are in UTC only, not in {elsewhere[5]}")
    if re.fullmatch(PEAK_PATTERN, text) is None:
        raise ValueError("hours are two times and UTC, after days if not on all: "
                         "Mon-Fri 18:00-21:00 UTC")  # fmt: skip
    days, _, hours = text.rpartition(" ")[0].rpartition(" ")
    from_ms, to_ms = parse_daily_ms(f"{hours} UTC")
    return Peak(from_ms, to_ms, _weekdays(days)) if days else Peak(from_ms, to_ms)


def _weekdays(text: str) -> tuple[int, ...]:
    """Weekdays of `Mon-Fri,Sun`, each once and in order. Raises ValueError."""
    found: list[int] = []
    for part in text.split(","):
        ends = [WEEKDAYS.index(name) for name in part.split("-")]
        if len(ends) > 2:
            raise ValueError(f"{part} has more than two ends")
        first, last = ends[0], ends[-1]
        found.extend((first + n) % 7 for n in range((last - first) % 7 + 1))
    if len(set(found)) != len(found):
        raise ValueError("a day is there twice")
    return tuple(sorted(found))


def format_duration(duration_ms: int) -> str:
    """The shortest form that parses back to the same duration."""
    for unit in ("d", "h", "m", "s"):
        if duration_ms and duration_ms % _UNIT_MS[unit] == 0:
            return f"{duration_ms // _UNIT_MS[unit]}{unit}"
    return f"{duration_ms}ms" if duration_ms else "0s"


def parse_count(text: str) -> int:
    """A whole number from 0 to 10^15 - 1 in decimal digits only. Raises ValueError."""
    if _COUNT.fullmatch(text) is None:
        raise ValueError("a count is a whole number in decimal digits, not negative")
    return int(text)


def parse_limit(text: str) -> Limit:
    """`0.5%`, `0.005` or `12`. Raises ValueError."""
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise ValueError("a limit is a decimal number or a percentage, not negative")
    number = Decimal(match[1])
    percent = bool(match[4])
    return Limit(value=float(number / 100 if percent else number), percent=percent)
