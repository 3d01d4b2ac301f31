"""Plots as SVG: no script, no font and no reference from outside, the same bytes each time.

Draws at most two points a column of pixels, the least and the greatest, so that no peak is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from cockpit.report.canvas import (
    BOTTOM,
    RIGHT,
    TOP,
    WIDTH,
    TimeScale,
    bands_drawn,
    framed,
    ticks_drawn,
    time_labels,
)
from cockpit.report.document import Line, Plot, Point
from cockpit.report.wording import amount, line, number

HEIGHT: Final = 260
_LEFT: Final = 76
_PLOT_WIDTH: Final = WIDTH - _LEFT - RIGHT
_PLOT_HEIGHT: Final = HEIGHT - TOP - BOTTOM
_DASHES: Final = ("", "7 3", "2 3", "9 3 2 3")
"""Lines are told apart by their dashes as well as by colour."""


def svg(plot: Plot) -> str:
    """One `svg` element with its words."""
    scale = _Scale(plot)
    bottom = HEIGHT - BOTTOM
    parts = [
        *bands_drawn(plot.bands, scale, bottom),
        *_axes(plot, scale),
        *_limits(plot, scale),
        *(part for number, one in enumerate(plot.lines) for part in _line(one, number, scale)),
        *ticks_drawn(plot.ticks, scale, bottom),
        *_legend(plot),
    ]
    return framed(plot, HEIGHT, parts)


class _Scale(TimeScale):
    """Times and values to pixels."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot.from_ms, plot.to_ms, _LEFT)
        values = [v for one in plot.lines for _, v in one.points if v is not None]
        values += [limit for _, limit in plot.limits]
        finite = [v for v in values if math.isfinite(v)]
        low, high = min((0.0, *finite)), max((0.0, *finite))
        self.low, self.high = low, _nice(high) if high > 0 else (0.0 if low < 0 else 1.0)

    def y(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return TOP + _PLOT_HEIGHT * (1.0 - min(max(share, 0.0), 1.0))


def _nice(value: float) -> float:
    """The next number over it that people like on an axis."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)


def _axes(plot: Plot, scale: _Scale) -> Iterator[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    yield f'<path class="axis" d="M{_LEFT} {TOP}V{bottom}H{right}"/>'
    for share in (0.0, 0.5, 1.0):
        value = scale.low + (scale.high - scale.low) * share
        y = scale.y(value)
        yield f'<path class="grid" d="M{_LEFT} {y:.1f}H{right}"/>'
        text = amount(value, plot.unit) if plot.unit == "ratio" else number(value)
        yield f'<text class="y" x="{_LEFT - 6}" y="{y + 4:.1f}">{escape(text)}</text>'
    yield f'<text class="unit" x="{_LEFT}" y="{TOP - 10}">{escape(line(plot.unit))}</text>'
    yield from time_labels(scale, bottom)


def _limits(plot: Plot, scale: _Scale) -> Iterator[str]:
    for name, limit in plot.limits:
        y = scale.y(limit)
        yield f'<path class="limit" d="M{_LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        text = f"{name} {amount(limit, plot.unit)}"
        beside = y - 4 if y - 4 > TOP + 8 else y + 12  # the legend is above
        place = f'x="{WIDTH - RIGHT - 4}" y="{beside:.1f}"'
        yield f'<text class="limit" {place}>{escape(line(text))}</text>'


def _legend(plot: Plot) -> Iterator[str]:
    left = _LEFT + 70
    for number_, one in enumerate(plot.lines):
        yield f'<path {_stroke(number_)} d="M{left} {TOP - 14}h24"/>'
        yield _name(left, line(one.name))
        left += 48 + 7 * len(line(one.name))
    for kind in sorted({band.kind for band in plot.bands}):
        yield f'<rect class="{kind}" x="{left}" y="{TOP - 19}" width="24" height="10"/>'
        yield _name(left, kind)
        left += 48 + 7 * len(kind)


def _name(left: int, text: str) -> str:
    return f'<text class="legend" x="{left + 30}" y="{TOP - 10}">{escape(text)}</text>'


def _line(one: Line, number_: int, scale: _Scale) -> Iterator[str]:
    for run in _runs(thinned(one.points, scale.from_ms, scale.to_ms, _PLOT_WIDTH)):
        path = "L".join(f"{scale.x(at_ms):.1f} {scale.y(value):.1f}" for at_ms, value in run)
        yield f'<path {_stroke(number_)} d="M{path}"/>'


def _stroke(number_: int) -> str:
    dash = _DASHES[number_ % len(_DASHES)]
    return f'class="line l{number_ % 5}" stroke-dasharray="{dash}"'


def _runs(points: Iterable[Point]) -> Iterator[list[tuple[int, float]]]:
    """Stretches without a gap: a line that goes on over what nobody saw would be a lie."""
    run: list[tuple[int, float]] = []
    for at_ms, value in points:
        if value is not None and math.isfinite(value):
            run.append((at_ms, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def thinned(points: Sequence[Point], from_ms: int, to_ms: int, columns: int) -> list[Point]:
    """At most two known points a column, least and greatest in their order; gaps are kept."""
    if len(points) <= 2 * columns:
        return list(points)
    span = max(to_ms - from_ms, 1)
    found: list[Point] = []
    column: list[tuple[int, float]] = []
    at = -1

    def close() -> None:
        ends = {min(column, key=lambda p: p[1]), max(column, key=lambda p: p[1])} if column else ()
        found.extend(sorted(ends))
        column.clear()

    for at_ms, value in points:
        here = (at_ms - from_ms) * columns // span
        if here != at or value is None:
            close()
            at = here
        if value is None:
            if found and found[-1][1] is not None:
                found.append((at_ms, None))
        else:
            column.append((at_ms, value))
    close()
    return found
