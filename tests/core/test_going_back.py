"""Going back, retrying, people and their answers: the machine where things go wrong."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core import progress
from cockpit.core.actions import (
    CallService,
)
from cockpit.core.flight import begin
from cockpit.core.intents import Arm, Pause
from cockpit.core.parity import fence_binding
from cockpit.core.plan import OffsetsSpec
from cockpit.core.project import project
from tests.core.build import two_wave_plan
from tests.core.driver import (
    Script,
    actions,
    fly_with_trigger,
    manual_plan,
)


def test_asking_a_person_to_start_a_producer_is_the_point_of_no_return() -> None:
    script = Script(manual_plan("start"))
    script.fly_readers()
    script.fly_writers_to_start()
    assert progress.waits_for_person(script.state.wave().stages)
    assert project(script.state, 1).status.rollback == "lossy"
    script.look(70)  # far past the deadline, and nobody has answered
    assert "rollback_wanted" not in script.kinds()
    script.ends["target"] = (105, 100)
    script.look(1)
    assert project(script.state, 1).status.rollback == "closed"


def test_a_producer_stopped_by_hand_blocks_its_clients_and_the_deadline_counts() -> None:
    script = Script(manual_plan("stop"))
    script.fly_readers()
    script.look(2)
    script.go("advance")
    script.end_all()
    script.look(2)
    assert script.state.wave().blocked_since_ms is not None
    script.go("advance")  # stopped, says the person
    script.end_all()  # fence
    script.look(61)
    assert "rollback_wanted" in script.kinds()


def test_an_undo_by_hand_is_asked_and_answered() -> None:
    script = Script(manual_plan("undo"))
    script.fly_readers()
    script.fly_to_stop(previous={"sync.topic.acls.enabled": "true"})
    script.end_all()  # stopped; the fence is on its way
    script.go("rollback")
    script.end_all()
    script.end_all()  # unfenced
    assert "undo checkout" in progress.waits_for_person(script.state.wave().stages)
    assert project(script.state, 1).action("advance").enabled
    script.go("advance")
    script.end_all()
    assert script.word() == "rolled back"


def test_a_trigger_does_not_go_back_by_itself_once_the_start_is_intended() -> None:
    script = fly_with_trigger("ask")
    script.signal = 0.0
    script.go("advance")
    script.look(3)
    script.end_all()  # fence
    script.end_all(target_end={"orders/0": 100, "orders/1": 100})
    script.look(1)
    assert script.state.wave().start_intent_at_ms is not None
    script.signal = 0.5
    script.look(4)
    assert script.kinds().count("trigger") == 2
    assert not script.state.wave().back_wanted


def test_what_closes_while_a_rollback_waits_keeps_the_wave_where_it_is() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_start()
    script.go("rollback")  # lossy, and the start call is still under way
    script.ends["target"] = (104, 100)
    script.look(1)
    script.end_all()
    assert script.word() != "rolling back"
    assert "rollback_closed" in script.kinds()


def test_a_failed_start_is_tried_again_for_what_has_not_started_only() -> None:
    script = Script()
    script.fly_readers_to_start()
    script.members["target"] = 1
    script.end_all("failed")
    assert script.word() == "holding"
    script.go("advance")
    script.look(1)
    assert actions(script)[-1] == CallService("ledger", "start")
    script.end_all()
    script.commits["target"] = {("orders", 0): 95, ("orders", 1): 95}
    script.look(1)
    assert script.state.waves[0].steps[2].word == "done"


def test_nothing_is_tried_again_while_an_action_is_under_way() -> None:
    script = Script()
    script.fly_readers()
    script.fly_to_stop()
    script.end_all()
    script.end_all("failed")  # the fence
    assert project(script.state, 1).action("advance").enabled


def test_only_what_was_stopped_is_started_again() -> None:
    script = Script()
    script.look(2)
    script.go("advance")
    script.end_all("failed")  # the group exclusion, before anything was stopped
    script.go("rollback")
    script.end_all()
    script.look(1)
    script.end_all()
    assert CallService("ledger", "undo") not in actions(script)
    assert script.word() == "rolled back"


def test_a_soak_that_never_holds_ends_in_a_persons_hands() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_start()
    script.end_all()
    script.ends = {"source": (900, 100), "target": (101, 100)}
    script.look(90)
    assert script.word() == "holding"
    assert "not held within" in script.state.wave().detail


def test_waves_before_the_first_one_asked_for_are_taken_as_moved() -> None:
    script = Script()
    script.state = begin(two_wave_plan(), session="s", simulated=False, at_ms=0, first="writers")
    script.look(2)
    assert script.state.waves[0].word == "done"
    script.go("advance")
    assert script.state.wave().wave.name == "writers"
    assert script.word() == "running"


def test_a_wave_whose_fenced_topics_went_on_at_the_target_is_not_flown_again() -> None:
    script = Script()
    script.state = begin(two_wave_plan(), session="s", simulated=False, at_ms=0, first="writers")
    script.acls["source"] = {fence_binding("orders")}
    script.ends["target"] = (140, 100)
    script.look(2)
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is None
    assert "moved by an earlier flight" in script.told[-1].text


def test_the_wave_before_can_go_back_after_this_one_came_back() -> None:
    script = Script()
    script.fly_readers()
    script.fly_to_stop(previous={"sync.topic.acls.enabled": "true"})
    script.end_all()
    script.go("rollback")
    for _ in range(4):
        script.end_all()
        script.look(1)
    assert script.word() == "rolled back"
    assert project(script.state, 1).action("rollback").enabled


def test_pausing_before_the_services_are_called_leaves_them_running() -> None:
    script = Script()
    script.look(2)
    script.go("advance")
    script.ask(Pause("ana"))
    script.end_all()
    script.look(5)
    assert CallService("ledger", "stop") not in actions(script)
    script.go("advance")
    script.look(1)
    assert actions(script)[-1] == CallService("ledger", "stop")


def external() -> Script:
    """The readers keep their offsets outside Kafka: no group tells whether they are at work."""
    plan = two_wave_plan()
    ledger, checkout = plan.services
    outside = replace(ledger, offsets=OffsetsSpec("external"))
    return Script(replace(plan, services=(outside, checkout)))


def stop_word(script: Script) -> str:
    return script.state.waves[0].steps[0].word


def test_a_lost_stop_of_a_reader_whose_offsets_are_outside_is_not_taken_for_one() -> None:
    script = external()
    script.fly_to_stop()
    assert actions(script)[-1] == CallService("ledger", "stop")
    script.members["source"] = 0  # it never was a member
    script.end_all("unknown")
    script.look(2)
    assert script.word() == "holding"
    assert stop_word(script) == "unknown"
    script.go("advance")
    script.end_all()  # the mirror's settings, as they are
    script.look(1)
    assert actions(script)[-1] == CallService("ledger", "stop")
    script.end_all()
    script.look(1)
    assert stop_word(script) == "done"


def test_a_lost_stop_on_the_way_back_of_such_a_reader_is_not_taken_for_one_either() -> None:
    script = external()
    script.fly_to_stop()
    script.members["source"] = 0
    script.end_all()
    script.look(1)
    script.go("advance")  # its offsets are set, says the person
    script.look(1)
    script.end_all()  # started
    script.go("rollback")
    assert actions(script)[-1] == CallService("ledger", "stop")
    script.end_all("unknown")
    script.look(2)
    assert script.word() == "holding"
    assert script.state.waves[0].back


def test_a_soak_that_was_interrupted_is_over_once_the_wave_goes_back() -> None:
    script = Script()
    script.fly_readers_to_soak()
    soak = project(script.state, 1).waves[0].steps[3]
    assert (soak.name, soak.word) == ("soak", "running")
    script.go("rollback")
    soak = project(script.state, 1).waves[0].steps[3]
    assert script.word() == "rolling back"
    assert (soak.word, soak.detail) == ("undone", "interrupted")
    assert soak.ended_at_ms is not None
