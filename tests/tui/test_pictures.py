"""Every pane and dialog at five sizes, as text and by its colours in every theme: a change of the
look is seen before it is merged.

A change that was meant: `python -m tests.tui.pictures`, and read what it changed.
"""

from __future__ import annotations

import difflib

import pytest

from cockpit.tui.themes import SHIPPED
from tests.tui.pictures import (
    SIZES,
    colours_name,
    drawn,
    kept,
    kept_colours,
    night,
    painted,
)
from tests.tui.seen import Size, opened
from tests.tui.test_themes import shipped


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_panes_and_dialogs_look_as_they_did(size: Size) -> None:
    found, before = await drawn(size), kept(size)
    assert list(found) == list(before)
    for name, picture in found.items():
        was, now = before[name].splitlines(), picture.splitlines()
        assert was == now, "\n".join(difflib.unified_diff(was, now, name, name, lineterm="", n=1))


@pytest.mark.parametrize("theme", SHIPPED)
@pytest.mark.parametrize(
    "size",
    [one if one == (80, 24) else pytest.param(one, marks=pytest.mark.soak) for one in SIZES],
    ids=lambda size: f"{size[0]}x{size[1]}",
)
async def test_panes_and_dialogs_have_the_colours_that_they_had(size: Size, theme: str) -> None:
    found, before = await painted(size, theme), kept_colours()[colours_name(size, theme)]
    other = [name for name, digest in found.items() if before.get(name) != digest]
    assert not other, f"painted otherwise in theme {theme}"
    assert list(found) == list(before)


@pytest.mark.parametrize("name", SHIPPED)
async def test_a_theme_changes_colours_and_no_text(name: str) -> None:
    async with opened(night(), (80, 24), theme=shipped(name)) as seen:
        before = kept((80, 24))["all that fits"].splitlines()
        assert [row.rstrip() for row in seen.rows()[: len(before)]] == before


async def test_where_only_ascii_can_be_trusted_all_is_ascii() -> None:
    async with opened(night(), (200, 60), ascii_only=True) as seen:
        await seen.pilot.pause(0.05)
        assert seen.text().isascii()
