"""The wave machine as transcripts: events in, commands out, on the test's own clock."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core import progress
from cockpit.core.actions import (
    CallService,
    CommitOffsets,
    ExcludeGroups,
    Fence,
    PatchConnector,
    ProveDrained,
    ProveShut,
    Unfence,
)
from cockpit.core.intents import Arm, Confirm, Disarm, End, Pause
from cockpit.core.observe import Failure, SyncsSample
from cockpit.core.plan import ReplicationLagGate
from cockpit.core.project import project
from tests.core.build import two_wave_plan
from tests.core.driver import (
    Script,
    actions,
    fly_with_trigger,
)


def test_a_consumer_wave_goes_through_its_steps_in_order() -> None:
    script = Script()
    script.fly_readers()
    assert actions(script) == [
        ExcludeGroups(("ledger",), True),
        CallService("ledger", "stop"),
        CommitOffsets("target", "ledger", ((("orders", 0), 90), (("orders", 1), 90))),
        CallService("ledger", "start"),
    ]
    assert script.state.waves[0].word == "done"
    assert script.state.current == 1


def test_the_log_says_in_words_what_has_ended_and_how_gates_stand() -> None:
    script = fly_with_trigger("rollback")
    script.end_all()
    ended = [tell for tell in script.told if tell.kind == "action_finished"]
    assert any(tell.text.startswith("stop service ledger: done") for tell in ended)
    assert any(tell.text.startswith("readers, offsets: done") for tell in ended)
    assert not any(str(tell.data["action_id"]) in tell.text for tell in ended)
    (fired,) = [tell for tell in script.told if tell.kind == "trigger"]
    assert fired.text == "trigger signal errors fired: 50% (limit 2%)"


def test_the_log_calls_a_gate_that_waits_as_the_screen_does() -> None:
    plan = two_wave_plan()
    first = replace(plan.waves[0], gates=(ReplicationLagGate(100, for_ms=3_000),))
    script = Script(replace(plan, waves=(first, *plan.waves[1:])))
    script.look(2)
    waiting = [tell for tell in script.told if tell.data.get("verdict") == "INCONCLUSIVE"]
    assert [tell.text for tell in waiting] == [
        "gate replication_lag WAIT: good for 0 of 3 s; worst orders/0 0, 0 in 2 partitions"
    ]


def test_a_producer_wave_fences_and_proves_the_drain_before_it_starts() -> None:
    script = Script()
    script.fly_readers()
    script.performs.clear()
    script.fly_writers_to_start()
    script.end_all()
    script.ends["target"] = (101, 100)
    script.look(4)
    ends = ((("orders", 0), 100), (("orders", 1), 100))
    assert actions(script) == [
        PatchConnector(
            "mm2-source",
            (("sync.topic.acls.enabled", "false"), ("sync.topic.configs.enabled", "false")),
        ),
        CallService("checkout", "stop"),
        Fence(("orders",)),
        ProveDrained(("orders",)),
        ProveShut(("orders",), ends, ("User:*",), ("User:checkout",)),
        CallService("checkout", "start"),
    ]
    assert [wave.word for wave in script.state.waves] == ["done", "done"]
    script.ask(End("ana"))
    assert script.state.outcome == "completed"


def test_advance_is_refused_while_a_gate_is_not_met_and_says_which() -> None:
    script = Script()
    script.look(1)
    script.ends["source"] = (500, 100)
    script.look(1)
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is None
    assert script.told[-1].kind == "refused"
    assert "replication_lag FAIL" in script.told[-1].text


def test_no_wave_begins_while_a_cluster_is_silent_though_its_evidence_is_young() -> None:
    script = Script()
    script.look(3)
    failure = Failure("source.logs", script.now_ms, script.now_ms, "unreachable", "refused")
    script.see(failure)
    script.ask(Arm("advance", "ana"))
    assert script.told[-1].text == "advance refused (ana): source does not answer: refused"
    script.look(1)
    script.go("advance")
    assert "wave_started" in script.kinds()


def test_a_confirmation_right_after_arming_is_a_bouncing_key() -> None:
    script = Script()
    script.look(2)
    script.go("advance", wait_ms=699)
    assert script.word() == "ready"
    assert script.told[-1].kind == "refused"
    assert not script.performs


def test_a_confirmation_of_what_is_no_longer_shown_is_refused() -> None:
    script = Script()
    script.look(2)
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is not None
    token = script.state.armed.token
    script.ends["source"] = (500, 100)
    script.look(1)
    assert script.state.armed is None
    assert script.told[-1].kind == "disarmed"
    script.ask(Confirm(token, "ana"))
    assert not script.performs


def test_nobody_confirms_what_another_has_armed() -> None:
    script = Script()
    script.look(2)
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is not None
    script.now_ms += 800
    script.ask(Confirm(script.state.armed.token, "ben"))
    assert not script.performs


def test_what_is_armed_expires_and_can_be_taken_back() -> None:
    script = Script()
    script.look(2)
    script.ask(Arm("advance", "ana"))
    script.ask(Disarm("ana"))
    assert script.state.armed is None
    script.ask(Arm("advance", "ana"))
    script.look(16)
    assert script.state.armed is None
    assert "not confirmed in time" in script.told[-1].text


def test_pause_is_accepted_at_once_and_no_further_step_begins() -> None:
    script = Script()
    script.fly_to_stop()
    script.ask(Pause("ben"))
    script.end_all()
    script.members["source"] = 0
    script.look(5)
    assert script.state.wave().steps[0].word == "done"
    assert script.state.wave().steps[1].word == "pending"
    script.go("advance")
    assert script.state.wave().steps[1].word == "running"


def test_going_back_waits_for_what_is_in_flight_then_undoes_only_what_was_begun() -> None:
    script = Script()
    script.fly_to_stop()  # stop is called and in flight
    script.go("rollback")
    assert script.word() == "running"
    assert script.abandoned == [script.performs[-1].action_id]
    script.end_all()
    assert script.word() == "rolling back"
    script.end_all()
    script.look(2)
    script.end_all()
    assert actions(script)[2:] == [
        CallService("ledger", "undo"),
        ExcludeGroups(("ledger",), False),
    ]
    assert script.word() == "rolled back"


def test_a_wave_that_was_rolled_back_can_be_flown_again() -> None:
    script = Script()
    script.fly_to_stop()
    script.go("rollback")
    script.end_all()
    script.end_all()
    script.look(2)
    script.end_all()
    assert script.word() == "rolled back"
    script.look(1)
    script.go("advance")
    assert script.word() == "running"
    assert script.state.wave().attempt == 2


def test_a_failed_action_holds_the_wave_and_advance_tries_the_step_again() -> None:
    script = Script()
    script.look(2)
    script.go("advance")
    script.end_all("failed")
    assert script.word() == "holding"
    script.go("advance")
    assert script.word() == "running"
    assert actions(script) == [ExcludeGroups(("ledger",), True)] * 2


def test_a_lost_reply_of_a_service_call_is_resolved_by_observing_the_group() -> None:
    script = Script()
    script.fly_to_stop()
    script.end_all("unknown")
    assert script.word() == "running"
    script.members["source"] = 0
    script.look(1)
    assert script.state.wave().steps[0].word == "done"


def test_an_unknown_outcome_of_a_fence_holds() -> None:
    script = Script()
    script.fly_readers()
    script.fly_to_stop()
    script.end_all()
    script.end_all("unknown")
    assert script.word() == "holding"
    assert script.state.wave().steps[1].word == "unknown"


def test_the_deadline_takes_the_wave_back_before_the_start_is_intended() -> None:
    script = Script()
    script.fly_readers()
    script.fly_to_stop()
    script.end_all()  # stopped; the fence is on its way
    script.end_all()
    script.look(61)
    assert "rollback_wanted" in script.kinds()
    script.end_all("unknown")  # the drain was being proved
    script.end_all()
    assert Unfence(("orders",)) in actions(script)


def test_after_the_start_is_intended_no_deadline_removes_the_fence() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_start()
    assert script.state.wave().start_intent_at_ms is not None
    script.look(70)
    assert "rollback_wanted" not in script.kinds()
    assert script.kinds().count("deadline") == 1


def test_the_point_of_no_return_is_lossy_first_and_closed_once_a_foreign_record_is_seen() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_start()
    assert project(script.state, 1).status.rollback == "lossy"
    script.end_all()
    script.ends["target"] = (100, 101)
    script.look(1)
    status = project(script.state, 1).status
    assert (status.rollback, status.writes) == ("closed", "TARGET")
    script.ask(Arm("rollback", "ana"))
    assert script.state.armed is None
    assert "the source does not have" in script.told[-1].text


def test_a_write_on_a_drained_source_topic_is_an_escape_and_pauses_before_the_start() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_drain()
    ends = {"orders/0": 100, "orders/1": 100}
    script.ends["source"] = (103, 100)
    script.ask(Pause("ana"))
    script.end_all(target_end=ends, source_end=ends)  # drain
    script.go("advance", wait_ms=800)
    script.look(1)
    assert "fence_escaped" in script.kinds()
    escape = next(tell for tell in script.told if tell.kind == "fence_escaped")
    assert "orders/0 by 3" in escape.text
    assert escape.data["partitions"]


def test_after_an_escape_the_wave_goes_on_at_the_drain_and_not_at_the_start() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_drain()
    ends = {"orders/0": 100, "orders/1": 100}
    script.ask(Pause("ana"))
    script.end_all(target_end=ends, source_end=ends)  # drain
    script.look(1)
    script.ends["source"] = (130, 100)
    script.look(1)
    assert "fence_escaped" in script.kinds()
    script.go("advance", wait_ms=800)
    script.look(1)
    assert isinstance(actions(script)[-1], ProveDrained)
    assert script.kinds().count("fence_escaped") == 1
    assert "point_of_no_return" not in script.kinds()


def test_a_writer_that_escapes_a_fence_that_was_at_rest_has_a_rate() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_drain()
    ends = {"orders/0": 100, "orders/1": 100}
    script.ask(Pause("ana"))
    script.end_all(target_end=ends, source_end=ends)  # drain
    script.look(2)
    script.ends["source"] = (100, 130)
    script.look(1)
    escape = next(tell for tell in script.told if tell.kind == "fence_escaped")
    assert "orders/1 by 30 (30.0/s)" in escape.text


def test_a_trigger_that_may_roll_back_does() -> None:
    script = fly_with_trigger("rollback")
    assert script.state.wave().back_wanted
    script.end_all()
    assert script.word() == "rolling back"


def test_a_trigger_that_asks_pauses_and_waits() -> None:
    script = fly_with_trigger("ask")
    assert script.state.paused
    assert not script.state.wave().back_wanted
    assert script.kinds().count("trigger") == 1


def test_a_wave_found_on_the_target_is_not_flown_again() -> None:
    script = Script()
    script.members = {"source": 0, "target": 1}
    script.look(4)
    assert script.state.waves[0].word == "done"
    assert script.state.current == 1
    script.ask(Arm("rollback", "ana"))
    assert "earlier flight" in script.told[-1].text


def test_end_is_refused_while_a_wave_stands_half_way() -> None:
    script = Script()
    script.look(2)
    script.go("advance")
    script.ask(End("ana"))
    assert not script.state.outcome
    assert script.told[-1].kind == "refused"


def test_the_mirror_falling_silent_makes_the_gate_unknown_within_its_limit() -> None:
    script = Script()
    script.look(2)
    script.mirror_up = False
    script.see(Failure("mirror", script.now_ms, script.now_ms, "unreachable", "Connect is down"))
    script.look(6)
    gate = project(script.state, 1).gates[0]
    assert gate.verdict == "UNKNOWN"


def test_a_place_waits_for_the_mirror_to_pass_the_commit_but_not_for_ever() -> None:
    script = Script()
    script.commits["source"] = {("orders", 0): 100, ("orders", 1): 105}
    script.ends["source"] = (105, 105)
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(4)
    assert not any(isinstance(a, CommitOffsets) for a in actions(script))
    step_state = script.state.wave().steps[1]
    assert "the mirror is at 100, the group's commit at 105" in step_state.detail
    script.look(3)
    assert actions(script)[-1] == CommitOffsets(
        "target", "ledger", ((("orders", 0), 91), (("orders", 1), 91))
    )
    placed = next(tell for tell in script.told if tell.kind == "offsets_placed")
    assert placed.data["reread_max_records"] == (100 - 91) + (105 - 91)


def test_every_action_of_a_wave_is_bound_to_fresh_evidence_at_first() -> None:
    script = Script()
    script.look(2)
    script.go("advance")
    assert script.performs[0].fresh_until_ms is not None
    script.end_all()
    script.look(1)
    assert script.performs[1].fresh_until_ms is None


def test_what_was_so_already_leaves_the_first_real_effect_to_stand_on_the_gates() -> None:
    script = Script()
    script.look(2)
    script.go("advance")
    script.end_all("already")
    script.look(1)
    first, second = script.performs
    assert second.fresh_until_ms == first.fresh_until_ms is not None
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    assert script.performs[2].fresh_until_ms is None


def test_the_machine_is_deterministic() -> None:
    first, second = Script(), Script()
    for script in (first, second):
        script.fly_readers()
        script.fly_writers_to_start()
    assert first.told == second.told
    assert first.performs == second.performs
    assert progress.waits_for_person(first.state.wave().stages) == ""
    assert isinstance(first.state.facts.syncs, SyncsSample)
