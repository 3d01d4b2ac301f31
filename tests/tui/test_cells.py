"""The picture in the terminal is the one that Textual draws, however it was sent."""

from __future__ import annotations

import random

import pyte
import pytest

from cockpit.tui.cells import FRAME, Cells
from cockpit.tui.pens import Pens

WIDTH, HEIGHT = 40, 12
STYLES = (
    "", "1", "2", "1;2", "7", "31", "38;5;208", "1;38;2;1;2;3;48;2;9;8;7", "38;2;1;2;3;48;2;9;8;7",
    "48;2;9;8;7", "3;4;94;103", "4;34;44",
)  # fmt: skip
TEXTS = ("lag", "1,204 !", "▸ orders/3", "界面", "e\u0301te\u0301", " ", "⣿⡇", "a界b", "  --  ")


def screen() -> tuple[pyte.Screen, pyte.Stream]:
    shown = pyte.Screen(WIDTH, HEIGHT)
    shown.reset_mode(pyte.modes.DECAWM)
    return shown, pyte.Stream(shown)


def picture(shown: pyte.Screen) -> list[list[object]]:
    return [[shown.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]


def frame(rng: random.Random) -> str:
    """As Textual makes them: places, styles that are taken back after each text, new lines."""
    out = ""
    for _ in range(rng.randint(1, 9)):
        out += f"\x1b[{rng.randint(1, HEIGHT)};{rng.randint(1, WIDTH - 14)}H"
        for _ in range(rng.randint(1, 2)):
            style, text = rng.choice(STYLES), rng.choice(TEXTS)
            out += f"\x1b[{style}m{text}\x1b[0m" if style else text
    return out + "\x1b[1;1H"


def whole() -> str:
    rows = (f"\x1b[{y + 1};1H\x1b[48;2;9;8;7m{'.' * WIDTH}\x1b[0m" for y in range(HEIGHT))
    return "\n".join(rows)


@pytest.mark.parametrize("to_the_end", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_left_out_the_terminal_shows_the_newest_picture(
    seed: int, to_the_end: bool
) -> None:
    rng = random.Random(seed)
    theirs, to_theirs = screen()
    ours, to_ours = screen()
    cells = Cells(WIDTH, HEIGHT, to_the_end=to_the_end)
    for one in (whole(), *(frame(rng) for _ in range(60))):
        assert FRAME.match(one)
        to_theirs.feed(one)
        cells.draw(one)
        if rng.random() < 0.5:
            to_ours.feed(cells.changes())
            if rng.random() < 0.1:
                cells.forget()
    to_ours.feed(cells.changes())
    # half of a wide character that was drawn over is anybody's guess: drawn whole it is not
    to_theirs.feed(whole())
    cells.draw(whole())
    to_ours.feed(cells.changes())
    assert picture(ours) == picture(theirs)


def test_what_has_not_changed_is_not_sent() -> None:
    cells = Cells(WIDTH, HEIGHT)
    cells.draw(whole())
    assert len(cells.changes()) > WIDTH * HEIGHT
    cells.draw(whole())
    assert cells.changes() == ""
    cells.draw("\x1b[3;5H\x1b[48;2;9;8;7m.x.\x1b[0m\x1b[1;1H")
    assert cells.changes() == "\x1b[3;6H\x1b[48;2;9;8;7mx\x1b[0m\x1b[1;1H"


def test_to_the_end_a_difference_sends_what_follows_it_in_its_row() -> None:
    cells = Cells(WIDTH, HEIGHT, to_the_end=True)
    cells.draw(whole())
    cells.changes()
    cells.draw("\x1b[3;5H\x1b[48;2;9;8;7m.x.\x1b[0m\x1b[1;1H")
    rest = "x" + "." * (WIDTH - 6)
    assert cells.changes() == f"\x1b[3;6H\x1b[48;2;9;8;7m{rest}\x1b[0m\x1b[1;1H"


def test_after_another_size_everything_is_sent_anew() -> None:
    cells = Cells(WIDTH, HEIGHT)
    cells.draw(whole())
    cells.changes()
    cells.resize(WIDTH, 3)
    cells.draw("\x1b[1;1Hhere\x1b[9;1Hnowhere")
    sent = cells.changes()
    assert "here" in sent
    assert "nowhere" not in sent


def test_a_wide_character_is_never_sent_by_half() -> None:
    cells = Cells(10, 1)
    cells.draw("\x1b[1;1H界界")
    cells.changes()
    cells.draw("\x1b[1;3H世")
    assert "世" in cells.changes()
    cells.draw("\x1b[1;1Hab")
    assert cells.changes().startswith("\x1b[1;1Hab")


@pytest.mark.parametrize("odd", ["\x07", "\x1b]8;;x\x1b\\", "\x1b[1;1H\x1b[2Jx", "\x1b[1;1Ha\tb"])
def test_nothing_else_is_taken_for_a_frame(odd: str) -> None:
    assert not FRAME.match(odd)


def test_only_the_part_of_a_style_that_changes_is_sent() -> None:
    pens = Pens()
    assert pens.change("38;2;1;2;3;48;2;9;8;7", "38;2;4;4;4;48;2;9;8;7") == "\x1b[38;2;4;4;4m"
    assert pens.change("1;31", "31") == "\x1b[22m"
    assert pens.change("31", "") == "\x1b[0m"
    assert pens.change("1;2", "1") == "\x1b[0;1m"
    assert pens.change("7", "7") == ""


def test_with_few_colours_none_but_256_are_sent() -> None:
    pens = Pens(few_colours=True)
    assert pens.change("", "38;2;255;0;0;48;2;0;0;0") == "\x1b[38;5;196;48;5;16m"
    assert pens.change("", "31") == "\x1b[31m"
