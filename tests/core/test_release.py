"""Producers are released on what both sides show at that moment, or not at all."""

from __future__ import annotations

from cockpit.core.actions import CallService, Fence, ProveShut
from cockpit.core.flight import Perform, Ticked
from cockpit.core.intents import Pause
from cockpit.core.project import project
from tests.core.driver import Script, actions, died

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


def test_a_start_that_never_left_is_behind_another_look_and_closes_nothing() -> None:
    script = at_last_look()
    script.end_all()
    assert script.state.wave().start_intent_at_ms is not None
    script.end_all("failed", unsent=True)
    assert script.state.wave().start_intent_at_ms is None
    assert "checkout was not told to start: the order never left" in texts(script)
    script.go("advance")
    assert isinstance(actions(script)[-1], ProveShut)
    script.end_all()
    assert actions(script)[-1] == START


def test_a_start_that_was_refused_is_made_again_behind_another_look() -> None:
    script = at_last_look()
    script.end_all()
    script.end_all("failed")  # it was answered: whatever it has begun, nobody knows
    assert script.state.wave().start_intent_at_ms is not None
    script.go("advance")
    assert isinstance(actions(script)[-1], ProveShut)


def test_a_start_without_an_answer_is_made_again_behind_another_look() -> None:
    script = at_last_look()
    script.end_all()
    died(script)
    script.go("advance")
    assert actions(script).count(START) == 1
    assert len(looks(script)) == 2
    script.end_all()
    script.look(1)
    assert actions(script).count(START) == 2


def test_what_has_grown_on_the_target_is_looked_at_too_and_a_person_may_go_on_over_it() -> None:
    """It may be the mirror's; where it is the producer's, there is no way but on."""
    script = at_last_look()
    script.end_all()
    script.look(1)
    script.ends["target"] = (103, 100)
    died(script)
    assert script.state.wave().closed_at_ms is not None
    script.go("advance")
    assert len(looks(script)) == 2
    script.end_all("failed")
    assert script.word() == "holding"
    script.go("advance")
    assert len(looks(script)) == 2
    assert actions(script).count(START) == 2


def test_where_everybody_was_started_nobody_looks_again() -> None:
    script = at_last_look()
    script.end_all()
    script.end_all()  # started, and it writes nothing
    while script.word() != "holding":
        script.look(10)
    script.ends["source"] = (101, 100)
    script.look(1)
    script.go("advance")
    assert len(looks(script)) == 1
    script.ends["target"] = (101, 100)
    script.look(2)
    assert script.state.wave().steps[3].word == "done"


def test_a_start_that_never_left_leaves_nothing_of_what_grew_meanwhile() -> None:
    script = at_last_look()
    script.end_all()
    script.ends["target"] = (103, 100)  # copied again by the mirror
    script.look(1)
    assert script.state.wave().closed_at_ms is not None
    script.end_all("failed", unsent=True)
    wave = script.state.wave()
    assert (wave.start_intent_at_ms, wave.closed_at_ms) == (None, None)
    assert project(script.state, 1).action("rollback").enabled
    script.acls["source"].clear()
    script.look(1)
    assert "the fence of orders does not stand any more" in texts(script)
    script.go("advance")
    assert isinstance(actions(script)[-1], Fence)


def test_a_writer_behind_a_fence_that_fell_after_the_start_is_named_too() -> None:
    script = at_last_look()
    script.end_all()
    script.end_all()
    script.acls["source"].clear()
    script.look(2)
    assert texts(script).count("the fence of orders does not stand any more") == 1
    script.ends["source"] = (103, 100)
    script.look(1)
    assert "a writer escapes the fence on the source: orders/0 by 3" in texts(script)


def test_a_fence_that_falls_while_nobody_knows_of_the_start_is_told() -> None:
    script = at_last_look()
    script.end_all()
    script.look(1)
    script.end_all("unknown")
    script.acls["source"].clear()
    script.look(2)
    assert "the fence of orders does not stand any more" in texts(script)
    while script.word() != "holding":
        script.look(10)  # nobody shows on the target
    script.go("advance")
    assert len(looks(script)) == 2
    assert actions(script)[-1] == looks(script)[-1].action
    script.end_all("failed")
    assert script.word() == "holding"
    script.go("rollback")
    assert script.state.wave().back
