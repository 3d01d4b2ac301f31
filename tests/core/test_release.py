"""Producers are released on what both sides show at that moment, or not at all."""

from __future__ import annotations

from cockpit.core.actions import CallService, Fence, ProveShut
from cockpit.core.flight import Perform, Ticked
from cockpit.core.intents import Pause
from tests.core.driver import Script, actions

START = CallService("checkout", "start")


def at_last_look() -> Script:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_last_look()
    return script


def looks(script: Script) -> list[Perform]:
    return [one for one in script.performs if isinstance(one.action, ProveShut)]


def texts(script: Script) -> str:
    return "\n".join(tell.text for tell in script.told)


def test_the_last_look_holds_the_source_against_its_proof_and_the_target_against_the_writers() -> (
    None
):
    script = at_last_look()
    ends = ((("orders", 0), 100), (("orders", 1), 100))
    assert actions(script)[-1] == ProveShut(("orders",), ends, ("User:*",), ("User:checkout",))
    assert START not in actions(script)
    script.end_all()
    assert actions(script)[-1] == START


def test_the_call_may_land_for_a_few_seconds_after_that_look() -> None:
    script = at_last_look()
    script.end_all()
    assert script.performs[-1].action == START
    assert script.performs[-1].fresh_until_ms == script.now_ms + 10_000


def test_a_look_that_shows_another_thing_starts_nobody_and_going_on_fences_again() -> None:
    script = at_last_look()
    script.end_all("failed")
    assert script.word() == "holding"
    assert START not in actions(script)
    assert script.state.wave().start_intent_at_ms is None
    script.go("advance")
    assert isinstance(actions(script)[-1], Fence)


def test_a_look_without_an_answer_starts_nobody_and_is_taken_again() -> None:
    script = at_last_look()
    script.end_all("unknown")
    assert script.word() == "holding"
    assert START not in actions(script)
    script.go("advance")
    assert len(looks(script)) == 2
    script.end_all()
    assert actions(script)[-1] == START


def test_a_wave_that_was_paused_behind_its_look_looks_again_before_it_calls() -> None:
    script = at_last_look()
    script.ask(Pause("ana"))
    script.end_all()
    assert START not in actions(script)
    script.look(20)
    script.go("advance")
    script.send(Ticked(script.now_ms))
    assert len(looks(script)) == 2
    assert START not in actions(script)
    script.end_all()
    assert actions(script)[-1] == START


def test_a_short_pause_behind_the_look_needs_no_other() -> None:
    script = at_last_look()
    script.ask(Pause("ana"))
    script.end_all()
    script.look(2)
    script.go("advance")
    script.send(Ticked(script.now_ms))
    assert len(looks(script)) == 1
    assert actions(script)[-1] == START


def test_a_fence_that_somebody_takes_down_before_the_release_pauses_the_wave_and_is_named() -> None:
    script = at_last_look()
    script.acls["source"].clear()
    script.look(1)
    assert script.state.paused
    assert "the fence of orders does not stand any more" in texts(script)
    script.end_all()
    assert START not in actions(script)
    script.go("advance")
    assert isinstance(actions(script)[-1], Fence)
