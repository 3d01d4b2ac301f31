"""The driver's lease: a person's keys renew it and nothing else does. Once it has run out others
may take over, and whoever only watched has lost nothing.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.crew import LEASE_MS
from cockpit.core.intents import (
    Accept,
    Arm,
    Attach,
    Beat,
    Confirm,
    Detach,
    Drive,
    Offer,
    Pause,
    Point,
    Veto,
)
from cockpit.core.project import project
from tests.core.test_driving import POLLED, Room

HOUR_MS = 3_600_000


def until_ms(room: Room) -> int:
    """When the lease runs out."""
    assert room.state.crew.lease is not None
    return room.state.crew.lease.until_ms


def watched(room: Room, ms: int) -> list[str]:
    """Time passes and nobody presses a key; what was told of the controls, or done with them."""
    told = [kind for _ in range(max(1, ms // 10_000)) for kind in room.wait(min(ms, 10_000))]
    return [kind for kind in told if kind not in ("gate", "attached")]


def test_a_driver_who_presses_no_key_may_be_relieved_and_is_heard_until_then() -> None:
    room = Room()
    room.sits("ana", "ben")
    room.ask(Drive("ana"), "ana")
    room.wait(LEASE_MS - 1)
    assert room.ask(Drive("ben", "ana", "she does not answer"), "ben") == ["refused"]
    assert watched(room, 1) == ["driver_idle"]
    assert room.told[-1].text == "ana has pressed no key for 60 s: another driver may take over"
    assert watched(room, 60_000) == []  # once is enough
    assert room.driver == "ana"
    assert room.ask(Drive("ben"), "ben") == ["refused"]
    assert room.ask(Drive("ben", "ana", "she does not answer"), "ben") == ["drives"]
    assert room.ask(Beat("ana"), "ana") == []
    assert room.ask(Arm("advance", "ana"), "ana") == ["refused"]
    assert room.why() == "you look on: ben drives"
    assert room.ask(Confirm("any", "ana"), "ana") == ["refused"]
    assert room.driver == "ben"


def test_any_key_keeps_the_controls_and_each_time_of_none_is_told_anew() -> None:
    room = Room()
    room.sits("ana", "ben")
    room.ask(Drive("ana"), "ana")
    for _ in range(3):
        assert watched(room, LEASE_MS) == ["driver_idle"]
        assert room.ask(Beat("ana"), "ana") == []
        assert until_ms(room) == room.state.at_ms + LEASE_MS
        assert room.ask(Drive("ben", "ana", "mine"), "ben") == ["refused"]
    assert room.state.crew.token == 1


def test_an_hour_of_watching_loses_nothing_and_is_worth_no_word() -> None:
    for people in (None, Room().state.plan.people):
        room = Room(people)
        room.sits("ana")
        room.ask(Drive("ana"), "ana")
        room.wait(2_000)
        assert watched(room, HOUR_MS) == []
        assert room.state.wave().word == "ready"
        assert not room.state.paused
        assert room.ask(Pause("ana"), "ana") == ["paused"]
        assert room.driver == "ana"


def test_what_waits_for_the_go_of_others_outlives_the_lease() -> None:
    room = Room(people=replace(POLLED, lease_ms=2_000))
    room.sits("ana", "ben")
    room.ask(Drive("ana"), "ana")
    assert room.ask(Arm("advance", "ana"), "ana") == ["armed", "polled"]
    assert watched(room, 3_000) == ["driver_idle"]
    assert room.state.crew.poll is not None
    assert room.state.armed is not None


def test_only_another_driver_who_is_here_makes_it_worth_a_word() -> None:
    room = Room()
    room.sits("ana", "cleo", "dan", "eva")
    room.ask(Drive("ana"), "ana")
    assert "driver_idle" not in watched(room, 2 * LEASE_MS)
    room.sits("ben")
    assert watched(room, 1_000) == ["driver_idle"]
    assert room.told[-1].data["user"] == "ana"


def test_a_screen_that_comes_back_by_itself_renews_nothing() -> None:
    room = Room()
    room.sits("ana", "ben")
    room.ask(Drive("ana"), "ana")
    ends_ms = until_ms(room)
    for number in range(8):  # cut off and connected anew, again and again
        room.ask(Detach("ana"), "ana" if number == 0 else f"ana {number}")
        room.wait(1_000)
        room.ask(Attach("ana"), f"ana {number + 1}")
        assert room.ask(Drive("ana", again=True), f"ana {number + 1}") == ["drives"]
        assert room.driver == "ana"
        room.wait(9_000)
    assert until_ms(room) == ends_ms < room.state.at_ms
    assert room.ask(Drive("ana", again=True), "ana 8") == []
    assert until_ms(room) == ends_ms
    assert room.ask(Drive("ben", "ana", "she does not answer"), "ben") == ["drives"]
    room.ask(Attach("ana"), "ana 9")
    assert room.ask(Drive("ana", again=True), "ana 9") == ["refused"]


def test_a_script_that_ends_hands_back_what_is_left_of_the_lease() -> None:
    room = Room()
    room.sits("ana", "ben")
    room.ask(Drive("ana"), "ana")
    room.wait(30_000)
    room.ask(Attach("ana"), "script")
    assert room.ask(Drive("ana"), "script") == ["drives"]
    ends_ms = room.state.at_ms + LEASE_MS
    room.wait(20_000)
    assert room.ask(Detach("ana"), "script") == ["drives"]
    assert room.driver == "ana"
    assert until_ms(room) == ends_ms


def test_each_script_of_the_drivers_begins_the_lease_anew() -> None:
    room = Room()
    room.sits("ben")
    for number in range(3):
        room.ask(Attach("ana"), f"script {number}")
        assert room.ask(Drive("ana"), f"script {number}") == ["drives"]
        assert room.ask(Detach("ana"), f"script {number}") == ["driver_left"]
        assert room.told[-1].text == "ana drove and has left: the lease runs out in 60 s"
        room.wait(40_000)
        assert room.ask(Drive("ben", "ana", "mine"), "ben") == ["refused"]
    assert watched(room, 20_000) == ["lease_ended"]
    assert room.ask(Drive("ben", "ana", "she is gone"), "ben") == ["drives"]


def test_who_leaves_after_his_lease_has_run_out_is_said_to_be_gone() -> None:
    room = Room()
    room.sits("ana", "ben")
    room.ask(Drive("ana"), "ana")
    assert watched(room, LEASE_MS) == ["driver_idle"]
    room.ask(Detach("ana"), "ana")
    assert room.told[-1].text == "ana drove and has left: the lease has run out"
    assert watched(room, 1_000) == ["lease_ended"]


@pytest.mark.parametrize("user", ["ben", "cleo", "eva"])
def test_nobody_elses_keys_renew_it(user: str) -> None:
    room = Room()
    room.sits("ana", user)
    room.ask(Drive("ana"), "ana")
    ends_ms = until_ms(room)
    room.wait(30_000)
    for intent in (Beat(user), Point("lag", "orders 3", user), Veto("no", user), Drive(user)):
        room.ask(intent, user)
    room.ask(Beat("ana"), user)
    room.ask(Attach("ana"), "another window")
    room.ask(Beat("ana"), "another window")
    assert until_ms(room) == ends_ms


def test_a_screen_asks_from_half_of_the_lease_where_somebody_else_may_drive() -> None:
    room = Room()
    room.sits("ana", "ben")
    assert project(room.state, 1).crew.ask_ms is None
    room.ask(Drive("ana"), "ana")
    crew = project(room.state, 1).crew
    assert crew.ask_ms == room.state.at_ms + LEASE_MS // 2
    assert not crew.asks(crew.ask_ms - 1)
    assert crew.asks(crew.ask_ms)
    room.wait(40_000)
    room.ask(Offer("ben", "ana"), "ana")
    room.ask(Accept("readers", "ben"), "ben")
    assert project(room.state, 1).crew.ask_ms == room.state.at_ms + LEASE_MS // 2
    room.ask(Detach("ben"), "ben")
    assert project(room.state, 1).crew.ask_ms is None
    alone = Room(people=None)
    alone.sits("ana")
    alone.ask(Drive("ana"), "ana")
    assert project(alone.state, 1).crew.ask_ms is None
