"""The command palette: finds every key by name, does what looks, begins nothing that acts."""

from __future__ import annotations

import pytest

from cockpit.core.intents import Pause
from cockpit.tui.keys import KEYS, deliberate
from cockpit.tui.screens.help import HelpScreen
from cockpit.tui.screens.palette import PaletteScreen, matches
from tests.tui import fixtures
from tests.tui.seen import Seen, answering, opened


def test_the_nearest_name_comes_first() -> None:
    assert matches(KEYS, "") == KEYS
    assert matches(KEYS, "adv")[0].id == "advance"
    assert matches(KEYS, "roll back")[0].id == "rollback"
    assert matches(KEYS, "A")[0].id == "advance"
    assert matches(KEYS, "pnlg")[0].id == "pane.lag"
    assert "sort" in [key.id for key in matches(KEYS, "column")]
    assert matches(KEYS, "zebra crossing") == ()


async def chosen(seen: Seen, text: str) -> None:
    """Open the palette, type, press Enter."""
    await seen.press("colon")
    assert isinstance(seen.app.screen, PaletteScreen)
    await seen.press(*text, "enter")


@pytest.mark.parametrize("key", [key for key in KEYS if deliberate(key)], ids=lambda key: key.id)
async def test_what_acts_is_shown_with_its_key_and_not_begun(key: object) -> None:
    async with answering() as seen:
        await chosen(seen, key.id)  # type: ignore[attr-defined]
        assert f"press {key.shown}, no Enter begins what acts" in seen.rows()[-2]  # type: ignore[attr-defined]
        assert seen.session.intents == []


async def test_what_is_closed_says_why() -> None:
    closed = fixtures.snapshot(actions=fixtures.actions(advance="gate x UNKNOWN"))
    async with opened(closed) as seen:
        await seen.press("colon", *"adv")
        assert "(not now: gate x UNKNOWN)" in seen.row_with("advance")
        await seen.press("enter")
        assert "advance: not now: gate x UNKNOWN" in seen.rows()[-2]


async def test_what_looks_is_done() -> None:
    async with opened() as seen:
        await chosen(seen, "pane.lag")
        assert seen.app.board.zoomed == "lag"
        await chosen(seen, "help")
        assert isinstance(seen.app.screen, HelpScreen)
        await seen.press("q", "ctrl+p", "down", "escape")
        assert seen.app.screen_stack[-1] is seen.app.board
        assert seen.session.intents == []


async def test_pause_is_as_easy_here_as_anywhere() -> None:
    async with opened() as seen:
        await chosen(seen, "pause")
        assert seen.session.intents == [Pause(by="ana")]


async def test_up_and_down_choose_and_the_chosen_row_stays_in_view() -> None:
    async with opened() as seen:
        await seen.press("colon", *["down"] * 20)
        palette = seen.app.screen
        assert isinstance(palette, PaletteScreen)
        assert f"\u25b8 {palette._found[20].id} " in seen.text()
        await seen.press(*["pageup"] * 5, "up")
        assert palette._chosen == 0


async def test_letters_that_act_are_letters_while_it_is_open() -> None:
    async with answering() as seen:
        await seen.press("colon", *"PAREVDONLKY", "escape")
        assert seen.session.intents == []


async def test_it_needs_room() -> None:
    async with opened(size=(50, 15)) as seen:
        await seen.press("colon")
        assert "too small" in seen.text()
