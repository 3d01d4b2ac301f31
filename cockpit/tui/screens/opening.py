"""What is seen until the board is loaded: it brings numpy and every pane, which take longer to load
than Textual itself.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from cockpit.tui.look import Look
from cockpit.tui.text import Line
from cockpit.tui.view import LineView

WAITING = Line(((" cockpit   waiting for the engine", "bar"),), "bar")


class _Words(LineView):
    """The first status line, as the board has it until a snapshot comes."""

    def count(self) -> int:
        """One."""
        return 1

    def row(self, index: int, width: int) -> Line:
        """It."""
        return WAITING


class Opening(Screen[None], inherit_bindings=False):
    """Takes no keys."""

    AUTO_FOCUS: ClassVar[str | None] = ""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._words = _Words(look)

    def compose(self) -> ComposeResult:
        """The words alone."""
        yield self._words

    def on_mount(self) -> None:
        """Over the whole width."""
        self._words.styles.width = self.app.size.width

    def on_resize(self, event: events.Resize) -> None:
        """Of whatever terminal it is."""
        event.stop()
        self._words.styles.width = event.size.width
