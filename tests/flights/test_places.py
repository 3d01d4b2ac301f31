"""Waves whose groups begin somewhere else, with a shadow consumer that looks before they start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.core.plan import (
    Acceptance,
    ClientProbeGate,
    CommandCall,
    OffsetDeltaGate,
    OffsetsSpec,
    OffsetsStep,
    Plan,
    ProbeStep,
    Step,
    Wave,
)
from cockpit.sim.demo import demo_plan
from cockpit.sim.faults import ALWAYS, ClientProbeFails, EffectFault, ErrorBurst, When
from tests.flights.dying import POINTS, Death, Point, fly_and_die
from tests.flights.simulate import ORDERS, Flown, fly
from tests.flights.test_exact import back_after_soak

YES = Acceptance("it is only counted", "team-web")
LOSS = OffsetsSpec("latest", accept_loss=YES)
REPLAY = OffsetsSpec("earliest", accept_replay=YES)


def probed_plan(spec: OffsetsSpec, plan: Plan | None = None) -> Plan:
    """Every group by this, probed before it starts; without a gate that compares its places."""
    plan = plan or demo_plan()
    services = tuple(replace(s, offsets=spec if s.group else None) for s in plan.services)
    return replace(plan, services=services, waves=tuple(map(_probed, plan.waves)))


def _probed(wave: Wave) -> Wave:
    steps: list[Step] = []
    for step in wave.steps:
        steps += [step, ProbeStep()] if isinstance(step, OffsetsStep) else [step]
    gates = tuple(gate for gate in wave.gates if not isinstance(gate, OffsetDeltaGate))
    return replace(wave, steps=tuple(steps), gates=gates)


def skipped(flown: Flown) -> int:
    placed = [e for e in flown.events if e["kind"] == "offsets_placed"]
    return sum(event["skipped_max_records"] for event in placed)


@pytest.mark.parametrize("spec", [OffsetsSpec(), OffsetsSpec("exact"), REPLAY], ids=str)
def test_what_is_predicted_to_be_read_again_is_what_is_read_again(spec: OffsetsSpec) -> None:
    flown = fly(plan=probed_plan(spec))
    assert flown.result.outcome == "completed"
    truth = flown.truth
    assert (truth.lost, truth.duplicated, truth.violations) == (0, flown.predicted(), ())
    assert skipped(flown) == 0
    probes = [e["text"] for e in flown.events if e.get("step") == "probe"]
    assert any("probe done" in text for text in probes)


def test_what_is_predicted_to_be_skipped_is_what_is_lost() -> None:
    flown = fly(plan=probed_plan(LOSS))
    assert flown.result.outcome == "completed"
    assert flown.truth.lost == skipped(flown) > 0
    assert flown.truth.duplicated == flown.predicted() == 0


@pytest.mark.parametrize("spec", [OffsetsSpec("latest"), OffsetsSpec("earliest", 10)], ids=str)
def test_without_acceptance_the_wave_comes_back_and_loses_nothing(spec: OffsetsSpec) -> None:
    flown = fly(plan=probed_plan(spec))
    assert flown.result.outcome == "rolled_back"
    assert (flown.truth.lost, flown.truth.duplicated) == (0, 0)


def test_a_time_that_is_past_every_record_is_the_end() -> None:
    spec = OffsetsSpec("timestamp", at_ms=4_000_000_000_000, accept_loss=YES)
    flown = fly(plan=probed_plan(spec))
    assert flown.result.outcome == "completed"
    assert flown.truth.lost == skipped(flown) > 0


def test_who_skipped_records_reads_them_after_going_back() -> None:
    when = When(event="started ledger", delay_ms=6_000, for_ms=60_000)
    burst = ErrorBurst(signal="settlement-errors", value=0.5, when=when)
    flown = fly(burst, plan=back_after_soak(probed_plan(LOSS)))
    assert flown.result.outcome == "rolled_back"
    assert flown.truth.lost == 0


@pytest.mark.parametrize("action", ["seek", "probe"])
def test_a_look_whose_answer_is_lost_is_asked_again(action: str) -> None:
    fault = EffectFault(action=action, mode="lost_after", times=2, when=ALWAYS)  # type: ignore[arg-type]  # one of the words
    flown = fly(fault, plan=probed_plan(REPLAY))
    assert flown.result.outcome == "completed"
    assert flown.truth.duplicated == flown.predicted()


def test_offsets_outside_kafka_are_set_and_set_back_by_a_person() -> None:
    flown = fly(plan=probed_plan(OffsetsSpec("external")))
    assert flown.result.outcome == "completed"
    asked = [e for e in flown.events if e["kind"] == "asked_person"]
    assert {e["service"] for e in asked} == {"ledger", "notifier", "settlement"}
    assert not any(name.startswith("commit") for name in flown.effects)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("number", [pytest.param(5, marks=pytest.mark.soak), 6])
def test_an_engine_that_dies_while_it_places_groups_elsewhere_loses_nothing(
    tmp_path: Path, number: int, point: Point
) -> None:
    death = Death(point, number, power_cut=number == 5)
    orders = replace(ORDERS, go_on=number == 6)
    flown = fly_and_die(death, orders, probed_plan(REPLAY), tmp_path)
    assert flown.death.died_at
    assert (flown.truth.lost, flown.truth.violations) == (0, ())
    assert flown.truth.duplicated <= flown.predicted


def with_client_probes(plan: Plan) -> Plan:
    probe = CommandCall(("ssh", "host", "probe-target"))
    services = tuple(replace(service, probe=probe) for service in plan.services)
    gate = ClientProbeGate(max_age_ms=15_000)
    waves = tuple(replace(wave, gates=(*wave.gates, gate)) for wave in plan.waves)
    return replace(plan, services=services, waves=waves)


def test_no_wave_begins_before_its_services_have_shown_that_they_can_work_there() -> None:
    away = ClientProbeFails(service="ledger", silent=True, when=When(for_ms=30_000))
    denied = ClientProbeFails(service="notifier", when=When(delay_ms=30_000, for_ms=30_000))
    flown = fly(away, denied, plan=with_client_probes(demo_plan()))
    assert flown.result.outcome == "completed"
    gates = [e["text"] for e in flown.events if e.get("gate") == "client_probe"]
    assert any("UNKNOWN: the probe of ledger" in text for text in gates)
    assert any("FAIL: 1 of 2 fail, first: notifier" in text for text in gates)
    begun = next(e["at_ms"] for e in flown.events if e["kind"] == "wave_started")
    assert begun - flown.events[0]["at_ms"] > 60_000
