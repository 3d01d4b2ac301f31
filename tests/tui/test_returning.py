"""Whoever comes back is told in a line what happened while he was away, and has the whole log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.crewview import CrewView, PersonView
from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.tui.returning import missed
from tests.tui import fixtures
from tests.tui.seen import opened
from tests.tui.sessions import PlayedSession

ME = fixtures.USER


def back(left_ago_ms: int | None) -> tuple[Snapshot, list[LogLine]]:
    """A flight of three told lines before the oldest of its snapshots, and me back on it."""
    snapshot = fixtures.snapshot()
    now_ms = snapshot.at_ms
    past = [
        LogLine(1, now_ms - 90_000, "info", "long ago"),
        LogLine(2, now_ms - 50_000, "bad", "fence escaped by \x1b[2Jbatch"),
        LogLine(3, now_ms - 40_000, "info", "all is well"),
    ]
    log = tuple(replace(line, seq=line.seq + 3) for line in _numbered(snapshot.log[-1:]))
    left_ms = None if left_ago_ms is None else now_ms - left_ago_ms
    me = PersonView(ME, ("driver",), 1, now_ms - 1_000, None, left_ms)
    return replace(snapshot, log=log, crew=CrewView(people=(me,))), past


def _numbered(lines: tuple[LogLine, ...]) -> tuple[LogLine, ...]:
    return tuple(replace(line, seq=number) for number, line in enumerate(lines, 1))


def test_what_was_missed_is_counted_and_the_worst_is_named() -> None:
    snapshot, past = back(60_000)
    text = missed(snapshot, past, user=ME)
    assert text.startswith("away for 59s: ")
    assert "1 of them bad, last: fence escaped by" in text


@pytest.mark.parametrize("left_ago_ms", [None, 1_000, 5_000])
def test_who_is_here_for_the_first_time_or_was_hardly_away_is_told_nothing(
    left_ago_ms: int | None,
) -> None:
    snapshot, past = back(left_ago_ms)
    assert missed(snapshot, past, user=ME) == ""


async def test_the_screen_says_it_once_and_shows_the_whole_log() -> None:
    snapshot, past = back(60_000)
    session = PlayedSession(snapshot)
    session.past = past
    async with opened(snapshot, (160, 45), session=session) as seen:
        assert "away for 59s: " in seen.text()
        await seen.press("7")
        text = seen.text()
        assert "long ago" in text
        assert "all is well" in text
        assert "\x1b" not in text
        await seen.show(fixtures.later(snapshot, 1))
        assert seen.text().count("away for 59s: ") <= 2  # the message line, and the log
