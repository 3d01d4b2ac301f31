"""Keys: one registry, each in the help, each closed one with its reason, none by accident."""

from __future__ import annotations

import random

import pytest
from textual import events

from cockpit.core.intents import (
    Acknowledge,
    AddNote,
    Arm,
    Confirm,
    Disarm,
    Drive,
    End,
    Lift,
    Pause,
    Point,
    Veto,
)
from cockpit.core.snapshot import LogLine
from cockpit.tui.keys import KEYS, LIVE, why_not
from cockpit.tui.playkeys import REPLAY
from cockpit.tui.unbound import no_key
from tests.tui import fixtures
from tests.tui.seen import Seen, answering, opened

ACTS = [key for key in KEYS if key.group == "act" and key.id != "note"]
EVERY_KEY = [
    *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXZ0123456789",
    "enter", "escape", "tab", "shift+tab", "space", "up", "down", "pageup", "pagedown", "home",
    "end", "backspace", "delete", "left", "right", "f1", "f2", "f10", "slash", "question_mark",
    "colon", "exclamation_mark", "ctrl+a", "ctrl+c", "ctrl+d", "ctrl+p", "ctrl+q", "ctrl+z",
    "ctrl+r", "ctrl+s", "ctrl+backslash", "insert", "less_than_sign", "left_square_bracket",
]  # fmt: skip


def test_no_key_has_two_meanings() -> None:
    names = [name for key in KEYS for name in key.keys]
    assert len(names) == len(set(names)) == len(LIVE.by_key)
    assert len({key.id for key in KEYS}) == len(KEYS)


def test_what_changes_the_flight_is_a_capital_letter() -> None:
    for key in ACTS:
        assert len(key.keys) == 1
        assert key.keys[0].isupper()
        assert len(key.keys[0]) == 1
    assert {key.verb for key in ACTS} == {"pause", "advance", "rollback", "recover", "end"}


async def test_every_key_is_in_the_help() -> None:
    async with opened(size=(120, 94)) as seen:
        await seen.press("question_mark")
        text = " ".join(seen.text().split())
        for key in KEYS:
            assert key.shown in text
            assert " ".join(key.help.split()[:4]) in text
        assert "(not now: gate replication_lag FAIL)" in text
        await seen.press("q")
        assert "this page" not in seen.text()


async def test_help_scrolls_at_80x24() -> None:
    async with opened() as seen:
        await seen.press("f1")
        assert "more below, j k scroll" in seen.text()
        await seen.press("G")
        assert "ssh -C" in seen.text()
        await seen.press("g", "escape")
        assert "6 gates" in seen.text()


@pytest.mark.parametrize("key", ACTS, ids=lambda key: key.id)
async def test_a_closed_key_says_why_on_the_message_line_and_in_the_log(key: object) -> None:
    closed = fixtures.snapshot(
        actions=fixtures.actions(
            advance="gate x UNKNOWN", rollback="gate x UNKNOWN", pause="gate x UNKNOWN",
            end="gate x UNKNOWN", recover="gate x UNKNOWN",
        )
    )  # fmt: skip
    name = key.keys[0]  # type: ignore[attr-defined]
    async with opened(closed) as seen:
        assert f"({name})" in seen.rows()[-1]
        await seen.press(name)
        assert "gate x UNKNOWN" in seen.rows()[-2]
        assert "(this screen)" in seen.row_with("02:14:07Z !")
        allowed = [Pause(by="ana")] if name == "P" else []
        assert seen.session.intents == allowed


def test_why_not_before_anything_is_known() -> None:
    for key in ACTS:
        assert why_not(key, None)
        assert why_not(key, fixtures.snapshot(actions=()))
        assert why_not(key, fixtures.snapshot(), ended=True) == "the session has ended"


