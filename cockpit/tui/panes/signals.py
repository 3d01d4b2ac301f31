"""Pane 4: signals from outside Kafka, each as a row with its recent past, one of them plotted;
below them the errors that the cockpit itself met, by class.

The plot is built at most once a second and only while it is seen; plotext is imported after the
first paint. Never draws a line across a gap.
"""

from __future__ import annotations

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import ErrorRateView, SignalView, Snapshot
from cockpit.tui.format import age, quantity
from cockpit.tui.fresh import is_stale, measured
from cockpit.tui.glyphs import FAILED, HERE, UNKNOWN
from cockpit.tui.look import Look
from cockpit.tui.spark import sparkline
from cockpit.tui.text import Chunk, Line, Token, chunks_width, cut, left, right
from cockpit.tui.view import Pane

PLOT_EVERY_S = 1.0
MIN_PLOT_ROWS = 5
MOST_ERRORS = 4
"""The most frequent ones; the page of alarms and feeds has them all."""


class SignalsPane(Pane):
    """Rows of signals, and under them the chosen one's plot."""

    number = 4
    title_text = "error rates and signals"

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._signals: tuple[SignalView, ...] = ()
        self._errors: tuple[ErrorRateView, ...] = ()
        self._now_ms = 0
        self._chosen = 0
        self._plot: tuple[Line, ...] = ()
        self._plotted: tuple[object, ...] = ()
        self._plotted_at_ms: int | None = None
        self._plot_rests = False
        self.may_plot = False
        """Set once the first paint is over."""

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""
        self._signals = snapshot.signals
        self._errors = snapshot.error_rates[:MOST_ERRORS]
        self._now_ms = snapshot.at_ms
        self._chosen = max(0, min(self._chosen, len(self._signals) - 1))
        self.sync()

    def count(self) -> int:
        """Signals, an empty row, and the plot."""
        return self._listed + (1 + len(self._plot) if self._plot else 0)

    @property
    def _listed(self) -> int:
        """Rows before the plot."""
        return len(self._errors) + len(self._signals)

    def move(self, rows: int) -> None:
        """Choose the signal that is plotted."""
        if self._signals:
            self._chosen = max(0, min(len(self._signals) - 1, self._chosen + rows))
            self.top = max(0, min(self.top, self._chosen))
            self.sync()

    def home(self) -> None:
        """The first signal."""
        self.move(-len(self._signals))

    def end(self) -> None:
        """The last signal."""
        self.move(len(self._signals))

    def settle(self, height: int) -> None:
        """Make the plot for what room is left, when it is time to."""
        rows = max(0, height - self._listed - 1)
        shape = (self._chosen, self.size.width, rows, self.may_plot)
        newer = self._now_ms != self._plotted_at_ms and not self._plot_rests
        if newer or shape != self._plotted:
            self._plotted = shape
            self._plotted_at_ms = self._now_ms
            self._plot = self._draw(rows)
            self._plot_rests = True
            self.set_timer(PLOT_EVERY_S, self._rested)
        super().settle(height)

    def _rested(self) -> None:
        self._plot_rests = False

    def _draw(self, rows: int) -> tuple[Line, ...]:
        if not self.may_plot or rows < MIN_PLOT_ROWS or not self._signals:
            return ()
        from cockpit.tui import plot

        signal = self._signals[self._chosen]
        return plot.draw(
            plot.PlotSpec(
                history=signal.history,
                limit=signal.limit,
                unit=signal.unit,
                width=self.size.width - 1,
                height=rows,
                ascii_only=self.look.ascii_only,
            )
        )

    def row(self, index: int, width: int) -> Line:
        """A signal's row, or a row of the plot."""
        if index < len(self._signals):
            return self._signal_row(index, width)
        if index < self._listed:
            return _error_row(self._errors[index - len(self._signals)], width)
        if index == self._listed:
            name = self._signals[self._chosen].name
            return Line(((left(f"  {name}", width), "columns"),), "columns")
        return self._plot[index - self._listed - 1]

    def _signal_row(self, index: int, width: int) -> Line:
        signal = self._signals[index]
        stale = is_stale(signal.at_ms, self._now_ms, signal.max_age_ms)
        state, token = _state(signal, stale=stale)
        value = measured(signal.value, signal.unit, stale=stale, style=token)
        limit = "" if signal.limit is None else f" / {quantity(signal.limit, signal.unit)}"
        old = "--" if signal.at_ms is None else age(self._now_ms - signal.at_ms)
        here = index == self._chosen and len(self._signals) > 1
        tail: tuple[Chunk, ...] = (
            (right(value[0], 10), value[1]),
            (left(limit, 7), "dim"),
            (f" {left(state, 6)}", token),
            (right(old, 5), "dim"),
        )
        mark: Chunk = (HERE if here else " ", "strong")
        room = max(0, width - 1 - chunks_width(tail))
        name = room if room < 21 else max(14, room // 3)
        spark = room - name - 1
        drawn = sparkline(signal.history, spark, limit=signal.limit) if spark >= 6 else ""
        chunks: tuple[Chunk, ...] = (
            mark,
            (left(signal.name, name), "strong"),
            (f" {drawn}" if drawn else "", "plot"),
        )
        return Line((*chunks, *tail))

    def note(self, width: int) -> tuple[Chunk, ...]:
        """How many signals are not what they should be."""
        base = self.bar
        now = self._now_ms
        stale = sum(is_stale(s.at_ms, now, s.max_age_ms) for s in self._signals)
        text = f"{len(self._signals)} signals" if len(self._signals) != 1 else "1 signal"
        return ((f"{stale} STALE ", self.flag), (text, base)) if stale else ((text, base),)


def _error_row(view: ErrorRateView, width: int) -> Line:
    """Errors of one class: how many this minute and the last, and the newest."""
    now, before = view.per_minute[-1], sum(view.per_minute[-2:-1])
    counts = f"{now} this minute, {before} the last"
    head = f"  {view.where} {view.kind}: {counts}"
    room = max(0, width - chunks_width(((head, "warn"),)) - 2)
    return Line(((cut(head, width), "warn"), (f"  {cut(view.newest, room)}" if room > 8 else "",
                                              "dim")))  # fmt: skip


def _state(signal: SignalView, *, stale: bool) -> tuple[str, Token]:
    if isinstance(signal.value, Unknown):
        return f"{UNKNOWN} none", "unknown"
    if stale:
        return "STALE", "unknown"
    if signal.limit is not None and signal.value > signal.limit:
        return f"{FAILED} over", "bad"
    return "ok" if signal.limit is not None else "", "good"
