"""A signal over time, drawn by plotext into plain characters.

plotext is imported when the first plot is built, never before. Only its canvas is used: the axis,
the limit and the UTC ticks are ours, for plotext writes local time. Its figure is one for the whole
process, so this runs on one thread only. Never sees a string from outside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cockpit.core.observe import Unknown
from cockpit.tui.format import quantity, utc
from cockpit.tui.glyphs import AXIS, DASH
from cockpit.tui.spark import History
from cockpit.tui.text import Chunk, Line, right

Point = tuple[float, float]
LABEL_CELLS = 9
SECOND = "o"
"""Told from the first line by its form, not by a colour."""

_GRAVEST = "BURTF"
"""Marks that stay where several fall into one cell, the last one most of all: clients blocked, the
fence undone, going back, a trigger, the fence."""


@dataclass(frozen=True, slots=True)
class PlotSpec:
    """What to draw, in cells: `width` and `height` hold labels and axis too."""

    history: tuple[tuple[int, float | Unknown], ...]
    limit: float | None
    unit: str
    width: int
    height: int
    ascii_only: bool
    second: History = ()
    """Another line over the same time, drawn in SECOND."""
    marks: tuple[tuple[int, str], ...] = ()
    """Times, each with one character for the row under the lines."""


def stretches(history: History) -> list[list[Point]]:
    """The history cut at every gap: no line is drawn across what is not known."""
    out: list[list[Point]] = [[]]
    for at_ms, value in history:
        if isinstance(value, Unknown) or not math.isfinite(value):
            if out[-1]:
                out.append([])
        else:
            out[-1].append((float(at_ms), float(value)))
    return [stretch for stretch in out if stretch]


def reduced(points: Sequence[Point], first: float, last: float, columns: int) -> list[Point]:
    """At most two points a column, its lowest and its highest, in order of time: no spike is
    lost."""
    if len(points) <= 2 * columns:
        return list(points)
    span = max(1.0, last - first)
    buckets: dict[int, list[Point]] = {}
    for point in points:
        column = min(columns - 1, int((point[0] - first) / span * columns))
        buckets.setdefault(column, []).append(point)
    out: list[Point] = []
    for bucket in buckets.values():
        low = min(bucket, key=lambda p: p[1])
        high = max(bucket, key=lambda p: p[1])
        out.extend(sorted({low, high}))
    return out


def top_of(history: History, limit: float | None) -> float:
    """The upper end of the value axis: a little over all that is shown."""
    values = [v for _, v in history if not isinstance(v, Unknown) and math.isfinite(v)]
    highest = max([*values, limit or 0.0, 0.0])
    return highest * 1.15 if highest > 0 else 1.0


def draw(spec: PlotSpec) -> tuple[Line, ...]:
    """The plot as `spec.height` lines; too small a place gives none."""
    columns, rows = spec.width - LABEL_CELLS - 2, spec.height - 1 - bool(spec.marks)
    if columns < 8 or rows < 3 or not spec.history:
        return ()
    first, last = spec.history[0][0], spec.history[-1][0]
    top = top_of((*spec.history, *spec.second), spec.limit)
    canvas = _canvas(spec, columns, rows, top)
    limit_row = None if spec.limit is None else _row_of(spec.limit, top, rows)
    lines = [
        _plot_line(spec, text, row, rows, top=top, limit_row=limit_row)
        for row, text in enumerate(canvas)
    ]
    if spec.marks:
        lines.append(_mark_row(spec.marks, first, last, columns))
    return (*lines, _time_axis(first, last, columns, LABEL_CELLS + 2))


def _mark_row(marks: Sequence[tuple[int, str]], first: int, last: int, columns: int) -> Line:
    """What happened when; of several in one cell the gravest, and of its equals the newest."""
    cells = [" "] * columns
    for at_ms, letter in sorted(marks, key=lambda mark: _GRAVEST.find(mark[1])):
        if first <= at_ms <= last:
            cells[(at_ms - first) * (columns - 1) // max(1, last - first)] = letter
    return Line(((" " * (LABEL_CELLS + 2), "plot.axis"), ("".join(cells), "plot.limit")))


def _row_of(value: float, top: float, rows: int) -> int:
    return max(0, min(rows - 1, rows - 1 - round(value / top * (rows - 1))))


def _plot_line(
    spec: PlotSpec, text: str, row: int, rows: int, *, top: float, limit_row: int | None
) -> Line:
    label: Chunk = (" " * LABEL_CELLS, "plot.axis")
    if row == limit_row and spec.limit is not None:
        label = (right(f"max {quantity(spec.limit, spec.unit)}", LABEL_CELLS), "plot.limit")
        return Line((label, (f" {AXIS}", "plot.axis"), *_over_limit(text)))
    if row == rows - 1:
        label = (right(quantity(0.0, spec.unit), LABEL_CELLS), "plot.axis")
    elif row == 0:
        label = (right(quantity(_rounded(top), spec.unit), LABEL_CELLS), "plot.axis")
    return Line((label, (f" {AXIS}", "plot.axis"), (text, "plot")))


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")


def _over_limit(text: str) -> list[Chunk]:
    """The limit's row: dashes where the signal does not run."""
    out: list[Chunk] = []
    for character in text:
        drawn = character != " "
        out.append((character, "plot") if drawn else (DASH, "plot.limit"))
    return out


def _time_axis(first: int, last: int, columns: int, indent: int) -> Line:
    """UTC times under the canvas, as many as fit without touching."""
    cells = [" "] * columns
    label_cells = len(utc(0))
    number = max(1, min(6, columns // (label_cells + 4)))
    for tick in range(number):
        share = tick / (number - 1) if number > 1 else 1.0
        at_ms = round(first + (last - first) * share)
        start = min(columns - label_cells, max(0, round(share * (columns - 1)) - label_cells // 2))
        if start >= 0:
            cells[start : start + label_cells] = utc(at_ms)
    return Line(((" " * indent, "plot.axis"), ("".join(cells), "plot.axis")))


def _canvas(spec: PlotSpec, columns: int, rows: int, top: float) -> list[str]:
    """The drawn lines alone, `rows` strings of `columns` characters."""
    import plotext

    first, last = float(spec.history[0][0]), float(spec.history[-1][0])
    figure: Any = plotext.figure
    plotext.terminal.limit(False, False)
    figure.clear()
    figure.plot_size(columns, rows)
    figure.axes(False)
    figure.ruler("x").lim(first, max(last, first + 1)).ticks([])
    figure.ruler("y").lim(0.0, top).ticks([])
    marker = "*" if spec.ascii_only else "braille"
    for history, drawn_as in ((spec.second, SECOND), (spec.history, marker)):
        for stretch in stretches(history):
            points = reduced(stretch, first, last, columns)
            signal = figure.signal([p[0] for p in points], [p[1] for p in points], marker=drawn_as)
            figure.draw(signal.lines())
    text = str(figure.build().string(colorless=True))
    drawn = [row[:columns].ljust(columns) for row in text.split("\n")[:rows]]
    return drawn + [" " * columns] * (rows - len(drawn))
