"""The base of everything that shows rows: a Line API widget that repaints only rows that changed.

Holds how far it is scrolled, and nothing about the flight. Never lays out the screen: a new row
count or a new text costs a repaint of those rows alone.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from cockpit.tui.glyphs import HERE
from cockpit.tui.look import Look
from cockpit.tui.text import BLANK, Chunk, Line, Token, chunks_width, cut


class LineView(Widget):
    """Rows under fixed heading lines."""

    can_focus = False
    blank: ClassVar[Line] = BLANK

    def __init__(self, look: Look, *, name: str | None = None, id: str | None = None) -> None:  # noqa: A002 - Textual's own word
        super().__init__(name=name, id=id)
        self.look = look
        self.top = 0
        """Index of the first visible row."""
        self._lines: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._drawn_width = 0

    # --- what a subclass says ---------------------------------------------------------------------

    def heading(self, width: int) -> tuple[Line, ...]:
        """Lines that stay while the rows scroll."""
        return ()

    def heading_rows(self) -> int:
        """How many lines `heading` has, whatever they say."""
        return 0

    def count(self) -> int:
        """How many rows there are."""
        return 0

    def row(self, index: int, width: int) -> Line:
        """One row; asked only for those that are visible."""
        raise NotImplementedError

    def settle(self, height: int) -> None:
        """Last word on `top` before rows are drawn; `height` is the rows' share of the widget."""
        self.top = max(0, min(self.top, self.count() - height))

    # --- drawing ----------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """Rows that fit under the heading."""
        return max(0, self.size.height - self.heading_rows())

    def sync(self) -> None:
        """Compare what should be seen with what is, and repaint the difference."""
        width, height = self.size
        if width == 0 or height == 0:
            return
        lines = self._compose_lines(width, height)
        old, self._lines = self._lines, lines
        if width != self._drawn_width or len(old) != len(lines):
            self._drawn_width = width
            self._strips.clear()
            self.refresh()
            return
        changed = [y for y in range(height) if old[y] != lines[y]]
        for y in changed:
            self._strips.pop(y, None)
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def _compose_lines(self, width: int, height: int) -> list[Line]:
        self.settle(max(0, height - self.heading_rows()))
        lines = list(self.heading(width))[:height]
        last = min(self.count(), self.top + height - len(lines))
        lines.extend(self.row(index, width) for index in range(self.top, last))
        lines.extend([self.blank] * (height - len(lines)))
        return lines

    def redraw(self) -> None:
        """Forget every strip, as after a change of theme."""
        self._strips.clear()
        self._lines = []
        self.sync()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """A strip of the widget; the same object as long as the row is the same."""
        width = self.size.width
        if y >= len(self._lines) or width != self._drawn_width:
            return self.look.strip(self.blank, width)
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self.look.strip(self._lines[y], width)
        return strip

    def on_resize(self, event: events.Resize) -> None:
        """A new size shows other rows."""
        event.stop()
        self.sync()

    # --- moving -----------------------------------------------------------------------------------

    def move(self, rows: int) -> None:
        """Scroll by rows."""
        self.top += rows
        self.sync()

    def page(self, pages: int) -> None:
        """Scroll by screenfuls."""
        self.move(pages * max(1, self.room - 1))

    def home(self) -> None:
        """To the first row."""
        self.top = 0
        self.sync()

    def end(self) -> None:
        """To the last row."""
        self.top = self.count()
        self.sync()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel scrolls; no click does anything."""
        event.stop()
        self.move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel scrolls; no click does anything."""
        event.stop()
        self.move(-3)


class Pane(LineView):
    """A numbered pane with a title bar."""

    number: ClassVar[str] = ""
    """The key that shows it alone."""
    title_text: ClassVar[str] = ""
    has_columns: ClassVar[bool] = False

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.chosen = False
        """Keys for moving go to this pane."""
        self.zoomed = False

    @property
    def bar(self) -> Token:
        """The style of the title bar."""
        return "head.on" if self.chosen else "head"

    @property
    def flag(self) -> Token:
        """The style of a warning in the title bar."""
        return "head.on" if self.chosen else "unknown"

    def title(self) -> str:
        """What the title bar calls it now."""
        return self.title_text

    def note(self, width: int) -> tuple[Chunk, ...]:
        """What the title bar says on its right."""
        return ()

    def columns(self, width: int) -> Line | None:
        """The line of column titles, where `has_columns`."""
        return None

    def heading_rows(self) -> int:
        """Title bar and column titles."""
        return 2 if self.has_columns else 1

    def heading(self, width: int) -> tuple[Line, ...]:
        """Title bar and column titles."""
        columns = self.columns(width)
        title = self._title(width)
        return (title,) if columns is None else (title, columns)

    def _title(self, width: int) -> Line:
        base = self.bar
        mark = HERE if self.chosen else " "
        text = f"{mark}{self.number} {self.title()}"
        note = self.note(width)
        room = width - len(text) - 3
        if chunks_width(note) > room:
            note = ((cut("".join(t for t, _ in note), max(0, room)), base),)
        gap = max(1, width - len(text) - chunks_width(note) - 1)
        return Line(((text, base), (" " * gap, base), *note), base)
