"""Whoever drives is asked for a key before others may take over, and any key is an answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.crewview import CrewView, PersonView
from cockpit.core.intents import Beat, Drive
from cockpit.core.snapshot import Snapshot
from cockpit.tui import app
from cockpit.tui.controls import Question, driving
from cockpit.tui.keys import looks_on
from cockpit.tui.status import status_lines
from tests.tui import fixtures
from tests.tui.seen import opened
from tests.tui.sessions import PlayedSession

LEASE_MS = 60_000
PEOPLE = (
    PersonView(fixtures.USER, ("driver",), 1, 0, None),
    PersonView("kim", ("driver",), 1, 0, None),
)


def driven(idle_ms: int, *, seat: str = "1", driver: str = fixtures.USER) -> Snapshot:
    """A flight whose driver has pressed his last key so long ago."""
    until_ms = fixtures.AT_MS - idle_ms + LEASE_MS
    ask_ms = until_ms - LEASE_MS // 2 if seat else None
    crew = CrewView(PEOPLE, driver, seat, until_ms, ask_ms, token=1)
    return replace(fixtures.snapshot(), crew=crew, alarms=(), armed=None)


class Seated(PlayedSession):
    """A screen that is the first at the engine."""

    seat = "1"


@pytest.mark.parametrize("width", [80, 160])
def test_it_is_asked_on_the_status_lines_well_before_the_lease_runs_out(width: int) -> None:
    asked = "DRIVING? any key" if width == 80 else "STILL DRIVING? press any key"
    for idle_ms, is_asked in ((0, False), (29_000, False), (30_000, True), (600_000, True)):
        lines = status_lines(driven(idle_ms), width=width, user=fixtures.USER, seat="1")
        assert any(asked in line.plain for line in lines) == is_asked
        theirs = status_lines(driven(idle_ms), width=width, user="kim", seat="2")
        assert not any("any key" in line.plain for line in theirs)
        idle = any("idle" in line.plain for line in theirs)
        assert idle == (idle_ms >= LEASE_MS)


async def test_the_message_line_says_until_when() -> None:
    async with opened(session=Seated(driven(31_000)), snapshot=driven(31_000)) as seen:
        row = seen.row_with("still driving? press any key: another driver may take over from")
        assert row
        await seen.show(driven(0))
        assert "press any key" not in seen.text()
        await seen.show(driven(61_000))
        assert seen.row_with("another driver may take over, since")


@pytest.mark.parametrize("key", ["j", "x", "ctrl+c", "f9", "question_mark"])
async def test_any_key_is_an_answer_whatever_else_it_does(key: str) -> None:
    session = Seated(driven(40_000))
    async with opened(session=session, snapshot=driven(40_000)) as seen:
        await seen.press(key)
        assert session.intents == [Beat(fixtures.USER)]


async def test_letters_of_a_text_and_keys_of_a_dialog_are_answers_too() -> None:
    session = Seated(driven(0))
    async with opened(session=session, snapshot=driven(0)) as seen:
        await seen.press("slash")
        session.intents.clear()
        seen.app._beaten = False
        await seen.press("a")
        assert session.intents == [Beat(fixtures.USER)]


async def test_many_keys_are_told_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "BEAT_S", 0.3)
    session = Seated(driven(0))
    async with opened(session=session, snapshot=driven(0)) as seen:
        await seen.press(*"jkjkjkjkjk")
        assert session.intents == [Beat(fixtures.USER)]
        await seen.pilot.pause(0.5)
        await seen.press("j")
        assert session.intents == [Beat(fixtures.USER)] * 2


async def test_snapshots_and_time_alone_tell_the_engine_nothing() -> None:
    session = Seated(driven(0))
    async with opened(session=session, snapshot=driven(0)) as seen:
        for idle_ms in range(1_000, 90_000, 10_000):
            await seen.show(driven(idle_ms))
        await seen.pilot.pause(1.2)
        assert session.intents == []


async def test_the_keys_of_who_looks_on_are_nobodys_business() -> None:
    other = driven(40_000, seat="7")
    session = Seated(other)
    async with opened(session=session, snapshot=other) as seen:
        await seen.press(*"jk")
        assert session.intents == []


def test_from_who_presses_no_key_one_takes_over_with_a_reason() -> None:
    asked = driving(driven(60_000), user="kim", seat="2")
    assert isinstance(asked, Question)
    assert asked.title == f"take over from {fixtures.USER}, who presses no key: why?"
    assert asked.intent("no answer") == Drive("kim", fixtures.USER, "no answer")
    assert asked.intent("") is None
    words = f"you look on, and {fixtures.USER} presses no key: D takes over"
    assert looks_on(driven(60_000)) == words
    gone = driving(driven(60_000, seat=""), user="kim", seat="2")
    assert isinstance(gone, Question)
    assert "who is gone" in gone.title
    assert driving(driven(59_999), user="kim", seat="2") == Drive("kim")
    assert isinstance(driving(driven(60_000), user=fixtures.USER, seat="1"), Question)
