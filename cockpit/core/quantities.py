"""A value in its unit as people read it: in evidence, in the log and on the screen alike. Pure."""

from __future__ import annotations

import math


def quantity(value: float, unit: str) -> str:
    """A value in its unit, short: a ratio as per cent, milliseconds, records, anything else."""
    if unit == "ratio":
        return f"{_short(value * 100)}%"
    if unit == "ms":
        return f"{_short(value)}ms"
    if unit == "per_s":
        return f"{_short(value)}/s"
    return _short(value)


def _short(value: float) -> str:
    if not math.isfinite(value):
        return "?"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:.1f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.0e}"
