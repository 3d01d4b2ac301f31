"""The base of panes of plain rows: made anew with each snapshot, and with each other width."""

from __future__ import annotations

from collections.abc import Iterable

from cockpit.core.snapshot import Snapshot
from cockpit.tui.text import Line, Token, cut, left, wrap
from cockpit.tui.view import Pane

MOST_ROWS = 8


class RowsPane(Pane):
    """A subclass makes the rows of a snapshot; this class shows and scrolls them."""

    _snapshot: Snapshot | None = None
    _rows: tuple[Line, ...] = ()
    _built_for: tuple[int, bool] = (0, False)

    def build(self, snapshot: Snapshot, width: int) -> Iterable[Line]:
        """Every row."""
        raise NotImplementedError

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""
        self._snapshot = snapshot
        self._rebuild()
        self.sync()

    def count(self) -> int:
        """Rows."""
        return len(self._rows)

    def row(self, index: int, width: int) -> Line:
        """A row."""
        return self._rows[index]

    def settle(self, height: int) -> None:
        """Rows depend on the width."""
        if self._built_for != (self.size.width, self.zoomed):
            self._rebuild()
        super().settle(height)

    def _rebuild(self) -> None:
        width = self.size.width
        self._built_for = (width, self.zoomed)
        if self._snapshot is not None and width:
            self._rows = tuple(self.build(self._snapshot, width))


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
