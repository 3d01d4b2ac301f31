"""The tour of the demonstration: captions that wait for the flight and for whoever reads them."""

from __future__ import annotations

import os
import re
import select
import time
from dataclasses import replace

import pyte
import pytest

from cockpit.cli.main import main
from cockpit.core.snapshot import Snapshot, WaveWord
from cockpit.tui.keys import LIVE
from cockpit.tui.look import Look
from cockpit.tui.text import wrap
from cockpit.tui.themes import built_in
from cockpit.tui.tour import CAPTIONS, ROWS, Tour, caption_lines, with_tour
from tests.tui import fixtures
from tests.tui.seen import SIZES, Size, opened
from tests.tui.test_run import on_a_terminal


def flown(first: WaveWord, second: WaveWord, *, armed: bool = False) -> Snapshot:
    """The two waves of the demonstration, as far as they have come."""
    waves = tuple(
        replace(wave, word=word)
        for wave, word in zip(fixtures.waves()[:2], (first, second), strict=True)
    )
    view = fixtures.armed_view() if armed else None
    return fixtures.snapshot(waves=waves, armed=view, actions=fixtures.actions())


def test_every_caption_fits_and_says_what_leads_on() -> None:
    for at, caption in enumerate(CAPTIONS):
        assert len(wrap(caption.text, 78)) < ROWS
        assert len(caption.title) < 66
        head, *rest = caption_lines(at, 80)
        assert f"TOUR {at + 1}/{len(CAPTIONS)}" in "".join(text for text, _ in head.chunks)
        assert rest
    assert "SIMULATED" in CAPTIONS[0].title
    assert {one.key for one in CAPTIONS if one.key} <= {key.id for key in LIVE.keys}
    turned = [one for one in CAPTIONS[:-1] if one.seen is None and not one.key]
    assert all(">" in one.text for one in turned)


def test_the_keys_of_a_flight_leave_room_for_the_tours() -> None:
    assert {key.id for key in with_tour(LIVE).keys} >= {"tour.next", "tour.back"}


def test_a_caption_waits_for_what_it_asks_for() -> None:
    one = Tour(Look(built_in().styles))
    one.turn(2)
    one.take(flown("pending", "pending"))
    assert one.at == 2
    one.pressed(LIVE.by_key["5"])
    assert one.at == 2
    one.pressed(LIVE.by_key["6"])
    one.take(flown("pending", "pending"))
    assert one.at == 3
    steps = (
        flown("pending", "pending", armed=True), flown("running", "pending"),
        flown("done", "pending"), flown("done", "running"), flown("done", "rolled back"),
    )  # fmt: skip
    for at, now in enumerate(steps, 4):
        one.take(now)
        assert one.at == at
    one.take(flown("done", "rolled back"))
    assert CAPTIONS[one.at].title.startswith("A trigger fired")


def test_whoever_turns_back_stays_there() -> None:
    one = Tour(Look(built_in().styles))
    one.turn(3)
    now = flown("running", "pending")
    one.take(now)
    assert one.at == 4
    one.turn(-1)
    one.take(now)
    assert one.at == 3
    one.turn(-99)
    assert one.at == 0
    one.turn(99)
    assert one.at == len(CAPTIONS) - 1


def test_keys_that_a_user_has_given_away_are_left_to_him() -> None:
    table = with_tour(LIVE)
    assert table.by_key["greater_than_sign"].id == "tour.next"
    assert with_tour(table).keys == table.keys


@pytest.mark.parametrize("size", SIZES)
async def test_the_caption_stands_below_the_panes(size: Size) -> None:
    async with opened(size=size) as seen:
        board = seen.app.board
        board.tour = Tour(board.look)
        board.keys = with_tour(board.keys)
        await board.mount(board.tour.lines)
        board.rearrange()
        await seen.pilot.pause()
        if size[0] < 60:
            assert "TOUR" not in seen.text()
            return
        assert "TOUR 1/" in seen.rows()[-2 - ROWS]
        for pane in board.panes.values():
            if pane.display:
                assert pane.region.bottom <= size[1] - 2 - ROWS
        await seen.press("greater_than_sign")
        assert "TOUR 2/" in seen.rows()[-2 - ROWS]
        assert seen.session.intents == []


@pytest.mark.parametrize("option", ["--headless", "--plain", "--auto"])
def test_a_tour_needs_a_screen_and_a_hand(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--tour", option]) == 2
    assert "--tour is on the screen" in capsys.readouterr().err


def until_shown(master: int, screen: pyte.Screen, text: str, within_s: float = 60.0) -> None:
    """Draw what comes until a text stands on the terminal: only cells that change are sent."""
    stream, end = pyte.ByteStream(screen), time.perf_counter() + within_s
    while text not in "\n".join(screen.display):
        assert time.perf_counter() < end, "\n".join(screen.display)
        if select.select([master], [], [], 1)[0]:
            data = os.read(master, 65_536)
            stream.feed(re.sub(rb"\x1b\[[<>=?][0-9;$]*[a-z]", b"", data))


def test_the_tour_begins_on_a_real_terminal() -> None:
    program = "import sys; from cockpit.cli.main import main; sys.exit(main(['demo', '--tour']))"
    with on_a_terminal(program) as (_, master):
        screen = pyte.Screen(80, 24)
        until_shown(master, screen, "TOUR 1/")
        os.write(master, b">")
        until_shown(master, screen, "TOUR 2/")
