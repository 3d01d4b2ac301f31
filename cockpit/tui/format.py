"""Numbers, times and ages as an operator reads them. Pure; never asks a clock, never rounds an age
down to nothing, never drops a sign."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from cockpit.core import quantities
from cockpit.core.distances import distance
from cockpit.core.observe import Unknown
from cockpit.core.snapshot import Behind, GateView, StragglerView, TimeLeft


def utc(at_ms: int) -> str:
    """`02:14:07Z`."""
    seconds = at_ms // 1000 % 86_400
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


def day(at_ms: int) -> str:
    """`2026-11-20`; the number itself where no calendar has such a day."""
    try:
        return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return str(at_ms)


def age(duration_ms: int) -> str:
    """A duration at a glance: `0.8s`, `42s`, `3m12s`, `2h03m`, `4d05h`."""
    if duration_ms < 0:
        return "-" + age(-duration_ms)
    if duration_ms < 9_950:
        return f"{duration_ms / 1000:.1f}s"
    seconds = round(duration_ms / 1000)
    if seconds < 100:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    if seconds < 86_400:
        return f"{seconds // 3600}h{seconds // 60 % 60:02}m"
    return f"{seconds // 86_400}d{seconds // 3600 % 24:02}h"


def clock(duration_ms: int) -> str:
    """`00:41`, `1:02:07`; a negative one keeps its sign."""
    if duration_ms < 0:
        return "-" + clock(-duration_ms)
    seconds = duration_ms // 1000
    if seconds < 3600:
        return f"{seconds // 60:02}:{seconds % 60:02}"
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def count(value: int) -> str:
    """`1,234,567`, sign kept."""
    return f"{value:,}"


def brief(value: int) -> str:
    """Three digits and a unit of thousands: `12.3k`, `-1.20G`; a value below 1,000 in full."""
    size, unit = float(abs(value)), ""
    for unit in ("", "k", "M", "G", "T", "P", "E"):  # noqa: B007  # the one that it ends with
        if size < 999.5:
            break
        size /= 1_000
    digits = 0 if not unit or size >= 99.95 else 1 if size >= 9.995 else 2
    return f"{'-' if value < 0 else ''}{size:.{digits}f}{unit}"


def signed(value: int) -> str:
    """`+12`, `-3`, `0`."""
    return f"{value:+,}" if value else "0"


def rate(milli_per_s: int) -> str:
    """A rate given in thousandths a second: `12.3/s`, `1,234/s`."""
    per_s = milli_per_s / 1000
    return f"{per_s:,.1f}/s" if abs(per_s) < 100 else f"{per_s:,.0f}/s"


def _span(duration_ms: int) -> tuple[float, str]:
    """A duration as a number of the unit that fits it."""
    for unit, length_ms in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)):
        if duration_ms >= 2 * length_ms:
            return duration_ms / length_ms, unit
    return duration_ms / 1_000, "s"


def time_left(left: TimeLeft) -> str:
    """`~2-4m`, or the word that stands for having no number."""
    if left.word != "shrinking" or left.low_ms is None or left.high_ms is None:
        return left.word
    high, unit = _span(left.high_ms)
    low = left.low_ms / (left.high_ms / high) if left.high_ms else 0.0
    least, most = math.floor(low), math.ceil(high)
    return f"~{most}{unit}" if least == most else f"~{least}-{most}{unit}"


def behind(value: Behind) -> str:
    """`4.2s`, `>15m00s` where it is older than the history."""
    return f"{'>' if value.more else ''}{age(value.duration_ms)}"


quantity = quantities.quantity
"""A value in its unit, short."""


def unit_word(unit: str) -> str:
    """The unit where it does not stand beside the number already."""
    return "" if unit in {"ratio", "ms", "per_s"} else unit


def straggler_text(one: StragglerView, now_ms: int) -> str:
    """Who it is, where, how fast, and when it was seen."""
    known = one.rate_milli
    speed = f"? ({known.reason})" if isinstance(known, Unknown) else rate(known)
    who = f", {one.who}" if one.who else ""
    return f"{one.name} on {one.where} {speed}{who}, seen {age(now_ms - one.at_ms)} ago"


def distance_text(gate: GateView) -> str:
    """`61% of limit`, `12x limit`, `3 over`; empty where there is nothing to say or to know. Never
    nearer to the good side than it is."""
    found = distance(gate)
    if found is None:
        return ""
    if found.share is None:
        return f"{quantity(found.over, gate.unit)} over" if found.over else ""
    if found.over <= 0:
        return f"{min(100, max(0, math.ceil(found.share * 100)))}% of limit"
    return f"{_times(found.share)}x limit"


def _times(share: float) -> str:
    return count(int(share)) if share >= 10 else f"{math.ceil(share * 10) / 10:g}"
