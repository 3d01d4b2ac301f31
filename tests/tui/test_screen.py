"""The whole screen at each size: what must be seen, what keys show, what never breaks it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from cockpit.core.intents import AddNote, Pause
from cockpit.core.snapshot import LogLine, PriceView, Snapshot
from cockpit.tui import app
from cockpit.tui.layout import PANE_KEYS, PANES, PaneName
from cockpit.tui.picture import picture
from tests.tui import fixtures
from tests.tui.seen import SIZES, Size, opened
from tests.tui.sessions import PlayedSession


@pytest.mark.parametrize("size", SIZES)
async def test_every_state_is_drawn_at_every_size(size: Size) -> None:
    states = (
        fixtures.fired(), fixtures.stale_target(), fixtures.holding(), fixtures.finished(),
        fixtures.simulated(), fixtures.large(), fixtures.armed(by="ben"),
    )  # fmt: skip
    async with opened(fixtures.fenced(), size) as seen:
        for number, state in enumerate(states):
            await seen.show(fixtures.later(state, number))
            rows = seen.rows()
            assert len(rows) == size[1]
            assert all(len(row) == size[0] for row in rows)
            assert f"WRITES: {state.status.writes}" in seen.text()
            assert ("SIMULATED" in seen.text()) is state.status.simulated


async def test_the_overview_at_80x24_shows_waves_gates_and_the_log() -> None:
    async with opened(fixtures.fenced()) as seen:
        text = seen.text()
        titles = ("1 waves and steps", "6 gates and triggers", "7 event log")
        for part in (*titles, "drain", "replication_lag", "roll back when", "fence verified on 3"):
            assert part in text
        assert "lag per partition" not in text


@pytest.mark.parametrize("size", [(160, 48), (200, 60)])
async def test_the_grid_shows_every_pane(size: Size) -> None:
    async with opened(size=size) as seen:
        for name, pane in seen.app.board.panes.items():
            assert f"{PANE_KEYS[name]} {pane.title_text}" in seen.text()


@pytest.mark.parametrize("name", PANES)
async def test_its_key_zooms_a_pane_and_0_and_esc_come_back(name: PaneName) -> None:
    async with opened() as seen:
        key = PANE_KEYS[name]
        await seen.press(key)
        title = seen.app.board.panes[name].title_text
        assert seen.rows()[2].startswith(f"\u25b8{key} {title}")
        await seen.press("0" if key in "13579" else "escape")
        assert "6 gates and triggers" in seen.rows()[2]


async def test_tab_moves_the_mark_that_says_where_keys_go() -> None:
    async with opened(size=(160, 48)) as seen:
        assert "\u25b81 waves" in seen.text()
        await seen.press("tab")
        assert "\u25b82 lag" in seen.text()
        await seen.press("shift+tab", "shift+tab")
        assert "\u25b8u people" in seen.text()


async def test_below_60x20_there_is_the_status_and_the_advice_and_pausing_works() -> None:
    async with opened(fixtures.simulated(), size=(40, 10)) as seen:
        for part in ("SIMULATED", "2/3 writers", "WRITES: SOURCE", "ROLLBACK possible",
                     "now 40x10,", "needs 60x20"):  # fmt: skip
            assert part in seen.text()
        await seen.press("P")
        assert seen.session.intents == [Pause(by="ana")]
        await seen.press("R")
        assert "too small" in seen.text()
        assert len(seen.session.intents) == 1


async def test_a_storm_of_sizes_breaks_nothing_and_ends_in_the_last_one() -> None:
    rng = random.Random(3)
    async with opened(size=(80, 24)) as seen:
        for _ in range(30):
            await seen.pilot.resize_terminal(rng.randint(1, 220), rng.randint(1, 70))
        await seen.pilot.resize_terminal(160, 48)
        await seen.pilot.pause(0.3)
        assert "2 lag per partition" in seen.text()
        assert len(seen.rows()) == 48


async def test_a_newer_snapshot_replaces_one_that_waits() -> None:
    many = [fixtures.later(fixtures.snapshot(), i) for i in range(500)]
    drawn: list[int] = []
    async with opened() as seen:
        take = seen.app.board.take

        def counting(snapshot: Snapshot, past: Sequence[LogLine] = ()) -> None:
            drawn.append(snapshot.at_ms)
            take(snapshot, past)

        seen.app.board.take = counting  # type: ignore[method-assign]
        for one in many:
            seen.app.post_message(app.SnapshotArrived(one))
        await seen.pilot.pause(0.2)
        assert seen.app.snapshot is many[-1]
        assert len(drawn) < 5


async def test_over_a_slow_link_it_paints_once_a_second_but_a_new_state_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "REMOTE_EVERY_S", 600.0)
    start = fixtures.snapshot()
    async with opened(start, remote=True) as seen:
        soon = fixtures.later(start, 300)
        seen.session.play(soon)
        await seen.pilot.pause(0.2)
        assert seen.app.snapshot is start
        urgent = fixtures.later(fixtures.fenced(), 600)
        seen.session.play(urgent)
        await seen.pilot.pause(0.2)
        assert seen.app.snapshot is urgent
        last = fixtures.later(urgent, 300)
        seen.session.play(last)
        await seen.pilot.pause(0.2)
        assert seen.app.snapshot is urgent
        seen.app._release()
        assert seen.app.snapshot is last
        seen.session.play(fixtures.later(last, 300))
        await seen.pilot.pause(0.2)
        assert seen.app.snapshot is last  # what the second brought holds the next one back


async def test_over_a_slow_link_a_price_that_moves_is_no_new_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "REMOTE_EVERY_S", 600.0)
    start = fixtures.snapshot()
    price = PriceView("records", "writers", 0, 301, (), None, "301 are read again")
    dearer = fixtures.status(rollback_detail=price.text, price=price)
    async with opened(start, remote=True) as seen:
        seen.session.play(fixtures.later(fixtures.snapshot(status=dearer), 300))
        await seen.pilot.pause(0.2)
        assert seen.app.snapshot is start


async def test_the_log_follows_its_end_until_somebody_scrolls() -> None:
    async with opened() as seen:
        more = tuple(
            replace(line, seq=200 + i, text=f"event {i}")
            for i, line in enumerate(fixtures.log() * 5)
        )
        await seen.show(fixtures.later(fixtures.snapshot(log=more), 1_000))
        assert "event 34" in seen.text()
        await seen.press("tab", "tab", "k", "k", "k")
        assert "event 34" not in seen.text()
        assert "newer below, G follows" in seen.text()
        await seen.press("G")
        assert "event 34" in seen.text()


async def test_a_held_wave_says_why_and_what_can_be_done() -> None:
    async with opened(fixtures.holding(), size=(160, 48)) as seen:
        text = seen.text()
        assert "HOLDING" in text
        assert "fence is unknown: A tries again" in text
        assert "the answer to the ACL change" in text


async def test_a_note_is_typed_and_sent_and_its_letters_are_only_letters() -> None:
    async with opened(fixtures.snapshot(actions=fixtures.actions())) as seen:
        await seen.press("m", *"PAREYq 1", "enter")
        assert seen.session.intents == [AddNote("PAREYq 1", by="ana")]
        await seen.press("m", *"no", "escape")
        await seen.press("m", "space", "enter")
        assert len(seen.session.intents) == 1


async def test_a_refused_intent_is_told() -> None:
    session = PlayedSession(fixtures.snapshot(), refuse="no engine behind the socket")
    async with opened(session=session) as seen:
        await seen.press("P", then_s=0.1)
        assert "pause refused: no engine behind the socket" in seen.text()


async def test_the_end_of_the_session_is_said_and_the_screen_stays_until_it_is_left() -> None:
    async with opened(fixtures.finished()) as seen:
        seen.session.end()
        await seen.pilot.pause(0.2)
        assert "SESSION ENDED" in seen.text()
        assert "q leaves" in seen.text()
        await seen.press("P", "A", "m")
        assert seen.session.intents == []
        assert "the session has ended" in seen.text()
        await seen.press("q")
        assert seen.app.return_value is not None
        assert seen.app.return_value.reason == "session ended"
        assert seen.app.return_value.outcome == "completed"


async def test_an_engine_that_goes_without_an_outcome_is_said_to_be_lost() -> None:
    async with opened(fixtures.fenced()) as seen:
        seen.session.end()
        await seen.pilot.pause(0.2)
        assert "ENGINE LOST" in seen.rows()[1]
        assert "source ok" not in seen.text()
        assert "nothing here is current" in seen.rows()[-2]
        assert f"cockpit resume {fixtures.fenced().status.session}" in seen.rows()[-2]


async def test_a_new_alarm_rings_once_and_not_again_for_ten_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung: list[int] = []
    quiet = fixtures.snapshot(partitions=fixtures.partitions(1, 2), alarms=())
    async with opened(quiet) as seen:
        monkeypatch.setattr(seen.app, "bell", lambda: rung.append(1))
        await seen.show(fixtures.later(fixtures.fired(), 1))
        await seen.show(fixtures.later(fixtures.fired(), 2))
        assert len(rung) == 1
        await seen.show(fixtures.later(fixtures.stale_target(), 3))
        assert len(rung) == 1
        await seen.show(fixtures.later(quiet, 8_000))
        await seen.show(fixtures.later(fixtures.fired(), 12_000))
        assert len(rung) == 2


async def test_pane_1_in_full_says_what_the_status_lines_have_no_room_for() -> None:
    async with opened(fixtures.stale_target()) as seen:
        await seen.press("1", "G")
        text = " ".join(seen.text().split())
        assert "rollback possible costs nothing" in text
        assert "cluster target-7Qm2 no connection to 3 brokers" in text
        assert "mirror unknown: Connect did not answer" in text


async def test_leaving_asks_and_closes_the_session_but_not_the_flight() -> None:
    async with opened() as seen:
        await seen.press("q")
        assert "leave the screen?" in seen.text()
        await seen.press("n")
        assert "leave the screen?" not in seen.text()
        await seen.press("q", "enter")
        assert seen.app.return_value is None
        await seen.press("q", "y")
        result = seen.app.return_value
        assert result is not None
        assert result.reason == "quit"
        assert "WRITES: SOURCE" in result.last_line
        session = seen.session
    assert session.closed
    assert session.intents == []


async def test_ages_never_come_from_a_clock() -> None:
    async with opened() as seen:
        before = seen.rows()[1]
        await seen.pilot.pause(0.5)
        assert seen.rows()[1] == before


async def test_silence_of_the_engine_is_shown_after_three_seconds() -> None:
    async with opened() as seen:
        for _ in range(3):
            seen.app._second_passed()
        await seen.pilot.pause()
        assert "NO NEWS FOR 3s" in seen.text()
        await seen.show(fixtures.later(fixtures.snapshot(), 3_000))
        assert "NO NEWS" not in seen.text()


async def test_incoming_data_takes_neither_focus_nor_a_typed_text() -> None:
    async with opened() as seen:
        await seen.press("m", *"half a no")
        for i in range(20):
            await seen.show(fixtures.later(fixtures.fired(), i))
        await seen.show(fixtures.later(fixtures.armed(), 100))
        await seen.press(*"te", "enter")
        assert seen.session.intents == [AddNote("half a note", by="ana")]


async def test_the_plot_appears_after_the_first_paint_in_the_zoomed_pane() -> None:
    async with opened() as seen:
        await seen.press("4")
        await seen.show(fixtures.later(fixtures.snapshot(), 1_000))
        assert "max 0.5%" in seen.text()
        assert "02:14:06Z" in seen.text()
        await seen.press("j", then_s=0.1)
        assert sum("checkout-p99" in row for row in seen.rows()) == 2


async def test_a_stale_signal_is_bracketed() -> None:
    async with opened(size=(160, 48)) as seen:
        await seen.press("4")
        await seen.show(fixtures.later(fixtures.snapshot(), 9_000))
        assert "-- (0.21%)" in seen.text()
        assert "STALE" in seen.rows()[3]


async def test_ascii_screens_hold_nothing_but_ascii() -> None:
    async with opened(fixtures.hostile(), size=(160, 48), ascii_only=True) as seen:
        assert seen.text().isascii()
        for key in "123456789u":
            await seen.press(key)
            assert seen.text().isascii()


async def test_the_picture_stands_alone() -> None:
    from xml.etree import ElementTree

    async with opened(fixtures.hostile()) as seen:
        svg = picture(seen.app)
    ElementTree.fromstring(svg)
    assert "@font-face" not in svg
    assert "url(http" not in svg
    assert "href" not in svg
    assert "\x1b" not in svg
