"""One row of a table in full: every value, and the reason for each that is not known."""

from __future__ import annotations

from collections.abc import Sequence

from cockpit.core.snapshot import Snapshot
from cockpit.tui.look import Look
from cockpit.tui.screens.reading import ReadingPage, said_rows
from cockpit.tui.text import Line


class DetailScreen(ReadingPage):
    """Words of the moment at which it was opened: they do not change under the reader."""

    also_closes = frozenset({"h"})
    goes_to_ends = False

    def __init__(
        self, look: Look, snapshot: Snapshot | None, *, title: str, said: Sequence[tuple[str, str]]
    ) -> None:
        super().__init__(look, snapshot)
        self._title_text = title
        self._said = said

    def title_text(self) -> str:
        """The pane that it is of."""
        return self._title_text

    def body(self, width: int) -> tuple[Line, ...]:
        """What and its text, wrapped."""
        rows: list[Line] = []
        for name, text in self._said:
            rows.extend(said_rows(name, text, width))
        return tuple(rows)
