"""The base of the pages that are only read: rows that scroll, and keys that close. Never asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from cockpit.tui.copying import as_block
from cockpit.tui.screens.overlay import SCROLL, Overlay
from cockpit.tui.text import Chunk, Line, left, wrap

if TYPE_CHECKING:
    from cockpit.tui.app import CockpitApp

NAME_CELLS = 12


class ReadingPage(Overlay[None]):
    """A page that scrolls until a key closes it."""

    also_closes: ClassVar[frozenset[str]] = frozenset()
    """Keys that close it besides `q`, escape and enter: those that open it."""
    goes_to_ends: ClassVar[bool] = True
    """Whether keys lead to its first and its last row at once."""

    def foot(self) -> tuple[Chunk, ...]:
        """The keys."""
        return (("q esc close", "dialog.head"),)

    def _copies(self, key: str) -> bool:
        meant = cast("CockpitApp", self.app).board.keys.by_key.get(key)
        return meant is not None and meant.id == "copy"

    def pressed(self, key: str) -> None:
        """Scroll or close."""
        match key:
            case "g" | "home" if self.goes_to_ends:
                self.box.home()
            case "G" | "end" if self.goes_to_ends:
                self.box.end()
            case _ if key in SCROLL:
                self.box.move(SCROLL[key])
            case _ if self._copies(key):
                app = cast("CockpitApp", self.app)
                app.board.tools.copy(as_block(self.title_text(), [_text(r) for r in self.box.rows]))
            case _ if key in {"q", "escape", "enter"} or key in self.also_closes:
                self.answer(None)
            case _:
                pass


def _text(line: Line) -> str:
    return "".join(text for text, _ in line.chunks)


def said_rows(
    name: str, text: str, width: int, *, indent: int = 2, name_cells: int = NAME_CELLS
) -> list[Line]:
    """A name, and beside it its text on as many rows as it needs."""
    first, *rest = wrap(text, width - indent - name_cells - 3)
    head = " " * indent + left(name, name_cells) + " "
    pad = " " * (indent + name_cells + 1)
    return [
        Line(((head, "strong"), (first, "dialog")), "dialog"),
        *(Line(((pad + piece, "dialog"),), "dialog") for piece in rest),
    ]
