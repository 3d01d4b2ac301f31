"""What a column of lags was in the last minute, for the small bars in a table's rows.

Kept by the screen from the snapshots that it was given: nothing is copied, and the number of
columns is bounded. Time without snapshots is a gap; other rows or a step back begin it anew.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from cockpit.core.observe import I64, MISSING
from cockpit.tui.spark import bars

SPAN_MS: Final = 60_000
SLOTS: Final = 30
"""Two a cell."""
EVERY_MS: Final = SPAN_MS // SLOTS
MANY_ROWS: Final = 20_000
FEW_SLOTS: Final = 12
"""Of so many rows fewer columns are kept, of the same minute."""
GAP_MS: Final = 5_000
"""Shorter silences are no gap: snapshots may come a little late."""


@dataclass(frozen=True, slots=True)
class _Column:
    at_ms: int
    values: I64
    top: int


class Trail:
    """The newest columns of one table."""

    def __init__(self) -> None:
        self._of: Hashable = None
        self._columns: list[_Column] = []
        self._slots: list[_Column | None] = []
        self._top = 0

    def take(self, of: Hashable, at_ms: int, values: I64) -> None:
        """One more column, at most one a slot. `of`: what its rows are; equal rows are the same."""
        other = not (of is self._of or of == self._of)
        if other or (self._columns and at_ms < self._columns[-1].at_ms):
            self._columns, self._of = [], of
        step_ms = SPAN_MS // FEW_SLOTS if len(values) > MANY_ROWS else EVERY_MS
        slot = at_ms // step_ms
        if self._columns and self._columns[-1].at_ms // step_ms == slot:
            return
        first = slot - SPAN_MS // step_ms
        kept = [column for column in self._columns if column.at_ms // step_ms > first]
        kept.append(_Column(at_ms, values, int(values.max()) if len(values) else 0))
        self._columns, self._slots = kept, _laid_out(kept, step_ms)
        self._top = max(column.top for column in kept)

    def cell(self, row: int) -> str:
        """A row's last minute in bars; all rows have the scale of the largest of them."""
        values: list[float | None] = []
        for column in self._slots:
            value = MISSING if column is None else int(column.values[row])
            values.append(None if value == MISSING else float(max(0, value)))
        return bars(values, float(self._top)) if values else ""


def _laid_out(columns: list[_Column], step_ms: int) -> list[_Column | None]:
    """A column for each slot of time, from the first to the newest; None in a gap."""
    out: list[_Column | None] = [columns[0]]
    for before, column in pairwise(columns):
        missing = column.at_ms // step_ms - before.at_ms // step_ms - 1
        held = before if column.at_ms - before.at_ms <= GAP_MS else None
        out += [*[held] * missing, column]
    return out
