"""Whole flights in simulation. The world's own checker counts records; the cockpit does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.core.observe import Unknown
from cockpit.core.plan import FenceStep, Plan
from cockpit.engine.journal import read_journal
from cockpit.sim.demo import demo_plan
from cockpit.sim.faults import (
    ActionWord,
    ClusterUnreachable,
    ConnectDown,
    EffectFault,
    EffectMode,
    ErrorBurst,
    EscapingWriter,
    MirrorStalled,
    MirrorTaskFailed,
    SignalDown,
    When,
)
from tests.flights.simulate import ORDERS, Flown, fly


def assert_as_it_was(flown: Flown, wave: str = "writers") -> None:
    """Going back has left the world as it was, but for the waves that were moved."""
    services = next(w for w in demo_plan().waves if w.name == wave).services
    assert {name: flown.after.where[name] for name in services} == {
        name: flown.before.where[name] for name in services
    }
    assert flown.after.source_acls == flown.before.source_acls
    source = demo_plan().replication.source_connector
    assert flown.after.connectors[source] == flown.before.connectors[source]


def assert_clean(flown: Flown) -> None:
    assert flown.truth.lost == 0
    assert flown.truth.disordered == 0
    assert flown.truth.violations == ()
    assert flown.truth.duplicated <= flown.predicted()


@pytest.mark.parametrize("seed", range(1, 13))
def test_a_calm_flight_completes_and_loses_nothing(seed: int) -> None:
    flown = fly(seed=seed)
    assert flown.result.outcome == "completed"
    assert flown.result.exit_code == exits.COMPLETED
    assert_clean(flown)


def test_a_trigger_between_fence_and_start_takes_the_wave_back() -> None:
    flown = fly(keep_demo_faults=True)
    assert flown.result.outcome == "rolled_back"
    assert flown.result.exit_code == exits.ROLLED_BACK
    assert "trigger" in flown.kinds()
    assert "point_of_no_return" not in flown.kinds()
    assert_as_it_was(flown)
    assert_clean(flown)


def test_after_it_came_back_the_wave_flies_again_to_the_end() -> None:
    flown = fly(keep_demo_faults=True, orders=replace(ORDERS, fly_again=True))
    assert flown.result.outcome == "completed"
    assert flown.kinds().count("wave_rolled_back") == 1
    assert_clean(flown)


def test_a_cluster_that_cannot_be_reached_holds_the_gates_and_the_flight_goes_on_afterwards() -> (
    None
):
    dark = ClusterUnreachable(side="target", when=When(for_ms=30_000))
    flown = fly(dark)
    during = [s for s in flown.snapshots if s.target.health == "unreachable"]
    assert during
    assert all(
        gate.verdict != "PASS"
        for snapshot in during
        for gate in snapshot.gates
        if gate.name == "offset_delta"
    )
    assert flown.result.outcome == "completed"
    assert_clean(flown)


def test_connect_down_during_the_wave_makes_lag_unknown_and_the_flight_goes_on() -> None:
    flown = fly(ConnectDown(when=When(event="stopped ledger", for_ms=4_000)))
    lags = [gate for s in flown.snapshots for gate in s.gates if gate.name == "replication_lag"]
    assert any(isinstance(gate.value, Unknown) for gate in lags)
    assert flown.result.outcome == "completed"
    assert_clean(flown)


def test_a_gate_that_is_never_met_ends_with_its_own_exit_code() -> None:
    burst = ErrorBurst(signal="checkout-errors", value=0.5, when=When())
    flown = fly(burst, orders=replace(ORDERS, gate_wait_ms=20_000))
    assert flown.result.exit_code == exits.GATE_NOT_MET
    assert "signal checkout-errors" in flown.result.why
    assert "wave_started" not in flown.kinds()


def test_a_signal_that_falls_silent_never_passes() -> None:
    down = SignalDown(signal="checkout-errors", when=When())
    flown = fly(down, orders=replace(ORDERS, gate_wait_ms=20_000))
    assert flown.result.exit_code == exits.GATE_NOT_MET
    assert "UNKNOWN" in flown.result.why


def test_a_writer_that_escapes_the_fence_is_named_and_the_wave_comes_back() -> None:
    escaping = EscapingWriter(topics=("payments",), when=When())
    flown = fly(escaping)
    assert flown.result.outcome == "rolled_back"
    failures = [e["text"] for e in flown.events if e["kind"] == "step_failed"]
    assert any("payments/" in text for text in failures), failures
    assert flown.truth.lost == 0


def fenced_by(fence: FenceStep, *, canary: bool = True) -> Plan:
    """The demonstration's plan with another fence in its second wave."""
    plan = demo_plan()
    readers, writers = plan.waves
    steps = tuple(fence if isinstance(s, FenceStep) else s for s in writers.steps)
    source = plan.source if canary else replace(plan.source, canary=None)
    return replace(plan, source=source, waves=(readers, replace(writers, steps=steps)))


def test_a_fence_against_the_producers_alone_flies_and_is_removed_whole() -> None:
    plan = fenced_by(FenceStep(deny="producers"))
    flown = fly(plan=plan)
    assert flown.result.outcome == "completed"
    assert_clean(flown)
    denied = {b.principal for b in flown.after.source_acls if b.permission == "deny"}
    producers = {s.principal for s in plan.wave_services(plan.waves[1]) if s.produces}
    assert denied == {*producers, "User:canary"}
    back = fly(plan=plan, keep_demo_faults=True)
    assert back.result.outcome == "rolled_back"
    assert_as_it_was(back)


