"""A plot in words, for whoever cannot see it: from where to where, the peak, gaps and crossings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cockpit.report.document import Line, Plot
from cockpit.report.wording import amount, clock, line


def in_words(plot: Plot) -> str:
    """One or two sentences a line of the plot."""
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
