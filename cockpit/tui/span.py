"""How much of the past the plots show: all that is kept, or the last hour, minutes or minute.

Pure. A shorter time leaves readings out and never makes one: where none is left, nothing is drawn.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cockpit.core.curveboard import Curve, CurveMark, Trace

SPANS_MS: Final = (60_000, 300_000, 900_000, 3_600_000)
"""From the nearest to the longest; beyond is all that is kept, which is None."""


def span_words(span_ms: int | None) -> str:
    """`all that is kept`, or `the last 5 min`."""
    return "all that is kept" if span_ms is None else f"the last {span_ms // 60_000} min"


def nearer(span_ms: int | None, kept_ms: int) -> int | None:
    """The next shorter time that leaves some of `kept_ms` out; the same where there is none."""
    shown_ms = kept_ms if span_ms is None else min(span_ms, kept_ms)
    return max((one for one in SPANS_MS if one < shown_ms), default=span_ms)


def further(span_ms: int | None, kept_ms: int) -> int | None:
    """The next longer time that is shorter than `kept_ms`, else all that is kept."""
    if span_ms is None:
        return None
    return min((one for one in SPANS_MS if span_ms < one < kept_ms), default=None)


def kept_for(found: tuple[Curve, ...], now_ms: int) -> int:
    """How old the oldest reading of any curve is."""
    firsts = [trace.history[0][0] for one in found for trace in one.traces if trace.history]
    return max(0, now_ms - min(firsts, default=now_ms))


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
