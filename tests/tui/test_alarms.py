"""Alarms on the screen: which come first, what `K` acknowledges, and what rings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.intents import Acknowledge, Pause
from cockpit.core.snapshot import AlarmView, Snapshot
from cockpit.tui.alarms import alarms, standing, unseen
from cockpit.tui.controls import Question, acknowledging
from cockpit.tui.lines import message_line
from cockpit.tui.run import make_app
from cockpit.tui.status import status_lines
from tests.tui import fixtures
from tests.tui.seen import opened

AT = fixtures.AT_MS


def quiet(*found: AlarmView) -> Snapshot:
    return fixtures.snapshot(partitions=fixtures.partitions(1, 2), alarms=found)


def alarm(subject: str = "a", level: str = "bad", seen_by: str = "") -> AlarmView:
    assert level in ("bad", "warn")
    return AlarmView(
        "bad" if level == "bad" else "warn", subject, f"{subject} is wrong", AT - 60_000, seen_by
    )


def status(snapshot: Snapshot, width: int = 120) -> str:
    return status_lines(snapshot, width=width, user="ana")[1].plain


def test_what_nobody_has_seen_comes_first_and_is_counted_apart() -> None:
    snapshot = quiet(alarm("a", seen_by="ben"), alarm("b", "warn"))
    assert alarms(snapshot) == ("b is wrong", "a is wrong [seen by ben]")
    assert [one.subject for one in unseen(snapshot)] == ["b"]
    assert "2 alarms (1 seen)" in status(snapshot)
    assert "b is wrong" in message_line(snapshot, None, user="ana", width=80).plain
    all_seen = quiet(alarm("a", seen_by="ben"))
    assert "1 alarm (1 seen)" in status(all_seen)
    assert "ALARM" not in message_line(all_seen, None, user="ana", width=80).plain


def test_what_the_screen_derives_and_what_the_engine_raises_are_one_alarm() -> None:
    snapshot = fixtures.fired()
    (derived,) = [one for one in standing(snapshot) if one.subject.startswith("trigger ")]
    assert derived.since_ms is None
    raised = AlarmView("bad", derived.subject, "in the engine's words", AT, "ben")
    both = replace(snapshot, alarms=(*snapshot.alarms, raised))
    (one,) = [one for one in standing(both) if one.subject == derived.subject]
    assert (one.text, one.since_ms, one.seen_by) == (derived.text, AT, "ben")
    assert len(standing(both)) == len(standing(snapshot))


def test_a_wave_that_holds_is_an_alarm_with_its_reason() -> None:
    fine = quiet()
    waves = (replace(fine.waves[0], word="holding", detail="fence: not verified in time"),)
    (alarm,) = unseen(replace(fine, waves=waves))
    assert alarm.level == "bad"
    assert alarm.text == f"wave {waves[0].name} holds (R goes back): fence: not verified in time"


def test_the_key_is_bound_to_the_alarm_that_it_names() -> None:
    asked = acknowledging(quiet(alarm("a", seen_by="ben"), alarm("b"), alarm("c")), user="ana")
    assert isinstance(asked, Question)
    assert "b is wrong" in asked.title
    assert asked.intent("") == Acknowledge("b", "ana", AT - 60_000)
    nothing = acknowledging(quiet(alarm("a", seen_by="ben")), user="ana")
    assert nothing == "no alarm waits to be acknowledged"
    not_raised = acknowledging(replace(fixtures.fired(), alarms=()), user="ana")
    assert isinstance(not_raised, str)
    assert "not raised that alarm yet" in not_raised


async def test_k_without_an_alarm_is_a_sentence_and_the_next_key_acts() -> None:
    async with opened(quiet()) as seen:
        await seen.press("K")
        assert "no alarm waits to be acknowledged" in seen.rows()[-2]
        await seen.press("P")
        assert seen.session.intents == [Pause("ana")]


async def test_k_and_enter_acknowledge_and_escape_does_not() -> None:
    async with opened(quiet(alarm("a"))) as seen:
        await seen.press("K", "escape")
        assert seen.session.intents == []
        await seen.press("K", "enter")
        assert seen.session.intents == [Acknowledge("a", "ana", AT - 60_000)]


async def test_only_the_highest_priority_that_nobody_has_seen_rings_once_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung: list[int] = []
    async with opened(quiet()) as seen:
        monkeypatch.setattr(seen.app, "bell", lambda: rung.append(1))
        steps: list[tuple[tuple[AlarmView, ...], int]] = [
            ((alarm("a", "warn"),), 0),  # not of the highest priority
            ((alarm("b"),), 1),
            ((alarm("b"),), 1),  # the same
            ((alarm("b", seen_by="ben"), alarm("a", "warn")), 1),
            ((alarm("b"),), 2),  # worse than what ben has seen
            ((alarm("b"), alarm("c")), 3),
            ((), 3),
            ((alarm("c"),), 4),  # it is back
        ]
        for number, (found, wanted) in enumerate(steps):
            await seen.show(fixtures.later(quiet(*found), 20_000 * (number + 1)))
            assert len(rung) == wanted, number


async def test_an_alarm_that_came_while_it_was_quiet_rings_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rung: list[int] = []
    async with opened(quiet()) as seen:
        monkeypatch.setattr(seen.app, "bell", lambda: rung.append(1))
        for at_ms, found in ((1, ("a",)), (2_000, ("a", "b")), (11_000, ("a", "b"))):
            await seen.show(fixtures.later(quiet(*map(alarm, found)), at_ms))
        assert len(rung) == 2


async def test_the_bell_can_be_off(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []
    async with opened(quiet()) as seen:
        monkeypatch.setattr(seen.app, "bell", lambda: rung.append(1))
        seen.app.rings = False
        await seen.show(fixtures.later(quiet(alarm()), 1_000))
        assert rung == []
        for value, rings in (("off", False), ("on", True), ("", True)):
            environment = {"COCKPIT_BELL": value, "TERM": "xterm-256color"}
            app = make_app(seen.session, user="ana", environment=environment)
            assert app.rings is rings


def test_of_several_the_one_that_began_is_named_where_another_is_told() -> None:
    late, first = alarm("late"), replace(alarm("first", "warn"), since_ms=AT - 90_000)
    told = message_line(quiet(late, first), None, user="ana", width=80).plain
    assert told.startswith(" ALARM late is wrong  (+1 more, first first 02:12:37Z)")
    same = message_line(quiet(replace(late, since_ms=AT - 99_000), first), None, user="ana",
                        width=80).plain  # fmt: skip
    assert same.endswith("(+1 more)")


@pytest.mark.parametrize(
    ("width", "behind"),
    [
        (80, "  (+1 more, first first 02:12:37Z)"),
        (60, "  (+1 more)"),
        (45, "  +1"),
        (40, ""),
    ],
)
def test_what_is_said_of_others_gives_way_before_the_worst_alarm(width: int, behind: str) -> None:
    worst = replace(alarm("late"), text="the fence's deadline passed 00:05")
    first = replace(alarm("first", "warn"), since_ms=AT - 90_000)
    told = message_line(quiet(worst, first), None, user="ana", width=width).plain
    assert told == f" ALARM {worst.text}{behind}"
