"""The help page, made from the registry of keys and from what each key may do now."""

from __future__ import annotations

from cockpit.core.snapshot import Snapshot
from cockpit.tui.keys import GROUP_TITLES, KEYS, why_not
from cockpit.tui.look import Look
from cockpit.tui.screens.overlay import SCROLL, Overlay
from cockpit.tui.text import Chunk, Line, left, wrap

_KEY_CELLS = 15
_NOTES = (
    "A value that is too old is drawn as -- with its last reading in brackets, and the word "
    "STALE; ? is a value that is not known. Neither ever passes a gate.",
    "All times are UTC. Data ages are counted from when the question was asked.",
    "Over a slow link use ssh -C: it makes the screen's traffic about twenty times smaller.",
)


class HelpScreen(Overlay[None]):
    """Every key, in groups."""

    def __init__(self, look: Look, snapshot: Snapshot | None) -> None:
        super().__init__(look, snapshot)

    def title_text(self) -> str:
        """What it is."""
        return "keys"

    def body(self, width: int) -> tuple[Line, ...]:
        """Groups of keys, closed ones with the reason."""
        rows: list[Line] = []
        for group, title in GROUP_TITLES.items():
            rows.append(Line(((f"  {title}", "strong"),), "dialog"))
            for key in KEYS:
                if key.group != group:
                    continue
                rows.extend(_row(key.shown, key.help, width))
                closed = why_not(key, self.snapshot)
                if closed:
                    rows.extend(_row("", f"(not now: {closed})", width))
            rows.append(Line(base="dialog"))
        for note in _NOTES:
            rows.extend(Line(((f"  {p}", "dialog"),), "dialog") for p in wrap(note, width - 4))
        return tuple(rows)

    def foot(self) -> tuple[Chunk, ...]:
        """The keys."""
        return (("q esc close", "dialog.head"),)

    def pressed(self, key: str) -> None:
        """Scroll or close."""
        match key:
            case "g" | "home":
                self.box.home()
            case "G" | "end":
                self.box.end()
            case _ if key in SCROLL:
                self.box.move(SCROLL[key])
            case "q" | "escape" | "question_mark" | "f1" | "enter":
                self.answer(None)
            case _:
                pass


def _row(shown: str, text: str, width: int) -> list[Line]:
    first, *rest = wrap(text, width - _KEY_CELLS - 6)
    head = Line(((f"    {left(shown, _KEY_CELLS)}", "strong"), (first, "dialog")), "dialog")
    pad = " " * (_KEY_CELLS + 4)
    return [head, *(Line(((pad + piece, "dialog"),), "dialog") for piece in rest)]
