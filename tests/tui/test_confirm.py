"""The dialogs before what changes the flight: one deliberate Y, nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from cockpit.core.intents import Arm, Confirm, Disarm, End, Pause
from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.tui.screens import confirm
from cockpit.tui.screens.confirm import ALONE_S, ConfirmScreen, EndScreen
from tests.tui import fixtures
from tests.tui.seen import Seen, opened
from tests.tui.test_keys import press_fast

QUIET_S = 0.3
OPEN_S = 0.4 + 0.15
DONE_S = ALONE_S + 0.1


@pytest.fixture(autouse=True)
def short_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "QUIET_S", QUIET_S)


def is_open(seen: Seen) -> bool:
    return isinstance(seen.app.screen, ConfirmScreen)


def plain() -> Snapshot:
    return fixtures.snapshot(actions=fixtures.actions())


async def test_arming_asks_the_engine_and_its_answer_opens_the_dialog() -> None:
    async with opened(plain()) as seen:
        await seen.press("A")
        assert seen.session.intents == [Arm("advance", by="ana")]
        assert not is_open(seen)
        await seen.show(fixtures.later(fixtures.armed(), 100))
        assert is_open(seen)
        text = seen.text()
        assert "ADVANCE writers?" in text
        for line in fixtures.armed_view().lines:
            assert line in text
        assert "15s left" in text
        assert "WRITES: SOURCE" in seen.rows()[0]


async def test_one_y_confirms_with_the_token_that_was_shown() -> None:
    async with opened(fixtures.armed("rollback")) as seen:
        assert "ROLL BACK writers?" in seen.text()
        await seen.pilot.pause(OPEN_S)
        assert "press Y to confirm   esc" in seen.text()
        await seen.press("Y", then_s=DONE_S)
        assert seen.session.intents == [Confirm("4be1f0", by="ana")]
        assert not is_open(seen)
        assert "confirmed: rollback writers" in seen.rows()[-2]


def grave() -> Snapshot:
    armed = replace(fixtures.armed_view(), level=2)
    return replace(fixtures.armed(), armed=armed)


async def test_what_is_grave_is_confirmed_by_its_name() -> None:
    async with opened(grave()) as seen:
        await seen.pilot.pause(OPEN_S)
        await seen.press("Y", then_s=DONE_S)
        assert "type writers to confirm" in seen.text()
        assert seen.session.intents == []
        await seen.press(*"writers", "enter")
        assert seen.session.intents == [Confirm("4be1f0", by="ana", typed="writers")]
        assert "confirmed: advance writers" in seen.rows()[-2]
        assert "confirmed: advance writers" in seen.row_with("(this screen)")


async def test_whoever_leaves_the_question_for_the_name_leaves_nothing_armed() -> None:
    async with opened(grave()) as seen:
        await seen.pilot.pause(OPEN_S)
        await seen.press("Y", then_s=DONE_S)
        await seen.press("escape")
        assert seen.session.intents == [Disarm(by="ana")]
        assert "advance writers: taken back" in seen.rows()[-2]


async def test_another_name_is_not_said_to_have_confirmed() -> None:
    async with opened(grave()) as seen:
        await seen.pilot.pause(OPEN_S)
        await seen.press("Y", then_s=DONE_S)
        await seen.press(*"readers", "enter")
        assert "not confirmed, that is another name" in seen.rows()[-2]


async def test_that_the_engine_is_asked_is_said_until_it_answers() -> None:
    async with opened(plain()) as seen:
        await seen.press("A")
        assert "asking the engine" in seen.rows()[-2]
        await seen.show(fixtures.later(fixtures.armed(), 100))
        assert "asking the engine" not in seen.text()


async def test_a_y_that_comes_too_soon_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "QUIET_S", 30.0)  # on whatever machine
    async with opened(fixtures.armed()) as seen:
        assert re.search(r"press Y to confirm \(in [0-9.]+ s\)", seen.text())
        await seen.press("Y", then_s=DONE_S)
        assert seen.session.intents == []
        assert is_open(seen)


async def test_a_held_y_never_confirms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "QUIET_S", 3.0)  # a busy machine must not look like a pause
    async with opened(fixtures.armed()) as seen:
        for _ in range(30):
            await press_fast(seen, ["Y"])
            await seen.pilot.pause(0.03)
        await seen.pilot.pause(DONE_S)
        assert seen.session.intents == []
        assert is_open(seen)


async def test_a_y_among_other_keys_never_confirms() -> None:
    async with opened(fixtures.armed()) as seen:
        await seen.pilot.pause(OPEN_S)
        await press_fast(seen, ["Y", "e", "s"])
        await seen.pilot.pause(DONE_S)
        assert seen.session.intents == []
        await seen.pilot.pause(QUIET_S + 0.1)
        await press_fast(seen, ["Y", "Y"])
        await seen.pilot.pause(DONE_S)
        assert seen.session.intents == []
        await seen.pilot.pause(QUIET_S + 0.1)
        await seen.press("Y", then_s=DONE_S)
        assert seen.session.intents == [Confirm("4be1f0", by="ana")]


async def test_what_means_no_takes_it_back_and_it_does_not_open_again() -> None:
    async with opened(plain()) as seen:
        for number, key in enumerate(("escape", "n", "enter", "q", "ctrl+c", "N"), 1):
            at_ms = fixtures.AT_MS + 1_000 * number
            armed = fixtures.snapshot(
                at_ms=at_ms, armed=fixtures.armed_view(at_ms=at_ms), actions=fixtures.actions()
            )
            await seen.show(armed)
            assert is_open(seen)
            await seen.press(key)
            assert seen.session.intents == [Disarm(by="ana")] * number
            assert not is_open(seen)
            await seen.show(fixtures.later(armed, 200))
            assert not is_open(seen)


async def test_other_keys_do_nothing() -> None:
    async with opened(fixtures.armed()) as seen:
        await seen.pilot.pause(OPEN_S)
        await seen.press("y", "space", "a", "A", "tab", then_s=DONE_S)
        assert seen.session.intents == []
        assert is_open(seen)


async def test_pausing_works_from_the_dialog() -> None:
    async with opened(fixtures.armed()) as seen:
        await seen.press("P")
        assert seen.session.intents == [Pause(by="ana"), Disarm(by="ana")]
        assert not is_open(seen)


async def test_it_closes_by_itself_when_what_was_shown_has_changed() -> None:
    async with opened(fixtures.armed()) as seen:
        other = replace(fixtures.armed_view(), token="ffffff")
        await seen.pilot.pause(OPEN_S)
        seen.session.play(fixtures.later(fixtures.armed(), 900, armed=other))
        await press_fast(seen, ["Y"])
        await seen.pilot.pause(DONE_S)
        assert "what was shown has changed" in seen.text()
        assert all(intent != Confirm("ffffff", by="ana") for intent in seen.session.intents)


async def test_it_closes_by_itself_with_the_engines_reason() -> None:
    async with opened(fixtures.armed()) as seen:
        why = LogLine(300, fixtures.AT_MS, "warn", "advance disarmed: gate parity UNKNOWN")
        after = fixtures.later(plain(), 900, log=(*fixtures.log(), why))
        await seen.show(after)
        assert not is_open(seen)
        assert "closed: advance disarmed: gate parity UNKNOWN" in seen.rows()[-2]


async def test_it_closes_when_its_time_is_over() -> None:
    async with opened(fixtures.armed()) as seen:
        await seen.show(fixtures.later(fixtures.armed(), 14_000))
        assert "1.0s left" in seen.text()
        await seen.show(fixtures.later(plain(), 15_001))
        assert not is_open(seen)
        assert "not confirmed in time" in seen.rows()[-2]


async def test_the_same_thing_armed_again_opens_again() -> None:
    async with opened(fixtures.armed()) as seen:
        await seen.press("escape")
        again = fixtures.armed_view(at_ms=fixtures.AT_MS + 3_000)
        await seen.show(fixtures.later(fixtures.armed(), 3_000, armed=again))
        assert is_open(seen)


async def test_what_another_person_armed_opens_nothing_here() -> None:
    async with opened(fixtures.armed(by="ben")) as seen:
        assert not is_open(seen)
        assert "ben is about to confirm" in seen.rows()[-2]


async def test_a_dialog_waits_until_a_text_is_finished() -> None:
    async with opened(plain()) as seen:
        await seen.press("m", *"abc")
        await seen.show(fixtures.later(fixtures.armed(), 100))
        assert not is_open(seen)
        await seen.press("Y", "escape")
        await seen.show(fixtures.later(fixtures.armed(), 1_100))
        assert is_open(seen)
        assert seen.session.intents == []


async def test_a_simulated_dialog_says_so_itself() -> None:
    async with opened(fixtures.simulated(fixtures.armed())) as seen:
        assert "SIMULATED" in seen.row_with("ADVANCE writers?")
        await seen.press("escape", "question_mark")
        assert "SIMULATED" in seen.row_with(" keys ")


async def test_a_terminal_that_becomes_too_small_takes_it_back() -> None:
    async with opened(fixtures.armed()) as seen:
        await seen.pilot.resize_terminal(50, 12)
        await seen.pilot.pause(0.3)
        assert not is_open(seen)
        assert seen.session.intents == [Disarm(by="ana")]
        await seen.show(fixtures.later(fixtures.armed(), 500))
        assert not is_open(seen)


async def test_long_evidence_scrolls_and_still_confirms() -> None:
    view = replace(fixtures.armed_view(), lines=tuple(f"gate {i} PASS" for i in range(60)))
    async with opened(fixtures.snapshot(armed=view)) as seen:
        assert "more below, j k scroll" in seen.text()
        await seen.press("pagedown", "j")
        assert "gate 12 PASS" in seen.text()
        await seen.pilot.pause(OPEN_S)
        await seen.press("Y", then_s=DONE_S)
        assert seen.session.intents == [Confirm("4be1f0", by="ana")]


async def test_ending_takes_two_keys_as_well() -> None:
    async with opened(plain()) as seen:
        await seen.press("E")
        assert isinstance(seen.app.screen, EndScreen)
        assert "END the flight?" in seen.text()
        await seen.press("enter")
        assert seen.session.intents == []
        await seen.press("E", then_s=OPEN_S)
        await seen.press("Y", then_s=DONE_S)
        assert seen.session.intents == [End(by="ana")]


async def test_the_question_about_the_end_closes_when_ending_becomes_impossible() -> None:
    async with opened(plain()) as seen:
        await seen.press("E")
        closed = fixtures.actions(end="a fence stands")
        await seen.show(fixtures.later(fixtures.snapshot(actions=closed), 500))
        assert not isinstance(seen.app.screen, EndScreen)
        assert "a fence stands" in seen.rows()[-2]
