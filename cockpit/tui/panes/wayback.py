"""Pane 9: going back: whether it is possible, what it costs now, and what it would undo.

Says what `R` would do, in the order in which it would be done; never offers it by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.core.observe import Unknown
from cockpit.core.serviceview import WayBackView
from cockpit.core.snapshot import PriceView, RollbackWord, Snapshot
from cockpit.tui import glyphs
from cockpit.tui.format import age, count, utc
from cockpit.tui.panes.rows import SnapshotPane, head_row, named_rows
from cockpit.tui.text import Chunk, Line, Token

_WORDS: Final[dict[RollbackWord, tuple[str, Token]]] = {
    "possible": (glyphs.DONE, "good"),
    "lossy": (glyphs.HOLD, "warn"),
    "closed": (glyphs.FAILED, "bad"),
}
_LEVELS: Final = {
    1: "R, then Y",
    2: "R, then the wave's name, then Y",
    3: "R, then the go of others, the wave's name and Y",
}


class WayBackPane(SnapshotPane):
    """The word, the price, the keys, the steps."""

    number = "9"
    title_text = "going back"

    def note(self, width: int) -> tuple[Chunk, ...]:
        """The word."""
        if self._snapshot is None:
            return ()
        return ((self._snapshot.status.rollback.upper(), self.bar),)

    def rows_of(self, snapshot: Snapshot, width: int) -> Iterator[Line]:
        """Every row."""
        status, back = snapshot.status, snapshot.way_back
        glyph, token = _WORDS[status.rollback]
        since = (
            "" if status.rollback_since_ms is None else f" since {utc(status.rollback_since_ms)}"
        )
        word = status.rollback if status.rollback == "possible" else status.rollback.upper()
        head = f"{glyph} ROLLBACK {word}{since}"
        yield Line(((head, token),))
        yield from named_rows("price", status.rollback_detail or "?", width)
        if status.price is not None:
            yield from _price(status.price, width)
        if back is None:
            yield from named_rows("undo", "? this engine does not tell", width, "unknown")
            return
        yield from _keys(back, snapshot, width)
        yield head_row(f"it would undo, of wave {back.wave}", width)
        if not back.undo:
            yield Line((("  nothing has been done yet", "dim"),))
        for number, one in enumerate(back.undo, 1):
            yield from named_rows(f"{number} {one.name}", one.words, width, name_cells=11)
        if back.undo:
            yield from named_rows("", f"then {', '.join(back.services)} run on the source again",
                                  width, "dim", name_cells=11)  # fmt: skip


def _price(price: PriceView, width: int) -> Iterator[Line]:
    for name, value, text in (
        ("records", price.records, "on the target that the source does not have"),
        ("re-read", price.reread, "records that the wave's groups would read again, at most"),
    ):
        if isinstance(value, Unknown):
            yield from named_rows(name, f"? {value.reason}", width, "unknown")
        elif value:
            yield from named_rows(name, f"{count(value)} {text}", width, "warn")
    if price.partitions:
        where = ", ".join(f"{name} {count(number)}" for name, number in price.partitions[:6])
        more = len(price.partitions) - 6
        yield from named_rows("", where + (f" and {more} more" if more > 0 else ""), width, "dim")


def _keys(back: WayBackView, snapshot: Snapshot, width: int) -> Iterator[Line]:
    if back.why_not:
        yield from named_rows("now", f"refused: {back.why_not}", width, "warn")
    else:
        yield from named_rows("now", _LEVELS.get(back.level, "R"), width)
    if back.until_ms is not None:
        left_ms = back.until_ms - snapshot.at_ms
        text = f"until {utc(back.until_ms)}"
        text += f", {age(left_ms)} left" if left_ms > 0 else ", it is over"
        yield from named_rows("window", text, width, "text" if left_ms > 0 else "bad")
    fired = [one.name for one in snapshot.triggers if one.verdict == "FAIL"]
    if fired:
        yield from named_rows("triggers", f"FIRED: {', '.join(fired)}", width, "bad")
