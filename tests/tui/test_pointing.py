"""Pointing at a row for others: told to all, and nobody's own view moves by it."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.crewview import CrewView, PointedView
from cockpit.core.intents import AddNote, Point
from cockpit.core.snapshot import Snapshot
from cockpit.tui.grid import Grid
from tests.tui import fixtures
from tests.tui.seen import Seen, opened


def pointed(snapshot: Snapshot, pane: str, row: str, by: str = "kim") -> Snapshot:
    later = replace(fixtures.later(snapshot, 1), alarms=())  # an alarm would be told first
    return replace(later, crew=CrewView(pointed=PointedView(by, pane, row, later.at_ms)))


def lag_of(seen: Seen) -> Grid:
    """The pane of lag."""
    pane = seen.app.board.panes["lag"]
    assert isinstance(pane, Grid)
    return pane


async def test_the_row_under_the_cursor_is_pointed_at() -> None:
    async with opened(size=(160, 45)) as seen:
        await seen.press("2", "j", "j", "L")
        [found] = seen.session.intents
        assert isinstance(found, Point)
        assert found.pane == "lag"
        assert found.row in lag_of(seen).texts()
        await seen.press("0", "1", "L")
        assert seen.session.intents[-1] == Point("waves", "", fixtures.USER)


async def test_who_is_pointed_to_goes_there_only_by_a_key() -> None:
    async with opened(size=(160, 45)) as seen:
        grid = lag_of(seen)
        row = grid.texts()[-1]
        assert seen.app.snapshot is not None
        chosen = seen.app.board.chosen
        await seen.show(pointed(seen.app.snapshot, "lag", row))
        assert f"kim points at pane 2: {row} (. goes there)" in seen.text()
        assert (seen.app.board.chosen, grid.cursor_place()) == (chosen, None)
        await seen.press("full_stop")
        assert seen.app.board.chosen == "lag"
        assert "kim points at this row" in seen.text()
        assert grid.pointed_row() == row


async def test_what_is_not_here_is_said_and_ones_own_pointing_is_not_told() -> None:
    async with opened(size=(160, 45)) as seen:
        await seen.press("full_stop")
        assert "nobody points at anything" in seen.text()
        assert seen.app.snapshot is not None
        await seen.show(pointed(seen.app.snapshot, "lag", "no such row"))
        await seen.press("full_stop")
        assert "the row that kim points at is not shown here: a filter?" in seen.text()
        await seen.show(pointed(seen.app.snapshot, "\x1b[2Jnowhere", "x"))
        await seen.press("full_stop")
        assert "nobody points at anything" in seen.text()


async def test_a_note_says_by_its_first_word_what_it_is() -> None:
    async with opened() as seen:
        await seen.press("m", *"todo", "colon", "space", *"ask", "space", *"kim", "enter")
        assert seen.session.intents == [AddNote("todo: ask kim", fixtures.USER)]
