"""A service is not told twice what the clusters show that it has done."""

from __future__ import annotations

import pytest

from cockpit.core.actions import CallService, ServiceVerb
from cockpit.core.flight import Outcome
from cockpit.core.observe import Failure
from tests.core.driver import Script, died


def calls(script: Script, service: str, verb: ServiceVerb) -> int:
    return [perform.action for perform in script.performs].count(CallService(service, verb))


def at_work_on_target(script: Script) -> None:
    script.members["target"] = 1
    script.commits["target"] = {("orders", 0): 95, ("orders", 1): 95}


def going_back(script: Script) -> Script:
    """Until the stop on the target is on its way."""
    script.go("rollback")
    script.look(1)
    return script


def to_undo(script: Script) -> Script:
    """The first wave on its way back, until the start on the source is on its way."""
    script.fly_to_stop()
    script.end_all()
    script.go("rollback")
    script.members["source"] = 0
    script.look(2)
    assert calls(script, "ledger", "undo") == 1
    return script


def test_a_group_at_work_on_the_target_is_not_started_again() -> None:
    script = Script()
    script.fly_readers_to_start()
    at_work_on_target(script)
    died(script)
    script.go("advance")
    script.look(2)
    assert calls(script, "ledger", "start") == 1
    told = next(tell.text for tell in script.told if tell.kind == "not_called_again")
    assert told == "start service ledger: ledger has 1 members on target: not started again"


def test_a_group_that_nobody_sees_at_work_is_started_again() -> None:
    script = Script()
    script.fly_readers_to_start()
    died(script)
    script.go("advance")
    script.look(2)
    assert calls(script, "ledger", "start") == 2


def test_a_group_without_members_on_the_source_is_not_stopped_again() -> None:
    script = Script()
    script.fly_to_stop()
    script.members["source"] = 0
    died(script)
    script.go("advance")
    script.look(1)
    script.end_all()  # its groups are out of the mirror's sync
    script.look(3)
    assert calls(script, "ledger", "stop") == 1
    assert script.state.wave().steps[0].word == "done"


def test_a_group_at_work_is_stopped_again() -> None:
    script = Script()
    script.fly_to_stop()
    died(script)
    script.go("advance")
    script.look(1)
    script.end_all()
    script.look(2)
    assert calls(script, "ledger", "stop") == 2


def test_a_group_that_is_empty_before_anybody_was_told_is_stopped_all_the_same() -> None:
    script = Script()
    script.members["source"] = 0
    script.fly_to_stop()
    assert calls(script, "ledger", "stop") == 1


@pytest.mark.parametrize("outcome", ["failed", "done"])
def test_a_call_that_failed_is_made_again_and_one_that_was_answered_is_looked_at(
    outcome: Outcome,
) -> None:
    script = to_undo(Script())
    script.end_all(outcome)
    script.members["source"] = 1
    if outcome == "done":
        died(script)
    else:
        script.look(1)
    script.go("rollback")
    script.look(2)
    assert calls(script, "ledger", "undo") == (1 if outcome == "done" else 2)


def test_a_group_back_on_the_source_is_not_started_there_again() -> None:
    script = to_undo(Script())
    script.members["source"] = 1
    died(script)
    script.go("rollback")
    script.look(4)
    script.end_all()  # the mirror's group sync
    script.look(1)
    assert calls(script, "ledger", "undo") == 1
    assert script.word() == "rolled back"


def test_a_group_without_members_on_the_target_is_not_stopped_there_again() -> None:
    script = Script()
    script.fly_readers_to_soak()
    going_back(script)
    assert calls(script, "ledger", "stop") == 2  # once on each side
    script.members["target"] = 0
    died(script)
    script.go("rollback")
    script.look(2)
    assert calls(script, "ledger", "stop") == 2


def test_a_stop_waits_for_no_target_that_cannot_be_read() -> None:
    script = Script()
    script.fly_readers_to_soak()
    going_back(script)
    died(script)
    script.silent = "target"
    script.go("rollback")
    script.look(2)
    assert calls(script, "ledger", "stop") == 2
    for _ in range(10):
        script.see(Failure("target.groups", script.now_ms, script.now_ms, "slow", "no answer"))
        script.look(1)
    assert calls(script, "ledger", "stop") == 3


def test_what_was_seen_before_an_engine_took_over_proves_nothing() -> None:
    script = Script()
    script.fly_readers_to_start()
    at_work_on_target(script)
    script.look(1)
    died(script)
    script.silent = "target"
    script.go("advance")
    script.look(2)
    assert script.word() == "running"
    assert calls(script, "ledger", "start") == 1  # it waits for a look of its own
    script.silent = ""
    script.members["target"] = 0
    script.look(2)
    assert calls(script, "ledger", "start") == 2


@pytest.mark.parametrize("written", [0, 4])
def test_a_producer_is_started_again_for_what_is_new_may_be_copies_of_the_mirror(
    written: int,
) -> None:
    """A mirror whose task begins again brings what it had not written down a second time."""
    script = Script()
    script.fly_readers()
    script.fly_writers_to_start()
    script.ends["target"] = (100 + written, 100)
    died(script)
    script.go("advance")
    script.look(1)
    script.end_all()
    script.look(1)
    assert calls(script, "checkout", "start") == 2
