"""Pane 4: error rates, other signals, lag, the hand-over of writes and answer times.

Each is a row with its recent past, one of them is plotted with a text beside; below them are the
errors that the cockpit itself met, by class. Where there are many, they scroll above the plot.

The plot is built once a second at most, or where its place is another, and only while it is seen;
its text is made with the rows, so that both tell one value. plotext is imported after the first
paint. Never draws a line across a gap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cockpit.core.curveboard import Curve, CurveMark, Summary, Trace, curve_marks, curves, summary
from cockpit.core.observe import Unknown
from cockpit.core.snapshot import ErrorRateView, Snapshot
from cockpit.tui.curvewords import curve_lines, trace_text
from cockpit.tui.format import age, quantity
from cockpit.tui.fresh import is_stale, measured
from cockpit.tui.glyphs import CUT, FAILED, HERE, UNKNOWN
from cockpit.tui.look import Look
from cockpit.tui.span import curve_within, kept_for, marks_within, span_words
from cockpit.tui.spark import sparkline
from cockpit.tui.text import Chunk, Line, Token, chunks_width, cut, left, right, wrap
from cockpit.tui.view import Pane

PLOT_EVERY_S = 1.0
MIN_PLOT_ROWS = 5
MOST_TEXT = 6
MOST_ERRORS = 4
"""The most frequent ones; the page of alarms and feeds has them all."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a curve."""

    curve: Curve
    trace: Trace
    found: Summary
    top: float
    """Of all lines of the curve: they have one scale."""


