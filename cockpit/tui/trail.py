"""What a column of lags was in the last minute, for the small bars in a table's rows.

Kept by the screen from the snapshots that it was given: nothing is copied, and the number of
columns is bounded. Other rows, a step back in time or a long silence begin it anew.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import I64, MISSING
from cockpit.tui.spark import bars

EVERY_MS: Final = 2_000
SILENCE_MS: Final = 15_000
SLOTS: Final = 30
"""Two a cell."""
MANY_ROWS: Final = 20_000
FEW_SLOTS: Final = 12
"""Of so many rows fewer columns are kept."""


@dataclass(frozen=True, slots=True)
class _Column:
    at_ms: int
    values: I64
    top: int


class Trail:
    """The newest columns of one table."""

    def __init__(self) -> None:
        self._of: Hashable = None
        self._columns: deque[_Column] = deque(maxlen=SLOTS)
        self._top = 0

    def take(self, of: Hashable, at_ms: int, values: I64) -> None:
        """One more column, at most one in two seconds. `of`: what its rows are; equal rows are the
        same."""
        last = self._columns[-1].at_ms if self._columns else None
        broken = last is not None and not 0 <= at_ms - last <= SILENCE_MS
        if broken or not (of is self._of or of == self._of):
            slots = FEW_SLOTS if len(values) > MANY_ROWS else SLOTS
            self._columns, self._of, last = deque(maxlen=slots), of, None
        if last is None or at_ms - last >= EVERY_MS:
            top = int(values.max()) if len(values) else 0
            self._columns.append(_Column(at_ms, values, top))
            self._top = max(column.top for column in self._columns)

    def cell(self, row: int) -> str:
        """A row's last minute in bars; all rows have the scale of the largest of them."""
        values: list[float | None] = []
        for column in self._columns:
            value = int(column.values[row])
            values.append(None if value == MISSING else float(max(0, value)))
        return bars(values, float(self._top)) if values else ""
