"""Acknowledged alarms: quiet while they are what was seen, loud when they come back or worse."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cockpit.core.alarms import Ack, Level, Trouble, raised
from cockpit.core.crew import People
from cockpit.core.flight import Asked, Observed, Tell, Ticked
from cockpit.core.intents import Acknowledge, Attach
from cockpit.core.observe import Failure
from cockpit.core.snapshot import AlarmView
from tests.core.build import two_wave_plan
from tests.core.driver import Script


def trouble(subject: str = "x", level: Level = "bad", size: int = 0, hold_ms: int = 0) -> Trouble:
    return Trouble(level, subject, f"{subject} is wrong", hold_ms, size)


def look(*found: Trouble, acks: dict[str, Ack] | None = None) -> tuple[AlarmView, ...]:
    """At troubles that have stood since 1,000 ms."""
    since = {one.subject: 1_000 for one in found}
    return raised(found, since, acks or {}, 50_000).alarms


def ack(level: Level = "bad", size: int = 0, since_ms: int = 1_000) -> dict[str, Ack]:
    return {"x": Ack("ana", level, size, since_ms)}


def test_one_subject_is_one_alarm_and_the_worst_that_nobody_has_seen_comes_first() -> None:
    found = look(trouble(), trouble("b", "warn"), trouble("x", "warn"), trouble("a"), acks=ack())
    assert [(a.subject, a.seen_by) for a in found] == [("a", ""), ("b", ""), ("x", "ana")]


@pytest.mark.parametrize(
    ("now", "then", "seen"),
    [
        (trouble(), ack(), "ana"),
        (trouble(level="warn"), ack("bad"), "ana"),
        (trouble(level="bad"), ack("warn"), ""),
        (trouble(size=3), ack(size=3), "ana"),
        (trouble(size=2), ack(size=3), "ana"),
        (trouble(size=4), ack(size=3), ""),
        (trouble(), ack(since_ms=999), ""),
    ],
)
def test_what_is_no_worse_stays_seen(now: Trouble, then: dict[str, Ack], seen: str) -> None:
    (one,) = look(now, acks=then)
    assert one.seen_by == seen


def test_what_has_become_worse_is_not_seen_when_it_is_better_again() -> None:
    worse = raised((trouble(size=4),), {"x": 1_000}, ack(size=3), 50_000)
    assert worse.acks == {}
    (again,) = raised((trouble(size=3),), worse.since, worse.acks, 51_000).alarms
    assert again.seen_by == ""


DOWN = "no connection"


class Flight:
    """A flight whose source goes away and comes back."""

    def __init__(self, people: People | None = None) -> None:
        self.script = Script(replace(two_wave_plan(), people=people))
        self.script.look(3)
        self.script.told.clear()

    @property
    def told(self) -> list[Tell]:
        return self.script.told

    def send(self, event: Any) -> None:
        self.script.send(event)

    def lose(self) -> None:
        """The source's brokers answer no more, for long enough to be an alarm."""
        for _ in range(7):
            now = self.script.now_ms = self.script.now_ms + 1_000
            self.send(Observed(now, Failure("source.logs", now, now, "unreachable", DOWN)))
            self.send(Ticked(now))

    def find(self) -> None:
        """It answers again."""
        self.script.look(3)

    def press(
        self, subject: str = "side source", by: str = "ana", since: int | None = None
    ) -> None:
        self.send(Asked(self.script.now_ms, Acknowledge(subject, by, since), self.seat))

    seat = ""

    def alarm(self) -> AlarmView | None:
        found = [a for a in self.script.state.watch.alarms if a.subject == "side source"]
        return found[0] if found else None

    def kinds(self) -> list[str]:
        return [one.kind for one in self.told if "alarm" in one.kind or "acknow" in one.kind]


def test_an_alarm_is_told_once_seen_and_told_again_when_it_comes_back() -> None:
    flight = Flight()
    flight.lose()
    alarm = flight.alarm()
    assert alarm is not None
    assert (alarm.level, alarm.text) == ("bad", f"source unreachable: {DOWN}")
    assert flight.kinds() == ["alarm"]
    flight.press(since=alarm.since_ms)
    flight.lose()
    seen = flight.alarm()
    assert seen is not None
    assert (seen.seen_by, seen.since_ms) == ("ana", alarm.since_ms)
    assert flight.kinds() == ["alarm", "acknowledged"]
    flight.find()
    flight.send(Ticked(flight.script.now_ms + 1_000))
    assert flight.alarm() is None
    flight.lose()
    again = flight.alarm()
    assert again is not None
    assert again.seen_by == ""
    assert flight.kinds()[-1] == "alarm"


def test_who_has_seen_it_is_on_record_and_in_the_log() -> None:
    flight = Flight()
    flight.lose()
    flight.press()
    told = flight.told[-1]
    assert (told.kind, told.data["by"], told.data["subject"]) == (
        "acknowledged", "ana", "side source",
    )  # fmt: skip
    assert flight.script.state.log[-1].text.startswith("ana has seen the alarm: source")


def test_what_is_not_there_or_another_one_is_refused() -> None:
    flight = Flight()
    flight.press()
    assert "no alarm about side source" in flight.told[-1].text
    flight.lose()
    alarm = flight.alarm()
    assert alarm is not None
    flight.press(since=alarm.since_ms + 1)
    assert "another one than was shown" in flight.told[-1].text
    flight.press("\x1b[2J")
    assert flight.told[-1].kind == "refused"
    assert alarm == flight.alarm()


@pytest.mark.parametrize(
    ("user", "may"), [("dan", True), ("cat", True), ("che", True), ("sue", False), ("olu", False)]
)
def test_whoever_has_a_say_may_and_who_looks_on_may_not(user: str, may: bool) -> None:
    roles = {"dan": "driver", "cat": "commander", "che": "checker", "sue": "scribe"}
    people: Any = {name: (role,) for name, role in {**roles, "olu": "observer"}.items()}
    flight = Flight(People(people))
    flight.lose()
    flight.seat = "7"
    flight.send(Asked(flight.script.now_ms, Attach(user), "7"))
    flight.press(by=user)
    alarm = flight.alarm()
    assert alarm is not None
    assert alarm.seen_by == (user if may else "")
    flight.press(by="dan" if user != "dan" else "cat")  # in another's name
    assert flight.told[-1].kind == "refused"


def test_an_alarm_takes_no_line_of_the_log_from_what_led_to_it() -> None:
    flight = Flight()
    flight.lose()
    lines = [line.text for line in flight.script.state.log if DOWN in line.text]
    assert len(lines) == 1
