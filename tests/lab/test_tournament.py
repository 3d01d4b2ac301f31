"""The profile `avia`: a workload that can move without a gap, and the plan that moves it."""

from __future__ import annotations

from pathlib import Path

from cockpit.core.plan import FenceStep, PromoteStep
from cockpit.core.unflown import unflown
from cockpit.lab import components, looking, properties
from cockpit.lab.meter import WINDOW_S, Meter
from cockpit.lab.profiles import AVIA
from cockpit.lab.starting import workload_json
from cockpit.lab.state import State, new_state, ports_of
from cockpit.lab.tournament import TOURNAMENT
from cockpit.lab.tournamentplan import EXAMPLE, lab_places, tournament_plan
from cockpit.plan import load_plan, load_plan_file

SAMPLE = Path(__file__).parents[2] / "sample-plans" / "avia-linking.yaml"


def a_lab() -> State:
    names = ports_of(1, AVIA)
    return new_state({name: 20_000 + index for index, name in enumerate(names)}, AVIA)


def test_each_topic_has_a_writer_in_each_batch_so_that_one_of_them_always_writes() -> None:
    batches = [names for name, names in TOURNAMENT.waves if name.startswith("producers")]
    assert len(batches) == 2
    for names in batches:
        written = {topic for name in names for topic in TOURNAMENT.work_of(name).produces}
        assert written == set(TOURNAMENT.topics)


def test_the_sample_plan_is_the_lab_s_with_example_addresses() -> None:
    assert SAMPLE.read_text() == tournament_plan(EXAMPLE)
    sample = load_plan_file(SAMPLE)
    flown = load_plan(tournament_plan(lab_places(a_lab())), origin="/labs/one/plan.yaml")
    assert sample.waves == flown.waves
    assert sample.topics() == flown.topics() == TOURNAMENT.topics
    assert unflown(flown) == ()


def test_producers_go_first_nothing_is_fenced_and_each_topic_is_promoted_for_itself() -> None:
    plan = load_plan_file(SAMPLE)
    steps = [step for wave in plan.waves for step in wave.steps]
    assert not any(isinstance(step, FenceStep) for step in steps)
    promoted = [step.topics for step in steps if isinstance(step, PromoteStep)]
    assert sorted(promoted) == [(topic,) for topic in TOURNAMENT.topics]
    writers = {work.name for work in TOURNAMENT.works if work.produces}
    assert {name for wave in plan.waves[:2] for name in wave.services} == writers


def test_its_lab_has_a_link_and_no_connect() -> None:
    lab = a_lab()
    assert "connect" not in ports_of(1, AVIA)
    assert "connect" not in components.java_components(lab)
    assert "link" in looking.parts_of(lab)
    target = properties.open_target(lab, Path("/labs/one/data"), "secret")
    assert f"PLAINTEXT://{lab.address('target')}" in target
    assert "authorizer" not in target


def test_producers_of_the_target_are_sent_to_the_proxy() -> None:
    lab = a_lab()
    written = workload_json(lab)
    assert written["producers"] == {"target": lab.address("link-proxy")}


def test_a_service_tells_the_latency_that_all_but_one_of_a_hundred_records_stayed_under() -> None:
    meter = Meter()
    assert meter.latency_ms(0.0) is None
    for duration_ms in range(100):
        meter.took(1.0, duration_ms)
    meter.took(1.0, 60_000)
    assert meter.latency_ms(1.0) == 99
    assert meter.latency_ms(1.0 + 2 * WINDOW_S) is None
