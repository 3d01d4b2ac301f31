"""The screen of a recording: unmistakable, inert, and played by its keys at every size."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from cockpit.core.playing import Gap
from cockpit.core.snapshot import Snapshot
from cockpit.engine.clock import SystemClock
from cockpit.replay.session import PlayOptions, ReplaySession
from cockpit.tui.keys import KEYS
from cockpit.tui.plain import plain_line
from cockpit.tui.playkeys import REPLAY
from cockpit.tui.themes import SHIPPED
from tests.replay.taped import Said, Taped, at, seconds, totals
from tests.tui import fixtures
from tests.tui.seen import SIZES, Seen, Size, opened
from tests.tui.test_keys import EVERY_KEY, press_fast
from tests.tui.test_themes import shipped

ALL_SIZES: tuple[Size, ...] = (*SIZES, (100, 30), (132, 43))
EVENTS = (Said(at(10_000), "confirmed by ana"), Said(at(30_000), "gate parity FAIL", "gate"))


def recording(base: Snapshot | None = None, gaps: tuple[Gap, ...] = ()) -> Taped:
    lag = totals(*range(60), blocked=range(20, 30))
    return Taped(*seconds(60), base=base, events=EVENTS, totals=lag, gaps=gaps)


def replay(
    base: Snapshot | None = None, path: Path | None = None, **changes: object
) -> ReplaySession:
    options = replace(PlayOptions(plays=False), **changes)  # type: ignore[arg-type]
    taped = recording(base, ())
    return ReplaySession(taped, SystemClock(), options, bookmarks=path, user="ana")


def stands_at(seen: Seen) -> int:
    player = seen.app.player
    assert player is not None
    return player.view().at_ms - at(0)


@pytest.mark.parametrize("size", ALL_SIZES)
@pytest.mark.parametrize("simulated", [False, True])
async def test_replay_is_the_first_word_in_every_layout_with_date_and_time(
    size: Size, simulated: bool
) -> None:
    base = fixtures.simulated(fixtures.fired()) if simulated else fixtures.fired()
    async with opened(size=size, replay=replay(base)) as seen:
        rows = seen.rows()
        assert rows[0].split()[0] == "REPLAY"
        assert "2026-11-20" in seen.text()
        assert "02:14:07Z" in seen.text()
        assert "PAUSED" in seen.text()
        assert ("SIM" in rows[0]) is simulated
        assert f"WRITES: {base.status.writes}" in seen.text()
        assert len(rows) == size[1]
        assert all(len(row) == size[0] for row in rows)
        assert "driver" not in seen.text()


@pytest.mark.parametrize("name", SHIPPED)
async def test_replay_is_said_by_a_word_in_every_theme(name: str) -> None:
    theme = shipped(name)
    async with opened(replay=replay(), theme=theme) as seen:
        assert seen.rows()[0].startswith(" REPLAY ")


async def test_in_ascii_the_whole_screen_is_ascii() -> None:
    for size in ((60, 20), (200, 60)):
        async with opened(size=size, replay=replay(), ascii_only=True) as seen:
            assert seen.text().isascii()
            await seen.press("question_mark")
            assert seen.text().isascii()


@pytest.mark.parametrize(("size", "rows"), [((80, 24), 1), ((132, 43), 2), ((200, 60), 3)])
async def test_the_time_line_stands_between_the_panes_and_the_message(
    size: Size, rows: int
) -> None:
    async with opened(size=size, replay=replay()) as seen:
        strip = seen.rows()[-2 - rows : -2]
        assert strip[-1].startswith(" replay  PAUSED ")
        assert "00:59" in strip[-1]
        assert ("lag, most 59" in strip[0]) is (rows > 1)
        assert ("source writes" in "".join(strip)) is (rows > 2)
        for pane in seen.app.board.panes.values():
            if pane.display:
                assert pane.region.bottom <= size[1] - 2 - rows


@pytest.mark.parametrize("size", SIZES)
async def test_without_a_player_there_is_no_sign_of_one(size: Size) -> None:
    async with opened(size=size) as seen:
        assert seen.app.board.deck is None
        rows = seen.rows()
        assert "REPLAY" not in seen.text()
        assert " replay " not in seen.text()
        await seen.press("right_curly_bracket")
        after = seen.rows()
        assert after[:2] == rows[:2]
        assert "does nothing" in seen.text()


@pytest.mark.parametrize("key", ["P", "A", "R", "V", "E", "Y"])
async def test_keys_that_act_do_nothing_and_say_why(key: str) -> None:
    async with opened(replay=replay(fixtures.snapshot(actions=fixtures.actions()))) as seen:
        before = seen.rows()[:-2]
        await seen.press(key, then_s=0.1)
        assert "this is a recording" in seen.rows()[-2]
        assert seen.rows()[:-2] == before
        assert seen.app._in_flight == 0


async def test_what_somebody_had_armed_is_text_and_opens_no_dialog() -> None:
    for by in ("ana", "", "ben"):
        async with opened(replay=replay(fixtures.armed(by=by))) as seen:
            await seen.press("right_square_bracket", "Y", then_s=0.2)
            assert seen.app.screen is seen.app.board
            assert "press Y" not in seen.text()
    async with opened(replay=replay(fixtures.armed(by="ana"))) as seen:
        await seen.pilot.pause(0.2)
        assert "ana is about to confirm: advance writers" in seen.rows()[-2]


async def test_no_key_at_all_hands_in_an_intent(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    rng = random.Random(5)
    async with opened(replay=replay(fixtures.armed(by="ana"))) as seen:
        monkeypatch.setattr(seen.app, "send", sent.append)
        names = [*EVERY_KEY, *REPLAY.by_key]
        names = [n for n in names if n not in {"q", "ctrl+c", "ctrl+q"}]
        for _ in range(4):
            await press_fast(seen, rng.choices(names, k=150))
        seen.app.post_message(events.Paste("PAREYq" * 100))
        await seen.pilot.pause(0.1)
        assert seen.app.return_value is None
    assert sent == []


async def test_space_plays_and_stops() -> None:
    async with opened(replay=replay()) as seen:
        await seen.press("space")
        assert "PLAYING" in seen.row_with("replay")
        await seen.press("plus", "plus")
        assert " 4x " in seen.row_with("replay")
        await seen.press("space")
        assert "PAUSED" in seen.row_with("replay")
        stood = stands_at(seen)
        assert stood > 0
        await seen.pilot.pause(0.4)
        assert stands_at(seen) == stood


async def test_steps_marks_and_jumps_are_shown_at_once() -> None:
    async with opened(size=(160, 48), replay=replay()) as seen:
        await seen.press("right_square_bracket", "right_square_bracket", then_s=0.1)
        assert "2026-11-20 02:14:09Z" in seen.rows()[0]
        await seen.press("left_square_bracket", then_s=0.1)
        assert "02:14:08Z" in seen.rows()[0]
        await seen.press("right_curly_bracket", then_s=0.1)
        assert "02:14:17Z action: confirmed by ana" in seen.rows()[-2]
        await seen.press("right_curly_bracket", then_s=0.1)
        assert "gate: gate parity FAIL" in seen.rows()[-2]
        await seen.press("left_curly_bracket", then_s=0.1)
        assert stands_at(seen) == 10_000
        await seen.press("t", *"02:14:55", "enter", then_s=0.1)
        assert "02:14:55Z" in seen.rows()[0]
        await seen.press("t", *"-5s", "enter", then_s=0.1)
        assert stands_at(seen) == 43_000
        await seen.press("t", *"nonsense", "enter", then_s=0.1)
        assert "not a time" in seen.rows()[-2]
        await seen.press("t", *"end", "enter", then_s=0.1)
        assert " END " in seen.row_with("replay")


async def test_a_bookmark_is_about_the_moment_of_the_key(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.jsonl"
    async with opened(size=(100, 30), replay=replay(path=path, start="+20s")) as seen:
        await seen.press("m")
        assert "a note for the bookmark at 02:14:27Z" in seen.text()
        await seen.press(*"PAREY", "enter", then_s=0.2)
        assert "kept beside the recording" in seen.rows()[-2]
        await seen.press("t", *"end", "enter", then_s=0.4)
        assert "*" in seen.row_with("replay")
        await seen.press("m", "x", "escape", then_s=0.1)
    assert path.read_text().count("\n") == 1
    assert '"text":"PAREY"' in path.read_text()


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_leaving_needs_one_key_and_no_answer(key: str) -> None:
    async with opened(replay=replay(fixtures.finished())) as seen:
        await seen.press(key)
        result = seen.app.return_value
        assert result is not None
        assert result.reason == "quit"
        assert result.last_line.startswith("REPLAY 2026-11-20  02:14:07Z")


async def test_q_first_leaves_what_is_open() -> None:
    async with opened(replay=replay()) as seen:
        await seen.press("2", "q")
        assert seen.app.return_value is None
        await seen.press("question_mark", "q")
        assert seen.app.return_value is None
        await seen.press("q")
        assert seen.app.return_value is not None


async def test_every_key_of_a_replay_is_in_its_help_and_none_that_acts() -> None:
    async with opened(size=(120, 80), replay=replay()) as seen:
        await seen.press("question_mark")
        text = " ".join(seen.text().split())
        for key in REPLAY.keys:
            assert key.shown in text
            assert " ".join(key.help.split()[:4]) in text
        assert "On the time line:" in text
        assert "REPLAY" in seen.row_with(" keys ")
        assert "advance" not in text.split("the recording")[1].split("what is shown")[0]
        assert "the flight" not in text.split("6 gates")[0][200:400]


def test_the_keys_of_a_replay_are_a_flight_s_keys_that_look_and_those_that_play() -> None:
    names = [name for key in REPLAY.keys for name in key.keys]
    assert len(names) == len(set(names))
    assert not any(key.verb for key in REPLAY.keys)
    looking = {key.id for key in KEYS if key.group in {"look", "move", "screen"}}
    assert looking <= {key.id for key in REPLAY.keys}
    live = {name for key in KEYS for name in key.keys}
    assert live <= set(names)


async def test_a_silent_replay_is_no_silent_engine() -> None:
    async with opened(replay=replay()) as seen:
        for _ in range(10):
            seen.app._second_passed()
        await seen.pilot.pause()
        assert "NO NEWS" not in seen.text()


async def test_a_recorded_alarm_does_not_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    async with opened(replay=replay(fixtures.fired())) as seen:
        monkeypatch.setattr(seen.app, "bell", lambda: rung.append(1))
        await seen.press("right_square_bracket", "right_square_bracket", then_s=0.2)
    assert rung == []


async def test_in_a_gap_nothing_is_fresh_and_the_message_says_what_is_missing() -> None:
    holed = Taped(*range(0, 10_000, 1000), *range(600_000, 610_000, 1000),
                  gaps=[Gap(at(9_000), at(600_000), "the engine was gone")])  # fmt: skip
    session = ReplaySession(holed, SystemClock(), PlayOptions(plays=False, start="+5m"))
    async with opened(replay=session) as seen:
        assert "source STALE" in seen.rows()[1]
        assert "nothing is recorded from 02:14:16Z" in seen.rows()[-2]
        assert "   " in seen.row_with("replay")[31:62]


async def test_over_a_slow_link_a_step_is_shown_at_once() -> None:
    async with opened(replay=replay(), remote=True) as seen:
        for second in (8, 9, 10):
            await seen.press("right_square_bracket", then_s=0.1)
            assert f"02:14:{second:02}Z" in seen.rows()[0]


async def test_below_60x20_space_still_plays_and_nothing_asks_for_a_text() -> None:
    async with opened(size=(40, 10), replay=replay()) as seen:
        await seen.press("t")
        assert "too small to type" in seen.text()
        await seen.press("space", then_s=0.1)
        assert "PLAYING" in seen.text()
        await seen.press("space", "q")
        assert seen.app.return_value is not None


async def test_a_recording_that_breaks_off_is_no_lost_engine() -> None:
    session = replay()
    async with opened(replay=session) as seen:
        await session.close()
        await seen.pilot.pause(0.2)
        assert "ENGINE LOST" not in seen.text()
        assert "cockpit resume" not in seen.text()


def test_the_line_that_stays_behind_says_that_it_was_a_replay() -> None:
    assert plain_line(fixtures.fenced()).startswith("02:14:07Z")
    assert plain_line(fixtures.fenced(), replay=True).startswith("REPLAY 2026-11-20  02:14:07Z")


async def test_hostile_texts_of_a_recording_drive_nothing() -> None:
    bad = "\x1b]0;owned\x07\u202e[bold]"
    holed = Taped(*range(0, 10_000, 1000), 600_000, base=fixtures.hostile(),
                  events=[Said(at(2_000), bad, bad, bad)],
                  gaps=[Gap(at(9_000), at(600_000), bad)])  # fmt: skip
    session = ReplaySession(holed, SystemClock(), PlayOptions(plays=False, start="+5m"))
    async with opened(size=(160, 48), replay=session) as seen:
        for keys in ((), ("left_curly_bracket",)):
            await seen.press(*keys, then_s=0.1)
            assert "\x1b" not in seen.text()
            assert "\u202e" not in seen.text()
