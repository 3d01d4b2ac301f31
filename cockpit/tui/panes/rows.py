"""The base of panes of plain rows: made anew with each other width, and most with each snapshot."""

from __future__ import annotations

from collections.abc import Iterable

from cockpit.core.snapshot import Snapshot
from cockpit.tui.text import Line, Token, cut, left, wrap
from cockpit.tui.view import Pane

MOST_ROWS = 8


class RowsPane(Pane):
    """A subclass makes the rows; this class keeps, shows and scrolls them."""

    _rows: tuple[Line, ...] = ()
    _built_for: tuple[int, bool] = (0, False)

    def build(self, width: int) -> Iterable[Line]:
        """Every row."""
        raise NotImplementedError

    def count(self) -> int:
        """Rows."""
        return len(self._rows)

    def row(self, index: int, width: int) -> Line:
        """A row."""
        return self._rows[index]

    def settle(self, height: int) -> None:
        """Rows depend on the width."""
        self._fit()
        super().settle(height)

    def _fit(self) -> None:
        if self._built_for != (self.size.width, self.zoomed):
            self._rebuild()

    def _rebuild(self) -> None:
        width = self.size.width
        self._built_for = (width, self.zoomed)
        if width:
            self._rows = tuple(self.build(width))


class SnapshotPane(RowsPane):
    """Rows that each snapshot makes anew."""

    _snapshot: Snapshot | None = None

    def rows_of(self, snapshot: Snapshot, width: int) -> Iterable[Line]:
        """Every row."""
        raise NotImplementedError

    def build(self, width: int) -> Iterable[Line]:
        """Of the last snapshot; none before the first."""
        return () if self._snapshot is None else self.rows_of(self._snapshot, width)

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""
        self._snapshot = snapshot
        self._rebuild()
        self.sync()


def head_row(title: str, width: int) -> Line:
    """A title between rows."""
    return Line(((left(f"  {title}", width), "columns"),), "columns")


def named_rows(
    name: str, text: str, width: int, style: Token = "text", *, name_cells: int = 9
) -> list[Line]:
    """A name and its text, wrapped beside it, in so many rows at most."""
    room = max(4, width - name_cells - 3)
    first, *rest = wrap(cut(text, room * MOST_ROWS), room)[:MOST_ROWS]
    rows = [Line(((f"  {left(name, name_cells)} ", "dim"), (first, style)))]
    rows.extend(Line(((" " * (name_cells + 3) + piece, style),)) for piece in rest)
    return rows