class SignalsPane(Pane):
    """Rows of curves, and under them the chosen one's plot."""

    number = "4"
    title_text = "error rates and signals"

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._rows: tuple[_Row, ...] = ()
        self._curves: tuple[Curve, ...] = ()
        self._marks: tuple[CurveMark, ...] = ()
        self._errors: tuple[ErrorRateView, ...] = ()
        self._now_ms = 0
        self._snapshot: Snapshot | None = None
        self._span_ms: int | None = None
        """How much of the past is shown; None: all that is kept."""
        self._chosen = 0
        self._first = 0
        """Index of the first row that is seen."""
        self._seen = 0
        """How many rows are seen above the plot."""
        self._under: tuple[Line, ...] = ()
        """The chosen curve's title, plot and text."""
        self._drawn: tuple[Line, ...] = ()
        """The plot alone; it may rest while the text beside it goes on."""
        self._plotted: tuple[object, ...] = ()
        self._plotted_at_ms: int | None = None
        self._plot_rests = False
        self.may_plot = False
        """Set once the first paint is over."""

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""
        span_ms, now_ms = self._span_ms, snapshot.at_ms
        self._snapshot = snapshot
        self._curves = tuple(curve_within(curve, span_ms, now_ms) for curve in curves(snapshot))
        self._marks = marks_within(curve_marks(snapshot), span_ms, now_ms)
        self._rows = tuple(row for curve in self._curves for row in _rows(curve))
        self._errors = snapshot.error_rates[:MOST_ERRORS]
        self._now_ms = now_ms
        self._chosen = max(0, min(self._chosen, len(self._rows) - 1))
        self.sync()

    def zoom_time(self, step: Callable[[int | None, int], int | None]) -> str:
        """Show a shorter time or a longer one, as `nearer` and `further` find it; what is shown."""
        snapshot, before_ms = self._snapshot, self._span_ms
        if snapshot is not None:
            self._span_ms = step(before_ms, kept_for(curves(snapshot), snapshot.at_ms))
            self.take(snapshot)
        already = " already" if self._span_ms == before_ms else ""
        return f"plots show {span_words(self._span_ms)}{already}"

    def count(self) -> int:
        """Rows that are seen, and what is under them."""
        return self._seen + len(self._under)

    @property
    def _listed(self) -> int:
        """Rows of curves and errors."""
        return len(self._errors) + len(self._rows)

    def move(self, rows: int) -> None:
        """Choose what is plotted."""
        if self._rows:
            self._chosen = max(0, min(len(self._rows) - 1, self._chosen + rows))
            self.sync()

    def home(self) -> None:
        """The first row."""
        self.move(-len(self._rows))

    def end(self) -> None:
        """The last row."""
        self.move(len(self._rows))

    def settle(self, height: int) -> None:
        """Rows with the chosen one among them; title, plot and text in what room is left."""
        self._seen = _share(self._listed, height)
        last = self._chosen == len(self._rows) - 1
        least = self._listed if last else self._chosen + 1  # errors follow the last curve
        first = max(self._first, least - self._seen)
        self._first = max(0, min(first, self._chosen, self._listed - self._seen))
        self._under = self._below(max(0, height - self._seen))
        super().settle(height)

    def _plot(self, curve: Curve, rows: int) -> tuple[Line, ...]:
        """The plot, made anew when it is time to or where its place is another."""
        shape = (self._chosen, self.size.width, rows, self.may_plot, self._span_ms)
        newer = self._now_ms != self._plotted_at_ms and not self._plot_rests
        if newer or shape != self._plotted:
            self._plotted = shape
            self._plotted_at_ms = self._now_ms
            self._drawn = self._draw(curve, rows)
            self._plot_rests = True
            self.set_timer(PLOT_EVERY_S, self._rested)
        return self._drawn

    def _rested(self) -> None:
        self._plot_rests = False

    def _below(self, rows: int) -> tuple[Line, ...]:
        """Title, plot and text in so many rows; without room for a plot the text alone."""
        if not self._rows or rows < 2:
            return ()
        curve, width = self._rows[self._chosen].curve, self.size.width
        said = curve_lines(curve, self._marks, self._now_ms)
        text = [piece for line in said for piece in wrap(line, width - 4)] if self.zoomed else []
        text = _some(text, max(0, min(MOST_TEXT, rows - 1 - MIN_PLOT_ROWS)))
        title = f"  {curve.title}"
        if not text:
            title += f": {trace_text(curve, curve.traces[0], self._now_ms)}"
        elif len(curve.traces) > 1:
            title += ": the line is the source, o is the target"
        drawn = self._plot(curve, rows - 1 - len(text))
        if not drawn and not text:
            return ()
        head = Line(((left(title, width), "columns"),), "columns")
        return (head, *drawn, *(Line(((f"  {piece}", "text"),)) for piece in text))

    def _draw(self, curve: Curve, rows: int) -> tuple[Line, ...]:
        if not self.may_plot or rows < MIN_PLOT_ROWS:
            return ()
        from cockpit.tui import plot

        first, *rest = curve.traces
        return plot.draw(
            plot.PlotSpec(
                history=first.history,
                limit=curve.limit,
                unit=curve.unit,
                width=self.size.width - 1,
                height=rows,
                ascii_only=self.look.ascii_only,
                second=rest[0].history if rest else (),
                marks=tuple((mark.at_ms, mark.letter) for mark in self._marks),
            )
        )

    def row(self, index: int, width: int) -> Line:
        """A curve's row, an error's, or one of what is under them."""
        if index >= self._seen:
            return self._under[index - self._seen]
        index += self._first
        if index < len(self._rows):
            return self._curve_row(index, width)
        return _error_row(self._errors[index - len(self._rows)], width)

    def _curve_row(self, index: int, width: int) -> Line:
        row = self._rows[index]
        curve, found = row.curve, row.found
        stale = is_stale(found.at_ms, self._now_ms, curve.max_age_ms)
        state, token = _state(found, curve, stale=stale)
        value = measured(found.now, curve.unit, stale=stale, style=token)
        limit = "" if curve.limit is None else f" / {quantity(curve.limit, curve.unit)}"
        old = "--" if found.at_ms is None else age(self._now_ms - found.at_ms)
        mark: Chunk = (HERE if index == self._chosen and len(self._rows) > 1 else " ", "strong")
        tail: tuple[Chunk, ...] = (
            (right(value[0], 10), value[1]),
            (left(limit, 7), "dim"),
            (f" {left(state, 6)}", token),
            (right(old, 5), "dim"),
        )
        room = max(0, width - 1 - chunks_width(tail))
        name = room if room < 24 else max(16, room // 3)
        spark = room - name - 1
        drawn = sparkline(row.trace.history, spark, limit=row.top) if spark >= 6 else ""
        text = f"{curve.name} {row.trace.label}".rstrip()
        chunks: tuple[Chunk, ...] = (
            mark,
            (left(text, name), "strong"),
            (f" {drawn}" if drawn else "", "plot"),
        )
        return Line((*chunks, *tail))

    def note(self, width: int) -> tuple[Chunk, ...]:
        """How many are not what they should be."""
        base, now = self.bar, self._now_ms
        stale = sum(is_stale(r.found.at_ms, now, r.curve.max_age_ms) for r in self._rows)
        number = len(self._curves)
        text = f"{number} curves" if number != 1 else "1 curve"
        text += "" if self._span_ms is None else f", {span_words(self._span_ms)}"
        if self._seen < self._listed:
            text += f", rows {self._first + 1}-{self._first + self._seen} of {self._listed}"
        return ((f"{stale} STALE ", self.flag), (text, base)) if stale else ((text, base),)


def _share(listed: int, height: int) -> int:
    """How many of so many rows are seen: half of the room where the plot would find none."""
    plotted = 1 + MIN_PLOT_ROWS
    if listed + plotted > height >= 2 * plotted:
        return min(listed, height // 2)
    return min(listed, height)


def _rows(curve: Curve) -> list[_Row]:
    found = [summary(trace, curve.limit) for trace in curve.traces]
    top = max([curve.limit or 0.0, *(one.high or 0.0 for one in found)])
    return [_Row(curve, t, one, top) for t, one in zip(curve.traces, found, strict=True)]


def _some(pieces: list[str], number: int) -> list[str]:
    """The first ones, with a mark where there are more."""
    if len(pieces) <= number:
        return pieces
    return [*pieces[: number - 1], f"{pieces[number - 1]} {CUT}"] if number else []


def _error_row(view: ErrorRateView, width: int) -> Line:
    """Errors of one class: how many this minute and the last, and the newest."""
    now, before = view.per_minute[-1], sum(view.per_minute[-2:-1])
    counts = f"{now} this minute, {before} the last"
    head = f"  {view.where} {view.kind}: {counts}"
    room = max(0, width - chunks_width(((head, "warn"),)) - 2)
    return Line(((cut(head, width), "warn"), (f"  {cut(view.newest, room)}" if room > 8 else "",
                                              "dim")))  # fmt: skip


def _state(found: Summary, curve: Curve, *, stale: bool) -> tuple[str, Token]:
    if isinstance(found.now, Unknown):
        return f"{UNKNOWN} none", "unknown"
    if stale:
        return "STALE", "unknown"
    if curve.limit is not None and found.now > curve.limit:
        return f"{FAILED} over", "bad"
    return "ok" if curve.limit is not None else "", "good"
