"""An order whose answer was lost is waited for on the way back: a fence when services are
at work again, a producer's start before the source is opened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.actions import CallService, Fence, Unfence
from cockpit.core.durable import OpenIntent, record, restore
from cockpit.core.flight import Outcome
from cockpit.core.intents import Arm
from cockpit.core.parity.fence import fence_bindings
from cockpit.core.plan import DrainStep, FenceStep, OffsetsStep, Plan, StartStep, StopStep
from tests.core.build import service, two_wave_plan
from tests.core.driver import Script, actions, died

FENCE = fence_bindings(("orders",), ("User:*",))
BACK = CallService("checkout", "undo")


def lost() -> Script:
    """The writers' wave goes back: its order to fence had no answer, and shows nowhere."""
    script = Script()
    script.fly_readers()
    script.fly_to_stop(previous={"sync.topic.acls.enabled": "true"})
    script.end_all()  # stopped
    assert isinstance(actions(script)[-1], Fence)
    script.look(2)
    script.end_all("failed", reply_lost=True)
    assert script.word() == "holding"
    script.go("rollback")
    return script


def fly_back(script: Script, seconds: int) -> None:
    for _ in range(seconds):
        script.look(1)
        script.end_all()


def unfences(script: Script) -> int:
    return sum(isinstance(action, Unfence) for action in actions(script))


def test_services_are_back_at_once_and_the_wave_when_the_fence_cannot_come_any_more() -> None:
    script = lost()
    fly_back(script, 10)
    assert BACK in actions(script)
    assert script.word() == "rolling back"
    assert script.state.wave().blocked_since_ms is None
    assert "an order to fence had no answer and may land for" in script.state.wave().steps[0].detail
    fly_back(script, 60)
    assert script.word() == "rolled back"


def test_a_fence_that_lands_meanwhile_is_taken_down() -> None:
    script = lost()
    fly_back(script, 10)
    before = unfences(script)
    script.acls["source"] |= FENCE
    fly_back(script, 3)
    assert unfences(script) == before + 1
    assert not script.acls["source"] & FENCE
    assert script.word() == "rolled back"


def test_a_fence_that_lands_behind_its_undo_while_services_go_back_is_taken_down() -> None:
    script = lost()
    while BACK not in actions(script):
        script.look(1)
        if actions(script)[-1] != BACK:
            script.end_all()
    script.acls["source"] |= FENCE
    script.look(2)
    fly_back(script, 10)
    assert not script.acls["source"] & FENCE
    assert script.word() == "rolled back"


def test_a_source_that_cannot_be_read_meanwhile_leaves_it_to_a_person() -> None:
    script = lost()
    fly_back(script, 5)
    script.no_acls = frozenset({"source"})
    fly_back(script, 125)
    assert script.word() == "holding"
    assert "an order to fence had no answer" in script.state.wave().detail


def test_an_order_that_was_seen_to_land_is_not_waited_for() -> None:
    script = Script()
    script.fly_readers()
    script.fly_to_stop(previous={"sync.topic.acls.enabled": "true"})
    script.end_all()
    script.look(1)
    script.end_all("unknown", reply_lost=True)
    script.acls["source"] |= FENCE
    script.look(1)
    script.go("rollback")
    fly_back(script, 10)
    assert script.word() == "rolled back"


def test_an_answered_fence_is_not_waited_for() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    script.look(1)
    script.go("rollback")
    fly_back(script, 10)
    assert script.word() == "rolled back"


def test_an_engine_that_ended_with_the_order_on_its_way_has_the_next_one_wait_for_it() -> None:
    script = Script()
    script.fly_readers()
    script.fly_to_stop(previous={"sync.topic.acls.enabled": "true"})
    script.end_all()
    script.look(1)
    sent = script.performs[-1]
    assert isinstance(sent.action, Fence)
    action = {"type": "Fence", "topics": ["orders"], "principals": ["User:*"]}
    intent = OpenIntent(sent.action_id, "fence writes on source: orders", action, {})
    script.state = restore(
        script.state.plan,
        record(script.state),
        [intent],
        intended=frozenset({"Fence", "PatchConnector"}),
        session="s2",
        simulated=False,
        at_ms=script.now_ms,
    )
    script.members["source"] = 0
    script.look(3)
    script.go("rollback")
    fly_back(script, 10)
    assert script.word() == "rolling back"
    fly_back(script, 60)
    assert script.word() == "rolled back"


