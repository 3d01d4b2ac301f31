"""Pane 7: what happened, newest at the bottom, together with what this screen itself answered.

Follows the newest line until somebody scrolls up. Never reorders what the engine wrote.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter

from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.tui import glyphs
from cockpit.tui.format import utc
from cockpit.tui.look import Look
from cockpit.tui.panes.rows import RowsPane
from cockpit.tui.text import Chunk, Line, Token, cut, wrap

_LEVEL: dict[str, tuple[str, Token]] = {
    "info": (" ", "text"),
    "good": (glyphs.DONE, "good"),
    "warn": (glyphs.HOLD, "warn"),
    "bad": (glyphs.FAILED, "bad"),
}
MAX_LOCAL = 100
MAX_KEPT = 10_000


class LogPane(RowsPane):
    """Events of the flight, and lines of this screen marked as such."""

    number = "7"
    title_text = "event log"

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._events: list[LogLine] = []
        self._past: Sequence[LogLine] = ()
        self._newest: tuple[LogLine, ...] = ()
        self._local: list[LogLine] = []
        self._follows = True
        self._is_stale = True

    def remember(self, past: Sequence[LogLine], newest: tuple[LogLine, ...]) -> None:
        """Keep what was told, though snapshots hold the newest lines only: all that is without a
        gap before them. `past`: what was told before this screen came."""
        if newest is self._newest and past is self._past:
            return
        if past is not self._past:
            self._events = [*past]
        self._past, self._newest = past, newest
        first = newest[0].seq if newest else 1
        kept = bisect_left(self._events, first, key=attrgetter("seq"))
        is_whole = kept > 0 and self._events[kept - 1].seq == first - 1
        self._events = [*(self._events[:kept] if is_whole else ()), *newest][-MAX_KEPT:]
        self._is_stale = True

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""
        if self._is_stale:
            self._rebuild()
        self.sync()

    def add_local(self, at_ms: int, level: str, text: str) -> None:
        """A line of this screen; nobody else sees it and no recording holds it."""
        if level in {"info", "good", "warn", "bad"}:
            self._local.append(LogLine(-1, at_ms, level, text))  # type: ignore[arg-type]
            del self._local[:-MAX_LOCAL]
            self._rebuild()
            self.sync()

    def settle(self, height: int) -> None:
        """The newest stays in view, also where another width makes other rows."""
        self._fit()
        if self._follows:
            self.top = self.count()
        super().settle(height)

    def move(self, rows: int) -> None:
        """Scrolling up stops following; reaching the end starts it again."""
        self._follows = False
        super().move(rows)
        self._follows = self.top >= self.count() - self.room

    def home(self) -> None:
        """To the oldest line."""
        self._follows = False
        super().home()

    def end(self) -> None:
        """To the newest line, and follow it."""
        self._follows = True
        self.sync()

    def note(self, width: int) -> tuple[Chunk, ...]:
        """How many lines there are, and whether newer ones are below."""
        base = self.bar
        below = self.count() - self.top - self.room
        if not self._follows and below > 0:
            return ((f"{below} newer below, G follows", base),)
        told = self._newest[-1].seq if self._newest else 0
        return ((f"{told} events", base),)

    def build(self, width: int) -> Iterable[Line]:
        """Every row of what was kept and of this screen, in order of time."""
        self._is_stale = False
        for entry in sorted((*self._events, *self._local), key=attrgetter("at_ms")):
            yield from _entry_rows(entry, width, wrapped=self.zoomed)


@lru_cache(maxsize=2 * MAX_KEPT)
def _entry_rows(entry: LogLine, width: int, *, wrapped: bool) -> tuple[Line, ...]:
    glyph, token = _LEVEL[entry.level]
    local = "(this screen) " if entry.seq < 0 else ""
    head: tuple[Chunk, ...] = ((utc(entry.at_ms), "dim"), (f" {glyph} ", token), (local, "dim"))
    room = max(8, width - 13 - len(local))
    if not wrapped:
        return (Line((*head, (cut(entry.text, room), token))),)
    first, *rest = wrap(entry.text, room)
    return (Line((*head, (first, token))), *(Line(((f"{'':12}{p}", token),)) for p in rest))
