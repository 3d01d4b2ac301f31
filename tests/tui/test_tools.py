"""Tools of the screen: what they show, and that none of them acts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

from cockpit.core.snapshot import AlarmView
from cockpit.tui.screens.tools import newest_alarm, time_here
from tests.tui import fixtures
from tests.tui.seen import opened


def test_the_time_here_is_said_beside_utc() -> None:
    zone = timezone(timedelta(hours=5, minutes=45), "NPT")
    assert time_here(0, zone) == "00:00:00Z is 05:45:00 here (NPT +0545); the screen stays in UTC"


def test_the_newest_alarm_is_the_one_that_came_last_and_nobody_has_seen() -> None:
    calm = fixtures.snapshot()
    at = calm.at_ms
    raised = (
        AlarmView("warn", "old", "an old one", at - 60_000),
        AlarmView("bad", "new", "a new one", at - 5_000),
        AlarmView("bad", "seen", "the newest, but seen", at - 1_000, seen_by="bo"),
    )
    said = dict(newest_alarm(replace(calm, alarms=raised)))
    assert said["alarm"] == "a new one"
    assert said["since"].endswith("5.0s ago")
    assert newest_alarm(replace(calm, alarms=())) == ()


async def test_tools_answer_and_send_nothing() -> None:
    async with opened(fixtures.fired()) as seen:
        await seen.press("exclamation_mark")
        assert "the newest alarm" in seen.text()
        await seen.press("q", "t")
        assert "02:14:07Z is 02:14:07 here" in seen.rows()[-2]
        await seen.press("left_square_bracket", "left_square_bracket")
        assert "newer below, G follows" in seen.text()
        await seen.press("right_square_bracket", "right_square_bracket")
        assert "newer below" not in seen.text()
        await seen.press("w", "left_square_bracket")
        assert "the event log is not" in seen.rows()[-2]
        assert seen.session.intents == []


async def test_z_shows_the_chosen_pane_in_full_and_the_overview_again() -> None:
    async with opened() as seen:
        await seen.press("tab", "z")
        assert "6 gates" in seen.rows()[2]
        assert "7 event log" not in seen.text()
        await seen.press("z")
        assert "7 event log" in seen.text()


async def test_without_an_alarm_the_tool_says_so() -> None:
    async with opened(replace(fixtures.snapshot(), alarms=(), mirror="running")) as seen:
        await seen.press("exclamation_mark")
        assert "no alarm waits" in seen.rows()[-2] or "newest alarm" in seen.text()
