"""What outlives an engine, and what the clusters must show before a wave goes on."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cockpit.core.durable import OpenIntent, RestoreError, is_under_way, record, restore
from cockpit.core.flight import FlightState, Ticked
from cockpit.core.intents import Arm
from cockpit.core.observe import SignalSample
from cockpit.core.openings import why_not_advance
from cockpit.core.parity import fence_binding
from cockpit.core.plan import Plan, Rollback, SignalGate, SignalSpec
from tests.core.build import logs, syncs, two_wave_plan
from tests.core.driver import Script, actions
from tests.core.test_reversing import returned


def taken_over(script: Script, *intents: OpenIntent, later_ms: int = 30_000) -> Script:
    """Another engine, on what the first has left on disk; `later_ms` by this machine's clock, which
    somebody may have set back."""
    content = json.loads(json.dumps(record(script.state)))
    after = Script(script.state.plan)
    after.now_ms = script.now_ms + later_ms
    after.state = restore(
        script.state.plan,
        content,
        intents,
        intended=frozenset(str(intent.action["type"]) for intent in intents),
        session="s",
        simulated=False,
        at_ms=after.now_ms,
    )
    after.members, after.commits = dict(script.members), dict(script.commits)
    after.ends, after.acls = dict(script.ends), {k: set(v) for k, v in script.acls.items()}
    return after


def fenced(plan: Plan | None = None) -> Script:
    """Wave 2 with its fence done and its drain under way."""
    script = Script(plan)
    script.fly_readers()
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    script.acls["source"].add(fence_binding("orders"))
    return script


def place(state: FlightState) -> tuple[str, str, int]:
    wave = state.wave()
    return wave.wave.name, wave.word, wave.cursor


def test_a_flight_comes_back_where_it_stood_and_moves_nothing_by_itself() -> None:
    script = fenced()
    after = taken_over(script)
    after.look(3)
    assert place(after.state) == ("writers", "holding", script.state.wave().cursor)
    assert after.state.wave().memory["patched.previous"] == {"sync.topic.acls.enabled": "true"}
    assert after.state.wave().fenced_at_ms == script.state.wave().fenced_at_ms
    assert actions(after) == []
    assert "as_left" in after.kinds()


def test_it_goes_on_at_the_fence_for_a_dead_engine_s_proofs_do_not_count() -> None:
    first = fenced()
    after = taken_over(first)
    after.look(2)
    after.go("advance")
    after.end_all("already")
    assert [type(action).__name__ for action in actions(after)] == ["Fence", "ProveDrained"]
    assert after.state.wave().fenced_at_ms == first.state.wave().fenced_at_ms


def test_going_back_undoes_what_the_first_engine_has_done() -> None:
    after = taken_over(fenced())
    after.look(2)
    after.go("rollback")
    assert [type(action).__name__ for action in actions(after)] == ["Unfence"]


def test_nothing_goes_on_before_the_clusters_have_been_read_again() -> None:
    after = taken_over(fenced())
    assert "not read again yet" in why_not_advance(after.state)


def test_a_fence_that_was_removed_by_hand_closes_the_way_forward_alone() -> None:
    after = taken_over(fenced())
    after.acls["source"].clear()
    after.look(2)
    after.ask(Arm("advance", "ana"))
    assert "the fence on orders is gone" in after.told[-1].text
    assert "not_as_left" in after.kinds()
    after.go("rollback")
    assert after.word() == "rolling back"


@pytest.mark.parametrize(("side", "words"), [("source", "source again"), ("target", "target alr")])
def test_a_consumer_that_somebody_has_started_meanwhile_is_named(side: str, words: str) -> None:
    script = Script()
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    after = taken_over(script)
    after.members[side] = 2
    after.look(2)
    assert f"ledger is at work on the {words}" in why_not_advance(after.state)


def test_the_deadline_of_a_fence_strikes_only_once_the_clusters_are_read() -> None:
    after = taken_over(fenced())
    after.now_ms += 3_600_000
    # nothing on the target speaks against it, and nobody has looked at the fence or the groups
    after.see(syncs(after.now_ms, (90, 90), (0, 0)))
    after.see(logs("target", after.now_ms, (100, 100)))
    after.send(Ticked(after.now_ms))
    assert after.word() == "holding"
    after.look(1)
    assert after.word() == "rolling back"


def fenced_with_trigger() -> Script:
    """Another engine at the fence of a wave that goes back where half of the answers are errors."""
    plan = two_wave_plan(rollback=Rollback((SignalGate("errors", 0.02, for_ms=2_000),), "rollback"))
    signal = SignalSpec("errors", "http://127.0.0.1:1/", "ratio")
    return taken_over(fenced(replace(plan, signals=(signal,))))


def erring(script: Script, seconds: int) -> None:
    """Nobody reads a cluster meanwhile."""
    for _ in range(seconds):
        script.now_ms += 1_000
        script.see(SignalSample("errors", script.now_ms - 50, script.now_ms - 40, 0.5))
        script.send(Ticked(script.now_ms))


def test_a_trigger_takes_a_wave_back_only_once_the_clusters_are_read() -> None:
    after = fenced_with_trigger()
    erring(after, 5)
    assert (after.word(), actions(after)) == ("holding", [])
    after.signal = 0.5
    after.look(1)
    assert after.word() == "rolling back"


def test_a_trigger_opens_no_source_where_the_target_has_records_of_its_own() -> None:
    after = fenced_with_trigger()
    after.ends["target"] = (190, 100)
    after.signal = 0.5
    after.look(5)
    assert (after.word(), after.state.paused) == ("holding", True)
    (told,) = [t for t in after.told if t.kind == "rollback_not_by_itself"]
    assert told.text.startswith("does not go back by itself, orders/0 has records of its own")
    after.go("rollback")
    assert after.word() == "rolling back"


def test_a_fence_is_not_removed_where_the_target_has_records_of_its_own() -> None:
    script = fenced()
    after = taken_over(script)
    after.ends["target"] = (190, 100)
    after.now_ms += 3_600_000
    after.look(2)
    assert after.word() == "holding"
    assert "deadline" in after.kinds()


def test_what_an_effect_without_outcome_would_have_replaced_is_given_back() -> None:
    script = Script()
    script.fly_readers()
    script.look(2)
    script.go("advance")  # the mirror's settings are being changed
    intent = OpenIntent(
        script.performs[-1].action_id,
        "set on connector mirror",
        {"type": "PatchConnector", "connector": "mirror", "settings": []},
        {"previous": {"sync.topic.acls.enabled": "true"}},
    )
    after = taken_over(script, intent)
    after.look(2)
    after.go("rollback")
    assert "sync.topic.acls.enabled" in str(actions(after))


def test_of_an_intent_that_never_came_to_disk_nobody_is_asked() -> None:
    script = Script()
    script.fly_readers()
    script.look(2)
    script.go("advance")
    after = taken_over(script)
    after.look(2)
    after.go("rollback")
    after.look(2)
    assert after.word() == "rolled back"


def test_a_wave_without_any_effect_is_ready_again() -> None:
    script = Script()
    script.look(2)
    after = taken_over(script)
    assert place(after.state) == ("readers", "ready", 0)
    assert not is_under_way(record(after.state))


def test_a_record_of_another_plan_is_refused() -> None:
    content = record(fenced().state)
    content["waves"][0]["name"] = "elsewhere"
    with pytest.raises(RestoreError, match="names waves that the plan does not have"):
        restore(
            two_wave_plan(),
            content,
            (),
            intended=frozenset(),
            session="s",
            simulated=False,
            at_ms=0,
        )
    with pytest.raises(RestoreError):
        restore(
            two_wave_plan(),
            {"waves": [1]},
            (),
            intended=frozenset(),
            session="s",
            simulated=False,
            at_ms=0,
        )


def test_a_return_that_a_second_engine_ends_says_who_wanted_it() -> None:
    first = fenced()
    first.end_all("failed")
    first.go("rollback")
    after = taken_over(first)
    after.look(2)
    after.go("rollback")
    for _ in range(4):
        after.end_all()
        after.look(1)
    (told,) = [tell for tell in after.told if tell.kind == "wave_rolled_back"]
    assert told.text == "wave writers is back on the source: rolled back by ana"


def test_no_time_of_a_dead_engine_lies_ahead_of_a_clock_that_was_set_back() -> None:
    script = fenced()
    script.end_all(target_end={"orders/0": 100, "orders/1": 100})
    script.look(1)
    after = taken_over(script, later_ms=-script.now_ms // 2)
    begun_ms, wave = after.now_ms, after.state.wave()
    content = record(after.state)
    times = [v for w in content["waves"] for k, v in w.items() if k.endswith("_ms")]
    times += [v for s in wave.steps for v in (s.started_at_ms, s.ended_at_ms)]
    times += [v for key, v in wave.memory.items() if key.endswith("at_ms")]
    assert times.count(None) < len(times)
    assert max(at_ms for at_ms in times if at_ms is not None) == begun_ms


def test_what_of_a_deadline_had_run_stays_run_after_the_clock_was_set_back() -> None:
    script = fenced()
    script.look(9)
    script.end_all(target_end={"orders/0": 100, "orders/1": 100})  # and so a record
    before = script.state.wave()
    assert before.fenced_at_ms is not None
    newest = max(step.started_at_ms or 0 for step in before.steps)
    ran_ms = newest - before.fenced_at_ms
    assert ran_ms >= 9_000
    after = taken_over(script, later_ms=-script.now_ms // 2)
    fenced_at_ms = after.state.wave().fenced_at_ms
    assert fenced_at_ms is not None
    assert after.now_ms - fenced_at_ms == ran_ms


def test_a_record_past_the_drained_end_closes_the_way_back_after_the_clock_was_set_back() -> None:
    script = fenced()
    script.end_all(target_end={"orders/0": 100, "orders/1": 100})
    script.look(1)  # its start is on its way
    assert script.state.wave().start_intent_at_ms is not None
    after = taken_over(script, later_ms=-script.now_ms // 2)
    after.ends["target"] = (105, 100)
    after.look(2)
    assert "no_return_proved" in after.kinds()


def test_a_write_after_the_return_was_proved_is_seen_after_the_clock_was_set_back() -> None:
    script = returned()
    after = taken_over(script, later_ms=-script.now_ms // 2)
    after.ends["target"] = (140, 129)
    after.look(2)
    (late,) = [tell for tell in after.told if tell.kind == "return_escaped"]
    assert "orders/1 by 9" in late.text
