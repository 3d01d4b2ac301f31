"""The command palette: every key by its name, found by a few letters.

Enter does what looks and moves. What acts on a flight is listed with its key and with the reason
where it is closed, and is begun by that key alone: no Enter ever arms anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input

from cockpit.core.snapshot import Snapshot
from cockpit.tui.glyphs import HERE
from cockpit.tui.keys import Key, acts, deliberate
from cockpit.tui.layout import FOOT_ROWS, STATUS_ROWS
from cockpit.tui.look import Look
from cockpit.tui.screens.overlay import Overlay
from cockpit.tui.screens.prompt import CleanInput
from cockpit.tui.text import Chunk, Line, cut, left

MAX_ROWS: Final = 14
_NAME, _KEYS = 16, 12
_MOVES: Final = {"up": -1, "down": 1, "pageup": -MAX_ROWS, "pagedown": MAX_ROWS}

WhyNot = Callable[[Key], str]


def matches(keys: Sequence[Key], typed: str) -> tuple[Key, ...]:
    """The keys whose name or text has what was typed, the nearest first; all for nothing."""
    wanted = typed.strip().lower()
    ranked = [(rank, key) for key in keys if (rank := _rank(key, wanted)) is not None]
    return tuple(key for _, key in sorted(ranked, key=lambda one: one[0]))


def _rank(key: Key, wanted: str) -> int | None:
    name, text = key.id.lower(), f"{key.label} {key.help}".lower()
    if name.startswith(wanted) or wanted == key.shown.lower():
        return 0
    if wanted in name or wanted in key.label:
        return 1
    if wanted in text:
        return 2
    letters = iter(name)
    return 3 if all(letter in letters for letter in wanted) else None


class PaletteScreen(Overlay[Key | None]):
    """Its answer is a key that was chosen, or None."""

    takes_text: ClassVar[bool] = True

    def __init__(
        self, look: Look, snapshot: Snapshot | None, keys: Sequence[Key], why_not: WhyNot
    ) -> None:
        super().__init__(look, snapshot)
        self._keys = [key for key in keys if key.group != "safe" and key.id != "palette"]
        self._why_not = why_not
        self.box.scroll_keys, self.box.scroll_back = "down scrolls", ""
        self._found = tuple(self._keys)
        self._chosen = 0
        self.input = CleanInput("", max_length=40, compact=True, select_on_focus=False)
        self.input.cursor_blink = False

    def compose(self) -> ComposeResult:
        """The list and, below its last line, the input."""
        yield self.box
        yield self.input

    def on_mount(self) -> None:
        """The keys go to the input; the base class draws."""
        self.input.focus()

    def title_text(self) -> str:
        """What it is."""
        return "commands"

    def body(self, width: int) -> tuple[Line, ...]:
        """What was found, each with its key, and why it is closed."""
        if not self._found:
            return (Line((("   no command of that name", "dialog"),), "dialog"),)
        return tuple(
            self._row(key, at == self._chosen, width) for at, key in enumerate(self._found)
        )

    def _row(self, key: Key, is_chosen: bool, width: int) -> Line:
        why = self._why_not(key)
        text = f"(not now: {why})" if why else key.help
        if acts(key) and not why:
            text = f"press {key.shown}: {text}" if deliberate(key) else text
        mark = HERE if is_chosen else " "
        chunks: tuple[Chunk, ...] = (
            (f"{mark} {left(key.id, _NAME)} {left(key.shown, _KEYS)} ", "strong"),
            (cut(text, max(0, width - _NAME - _KEYS - 8)), "dialog"),
        )
        return Line(chunks, "dialog")

    def foot(self) -> tuple[Chunk, ...]:
        """The keys."""
        return (("enter does it, up and down choose, esc leaves", "dialog.head"),)

    def redraw(self) -> None:
        """With the chosen row in view."""
        rows = self._rows()
        self.box.top = min(max(self.box.top, self._chosen - rows + 1), self._chosen)
        super().redraw()

    def _rows(self) -> int:
        room = self.app.size.height - STATUS_ROWS - FOOT_ROWS - 3
        return max(1, min(MAX_ROWS, len(self._found), room))

    def _place(self) -> None:
        """At the bottom, just above the message line, over the whole width."""
        width, height = self.app.size
        rows = max(1, self._rows()) + 2
        top = max(0, height - FOOT_ROWS - rows - 1)
        self.box.styles.offset = (0, top)
        self.box.styles.width, self.box.styles.height = width, rows
        self.input.styles.offset = (0, top + rows)
        self.input.styles.width, self.input.styles.height = width, 1

    def _width(self) -> int:
        return self.app.size.width

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another letter finds others."""
        event.stop()
        self._found = matches(self._keys, event.value)
        self._chosen = 0
        self.redraw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: the chosen one."""
        event.stop()
        if self._found:
            self.answer(self._found[self._chosen])

    def on_key(self, event: events.Key) -> None:
        """Up, down and escape; letters are the input's."""
        if (by := _MOVES.get(event.key)) is not None:
            event.stop()
            event.prevent_default()
            self._chosen = max(0, min(len(self._found) - 1, self._chosen + by))
            self.redraw()
        else:
            super().on_key(event)

    def pressed(self, key: str) -> None:
        """Escape: the only key that comes here."""
        self.answer(None)
