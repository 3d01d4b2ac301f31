"""A plot in words, for whoever cannot see it, and for the row beside it. Pure."""

from __future__ import annotations

from cockpit.core.curveboard import Curve, CurveMark, Summary, Trace, summary
from cockpit.core.observe import Unknown
from cockpit.tui.format import age, quantity, unit_word, utc
from cockpit.tui.fresh import is_stale


def trace_text(curve: Curve, trace: Trace, now_ms: int) -> str:
    """`now 0.21%, highest 2% at 02:11:07Z, lowest 0.1%, over 0.5% for 1s, 40s not known`."""
    found = summary(trace, curve.limit)
    parts = [f"now {_now(found, curve, now_ms)}"]
    if found.high is not None and found.high_at_ms is not None:
        parts.append(f"highest {_said(found.high, curve)} at {utc(found.high_at_ms)}")
    if found.low is not None and found.low_at_ms is not None:
        parts.append(f"lowest {_said(found.low, curve)} at {utc(found.low_at_ms)}")
    if found.over_ms and curve.limit is not None:
        parts.append(f"over {_said(curve.limit, curve)} for {age(found.over_ms)}")
    if found.unknown_ms:
        parts.append(f"{age(found.unknown_ms)} not known")
    return f"{trace.label}{' ' if trace.label else ''}{', '.join(parts)}"


def _now(found: Summary, curve: Curve, now_ms: int) -> str:
    if isinstance(found.now, Unknown):
        return f"? ({found.now.reason})"
    if is_stale(found.at_ms, now_ms, curve.max_age_ms):
        return "--, STALE"
    return _said(found.now, curve)


def _said(value: float, curve: Curve) -> str:
    return f"{quantity(value, curve.unit)} {unit_word(curve.unit)}".rstrip()


def curve_lines(curve: Curve, marks: tuple[CurveMark, ...], now_ms: int) -> list[str]:
    """All of it: each line, what it is of, and what happened meanwhile."""
    lines = [trace_text(curve, trace, now_ms) for trace in curve.traces]
    if curve.about:
        lines.append(curve.about)
    first = min((t.history[0][0] for t in curve.traces if t.history), default=now_ms)
    happened = [f"{m.letter} {m.text} {utc(m.at_ms)}" for m in marks if m.at_ms >= first]
    return [*lines, "; ".join(happened)] if happened else lines
