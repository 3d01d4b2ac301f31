"""How much of the past the plots show: all that is kept, or the last hour, minutes or minute.

Pure. A shorter time leaves readings out and never makes one: where none is left, nothing is drawn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cockpit.core.curveboard import Curve, CurveMark, Trace
from cockpit.tui.format import age

SPANS_MS: Final = (None, 3_600_000, 900_000, 300_000, 60_000)
"""From the whole to the nearest; None: all that is kept."""


def span_words(span_ms: int | None) -> str:
    """`all that is kept`, or `the last 5m`."""
    return "all that is kept" if span_ms is None else f"the last {age(span_ms)}"


def nearer(span_ms: int | None, steps: int) -> int | None:
    """So many steps nearer to now, or further from it; the last one at either end."""
    at = SPANS_MS.index(span_ms) + steps
    return SPANS_MS[max(0, min(len(SPANS_MS) - 1, at))]


def curve_within(curve: Curve, span_ms: int | None, now_ms: int) -> Curve:
    """A curve's readings of that time. The newest always stays: an old value is shown as an old
    one, not as one that never was."""
    if span_ms is None:
        return curve
    first_ms = now_ms - span_ms
    return replace(curve, traces=tuple(_trace_within(trace, first_ms) for trace in curve.traces))


def _trace_within(trace: Trace, first_ms: int) -> Trace:
    history = tuple(one for one in trace.history if one[0] >= first_ms)
    return replace(trace, history=history or tuple(trace.history[-1:]))


def marks_within(
    marks: tuple[CurveMark, ...], span_ms: int | None, now_ms: int
) -> tuple[CurveMark, ...]:
    """What happened in that time."""
    if span_ms is None:
        return marks
    return tuple(mark for mark in marks if mark.at_ms >= now_ms - span_ms)
