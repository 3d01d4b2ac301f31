"""A plot in words, for whoever cannot see it: from where to where, the peak, gaps and crossings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, assert_never

from cockpit.report.document import Figure, Heat, Line, Plot, Strip, Strips
from cockpit.report.wording import amount, clock, duration, line

WORST: Final = 3
"""So many rows of a heat map are told."""


def in_words(figure: Figure) -> str:
    """One or two sentences a line of the plot, or a row."""
    match figure:
        case Plot():
            return _plot_in_words(figure)
        case Strips():
            return _strips_in_words(figure)
        case Heat():
            return _heat_in_words(figure)
        case _:
            assert_never(figure)


def _strips_in_words(strips: Strips) -> str:
    parts = [f"{strips.title}."]
    if not strips.relative:
        parts = [f"{strips.title}, {clock(strips.from_ms)} to {clock(strips.to_ms)}."]
    parts.extend(_strip_in_words(strip, strips.limit) for strip in strips.strips)
    if not strips.strips:
        parts.append("Nothing was seen.")
    return line(" ".join(parts))


def _strip_in_words(strip: Strip, limit: str) -> str:
    """How long it stood how, all stretches of the same words together."""
    spans: dict[str, int] = {}
    for one in strip.stretches:
        spans[one.text] = spans.get(one.text, 0) + one.to_ms - one.from_ms
    told = [f"{text} {duration(span_ms)}" for text, span_ms in spans.items()]
    if strip.limit_ms is not None:
        told.append(f"{limit} {duration(strip.limit_ms)}")
    return f"{strip.name}: {', '.join(told) or 'nothing'}."


def _heat_in_words(heat: Heat) -> str:
    every = f"the most in every {duration(heat.step_ms)}"
    parts = [f"{heat.title}, {every}, {clock(heat.from_ms)} to {clock(heat.to_ms)}."]
    if heat.of > len(heat.rows):
        parts.append(f"The {len(heat.rows)} rows with the most, of {heat.of}.")
    most = []
    for name, row in heat.rows:
        known = [(value, -column) for column, value in enumerate(row) if value is not None]
        if known:
            value, column = max(known)
            most.append((value, -column, name))
    for value, column, name in sorted(most, key=lambda one: (-one[0], one[2]))[:WORST]:
        at = clock(heat.from_ms + column * heat.step_ms)
        parts.append(f"{name}: at most {amount(value, heat.unit)}, from {at} on.")
    if not most:
        parts.append("Nothing was known.")
    return line(" ".join(parts))


def _plot_in_words(plot: Plot) -> str:
    parts = [f"{plot.title}, {clock(plot.from_ms)} to {clock(plot.to_ms)}."]
    parts.extend(_line_in_words(one, plot) for one in plot.lines)
    if not plot.lines:
        parts.append("Nothing was seen.")
    gaps = [band for band in plot.bands if band.kind == "gap"]
    if gaps:
        parts.append(f"{_times(len(gaps), 'gap')}, the first at {clock(gaps[0].from_ms)}.")
    return line(" ".join(parts))


def _line_in_words(one: Line, plot: Plot) -> str:
    known = [(at_ms, value) for at_ms, value in one.points if value is not None]
    if not known:
        return f"{one.name}: never known."
    at_ms, most = max(known, key=lambda point: (point[1], -point[0]))
    first, last = known[0][1], known[-1][1]
    text = (
        f"{one.name}: {amount(first, plot.unit)} at first, "
        f"at most {amount(most, plot.unit)} at {clock(at_ms)}, {amount(last, plot.unit)} at last"
    )
    for name, limit in plot.limits:
        count = sum(_crossings((value for _, value in known), limit))
        if count:
            text += f"; over {name} ({amount(limit, plot.unit)}) {_times(count, 'time')}"
    return text + "."


def _crossings(values: Iterable[float], limit: float) -> Iterator[bool]:
    over = False
    for value in values:
        yield value > limit and not over
        over = value > limit


def _times(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
