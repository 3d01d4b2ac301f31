"""Times, numbers and names as a report writes them. UTC with its label, thousands with commas."""

from __future__ import annotations

import datetime
import math

from cockpit.plan.text import clean


def moment(at_ms: int) -> str:
    """`2026-11-21 02:14:07Z`."""
    return f"{_utc(at_ms):%Y-%m-%d %H:%M:%S}Z"


def clock(at_ms: int) -> str:
    """`02:14:07Z`, where the date is plain."""
    return f"{_utc(at_ms):%H:%M:%S}Z"


def _utc(at_ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at_ms / 1000, tz=datetime.UTC)


def duration(span_ms: int) -> str:
    """`0.8 s`, `42 s`, `3 min 20 s`, `2 h 05 min`."""
    seconds = abs(span_ms) / 1000
    sign = "-" if span_ms < 0 else ""
    if seconds < 10:
        return f"{sign}{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{sign}{whole} s"
    if whole < 3_600:
        return f"{sign}{whole // 60} min {whole % 60:02d} s"
    return f"{sign}{whole // 3_600} h {whole % 3_600 // 60:02d} min"


def number(value: float) -> str:
    """`12,345`, `0.0045`; what is no number is `unknown`."""
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "unbounded"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"


def amount(value: float, unit: str) -> str:
    """A number with its unit; a ratio as a percentage."""
    if unit == "ratio" and math.isfinite(value):
        return f"{value * 100:.3g}%"
    return f"{number(value)} {unit}".strip()


def line(text: str) -> str:
    """On one line, without what would drive a terminal or reorder a text."""
    return clean(" ".join(text.split()))
