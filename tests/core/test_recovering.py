"""Forward recovery: offered beyond the point of no return, step by step, never called twice."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.actions import Errand
from cockpit.core.durable import record, restore
from cockpit.core.flight import Finished
from cockpit.core.intents import Arm, Pause
from cockpit.core.plan import (
    CommandCall,
    CommandStep,
    ConfirmStep,
    HttpCall,
    HttpStep,
    Plan,
    SoakStep,
)
from cockpit.core.project import project
from cockpit.core.snapshot import ActionView
from tests.core.build import two_wave_plan
from tests.core.driver import Script, actions

REPLAY = CommandStep(CommandCall(("replay", "orders"), 9_000))
RECOVERY = (REPLAY, ConfirmStep("told support?"), HttpStep(HttpCall("http://127.0.0.1:1/off?x=1")))


def recoverable() -> Plan:
    plan = two_wave_plan()
    readers, writers = plan.waves
    steps = (*writers.steps[:-1], SoakStep(600_000))
    return replace(plan, waves=(readers, replace(writers, steps=steps, recovery=RECOVERY)))


def beyond() -> Script:
    """The producers were told to start, and the flight is paused."""
    script = Script(recoverable())
    script.fly_readers()
    script.fly_writers_to_start()
    script.end_all()
    script.ends["target"] = (104, 100)
    script.look(2)
    script.ask(Pause("ana"))
    return script


def errands(script: Script) -> list[Errand]:
    return [a for a in actions(script) if isinstance(a, Errand)]


def offered(script: Script) -> ActionView:
    return project(script.state, 1).action("recover")


def asked(script: Script) -> list[str]:
    return [tell.text for tell in script.told if tell.kind == "asked_person"]


def end(script: Script, outcome: str = "done") -> None:
    last = script.performs[-1]
    assert isinstance(last.action, Errand)
    script.send(Finished(script.now_ms, last.action_id, outcome, "it says so", {}))  # type: ignore[arg-type]  # one of the words


def test_it_is_offered_to_a_troubled_wave_that_cannot_go_back_and_to_no_other() -> None:
    script = Script(recoverable())
    script.look(2)
    assert "has no recovery steps" in offered(script).why_not
    script.fly_readers()
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    script.ask(Pause("ana"))
    assert "is not crossed" in offered(script).why_not
    script = Script(recoverable())
    script.fly_readers()
    script.fly_writers_to_start()
    script.end_all()
    script.look(1)
    assert "P pauses first" in offered(script).why_not
    script.ask(Pause("ana"))
    assert offered(script).enabled


def test_its_steps_go_one_after_the_other_and_the_wave_stays_paused() -> None:
    script = beyond()
    script.ask(Arm("recover", "ana"))
    assert script.state.armed is not None
    assert [text[:2] for text in script.state.armed.lines[1:4]] == ["1.", "2.", "3."]
    assert "x=1" not in " ".join(script.state.armed.lines)
    script.go("recover")
    assert errands(script) == [Errand("writers", 0, "recovery", "command replay")]
    assert script.performs[-1].verify_ms == 9_000
    assert not project(script.state, 1).action("rollback").enabled
    assert not offered(script).enabled
    end(script)
    script.look(1)
    assert len(errands(script)) == 1  # a person is asked in between
    assert asked(script)[-1] == "a person is asked: told support?"
    script.go("advance")
    script.look(1)
    assert errands(script)[-1].what == "POST http://127.0.0.1:1/off"
    end(script)
    script.look(1)
    assert script.kinds().count("recovery_step") == 3
    assert "recovery_done" in script.kinds()
    assert script.state.paused
    assert project(script.state, 1).action("advance").enabled


def test_a_refused_step_ends_it_and_is_tried_again_without_those_before_it() -> None:
    script = beyond()
    script.go("recover")
    end(script)
    script.go("advance")
    script.look(1)
    end(script, "failed")
    assert "recovery_failed" in script.kinds()
    assert script.state.wave().recovery_at is None
    script.go("recover")
    assert [e.number for e in errands(script)] == [0, 2, 2]


def test_a_call_whose_answer_was_lost_is_asked_about_and_never_made_again() -> None:
    script = beyond()
    script.go("recover")
    end(script, "unknown")
    script.go("recover")
    script.look(1)
    assert len(errands(script)) == 1
    assert "how it ended is not known" in asked(script)[-1]
    script.go("advance")
    script.look(1)
    assert "told support?" in asked(script)[-1]


def test_an_engine_that_takes_over_knows_that_a_call_may_have_been_made() -> None:
    script = beyond()
    script.go("recover")
    kept = record(script.state)
    script.state = restore(
        recoverable(), kept, (), intended=frozenset(), session="t", simulated=False, at_ms=1
    )
    script.look(3)
    assert script.word() == "holding"
    assert offered(script).enabled, offered(script).why_not
    script.go("recover")
    script.look(1)
    assert len(errands(script)) == 1
    assert "how it ended is not known" in asked(script)[-1]


def with_calls() -> Plan:
    plan = two_wave_plan()
    readers, writers = plan.waves
    undo = HttpCall("http://127.0.0.1:1/undo")
    steps = (readers.steps[0], HttpStep(HttpCall("http://127.0.0.1:1/do"), undo), REPLAY)
    return replace(plan, waves=(replace(readers, steps=(*steps, *readers.steps[1:])), writers))


def to_calls(script: Script) -> None:
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(1)


def test_calls_are_steps_and_only_those_with_an_undo_are_undone() -> None:
    script = Script(with_calls())
    to_calls(script)
    assert errands(script) == [Errand("readers", 1, "step", "POST http://127.0.0.1:1/do")]
    script.end_all()
    script.look(1)
    assert errands(script)[-1] == Errand("readers", 2, "step", "command replay")
    script.end_all("failed")
    assert script.word() == "holding"
    script.go("rollback")
    script.look(1)
    assert errands(script)[-1] == Errand("readers", 1, "undo", "POST http://127.0.0.1:1/undo")
    script.end_all()
    assert len(errands(script)) == 3


def test_a_step_whose_answer_was_lost_is_asked_about_and_not_called_again() -> None:
    script = Script(with_calls())
    to_calls(script)
    script.end_all("unknown")
    assert script.word() == "holding"
    script.go("advance")
    script.look(1)
    assert len(errands(script)) == 1
    assert "is not called again" in project(script.state, 1).waves[0].steps[1].detail
    script.go("advance")
    script.look(1)
    assert errands(script)[-1].number == 2