def start_lost() -> Script:
    """The writers' wave goes back: its producer's start had no answer."""
    script = Script()
    script.fly_readers()
    script.fly_writers_to_start()
    assert actions(script)[-1] == CallService("checkout", "start")
    script.end_all("unknown")
    script.look(2)
    script.go("rollback")
    return script


def test_the_source_stays_shut_until_a_start_without_an_answer_cannot_come_any_more() -> None:
    script = start_lost()
    fly_back(script, 30)
    assert not unfences(script)
    assert "an order to start checkout had no answer and may land for" in texts_of_steps(script)
    fly_back(script, 50)
    assert unfences(script)
    assert script.word() == "rolled back"
    stops = [a for a in actions(script) if a == CallService("checkout", "stop")]
    assert len(stops) == 3  # forward, on the way back, and when it cannot come any more


def test_a_start_that_was_answered_keeps_nobody_waiting() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_start()
    script.end_all()
    script.look(1)
    script.go("rollback")
    fly_back(script, 15)
    assert script.word() == "rolled back"


def reading_writer() -> Plan:
    """One wave, of a service that reads and writes the same topic."""
    plan = two_wave_plan()
    steps = (StopStep(), FenceStep(60_000), DrainStep(), OffsetsStep(), StartStep())
    wave = replace(plan.waves[1], services=("ledger",), steps=steps)
    ledger = service("ledger", consumes=("orders",), produces=("orders",))
    return replace(plan, services=(ledger,), waves=(wave,))


def reader_start_lost() -> Script:
    """The order to start the service that reads and writes had no answer, and shows nowhere."""
    script = Script(reading_writer())
    script.fly_to_stop(previous={"sync.topic.acls.enabled": "true"})
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    script.end_all()  # fenced
    ends = {"orders/0": 100, "orders/1": 100}
    script.end_all(source_end=ends, target_end=ends)
    script.look(3)
    script.end_all(previous={"orders/0": 80, "orders/1": 80})
    script.commits["target"] = {("orders", 0): 90, ("orders", 1): 90}
    script.look(2)
    script.end_all()  # the last look
    script.look(1)
    assert actions(script)[-1] == CallService("ledger", "start")
    script.end_all("unknown")
    return script


@pytest.mark.parametrize("second", ["failed", "done", "unknown"])
def test_a_second_order_does_not_make_up_for_the_first_one(second: Outcome) -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_start()
    died(script)
    lost_ms = script.now_ms
    script.look(3)
    script.go("advance")
    script.end_all()  # the last look, again
    script.end_all(second)
    script.look(1)
    script.go("rollback")
    while script.now_ms < lost_ms + 55_000:
        fly_back(script, 1)
    assert not unfences(script)
    fly_back(script, 75)
    assert script.word() == "rolled back"


def test_a_start_that_was_tried_for_long_counts_from_when_it_was_lost() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_start()
    script.look(50)  # nobody has listened, until now
    script.end_all("unknown")
    script.look(2)
    script.go("rollback")
    fly_back(script, 30)
    assert not unfences(script)


def test_the_second_stop_is_sent_to_a_service_whose_group_is_not_there_yet() -> None:
    """The order may have landed a moment ago, and its application is still on its way up."""
    script = reader_start_lost()
    script.look(2)
    script.go("rollback")
    fly_back(script, 80)
    assert unfences(script)
    moved = actions(script)
    stops = [n for n, a in enumerate(moved) if a == CallService("ledger", "stop")]
    assert len(stops) == 3
    assert stops[-1] < next(n for n, a in enumerate(moved) if isinstance(a, Unfence))


def test_a_clock_that_was_set_back_does_not_make_the_wait_longer() -> None:
    script = lost()
    script.now_ms -= 3_600_000
    died(script)
    script.members["source"] = 0
    script.look(3)
    script.go("rollback")
    fly_back(script, 90)
    assert script.word() == "rolled back"


@pytest.mark.parametrize("verb", ["undo", "stop"])
def test_a_wave_does_not_begin_again_while_an_order_of_before_may_still_land(verb: str) -> None:
    script = Script()
    script.fly_to_stop()
    script.end_all("unknown" if verb == "stop" else "done")
    script.members["source"] = 0
    script.look(1)
    script.go("rollback")
    script.look(1)
    script.end_all("unknown" if verb == "undo" else "done")
    script.members["source"] = 1
    fly_back(script, 3)
    assert script.word() == "rolled back"
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is None
    assert f"{verb} of ledger had no answer and may land for" in script.told[-1].text
    script.look(60)
    script.go("advance")
    assert script.word() == "running"


def texts_of_steps(script: Script) -> str:
    return "\n".join(step.detail for step in script.state.wave().steps)
