"""An order whose answer was lost is waited for on the way back: a fence when services are
at work again, a producer's start before the source is opened."""

from __future__ import annotations

from cockpit.core.actions import CallService, Fence, Unfence
from cockpit.core.durable import OpenIntent, record, restore
from cockpit.core.parity.fence import fence_bindings
from tests.core.driver import Script, actions

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


def texts_of_steps(script: Script) -> str:
    return "\n".join(step.detail for step in script.state.wave().steps)
