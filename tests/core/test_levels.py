"""How grave a confirmation is, and what it says about the way back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.confirming import level, way_back
from cockpit.core.crew import People, Role
from cockpit.core.flight import Asked, FlightState, Tell
from cockpit.core.intents import Answer, Arm, Attach, Confirm, Drive
from cockpit.core.machine import step
from cockpit.core.plan import ConfirmStep
from cockpit.core.project import project
from cockpit.core.snapshot import ArmedView
from tests.core.driver import Script
from tests.core.test_driving import Room
from tests.core.test_price import producers_started

TWO = People({"ana": ("driver",), "ben": ("checker",)}, second_person=("writers", "readers"))
NEVER = "cannot be taken back"


def armed(script: Script, verb: str) -> ArmedView:
    """What a person is shown who presses the key."""
    script.ask(Arm(verb, "ana"))  # type: ignore[arg-type]
    view = project(script.state, 1).armed
    assert view is not None, script.told[-1].text
    return view


def held_writers(steps: int) -> Script:
    """The producers' wave, held by its first failure after so many stages went well."""
    script = Script()
    script.fly_readers()
    script.look(2)
    script.go("advance")
    for _ in range(steps):
        script.end_all("done", previous={"sync.topic.acls.enabled": "true"})
        script.look(1)
    script.end_all("failed")
    script.look(1)
    assert script.word() == "holding"
    return script


def with_people(script: Script) -> FlightState:
    """The same flight, of a plan that asks for a second person."""
    return replace(script.state, plan=replace(script.state.plan, people=TWO))


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_another_try_of_a_producers_wave_is_as_grave_as_the_start_it_leads_to(steps: int) -> None:
    script = held_writers(steps)
    view = armed(script, "advance")
    assert view.level == 2
    assert view.lines[0].startswith("try again")
    assert view.way_back.startswith("R takes it back, without loss until its producers start")
    assert NEVER not in view.way_back


def test_it_is_not_done_without_the_name() -> None:
    script = held_writers(1)
    script.ask(Attach("ana"))
    state = script.state
    for intent in (Attach("ana"), Drive("ana"), Arm("advance", "ana")):
        state, _ = step(state, Asked(script.now_ms, intent, "1"))
    assert state.armed is not None
    late = script.now_ms + 1_000
    state, said = step(state, Asked(late, Confirm(state.armed.token, "ana"), "1"))
    [no] = [one for one in said if isinstance(one, Tell) and one.kind == "refused"]
    assert str(no.data["why"]).startswith("type the wave's name, writers: R takes it back")
    assert state.armed is not None
    state, _ = step(state, Asked(late, Confirm(state.armed.token, "ana", "writers"), "1"))
    assert state.wave().word == "running"


def test_a_try_of_readers_and_one_after_the_start_are_not_grave() -> None:
    script = Script()
    script.fly_to_stop()
    script.end_all("failed")
    script.look(1)
    assert script.word() == "holding"
    assert armed(script, "advance").level == 1
    assert armed(script, "advance").way_back == ""
    later = producers_started()
    wave = later.state.wave()
    done = tuple(replace(one, word="done") for one in wave.steps)
    held = replace(wave, word="holding", stages=(), steps=done)
    state = replace(later.state, waves=(*later.state.waves[:-1], held))
    assert level(state, "advance") == 1


def test_a_try_of_the_start_itself_says_its_price() -> None:
    script = producers_started()
    script.end_all("failed")
    script.look(1)
    assert script.word() == "holding"
    assert level(script.state, "advance") == 2
    assert way_back(script.state, "advance").startswith("R takes it back at a price: ")


def test_a_try_of_a_wave_of_which_nothing_was_done_is_its_beginning() -> None:
    state = with_people(held_writers(0))
    assert level(state, "advance") == 2
    wave = state.wave()
    untouched = replace(wave, steps=tuple(replace(one, begun=False) for one in wave.steps))
    state = replace(state, waves=(*state.waves[:-1], untouched))
    assert level(state, "advance") == 3


def test_what_is_past_the_point_of_no_return_says_that_it_cannot_be_taken_back() -> None:
    script = producers_started()
    wave = script.state.wave()
    recovers = replace(wave.wave, recovery=(ConfirmStep("told the owners"),))
    closed = replace(wave, wave=recovers, word="holding", stages=(), closed_at_ms=script.now_ms)
    state = replace(script.state, waves=(*script.state.waves[:-1], closed), paused=True)
    assert NEVER in way_back(state, "advance")
    assert NEVER in way_back(state, "recover")
    assert level(state, "recover") == 2


def test_going_back_from_the_next_wave_is_as_grave_as_the_wave_it_takes_back() -> None:
    script = producers_started()
    readers, writers = script.state.waves
    first = replace(writers, word="done", done_at_ms=script.now_ms, stages=())
    second = replace(readers, word="ready")
    script.state = replace(script.state, waves=(first, second), current=0)
    lone = level(script.state, "rollback")
    script.state = replace(script.state, current=1)
    view = armed(script, "rollback")
    assert (lone, view.level, view.wave) == (2, 2, "writers")
    assert view.way_back.startswith("what is lost by it cannot be brought back: ")


def test_the_beginning_of_a_wave_says_what_going_back_costs() -> None:
    script = Script()
    script.look(2)
    script.state = with_people(script)
    view = armed(script, "advance")
    assert (view.level, view.way_back) == (
        3,
        "R takes it back: its groups may read records again",
    )


@pytest.mark.parametrize(
    ("by", "roles", "own"),
    [("ben", ("checker",), "checker"), ("cleo", ("observer", "commander"), "commander")],
)
def test_events_say_the_role_that_a_second_person_has(
    by: str, roles: tuple[Role, ...], own: str
) -> None:
    people = People({"ana": ("driver",), by: roles}, second_person=("readers",))
    room = Room(people)
    room.sits("ana", by)
    room.ask(Drive("ana"), "ana")
    room.ask(Arm("advance", "ana"), "ana")
    [polled] = [one for one in room.told if one.kind == "polled"]
    assert polled.data["roles"] == ["second_person"]
    assert room.state.armed is not None
    room.ask(Answer(room.state.armed.token, True, by), by)
    [go] = [one for one in room.told if one.kind == "go"]
    assert (go.data["role"], go.data["asked"]) == (own, "second_person")
    assert go.text == f"GO of {by} as a second person"
    view = project(room.state, 1).armed
    assert view is not None
    assert view.said == (f"{by} ({own})",)
    assert "observer" not in f"{polled.text} {polled.data} {go.text} {go.data}"