def test_where_nothing_can_refuse_writers_are_stopped_and_watched() -> None:
    flown = fly(plan=fenced_by(FenceStep(by="stop"), canary=False))
    assert flown.result.outcome == "completed"
    assert_clean(flown)
    assert flown.after.source_acls == flown.before.source_acls
    told = {s.status.writes_detail for s in flown.snapshots if s.status.writes == "FENCED"}
    assert told
    assert all("nothing refuses a write" in text for text in told)


def test_a_writer_that_goes_on_keeps_a_fence_of_silence_from_standing() -> None:
    escaping = EscapingWriter(topics=("payments",), when=When())
    flown = fly(escaping, plan=fenced_by(FenceStep(by="stop"), canary=False))
    assert flown.result.outcome == "rolled_back"
    failures = [e["text"] for e in flown.events if e["kind"] == "step_failed"]
    assert any("somebody still writes: payments/" in text for text in failures), failures
    assert flown.truth.lost == 0


def test_a_mirror_that_stands_still_does_not_drain_and_the_deadline_unfences() -> None:
    stalled = MirrorStalled(when=When(event="stop checkout"))
    flown = fly(stalled)
    assert flown.result.outcome == "rolled_back"
    blocked = [s for s in flown.snapshots if s.status.blocked_since_ms is not None]
    fence = next(s for s in demo_plan().waves[1].steps if isinstance(s, FenceStep))
    longest = max(s.at_ms - (s.status.blocked_since_ms or 0) for s in blocked)
    assert longest <= fence.deadline_ms + 15_000
    assert flown.truth.lost == 0


def test_a_dead_task_under_a_running_connector_is_shown_and_holds_the_gate() -> None:
    failed = MirrorTaskFailed(when=When(for_ms=20_000))
    flown = fly(failed)
    assert any(s.mirror.startswith("FAILED ") and "task 0" in s.mirror for s in flown.snapshots)
    assert flown.result.outcome == "completed"
    assert flown.truth.lost == 0


def test_every_effect_has_its_intent_before_it_in_an_unbroken_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    flown = fly(keep_demo_faults=True, journal=path)
    assert "fence" in flown.effects
    entries = list(read_journal(path))
    intents = [e["action_id"] for e in entries if e["kind"] == "intent"]
    texts = [e["text"] for e in entries if e["kind"] == "intent"]
    for effect in flown.effects:
        verb, _, subject = effect.partition(" ")
        if verb in ("stop", "start", "undo"):
            assert f"{verb} service {subject}" in texts, effect
        if effect == "fence":
            assert any(text.startswith("fence writes") for text in texts)
    outcomes = [e["action_id"] for e in entries if e["kind"] == "outcome"]
    assert intents
    assert len(set(intents)) == len(intents)
    assert set(intents) <= set(outcomes)
    for action_id in intents:
        kinds = [e["kind"] for e in entries if e.get("action_id") == action_id]
        assert kinds.index("intent") < kinds.index("outcome")


def test_the_same_seed_gives_the_same_journal_byte_for_byte(tmp_path: Path) -> None:
    paths = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    for path in paths:
        fly(keep_demo_faults=True, journal=path, seed=3)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("action", "subject"),
    [("patch", ""), ("exclude", ""), ("call", "checkout stop"), ("fence", ""), ("commit", "")],
)
@pytest.mark.parametrize("mode", ["lost_before", "lost_after", "refused"])
def test_one_effect_that_goes_wrong_ends_moved_whole_or_back_whole(
    action: ActionWord, subject: str, mode: EffectMode
) -> None:
    fault = EffectFault(action=action, subject=subject, mode=mode)
    flown = fly(fault, orders=replace(ORDERS, confirm_steps=True))
    assert flown.truth.lost == 0
    assert flown.truth.violations == ()
    assert flown.result.outcome in ("completed", "rolled_back"), flown.result
    if flown.result.outcome == "rolled_back" and ("writers", "rolled back") in flown.result.waves:
        assert_as_it_was(flown)


def test_a_producer_whose_start_is_lost_is_not_called_moved() -> None:
    lost = EffectFault(action="call", subject="refunds start", mode="lost_before")
    flown = fly(lost)
    if flown.result.outcome == "completed":
        assert "target" in flown.after.where["refunds"]
    assert flown.truth.lost == 0


def test_where_going_back_may_lose_records_a_machine_leaves_it_to_a_person() -> None:
    writers = demo_plan().waves[1].services
    calls = [f"{name} start" for name in writers]
    refused = [EffectFault(action="call", subject=call, mode="refused", times=9) for call in calls]
    back = fly(*refused)
    assert back.result.outcome == "rolled_back"
    left = fly(*refused, orders=replace(ORDERS, accept_loss=False))
    assert left.result.left_running
    assert left.result.exit_code == exits.FAILED
    assert left.result.why.endswith(
        "going back may lose records: a person decides, or --accept-loss"
    )
    assert "rollback_wanted" not in left.kinds()


def test_simulated_is_said_in_every_snapshot() -> None:
    flown = fly()
    assert all(s.status.simulated and s.source.simulated for s in flown.snapshots)
