"""Pane u: people: who is here, who drives, who is asked.

Shows what the engine knows; never guesses that somebody is awake.
"""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.core.crewview import CrewView, PersonView
from cockpit.core.snapshot import Snapshot
from cockpit.tui import glyphs
from cockpit.tui.format import age, utc
from cockpit.tui.panes.rows import SnapshotPane, head_row, named_rows
from cockpit.tui.text import Chunk, Line, chunks_width, left


class PeoplePane(SnapshotPane):
    """Driver first; then everybody, with roles and times."""

    number = "u"
    title_text = "people"

    def note(self, width: int) -> tuple[Chunk, ...]:
        """How many."""
        if self._snapshot is None:
            return ()
        number = sum(one.seats for one in self._snapshot.crew.people)
        return ((f"{number} here" if number else "nobody else can be here", self.bar),)

    def rows_of(self, snapshot: Snapshot, width: int) -> Iterator[Line]:
        """Every row."""
        crew, now = snapshot.crew, snapshot.at_ms
        if not crew.people:
            text = "this engine runs in the screen's own process: whoever sits here drives"
            yield from named_rows("", text, width, "dim", name_cells=0)
            return
        yield from _controls(crew, now, width)
        yield from _asked(snapshot, width)
        yield head_row("who is here", width)
        for one in sorted(crew.people, key=lambda one: (one.user != crew.driver, one.user)):
            yield _person(one, crew, now, width)


def _controls(crew: CrewView, now_ms: int, width: int) -> Iterator[Line]:
    if not crew.driver:
        yield from named_rows("drives", "NOBODY: D takes the controls", width, "warn")
    elif not crew.seat:
        yield from named_rows("drives", f"{crew.driver} is GONE: D takes over", width, "bad")
    else:
        asked = crew.asks(now_ms)
        text = f"{crew.driver} (asked for a key)" if asked else crew.driver
        if crew.until_ms is not None and crew.is_open(now_ms):
            text += f" presses no key: another driver may take over since {utc(crew.until_ms)}"
        elif crew.until_ms is not None:
            text += f", safe for {age(crew.until_ms - now_ms)} without a key"
        yield from named_rows("drives", text, width, "warn" if asked else "strong")
    if crew.offered_to:
        yield from named_rows("offered", f"to {crew.offered_to}", width, "warn")
    if crew.veto:
        yield from named_rows("VETO", crew.veto, width, "bad")
    if crew.pointed is not None:
        text = f"{crew.pointed.by}, {age(now_ms - crew.pointed.at_ms)} ago: {crew.pointed.row}"
        yield from named_rows("points", text, width, "dim")


def _asked(snapshot: Snapshot, width: int) -> Iterator[Line]:
    armed = snapshot.armed
    if armed is None:
        return
    left_ms = armed.expires_at_ms - snapshot.at_ms
    text = f"{armed.verb} {armed.wave}, by {armed.by}, {age(left_ms)} left"
    yield from named_rows("armed", text, width, "warn")
    if armed.said:
        yield from named_rows("go from", ", ".join(armed.said), width, "good")
    if armed.waits_for:
        yield from named_rows("waits for", f"the go of {armed.waits_for}", width, "warn")


def _person(one: PersonView, crew: CrewView, now_ms: int, width: int) -> Line:
    drives = one.user == crew.driver and bool(crew.seat)
    gone = one.user == crew.driver and not crew.seat
    word: Chunk = ("looks on", "dim")
    if drives:
        word = ("drives", "strong")
    elif gone:
        word = ("drove, GONE", "bad")
    mark = glyphs.HERE if drives else " "
    seats = f" x{one.seats}" if one.seats > 1 else ""
    roles = ", ".join(one.roles) or "no role"
    key = "" if one.key_ms is None else f"key {age(now_ms - one.key_ms)} ago  "
    tail = f"  {key}here {age(now_ms - one.since_ms)}"
    head: tuple[Chunk, ...] = (
        (f"{mark} ", "strong"),
        (left(one.user + seats, 14), "strong"),
        (left(word[0], 12), word[1]),
    )
    room = width - chunks_width(head) - len(tail)
    return Line((*head, (left(roles, max(0, room)), "text"), (tail if room >= 0 else "", "dim")))
