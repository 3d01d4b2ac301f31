"""The time line of a recording: where it stands, how fast it plays, what happened when.

Pure: a player's view and a width in, lines out; 8 hours are drawn from totals, no sample is looked
at. Never tells one state from another by colour alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cockpit.core.observe import I64, MISSING
from cockpit.core.playing import Gap, Mark, MarkKind, PlayerView, Totals
from cockpit.tui.format import clock, count, day, rate, utc
from cockpit.tui.glyphs import AXIS, HERE, HOLD, POSITION, SMALL_DOT, STAR, UP
from cockpit.tui.spark import bars
from cockpit.tui.text import Chunk, Line, Token, chunks_width, cut, left

MARKS: Final[dict[MarkKind, tuple[str, Token, str]]] = {
    "bookmark": (STAR, "strong", "bookmark"),
    "alarm": (HOLD, "bad", "alarm"),
    "action": (UP, "info", "action"),
    "gate": (AXIS, "warn", "gate or trigger"),
    "note": (SMALL_DOT, "info", "note"),
    "life": (HERE, "dim", "an engine begins"),
}
"""Glyph, style and meaning; of several in one cell the first of this order is drawn."""
_RANK: Final = {kind: rank for rank, kind in enumerate(MARKS)}
_LAST: Final = (1 << 63) - 1
TIME, BLOCKED, GAP, PART_GAP = "-", "=", " ", ":"

LEGEND: Final = ", ".join(
    [f"{POSITION} where it stands", *(f"{glyph} {name}" for glyph, _, name in MARKS.values()),
     f"{BLOCKED} clients blocked", f"{PART_GAP} or blank nothing recorded"]
)  # fmt: skip


def timeline_rows(width: int, height: int) -> int:
    """How many rows of a screen the time line takes."""
    if width < 100 or height < 36:
        return 1
    return 2 if height < 50 else 3


def timeline(view: PlayerView, *, width: int, rows: int) -> tuple[Line, ...]:
    """The last row is the line itself; those above it are the lag and what is written."""
    head, tail = _head(view, width), _tail(view, width)
    room = max(1, width - chunks_width(head) - chunks_width(tail))
    lines = [Line((*head, *_bar(view, room), *tail), "bar")]
    totals = view.totals
    above = [
        ("lag", totals.lag_records, "records"),
        ("source writes", totals.source_writes_milli, "per_s"),
    ]
    for name, column, unit in above[: rows - 1]:
        beside = (chunks_width(head), room, width)
        lines.insert(len(lines) - 1, _graph(view, (name, unit), column, beside))
    return tuple(lines)


def _head(view: PlayerView, width: int) -> tuple[Chunk, ...]:
    word: Token = "badge.pause" if view.word in ("PAUSED", "END") else "strong"
    lead = "replay" if width >= 80 else ""
    at = f"{day(view.at_ms)} {utc(view.at_ms)}" if width >= 100 else day(view.at_ms)
    return (
        (f" {lead} " if lead else "", "bar"),
        (f" {view.word} ", word),
        (" " * (8 - len(view.word)), "bar"),
        (left(speed(view.speed), 6), "strong"),
        (at, "bar"),
        (" ", "bar"),
    )


def speed(times: float) -> str:
    """`0.25x`, `16x`."""
    return f"{times:g}x"


def _tail(view: PlayerView, width: int) -> tuple[Chunk, ...]:
    gone, whole = clock(view.at_ms - view.first_ms), clock(view.last_ms - view.first_ms)
    text = f"{gone.rjust(len(whole))}/{whole}" if width >= 72 else gone.rjust(len(whole))
    return ((f" {text} ", "bar"),)


class _Scale:
    """Times to cells."""

    def __init__(self, view: PlayerView, cells: int) -> None:
        self.first_ms = view.first_ms
        self.span_ms = max(1, view.last_ms - view.first_ms)
        self.cells = cells

    def cell(self, at_ms: int) -> int:
        """The cell of a time; what lies outside is in the first or the last."""
        place = (at_ms - self.first_ms) * self.cells // (self.span_ms + 1)
        return max(0, min(self.cells - 1, place))

    def edges(self) -> I64:
        """Where each cell begins, and where the last one ends."""
        width = self.span_ms + 1
        edges = [self.first_ms + i * width // self.cells for i in range(self.cells + 1)]
        return np.array([min(edge, _LAST) for edge in edges], dtype=np.int64)


def _bar(view: PlayerView, cells: int) -> list[Chunk]:
    scale = _Scale(view, cells)
    drawn: list[Chunk] = [(glyph, "dim") for glyph in _ground(view, scale)]
    for cell, mark in _marked(view.marks, scale).items():
        glyph, token, _ = MARKS[mark.kind]
        drawn[cell] = (glyph, token)
    drawn[scale.cell(view.at_ms)] = (POSITION, "cursor")
    return drawn


def _ground(view: PlayerView, scale: _Scale) -> list[str]:
    """Time, blocked time and gaps, before any mark."""
    ground = [TIME] * scale.cells
    totals = view.totals
    for at_ms in totals.at_ms[totals.blocked > 0].tolist():
        ground[scale.cell(at_ms)] = BLOCKED
    edges = scale.edges().tolist()
    for gap in view.gaps:
        for cell in range(scale.cell(gap.from_ms), scale.cell(gap.to_ms) + 1):
            ground[cell] = GAP if _is_whole(gap, edges[cell], edges[cell + 1]) else PART_GAP
    return ground


def _is_whole(gap: Gap, from_ms: int, to_ms: int) -> bool:
    return gap.from_ms <= from_ms and to_ms <= gap.to_ms


def _marked(marks: tuple[Mark, ...], scale: _Scale) -> dict[int, Mark]:
    found: dict[int, Mark] = {}
    for mark in marks:
        cell = scale.cell(mark.at_ms)
        seen = found.get(cell)
        if seen is None or _RANK[mark.kind] < _RANK[seen.kind]:
            found[cell] = mark
    return found


def _graph(
    view: PlayerView, what: tuple[str, str], column: I64, beside: tuple[int, int, int]
) -> Line:
    """A row of bars over the cells of the line; `beside`: cells before it, its own, all."""
    (name, unit), (before, cells, width) = what, beside
    values = slots(view.totals, column, view, cells * 2)
    most = max((value for value in values if value is not None), default=None)
    said = cut(f"{name}, most {_most(most, unit)}", before - 2)
    tail = max(0, width - before - cells)
    return Line(
        (
            (" " + left(said, before - 1), "bar"),
            (bars(values, most or 0.0), "plot"),
            (" " * tail, "bar"),
        ),
        "bar",
    )


def _most(value: float | None, unit: str) -> str:
    if value is None:
        return "not known"
    return rate(int(value)) if unit == "per_s" else count(int(value))


def slots(totals: Totals, column: I64, view: PlayerView, number: int) -> list[float | None]:
    """The largest of a column in each of `number` equal stretches of the recording.

    None where nothing is known. A reading holds until the next one, at most as long as two of them
    are usually apart.
    """
    known = column != MISSING
    times, values = totals.at_ms[known], column[known]
    if not len(times):
        return [None] * number
    hold_ms = 2 * max(1_000, int(np.median(np.diff(times))) if len(times) > 1 else 0)
    edges = _Scale(view, number).edges()
    begins = np.searchsorted(times, edges[:-1])
    ends = np.searchsorted(times, edges[1:])
    out: list[float | None] = []
    for slot, (begin, end) in enumerate(zip(begins.tolist(), ends.tolist(), strict=True)):
        if end > begin:
            out.append(float(values[begin:end].max()))
        elif begin and int(edges[slot]) - int(times[begin - 1]) <= hold_ms:
            out.append(float(values[begin - 1]))
        else:
            out.append(None)
    return out
