"""No state is carried by colour alone: two rows that read the same are drawn the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from cockpit.core.snapshot import Snapshot
from cockpit.tui.look import Look
from cockpit.tui.text import Line, Token
from cockpit.tui.themes import built_in
from cockpit.tui.view import LineView
from tests.tui.seen import Seen, Size, opened
from tests.tui.states import every_state

Drawn = tuple[Token, ...]
"""The style of each cell, the ground's too."""
GOES_ON = " " * 5
"""A row that begins like this has no state of its own: no glyph and no word stands there."""


def cells(line: Line) -> Drawn:
    """Which token each character of a row has; what is blank has none that anybody could see."""
    return tuple(
        token if character.strip() else line.base
        for text, token in line.chunks
        for character in text
    )


OTHERS: Final = ((40, 10), (60, 20), (200, 60))
"""Sizes that are looked at in the soak."""


class Grey:
    """Rows by where they are drawn and what they say, with the styles that they were drawn in."""

    def __init__(self, *, ascii_only: bool) -> None:
        self._look = Look(built_in().styles, ascii_only)
        self._seen: dict[tuple[str, str], set[tuple[Token, Drawn]]] = {}
        self.states: set[Token] = set()

    def add(self, view: LineView) -> None:
        """What this view shows now. A row that only goes on with the one above is read with it."""
        head = ""
        for number, line in enumerate(view._lines):
            text = self._look.letters(line.plain.rstrip())
            if number == view.heading_rows():
                head = ""
            if not text.startswith(GOES_ON):
                head = text
            elif not head:
                continue  # what it belongs to is scrolled away
            else:
                text = f"{head}\n{text}"
            self._seen.setdefault((view.id or type(view).__name__, text), set()).add(
                (line.base, cells(line)[: len(line.plain.rstrip())])
            )
            self.states.update(token for _, token in line.chunks)

    def clashes(self) -> Iterator[tuple[str, str]]:
        """Rows that say the same and look different."""
        return (key for key, drawn in self._seen.items() if len(drawn) > 1)


def show(seen: Seen, greys: list[Grey], state: Snapshot) -> None:
    """Draw a state and note every row of it."""
    board = seen.app.board
    board.take(state)
    for view in (*board.panes.values(), board.status, board.message, board.keys_line, board.small):
        if view.display:
            for grey in greys:
                grey.add(view)


@pytest.mark.parametrize(
    "size", [(80, 24), (160, 48), *(pytest.param(one, marks=pytest.mark.soak) for one in OTHERS)]
)
async def test_without_colour_every_state_still_reads_otherwise(size: Size) -> None:
    states = tuple(every_state())
    greys = [Grey(ascii_only=ascii_only) for ascii_only in (False, True)]
    async with opened(size=size) as seen:
        for key in ("0", *"123456789u") if size[0] < 160 else ("0",):
            await seen.press(key)
            for state in states:
                show(seen, greys, state)
    for grey in greys:
        assert not list(grey.clashes())
        if size[0] > 60:
            assert grey.states >= {"good", "warn", "bad", "info", "stale", "unknown"}


async def test_a_state_by_colour_alone_would_be_noticed() -> None:
    grey = Grey(ascii_only=False)
    async with opened() as seen:
        pane = seen.app.board.panes["gates"]
        for token in ("good", "bad"):
            pane._lines = [Line((("replication_lag 12", token),))]
            grey.add(pane)
    assert list(grey.clashes()) == [("GatesPane", "replication_lag 12")]
