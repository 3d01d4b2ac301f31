"""Hands that do not look: no random key, click, held key or paste ever begins an action, and no
alarm takes a letter from whoever types.

Here are some of each; `make soak` runs ten thousand key sequences and ten thousand clicks.
"""

from __future__ import annotations

import os
import random
import select
import time
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from cockpit.core.intents import AddNote, Arm, Confirm, End, Intent
from cockpit.core.snapshot import AlarmView, ArmedView
from cockpit.tui.keynames import textual_name
from cockpit.tui.keys import KEYS, LIVE, Key, KeyTable, deliberate
from tests.tui import fixtures
from tests.tui.reflexes import (
    BEGINS,
    HARMLESS,
    STATES,
    WITHOUT,
    _all,
    press,
    random_clicks,
    random_keys,
    staying,
)
from tests.tui.seen import Seen, answering, opened
from tests.tui.test_run import on_a_terminal, read_until


def actions(seen: Seen) -> list[Intent]:
    """What the session was asked for that is not harmless."""
    return [one for one in seen.session.intents if not isinstance(one, HARMLESS)]


def test_the_keys_that_begin_an_action_are_these() -> None:
    assert set("AREVDON") == BEGINS
    assert set(WITHOUT) >= {"Y", "y", "P", "enter", "space", "ctrl+enter", "colon"}


@pytest.mark.parametrize("state", STATES)
async def test_random_keys_begin_nothing(state: str) -> None:
    async with staying(STATES[state]()) as seen:
        await random_keys(seen, random.Random(state), 12)
        assert actions(seen) == []


@pytest.mark.parametrize("state", ["calm", "another has armed"])
async def test_random_clicks_do_nothing(state: str) -> None:
    async with staying(STATES[state]()) as seen:
        await random_clicks(seen, random.Random(state), 250)
        assert seen.session.intents == []


async def test_clicks_confirm_nothing_that_is_armed() -> None:
    async with staying(STATES["calm"]()) as seen:
        await seen.press("A", then_s=0.8)
        await random_clicks(seen, random.Random(3), 250)
        assert seen.session.intents == [Arm("advance", by="ana")]


async def test_an_action_on_a_reflex_would_be_found() -> None:
    """The proof is worth something: with `advance` on a lower-case letter it fails."""
    (advance,) = (key for key in KEYS if key.id == "advance")
    table = KeyTable.of((*KEYS, replace(advance, id="advance.2", keys=("n", "x", "a", "v"))))
    async with staying(STATES["calm"]()) as seen:
        seen.app.board.keys = table
        await random_keys(seen, random.Random(4), 40)
        assert actions(seen) != []


@pytest.mark.parametrize(
    "key",
    [key for key in LIVE.keys if key.group not in {"move", "safe"} and not key.pane],
    ids=lambda key: key.id,
)
async def test_a_held_key_does_no_more_than_one_press(key: Key) -> None:
    async with staying(STATES["calm"]()) as seen:
        press(seen, [key.keys[0]] * 60)
        await seen.pilot.pause()
        begun = actions(seen)
        assert len(begun) <= 1
        assert not any(isinstance(one, (Confirm, End)) for one in begun)
        assert begun == [] or deliberate(key)


async def test_a_held_y_confirms_nothing() -> None:
    async with answering() as seen:
        await seen.press("A", then_s=0.7)
        for _ in range(60):  # 30 a second, as a keyboard repeats
            seen.app.post_message(events.Key("Y", "Y"))
            await seen.pilot.pause(0.033)
        await seen.pilot.pause(0.1)
        assert Confirm not in {type(one) for one in seen.session.intents}


RECORDING = """
import sys
from unittest import mock
from cockpit.tui.app import CockpitApp
from cockpit.tui.run import run_screen
from tests.tui import fixtures
from tests.tui.sessions import AnsweringSession
class Recorded(AnsweringSession):
    async def submit(self, intent):
        print(type(intent).__name__, file=open({path!r}, "a"))
        await super().submit(intent)
with mock.patch.object(CockpitApp, "leave"):
    run_screen(Recorded(fixtures.snapshot(actions=fixtures.actions())), user="ana")
"""


def pasted(path: Path, text: bytes) -> set[str]:
    """What a screen on a real terminal was asked for after these bytes, by kind."""
    path.touch()
    with on_a_terminal(RECORDING.format(path=str(path))) as (_, master):
        read_until(master, b"payments-week")
        os.set_blocking(master, False)
        for at in range(0, len(text), 512):
            _write(master, text[at : at + 512])
        # a key whose answer tells that all before it was looked at: it reaches every dialog
        for _ in range(100):
            _write(master, b"\x1b", within_s=0.3)
            _write(master, b"P", within_s=0.3)
            if "Pause" in path.read_text():
                break
        _write(master, b"", within_s=1.0)
        return set(path.read_text().split())


def _write(master: int, data: bytes, within_s: float = 0.0) -> None:
    """All of it, while what comes back is read, and for a while longer."""
    until = time.perf_counter() + within_s
    while data or time.perf_counter() < until:
        readable, writable, _ = select.select([master], [master] if data else [], [], 0.05)
        if readable:
            os.read(master, 65_536)
        if writable:
            data = data[os.write(master, data) :]


def test_a_paste_on_a_real_terminal_is_no_key(tmp_path: Path) -> None:
    rng = random.Random(5)
    letters = b"PARVEDONKLYymq:/\r\n\t 0123456789jk"
    text = bytes(rng.choices(letters, k=100_000))
    assert pasted(tmp_path / "asked", b"\x1b[200~" + text + b"\x1b[201~") == {"Pause"}


def test_a_paste_without_brackets_confirms_nothing(tmp_path: Path) -> None:
    rng = random.Random(6)
    text = bytes(rng.choices(b"PARVKLYYYymjkhs \r\n0123456789", k=5_000))
    kinds = pasted(tmp_path / "asked", text)
    assert not kinds & {"Confirm", "End", "Answer", "Veto", "Offer", "Accept"}


async def test_a_thousand_alarms_take_no_letter_from_whoever_types() -> None:
    text = "todo: ask Mira whether orders/3 lags since 02:14, then decide"
    calm = fixtures.snapshot()
    async with opened(calm) as seen:
        await seen.press("m")
        for number in range(1_000):
            at = calm.at_ms + number * 100
            alarm = AlarmView("bad", f"a{number}", f"alarm {number}", at)
            seen.session.play(
                fixtures.later(calm, number * 100, alarms=(alarm,), armed=_another(number))
            )
            if number % 16 == 0 and number // 16 < len(text):
                press(seen, [_name(text[number // 16])])
            if number % 40 == 0:
                await seen.pilot.pause()
        await seen.pilot.pause()
        await seen.press("enter")
        assert seen.session.intents == [AddNote(text, by="ana")]


def _another(number: int) -> ArmedView | None:
    """Somebody else arms and takes back all the while."""
    return fixtures.armed_view("advance", "bo") if number % 7 < 3 else None


def _name(character: str) -> str:
    name = textual_name(character)
    assert name is not None
    return name


@pytest.mark.soak
@pytest.mark.timeout(3_600)
async def test_ten_thousand_key_sequences_and_ten_thousand_clicks_begin_nothing() -> None:
    assert await _all(10_000, 10_000, seed=1)
