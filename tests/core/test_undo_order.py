"""In which order a wave goes back: last first, but no fence waits where nobody was started."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.actions import CallService, CommitOffsets, Unfence
from cockpit.core.flight import Finished
from cockpit.core.intents import Arm
from cockpit.core.parity import fence_binding
from cockpit.core.plan import (
    ConfirmStep,
    DrainStep,
    FenceStep,
    HttpCall,
    HttpStep,
    OffsetsStep,
    Plan,
    SoakStep,
    StartStep,
    Step,
    StopStep,
)
from cockpit.core.project import project
from tests.core.build import service, two_wave_plan
from tests.core.driver import Script, actions
from tests.core.test_durable import taken_over

CALL = HttpCall("http://127.0.0.1:1/")
LOOKS = (DrainStep(), OffsetsStep(), ConfirmStep("go on?"))


def one_wave(*between: Step, fence: FenceStep | None = None) -> Plan:
    """A service that reads and writes, with these steps between its fence and its start."""
    plan = two_wave_plan()
    ends = (StartStep(), SoakStep(2_000))
    steps = (StopStep(), fence or FenceStep(60_000), *between, *ends)
    wave = replace(plan.waves[1], services=("ledger",), steps=steps)
    ledger = service("ledger", consumes=("orders",), produces=("orders",))
    return replace(plan, services=(ledger,), waves=(wave,))


def placed(*between: Step, fence: FenceStep | None = None) -> Script:
    """Fenced, drained, placed, and a person asked what comes next."""
    script = Script(one_wave(*(between or LOOKS), fence=fence))
    script.fly_to_stop(previous={"sync.topic.acls.enabled": "true"})
    script.end_all()  # stopped
    script.members["source"] = 0
    script.look(2)
    script.acls["source"].add(fence_binding("orders"))
    script.end_all()  # fenced
    script.end_all(target_end={"orders/0": 100, "orders/1": 100})  # drained
    script.look(2)
    script.end_all(previous={"orders/0": 80, "orders/1": 80})  # placed
    script.commits["target"] = {("orders", 0): 90, ("orders", 1): 90}
    script.look(1)
    return script


def undone(script: Script) -> list[str]:
    """The steps as they are undone."""
    return [str(tell.data["step"]) for tell in script.told if tell.kind == "undo_started"]


def test_a_fence_falls_before_a_slow_target_is_asked_for_what_came_after_it() -> None:
    script = placed()
    script.silent = "target"
    script.go("rollback")
    assert isinstance(actions(script)[-1], Unfence)
    assert undone(script) == ["fence"]


def test_what_came_after_the_fence_is_undone_before_anybody_starts_again() -> None:
    script = placed()
    script.go("rollback")
    script.end_all()
    script.look(2)
    assert isinstance(actions(script)[-1], CommitOffsets)
    script.end_all()
    assert actions(script)[-1] == CallService("ledger", "undo")
    assert undone(script) == ["fence", "offsets", "drain", "stop"]


def test_the_deadline_runs_until_the_source_shows_that_the_fence_has_fallen() -> None:
    script = placed()
    script.silent = "target"
    script.go("rollback")
    before = project(script.state, 1).status
    script.end_all()
    undone = project(script.state, 1).status
    assert undone.writes == "FENCED"
    assert undone.deadline_ms == before.deadline_ms is not None
    script.acls["source"].clear()
    script.look(1)
    fallen = project(script.state, 1).status
    assert (fallen.writes, fallen.deadline_ms) == ("SOURCE", None)


def test_of_writers_that_were_only_stopped_the_deadline_runs_until_they_are_back() -> None:
    script = placed(fence=FenceStep(60_000, by="stop"))
    script.go("rollback")
    script.look(2)
    while not any(isinstance(action, CallService) for action in actions(script)[-1:]):
        script.end_all()
        script.look(1)
    status = project(script.state, 1).status
    assert undone(script)[-1] == "stop"
    assert status.writes == "FENCED"
    assert status.deadline_ms is not None


def test_the_screen_lists_what_is_undone_in_that_order() -> None:
    script = placed()
    script.ask(Arm("rollback", "ana"))
    assert script.state.armed is not None
    lines = [line for line in script.state.armed.lines if line.startswith("undo ")]
    assert [line.split()[1].rstrip(":") for line in lines] == ["fence", "offsets", "stop"]


def test_once_a_start_was_intended_a_fence_falls_in_its_turn() -> None:
    script = placed(DrainStep(), OffsetsStep())
    assert actions(script)[-1] == CallService("ledger", "start")
    script.end_all()
    script.go("rollback")
    script.end_all()
    assert actions(script)[-1] == CallService("ledger", "stop")
    assert undone(script) == ["start"]


def test_what_a_plan_undoes_by_a_call_of_its_own_keeps_its_turn() -> None:
    script = placed(DrainStep(), OffsetsStep(), HttpStep(CALL, undo=CALL), ConfirmStep("go on?"))
    script.end_all()  # the call
    script.go("rollback")
    script.end_all()
    script.end_all()
    assert undone(script) == ["http", "fence", "offsets"]


def test_writers_that_were_only_stopped_have_no_fence_to_wait_for() -> None:
    script = placed(fence=FenceStep(60_000, by="stop"))
    script.go("rollback")
    script.look(2)
    assert undone(script)[0] == "offsets"


def test_an_engine_that_takes_over_between_goes_on_with_the_rest() -> None:
    script = placed()
    script.go("rollback")
    script.end_all()  # the fence is down
    script.acls["source"].clear()
    after = taken_over(script)
    after.look(2)
    after.go("rollback")
    after.look(2)
    assert undone(after) == ["offsets"]
    assert not any(isinstance(action, Unfence) for action in actions(after))


def refused(script: Script) -> None:
    """The disk takes no intent of what is under way: it has never left."""
    for perform in script.open_actions():
        script.send(
            Finished(script.now_ms, perform.action_id, "failed", "disk full", intended=False)
        )


def test_a_start_that_the_disk_has_refused_does_not_cross_the_point_of_no_return() -> None:
    script = placed(DrainStep(), OffsetsStep())
    assert project(script.state, 1).status.rollback == "lossy"
    refused(script)
    assert project(script.state, 1).status.rollback == "possible"
    assert "no_return_taken_back" in script.kinds()
    script.look(70)
    assert "rollback_wanted" in script.kinds()  # the deadline lets the clients go
    assert isinstance(actions(script)[-1], Unfence)


def test_a_start_that_was_intended_before_stays_so_whatever_the_disk_refuses() -> None:
    script = placed(DrainStep(), OffsetsStep())
    script.end_all("failed")
    script.go("advance")
    script.look(1)
    refused(script)
    assert project(script.state, 1).status.rollback == "lossy"
    assert "no_return_taken_back" not in script.kinds()
