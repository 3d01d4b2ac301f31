"""Commands by number do what the keys do, and nothing is done that was not read and typed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from cockpit.core.crewview import CrewView, PersonView
from cockpit.core.intents import (
    Acknowledge,
    AddNote,
    Answer,
    Arm,
    Beat,
    Confirm,
    Disarm,
    Drive,
    End,
    Pause,
    Veto,
)
from cockpit.core.snapshot import Snapshot
from cockpit.tui.keys import KEYS
from cockpit.tui.linewise import COMMANDS, TOO_SOON_S, Linewise
from cockpit.tui.result import ScreenResult
from tests.tui import fixtures
from tests.tui.sessions import AnsweringSession, PlayedSession
from tests.tui.watched import alarms

Later = Callable[[], float]


class Person:
    """Somebody at a line-wise screen, and what he was told."""

    def __init__(self, session: PlayedSession, user: str) -> None:
        self.session = session
        self.told: list[str] = []
        self.lines = Linewise(session, user=user, tell=self.told.append)

    async def types(self, *lines: str, after_s: float = 60.0) -> None:
        """Type lines, each long after the last question was asked."""
        for line in lines:
            at_s = asyncio.get_running_loop().time() + after_s
            await self.lines.typed(line, at_s)
            await settle()

    async def sees(self, snapshot: Snapshot) -> None:
        """The next snapshot comes."""
        self.session.play(snapshot)
        await settle()

    def was_told(self, part: str) -> bool:
        return any(part in line for line in self.told)


async def settle() -> None:
    """Let everything that is ready run."""
    for _ in range(8):
        await asyncio.sleep(0)


@asynccontextmanager
async def sitting(
    session: PlayedSession | None = None, user: str = fixtures.USER
) -> AsyncIterator[Person]:
    """A person who looks on, with the first snapshot told."""
    base = fixtures.snapshot(actions=fixtures.actions())
    person = Person(session or AnsweringSession(base), user)
    task = asyncio.ensure_future(person.lines.follow())
    await settle()
    try:
        yield person
    finally:
        person.lines.leave("quit")
        assert isinstance(await task, ScreenResult)
        assert person.session.closed


def number(name: str) -> str:
    return str(COMMANDS.index(name) + 1)


async def test_help_numbers_every_key_that_acts_and_says_why_one_is_closed() -> None:
    session = PlayedSession(fixtures.snapshot())
    async with sitting(session) as person:
        await person.types("help")
        acts = [key.id for key in KEYS if key.group in ("act", "people") and key.id != "point"]
        assert set(acts) <= set(COMMANDS)
        for at, _ in enumerate(COMMANDS, 1):
            assert person.was_told(f"{at} ")
        assert f"{number('advance')} advance (not now: gate replication_lag FAIL)" in person.told


async def test_advancing_takes_the_number_and_then_the_wave_s_name() -> None:
    async with sitting() as person:
        await person.types(number("advance"))
        assert person.session.intents == [Arm("advance", "ana")]
        assert person.was_told("advance writers is armed")
        for line in fixtures.armed_view().lines:
            assert person.was_told(line)
        assert person.told[-1] == "ANN: type writers to advance; any other line takes it back"
        await person.types("writers")
        assert person.session.intents[1:] == [Confirm("4be1f0", "ana", "writers")]


@pytest.mark.parametrize("answer", ["", ".", "y", "Y", "yes", "Writers", "writers-2", "2"])
async def test_any_other_line_takes_it_back(answer: str) -> None:
    async with sitting() as person:
        await person.types("A", answer)
        assert person.session.intents == [Arm("advance", "ana"), Disarm("ana")]


async def test_what_was_typed_before_the_question_could_be_read_confirms_nothing() -> None:
    async with sitting() as person:
        await person.types(number("advance"))
        for early_s in (0.0, TOO_SOON_S / 2):
            await person.types("writers", after_s=early_s)
            assert "too soon" in person.told[-1]
        assert person.session.intents == [Arm("advance", "ana")]
        await person.types("writers")
        assert isinstance(person.session.intents[-1], Confirm)


async def test_a_pasted_flight_flies_nothing() -> None:
    async with sitting() as person:
        await person.types(*["2", "writers", "yes", "end", "5", "end"] * 20, after_s=0.0)
        assert not any(isinstance(one, Confirm | End) for one in person.session.intents)


async def test_random_lines_confirm_nothing_without_the_name() -> None:
    rng = random.Random(5)
    words = [
        *map(str, range(-1, 25)),
        *COMMANDS,
        "y",
        "Y",
        "",
        "\x1b[A",
        "9" * 50,
        "²",
        *"PARVEDONKm",
    ]
    async with sitting() as person:
        for _ in range(2_000):
            await person.lines.typed(rng.choice(words), asyncio.get_running_loop().time() + 60)
        await settle()
        assert not any(isinstance(one, Confirm) for one in person.session.intents)


async def test_what_is_no_longer_armed_is_not_confirmed() -> None:
    async with sitting() as person:
        await person.types("A")
        await person.sees(fixtures.later(fixtures.snapshot(), 20_000))
        assert person.was_told("it is no longer armed")
        await person.types("writers")
        assert person.session.intents == [Arm("advance", "ana")]


async def test_the_same_armed_again_is_asked_again_and_another_s_is_not() -> None:
    session = PlayedSession(fixtures.snapshot())
    async with sitting(session) as person:
        await person.sees(fixtures.armed(by="ben"))
        assert not person.was_told("is armed:")
        for at_ms in (1_000, 60_000):
            await person.sees(fixtures.later(fixtures.snapshot(), at_ms))
            view = fixtures.armed_view(at_ms=fixtures.AT_MS + at_ms)
            await person.sees(fixtures.later(fixtures.snapshot(), at_ms, armed=view))
        assert sum("writers is armed" in line for line in person.told) == 2


async def test_while_others_are_asked_the_name_waits() -> None:
    session = PlayedSession(fixtures.snapshot())
    view = replace(fixtures.armed_view(), level=3, waits_for="commander")
    async with sitting(session) as person:
        await person.sees(fixtures.snapshot(armed=view))
        await person.types("writers")
        assert "it waits for the go of commander" in person.told[-1]
        assert session.intents == []
        await person.sees(fixtures.snapshot(armed=replace(view, waits_for="")))
        await person.types("writers")
        assert session.intents == [Confirm("4be1f0", "ana", "writers")]


async def test_pausing_is_one_line_whatever_is_closed() -> None:
    closed = fixtures.snapshot(actions=fixtures.actions(pause="why not"))
    async with sitting(PlayedSession(closed)) as person:
        await person.types("1", "pause", "P")
        assert person.session.intents == [Pause("ana")] * 3


async def test_a_closed_command_says_why_and_asks_nothing() -> None:
    async with sitting(PlayedSession(fixtures.snapshot())) as person:
        await person.types("advance")
        assert person.told[-1] == "advance: gate replication_lag FAIL"
        assert person.session.intents == []


@pytest.mark.parametrize(
    ("lines", "intent"),
    [
        (("note", "todo: look"), AddNote("todo: look", "ana")),
        (("end", "end"), End("ana")),
        (("end", "yes"), None),
        (("drive",), Drive("ana")),
        (("veto", "too early"), Veto("too early", "ana")),
        (("veto", ""), None),
        (("note", "."), None),
        (("acknowledge", "no"), None),
    ],
)
async def test_each_command_is_what_the_key_is(
    lines: tuple[str, ...], intent: object | None
) -> None:
    async with sitting(PlayedSession(fixtures.snapshot(actions=fixtures.actions()))) as person:
        await person.types(*lines)
        assert person.session.intents == ([] if intent is None else [intent])


async def test_the_alarm_that_was_named_is_acknowledged() -> None:
    async with sitting() as person:
        alarm = alarms()[0]
        await person.types("acknowledge", "yes")
        assert person.was_told(f"type yes to acknowledge: {alarm.text}")
        assert person.session.intents == [Acknowledge(alarm.subject, "ana", alarm.since_ms)]


async def test_a_go_needs_the_name_too() -> None:
    view = replace(fixtures.armed_view(by="ben"), level=3, waits_for="observer")
    async with sitting(PlayedSession(fixtures.snapshot(armed=view))) as person:
        await person.types("go", "yes", "go", "writers")
        assert person.session.intents == [Answer("4be1f0", True, "ana")]


async def test_readings_are_told_on_demand() -> None:
    async with sitting() as person:
        for name, part in (("status", "WRITES: SOURCE"), ("waves", "wave 2, writers, running"),
                           ("gates", "gate parity UNKNOWN"), ("lag", "orders partition 3: 1,204"),
                           ("alarms", "alarm: "), ("people", "nobody else")):  # fmt: skip
            await person.types(number(name))
            assert person.was_told(part), name


async def test_before_anything_is_known_and_after_the_end_nothing_is_sent() -> None:
    async with sitting(PlayedSession()) as person:
        await person.types("advance", "gates")
        assert person.told[-2:] == ["no data from the engine yet"] * 2
        assert person.session.intents == []


async def test_the_end_of_the_session_ends_it_with_the_outcome() -> None:
    session = PlayedSession(fixtures.finished())
    session.end()
    person = Person(session, "ana")
    result = await person.lines.follow()
    assert (result.reason, result.outcome) == ("session ended", "completed")
    assert "WRITES: TARGET" in result.last_line


class SeatedSession(PlayedSession):
    """A session in which this person sits in a seat."""

    seat = "3"


async def test_whatever_the_driver_types_shows_that_he_is_there() -> None:
    me = CrewView(people=(PersonView("ana", (), 1, 0, 0),), driver="ana", seat="3")
    asked = replace(me, ask_ms=fixtures.AT_MS + 30_000, until_ms=fixtures.AT_MS + 60_000)
    async with sitting(SeatedSession(fixtures.snapshot(crew=me))) as person:
        await person.sees(fixtures.later(fixtures.snapshot(), 29_000, crew=asked))
        assert not person.was_told("still driving?")
        await person.sees(fixtures.later(fixtures.snapshot(), 31_000, crew=asked))
        assert person.told[-1].startswith("ANN: still driving? type anything")
        assert person.told[-1].endswith("from 02:15:07Z")
        await person.types("", "waves", after_s=60.0)
        await person.types("help", after_s=70.0)
        assert person.session.intents == [Beat("ana"), Beat("ana")]


async def test_who_looks_on_is_no_sign_of_the_driver() -> None:
    ben = CrewView(people=(PersonView("ben", (), 1, 0, 0),), driver="ben", seat="2")
    async with sitting(SeatedSession(fixtures.snapshot(crew=ben))) as person:
        await person.types("help", "advance")
        assert person.session.intents == []
        assert "you look on, ben drives" in person.told[-1]


async def test_a_refusal_is_told() -> None:
    async with sitting(PlayedSession(fixtures.snapshot(), refuse="no")) as person:
        await person.types("pause")
        assert person.told[-1] == "pause refused: no"
