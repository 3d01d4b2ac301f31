"""One row of a table in full: every value, and the reason for each that is not known."""

from __future__ import annotations

from collections.abc import Sequence

from cockpit.core.snapshot import Snapshot
from cockpit.tui.look import Look
from cockpit.tui.screens.overlay import SCROLL, Overlay
from cockpit.tui.text import Chunk, Line, left, wrap

NAME_CELLS = 12


class DetailScreen(Overlay[None]):
    """Words of the moment at which it was opened: they do not change under the reader."""

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

    def foot(self) -> tuple[Chunk, ...]:
        """The keys."""
        return (("q esc close", "dialog.head"),)

    def pressed(self, key: str) -> None:
        """Scroll or close."""
        if key in SCROLL:
            self.box.move(SCROLL[key])
        elif key in {"q", "escape", "enter", "h"}:
            self.answer(None)


def said_rows(name: str, text: str, width: int) -> list[Line]:
    """A name, and beside it its text on as many rows as it needs."""
    first, *rest = wrap(text, width - NAME_CELLS - 5)
    head = Line(((f"  {left(name, NAME_CELLS)} ", "strong"), (first, "dialog")), "dialog")
    pad = " " * (NAME_CELLS + 3)
    return [head, *(Line(((pad + piece, "dialog"),), "dialog") for piece in rest)]