async def test_pause_needs_one_key_and_nothing_else() -> None:
    async with opened() as seen:
        await seen.press("P")
        assert seen.session.intents == [Pause(by="ana")]
        assert "pause sent" in seen.rows()[-2]


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q", "ctrl+z", "ctrl+d"])
async def test_reflexes_do_nothing_but_say_so(key: str) -> None:
    async with opened(fixtures.snapshot(alarms=())) as seen:
        await seen.press(key)
        assert "does nothing here, on purpose" in seen.rows()[-2]
        assert seen.app.return_value is None
        assert seen.session.intents == []


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("X", "X does nothing; E: end the flight, close the session"),
        ("n", "n does nothing; N: no-go to what somebody else has armed"),
        ("l", "l does nothing; L: point at the row under the cursor"),
        ("f5", "f5 does nothing: what is shown is read anew all the time"),
        ("left", "left does nothing; ? shows the keys"),
    ],
)
async def test_a_key_that_does_nothing_says_so_and_which_one_does(key: str, said: str) -> None:
    async with opened() as seen:
        await seen.press(key)
        assert seen.rows()[-2].startswith(f" {said}")
        assert seen.session.intents == []


@pytest.mark.parametrize("name", [name for name in EVERY_KEY if name not in LIVE.by_key])
def test_of_no_key_without_a_meaning_nothing_is_said(name: str) -> None:
    for table in (LIVE, REPLAY):
        assert name in table.by_key or " does nothing" in no_key(name, None, table)


async def test_what_the_engine_refuses_its_user_is_told_on_the_message_line_once() -> None:
    calm = fixtures.snapshot(alarms=(), log=(refusal(1, "ana", "before this screen came"),))
    async with opened(calm) as seen:
        assert "before this screen" not in seen.rows()[-2]
        other = (*calm.log, refusal(2, "ben", "not for ana"))
        await seen.show(fixtures.later(calm, 100, log=other))
        assert "not for ana" not in seen.rows()[-2]
        mine = (*other, refusal(3, "ana", "nobody sits there"))
        await seen.show(fixtures.later(calm, 200, log=mine))
        assert "point refused (ana): nobody sits there" in seen.rows()[-2]
        seen.app.board.unsay()
        await seen.show(fixtures.later(calm, 300, log=mine))
        assert "nobody sits there" not in seen.rows()[-2]


def refusal(seq: int, user: str, why: str) -> LogLine:
    return LogLine(seq, fixtures.AT_MS, "warn", f"point refused ({user}): {why}")


async def test_a_held_key_arms_once() -> None:
    async with opened(fixtures.snapshot(actions=fixtures.actions())) as seen:
        await press_fast(seen, ["A"] * 40)
        assert seen.session.intents == [Arm("advance", by="ana")]


async def press_fast(seen: Seen, keys: list[str]) -> None:
    """Keys as fast as a paste without brackets brings them."""
    for key in keys:
        character = key if len(key) == 1 else None
        seen.app.post_message(events.Key(key, character))
    await seen.pilot.pause()


async def test_ten_thousand_random_keys_confirm_nothing() -> None:
    rng = random.Random(11)
    async with answering() as seen:
        for _ in range(40):
            await press_fast(seen, rng.choices(EVERY_KEY, k=250))
            if seen.app.return_value is not None:
                break
        kinds = {type(intent) for intent in seen.session.intents}
        assert kinds <= {Arm, Disarm, Pause, AddNote, Drive, Veto, Lift, Point, Acknowledge}


async def test_random_text_with_the_confirming_letter_in_it_confirms_nothing() -> None:
    rng = random.Random(12)
    letters = [key for key in EVERY_KEY if key not in {"q", "m", "slash", "D", "N"}] + ["Y"] * 10
    async with answering() as seen:
        for _ in range(10):
            await press_fast(seen, rng.choices(letters, k=200))
        kinds = {type(intent) for intent in seen.session.intents}
        assert Confirm not in kinds
        assert End not in kinds


@pytest.mark.parametrize("screen", ["board", "dialog", "help"])
async def test_a_paste_is_no_key(screen: str) -> None:
    async with answering() as seen:
        if screen == "dialog":
            await seen.press("A", then_s=0.1)
        elif screen == "help":
            await seen.press("question_mark")
        before = list(seen.session.intents)
        seen.app.post_message(events.Paste("PAREY\nqy\nY" * 1000))
        await seen.pilot.pause(0.8)
        assert seen.session.intents == before
        assert seen.app.return_value is None
