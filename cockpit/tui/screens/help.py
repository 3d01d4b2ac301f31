"""The help page, made from the registry of keys and from what each key may do now."""

from __future__ import annotations

from cockpit.core.snapshot import Snapshot
from cockpit.tui.keys import GROUP_TITLES, LIVE, KeyTable, why_not
from cockpit.tui.look import Look
from cockpit.tui.screens.reading import ReadingPage, said_rows
from cockpit.tui.text import Line, wrap

_INDENT = 4
_KEY_CELLS = 14
_NOTES = (
    "A key in brackets on the last row, such as (A), is not open now; pressing it says why.",
    "A value that is too old is drawn as -- with its last reading in brackets, and the word "
    "STALE; ? is a value that is not known. Neither ever passes a gate.",
    "All times are UTC. Data ages are counted from when the question was asked.",
    "Over a slow link use ssh -C: it makes the screen's traffic about twenty times smaller.",
)


class HelpScreen(ReadingPage):
    """Every key, in groups."""

    also_closes = frozenset({"question_mark", "f1"})

    def __init__(
        self, look: Look, snapshot: Snapshot | None, keys: KeyTable = LIVE, *notes: str
    ) -> None:
        """`notes` stand before those that are always there."""
        super().__init__(look, snapshot)
        self._keys = keys
        self._notes = (*notes, *_NOTES)

    def title_text(self) -> str:
        """What it is."""
        return "keys"

    def body(self, width: int) -> tuple[Line, ...]:
        """Groups of keys, closed ones with the reason."""
        rows: list[Line] = []
        for group, title in GROUP_TITLES.items():
            keys = [key for key in self._keys.keys if key.group == group]
            if not keys:
                continue
            rows.append(Line(((f"  {title}", "strong"),), "dialog"))
            for key in keys:
                rows.extend(_said(key.shown, key.help, width))
                closed = why_not(key, self.snapshot)
                if closed:
                    rows.extend(_said("", f"(not now: {closed})", width))
            rows.append(Line(base="dialog"))
        for note in self._notes:
            rows.extend(Line(((f"  {p}", "dialog"),), "dialog") for p in wrap(note, width - 4))
        return tuple(rows)


def _said(shown: str, text: str, width: int) -> list[Line]:
    return said_rows(shown, text, width, indent=_INDENT, name_cells=_KEY_CELLS)
