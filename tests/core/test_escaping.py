"""From the proof of the fence on nothing may come onto the source: who escapes is named, and a log
that is another one than was proved holds the wave."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.actions import CallService, CommitOffsets, Fence, ProveDrained, ProveShut
from cockpit.core.flight import Ticked
from cockpit.core.intents import Arm, Pause
from cockpit.core.plan import ConfirmStep
from cockpit.core.progress import waits_for_person
from tests.core.build import logs, two_wave_plan
from tests.core.driver import Script, actions

AT_REST = {"orders/0": 100, "orders/1": 100}
START = CallService("checkout", "start")


def assert_released(script: Script) -> None:
    """The last look is on its way, and the producer is called once it has ended well."""
    assert isinstance(actions(script)[-1], ProveShut)
    script.end_all()
    assert actions(script)[-1] == START


def fenced() -> Script:
    """The writers' wave: its fence is proved at 100 and 100, its drain is being proved."""
    script = Script()
    script.fly_readers()
    script.fly_to_stop(previous={"sync.topic.acls.enabled": "true"})
    script.end_all()  # stopped
    script.end_all(source_end=AT_REST)  # fenced
    assert isinstance(actions(script)[-1], ProveDrained)
    return script


def escapes(script: Script) -> list[str]:
    return [tell.text for tell in script.told if tell.kind == "fence_escaped"]


def test_a_writer_that_escapes_while_the_drain_is_awaited_is_named_with_its_rate() -> None:
    script = fenced()
    script.look(2)
    assert not escapes(script)
    script.ends["source"] = (100, 140)
    script.look(2)
    assert escapes(script) == ["a writer escapes the fence on the source: orders/1 by 40 (40.0/s)"]
    assert script.state.paused


def test_what_came_before_the_drain_was_proved_is_told_before_anything_starts() -> None:
    script = fenced()
    script.now_ms += 2_000
    # no look at the logs in between: the two proofs alone say it
    script.end_all(source_end={"orders/0": 130, "orders/1": 100}, target_end=AT_REST)
    assert escapes(script) == ["a writer escapes the fence on the source: orders/0 by 30 (15.0/s)"]
    assert START not in actions(script)
    assert "point_of_no_return" not in script.kinds()


def test_ordering_on_after_it_proves_the_drain_again_and_watches_from_there() -> None:
    script = fenced()
    script.ends["source"] = (100, 140)
    script.look(1)
    script.ask(Arm("advance", "ana"))
    assert script.told[-1].text.endswith("an action is still under way")
    script.end_all(source_end={"orders/0": 100, "orders/1": 140}, target_end=AT_REST)
    script.go("advance")
    assert isinstance(actions(script)[-1], ProveDrained)
    script.look(2)
    assert len(escapes(script)) == 1
    script.ends["source"] = (100, 141)
    script.look(1)
    assert len(escapes(script)) == 2
    assert "orders/1 by 1 " in escapes(script)[-1]


def test_flat_logs_from_the_fence_to_the_drain_go_on_by_themselves() -> None:
    script = fenced()
    script.look(2)
    script.end_all(source_end=AT_REST, target_end=AT_REST)
    assert_released(script)
    assert not escapes(script)
    assert not any(key.startswith("fence.") for key in script.state.wave().memory)


def test_a_partition_with_an_open_transaction_has_no_end_to_be_held_against() -> None:
    script = Script()
    script.fly_readers()
    script.fly_to_stop()
    script.end_all()
    script.end_all(source_end={"orders/1": 100})
    script.ends["source"] = (101, 100)  # the marker of the transaction's end
    script.look(2)
    assert not escapes(script)
    script.end_all(source_end={"orders/0": 101, "orders/1": 100}, target_end=AT_REST)
    assert_released(script)


def test_an_end_that_went_back_voids_the_proofs_and_the_fence_is_proved_again() -> None:
    script = fenced()
    script.ends["source"] = (100, 70)
    script.look(1)
    (void,) = [tell.text for tell in script.told if tell.kind == "proof_void"]
    assert "the source's end of orders/1 went back by 30" in void
    assert script.state.paused
    script.end_all(source_end={"orders/0": 100, "orders/1": 70}, target_end=AT_REST)
    assert START not in actions(script)
    script.go("advance")
    assert isinstance(actions(script)[-1], Fence)
    script.end_all("already", source_end={"orders/0": 100, "orders/1": 70})
    script.look(2)
    assert script.kinds().count("proof_void") == 1
    assert not script.state.paused


def test_an_answer_that_was_asked_for_before_the_proof_voids_nothing() -> None:
    script = fenced()
    script.see(logs("source", script.now_ms - 600, (100, 70)))
    script.send(Ticked(script.now_ms))
    assert "proof_void" not in script.kinds()


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_topic_that_was_made_anew_voids_the_proofs_of_its_wave(side: str) -> None:
    script = fenced()
    script.anew = {side: frozenset({"orders"})}
    script.look(1)
    (void,) = [tell.text for tell in script.told if tell.kind == "proof_void"]
    assert f"orders on the {side} was made anew" in void
    assert START not in actions(script)


def test_a_topic_made_anew_before_the_wave_was_seen_by_its_gates_and_voids_nothing() -> None:
    script = fenced()
    other = replace(script.state.facts, recreated={"source": frozenset({"elsewhere"})})
    script.state = replace(script.state, facts=other)
    script.look(2)
    assert "proof_void" not in script.kinds()


def test_readers_whose_topic_is_made_anew_are_placed_again_once_a_person_orders_on() -> None:
    script = Script()
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    script.ask(Pause("bob"))
    script.end_all(previous={"orders/0": 80, "orders/1": 80})
    script.commits["target"] = {("orders", 0): 90, ("orders", 1): 90}
    script.anew = {"source": frozenset({"orders"})}
    script.look(1)
    assert "proof_void" in script.kinds()
    before = sum(isinstance(a, CommitOffsets) for a in actions(script))
    script.go("advance")
    script.look(8)
    assert sum(isinstance(a, CommitOffsets) for a in actions(script)) == before + 1
    assert CallService("ledger", "start") not in actions(script)


def test_an_escape_while_a_person_is_asked_answers_nothing_by_ordering_on() -> None:
    plan = two_wave_plan()
    writers = plan.waves[1]
    steps = (*writers.steps[:3], ConfirmStep("now?"), *writers.steps[3:])
    script = Script(replace(plan, waves=(plan.waves[0], replace(writers, steps=steps))))
    script.fly_readers()
    script.fly_to_stop()
    script.end_all()
    script.end_all(source_end=AT_REST)
    script.end_all(source_end=AT_REST, target_end=AT_REST)
    script.ends["source"] = (107, 100)
    script.look(1)
    assert escapes(script)
    script.go("advance")
    assert isinstance(actions(script)[-1], ProveDrained)
    script.end_all(source_end={"orders/0": 107, "orders/1": 100}, target_end=AT_REST)
    assert "now?" in waits_for_person(script.state.wave().stages)
    assert START not in actions(script)
    script.go("advance")
    assert_released(script)
