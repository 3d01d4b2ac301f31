"""The question before the screen is left. Leaving never touches the flight."""

from __future__ import annotations

from cockpit.tui.screens.overlay import Overlay
from cockpit.tui.text import Chunk, Line


class LeaveScreen(Overlay[bool | None]):
    """`y` leaves, everything else stays."""

    def title_text(self) -> str:
        """The question."""
        return "leave the screen?"

    def body(self, width: int) -> tuple[Line, ...]:
        """What goes on."""
        blank = Line(base="dialog")
        text = Line((("  The flight goes on without it. `cockpit attach` comes back.", "dialog"),),
                    "dialog")  # fmt: skip
        return (blank, text, blank)

    def foot(self) -> tuple[Chunk, ...]:
        """The keys."""
        return (("y leaves, any other key stays (y/N)", "dialog.head"),)

    def pressed(self, key: str) -> None:
        """Only y leaves."""
        self.answer(key in {"y", "Y"})
