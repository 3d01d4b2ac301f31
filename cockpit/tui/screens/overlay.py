"""The base of every dialog: a box under the status lines, which stay visible and stay current.

A dialog opens only after the user's own key, never over a text that is being typed. Never puts
data anywhere but through lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.screen import ModalScreen

from cockpit.tui.layout import FOOT_ROWS, STATUS_ROWS, is_small
from cockpit.tui.look import Look
from cockpit.tui.text import Chunk, Line, Token, chunks_width
from cockpit.tui.view import LineView

if TYPE_CHECKING:
    from cockpit.core.snapshot import Snapshot
    from cockpit.tui.app import CockpitApp

Result = TypeVar("Result")
BOX_WIDTH = 80
SCROLL: dict[str, int] = {"down": 1, "j": 1, "up": -1, "k": -1, "pagedown": 10, "pageup": -10}


class Box(LineView):
    """A title, rows that scroll, and a last line that stays."""

    blank: ClassVar[Line] = Line(base="dialog")
    scroll_keys = "j k scroll"
    scroll_back = "  k scrolls back"

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.title_line = Line()
        self.rows: tuple[Line, ...] = ()
        self.foot = Line()

    def heading_rows(self) -> int:
        """The title."""
        return 1

    def heading(self, width: int) -> tuple[Line, ...]:
        """The title."""
        return (self.title_line,)

    def count(self) -> int:
        """Rows."""
        return len(self.rows)

    def row(self, index: int, width: int) -> Line:
        """A row."""
        return self.rows[index]

    def settle(self, height: int) -> None:
        """One row less than there is room for: the last line stays."""
        super().settle(height - 1)

    def _compose_lines(self, width: int, height: int) -> list[Line]:
        lines = super()._compose_lines(width, height)
        room = max(0, height - 2)
        foot = self.foot
        if len(self.rows) > room:
            below = max(0, len(self.rows) - self.top - room)
            text = f"  {below} more below, {self.scroll_keys}" if below else self.scroll_back
            foot = Line((*foot.chunks, (text, foot.base)), foot.base)
        edge = self.title_line.base
        lines[1:-1] = [_framed(line, width, edge) for line in lines[1:-1]]
        lines[-1] = foot
        return lines


def _framed(line: Line, width: int, edge: Token) -> Line:
    """A row between two edges, so that a dialog ends somewhere without colour too."""
    gap = max(0, width - 2 - chunks_width(line.chunks))
    end: tuple[Chunk, ...] = ((" " * gap, line.base), (" ", edge))
    return Line(((" ", edge), *line.chunks, *end), line.base)


class Overlay(ModalScreen[Result], Generic[Result], inherit_bindings=False):
    """A dialog. Every key press reaches `pressed` and nothing else."""

    AUTO_FOCUS: ClassVar[str | None] = ""
    danger: ClassVar[bool] = False
    takes_text: ClassVar[bool] = False
    """An input inside has the keys; only escape comes here."""

    def __init__(self, look: Look, snapshot: Snapshot | None) -> None:
        super().__init__()
        self.look = look
        self.snapshot = snapshot
        self.box = Box(look)
        self._answered = False
        self._placed: tuple[int, int, int, int] | None = None

    def compose(self) -> ComposeResult:
        """The box alone."""
        yield self.box

    def on_mount(self) -> None:
        """First contents."""
        self.redraw()

    # --- what a subclass says ---------------------------------------------------------------------

    def title_text(self) -> str:
        """What the dialog is about."""
        raise NotImplementedError

    def body(self, width: int) -> tuple[Line, ...]:
        """Its rows."""
        raise NotImplementedError

    def foot(self) -> tuple[Chunk, ...]:
        """Which keys do what."""
        raise NotImplementedError

    def pressed(self, key: str) -> None:
        """A key was pressed."""
        raise NotImplementedError

    def take(self, snapshot: Snapshot) -> None:
        """A new snapshot came."""
        self.snapshot = snapshot
        self.redraw()

    def too_small(self) -> None:
        """The terminal no longer has room for a dialog."""
        self.answer(None)

    def answer(self, result: Result | None) -> None:
        """Close with a result. Keys that are still on their way find it closed."""
        if not self._answered:
            self._answered = True
            self.dismiss(result)

    # --- drawing and keys -------------------------------------------------------------------------

    def redraw(self) -> None:
        """Show the contents of now."""
        width = self._width()
        base: Token = "danger.head" if self.danger else "dialog.head"
        self.box.rows = self.body(width)
        self.box.title_line = self._title(width, base)
        self.box.foot = Line(((" ", base), *self.foot()), base)
        self._place()
        self.box.sync()

    def _title(self, width: int, base: Token) -> Line:
        text = f" {self.title_text()}"
        simulated = self.snapshot is not None and self.snapshot.status.simulated
        replay = cast("CockpitApp", self.app).player is not None
        words = [" REPLAY "] * replay + [" SIMULATED "] * simulated
        badges: list[Chunk] = [(word, "badge.sim") for word in words]
        gap = max(1, width - chunks_width([(text, base), *badges]))
        return Line(((text, base), (" " * gap, base), *badges), base)

    def _width(self) -> int:
        width = self.app.size.width
        return width if width < BOX_WIDTH + 6 else BOX_WIDTH

    def _place(self) -> None:
        screen = self.app.size
        room = max(3, screen.height - STATUS_ROWS - FOOT_ROWS)
        width = self._width()
        height = min(room, len(self.box.rows) + 2)
        styles = self.box.styles
        y = STATUS_ROWS + max(0, (room - height) // 3)
        wanted = ((screen.width - width) // 2, y, width, height)
        if self._placed != wanted:
            self._placed = wanted
            styles.offset = wanted[:2]
            styles.width, styles.height = width, height

    def on_resize(self) -> None:
        """A box follows the terminal; without room it closes, which never confirms anything."""
        if self._answered:
            return
        if is_small(*self.app.size):
            self.too_small()
        else:
            self.redraw()

    def on_key(self, event: events.Key) -> None:
        """All keys end here, but those that edit a text."""
        if not self.takes_text or event.key == "escape":
            event.stop()
            event.prevent_default()
            if not self._answered:
                self.pressed(event.key)

    def on_paste(self, event: events.Paste) -> None:
        """A paste is no answer."""
        event.stop()
