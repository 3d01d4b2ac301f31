"""One line of text from the user, for a note or a filter.

What is typed or pasted is cleaned before it is drawn or handed on. While it is open no key acts on
the flight: text typed here is text.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.widgets import Input

from cockpit.core.snapshot import Snapshot
from cockpit.tui.clean import clean
from cockpit.tui.layout import FOOT_ROWS
from cockpit.tui.look import Look
from cockpit.tui.screens.overlay import Overlay
from cockpit.tui.text import Chunk, Line

MAX_TEXT = 200


class CleanInput(Input):
    """An input whose value can hold nothing that a terminal acts on."""

    def validate_value(self, value: str) -> str:
        """Every way in passes here: keys, pastes, code."""
        return clean(value, max_cells=MAX_TEXT)


class PromptScreen(Overlay[str | None]):
    """Enter hands the text on, escape leaves. None: left without an answer."""

    takes_text: ClassVar[bool] = True

    def __init__(self, look: Look, snapshot: Snapshot | None, *, title: str, value: str) -> None:
        super().__init__(look, snapshot)
        self._title_text = title
        self.input = CleanInput(
            value, max_length=MAX_TEXT, compact=True, select_on_focus=False, id="prompt"
        )
        self.input.cursor_blink = False

    def compose(self) -> ComposeResult:
        """The box and, below its last line, the input."""
        yield self.box
        yield self.input

    def on_mount(self) -> None:
        """The keys go to the input; the base class draws."""
        self.input.focus()

    def title_text(self) -> str:
        """What is asked."""
        return self._title_text

    def body(self, width: int) -> tuple[Line, ...]:
        """Nothing: the input stands below."""
        return ()

    def foot(self) -> tuple[Chunk, ...]:
        """The keys."""
        return (("enter takes it, esc leaves", "dialog.head"),)

    def _place(self) -> None:
        """At the bottom, just above the message line, over the whole width."""
        width, height = self.app.size
        top = max(0, height - FOOT_ROWS - 3)
        self.box.styles.offset = (0, top)
        self.box.styles.width, self.box.styles.height = width, 2
        self.input.styles.offset = (0, top + 2)
        self.input.styles.width, self.input.styles.height = width, 1

    def _width(self) -> int:
        return self.app.size.width

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.answer(event.value)

    def pressed(self, key: str) -> None:
        """Escape: the only key that comes here."""
        self.answer(None)
