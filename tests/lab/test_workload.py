"""The workload is what the lab promises, and its plan moves it in a legal order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from cockpit.core.plan import OffsetDeltaGate
from cockpit.lab import access, properties
from cockpit.lab.layout import Layout
from cockpit.lab.mirror import connector_configs
from cockpit.lab.planfile import plan_text
from cockpit.lab.state import State, new_state, ports_of
from cockpit.lab.workload import PARTITIONS, TICK_S, TOPICS, WAVES, WORKLOAD, Work, work_of
from cockpit.plan import load_plan

FOLDER = Path("/labs/one")


def _state(brokers: int = 1) -> State:
    return new_state({name: 20_000 + index for index, name in enumerate(ports_of(brokers))})


def _plan() -> dict[str, Any]:
    plan: dict[str, Any] = yaml.safe_load(plan_text(Layout.of(FOLDER), _state()))
    return plan


def _rates() -> dict[str, float]:
    """Records a second on each topic, followed through the services that transform."""
    rates: dict[str, float] = dict.fromkeys(TOPICS, 0.0)
    for work in WORKLOAD:
        for topic, count in work.generates:
            rates[topic] += count / TICK_S
    # `fraud` feeds `fulfil`; nothing feeds back.
    for name in ("pricing", "fraud", "fulfil"):
        for topic, turns in work_of(name).emits:
            for output in turns:
                if output is not None:
                    rates[output] += rates[topic] / len(turns)
    return rates


def test_eight_services_twelve_topics_120_partitions_200_records_a_second() -> None:
    kinds = [(bool(work.consumes), bool(work.produces)) for work in WORKLOAD]
    assert kinds.count((True, False)) == 3
    assert kinds.count((True, True)) == 3
    assert kinds.count((False, True)) == 2
    assert len(TOPICS) == 12
    assert len(TOPICS) * PARTITIONS == 120
    assert round(sum(_rates().values()), 6) == 200.0


def test_one_topic_has_two_writers_and_every_topic_a_reader_and_a_flow() -> None:
    writers = {topic: _names(lambda w, t=topic: t in w.produces) for topic in TOPICS}
    assert {topic for topic, names in writers.items() if len(names) == 2} == {"shop.alerts"}
    assert writers["shop.alerts"] == ["fulfil", "fraud"]
    assert all(any(topic in work.consumes for work in WORKLOAD) for topic in TOPICS)
    assert all(rate > 0 for rate in _rates().values())


def test_waves_move_every_reader_of_a_topic_before_or_with_its_writer() -> None:
    wave_of = {name: index for index, (_, names) in enumerate(WAVES) for name in names}
    assert sorted(wave_of) == sorted(work.name for work in WORKLOAD)
    for work in WORKLOAD:
        for topic in work.produces:
            readers = _names(lambda w, t=topic: t in w.consumes)
            assert all(wave_of[reader] <= wave_of[work.name] for reader in readers)
            writers = _names(lambda w, t=topic: t in w.produces)
            assert {wave_of[writer] for writer in writers} == {wave_of[work.name]}


def test_the_plan_names_every_service_with_its_topics_and_controls() -> None:
    services = {service["name"]: service for service in _plan()["services"]}
    for work in WORKLOAD:
        service = services[work.name]
        assert tuple(service.get("consumes", ())) == work.consumes
        assert tuple(service.get("produces", ())) == work.produces
        assert service.get("group") == work.group
        base = _state().url(work.name)
        urls = [service[key]["http"]["url"] for key in ("stop", "start", "undo")]
        assert urls == [
            f"{base}/stop",
            f"{base}/start?cluster=target",
            f"{base}/start?cluster=source",
        ]


def test_the_plan_fences_and_drains_exactly_where_something_is_written() -> None:
    steps = {
        wave["name"]: [
            step if isinstance(step, str) else next(iter(step)) for step in wave["steps"]
        ]
        for wave in _plan()["waves"]
    }
    assert steps == {
        "readers": ["stop", "offsets", "start", "soak"],
        "pricing": ["stop", "fence", "drain", "offsets", "start", "soak"],
        "fulfilment": ["stop", "fence", "drain", "offsets", "start", "soak"],
        "edge": ["stop", "fence", "drain", "start", "soak"],
    }


def test_the_plan_loads_without_a_problem() -> None:
    plan = load_plan(plan_text(Layout.of(FOLDER), _state()), origin=str(FOLDER / "plan.yaml"))
    assert plan.topics() == TOPICS
    assert tuple((wave.name, wave.services) for wave in plan.waves) == WAVES
    assert plan.source.canary is not None
    assert plan.source.canary.username == access.CANARY
    assert [signal.name for signal in plan.signals] == [f"{w.name}-errors" for w in WORKLOAD]


def test_the_exact_plan_tolerates_no_record_twice() -> None:
    plan = load_plan(plan_text(Layout.of(FOLDER), _state(), "exact"), origin="plan-exact.yaml")
    groups = [service for service in plan.services if service.group]
    assert {service.resume for service in groups} == {"exact"}
    assert {s.offsets.replay_tolerance_records for s in groups if s.offsets} == {0}
    gates = [g for w in plan.waves for g in w.gates if isinstance(g, OffsetDeltaGate)]
    assert {gate.max_reread_records for gate in gates} == {0}


def test_two_source_brokers_have_numbers_ports_and_copies_of_commits_of_their_own() -> None:
    state = _state(2)
    texts = [properties.source(state, FOLDER, "pw", name) for name in state.source_brokers()]
    settings = [dict(line.split("=", 1) for line in text.splitlines()) for text in texts]
    assert [found["broker.id"] for found in settings] == ["1", "2"]
    assert settings[0]["listeners"] != settings[1]["listeners"]
    assert {found["offsets.topic.replication.factor"] for found in settings} == {"2"}
    alone = properties.source(_state(), FOLDER, "pw")
    assert "offsets.topic.replication.factor=1\n" in alone


def test_the_plan_of_two_source_brokers_names_both_and_why_the_target_has_fewer_copies() -> None:
    plan = load_plan(plan_text(Layout.of(FOLDER), _state(2)), origin="plan.yaml")
    assert len(plan.source.bootstrap) == 2
    assert len(plan.target.bootstrap) == 1
    assert "replication.factor" in {d.config for d in plan.approved_differences}
    one = load_plan(plan_text(Layout.of(FOLDER), _state()), origin="plan.yaml")
    assert "replication.factor" not in {d.config for d in one.approved_differences}


def test_secrets_stay_in_their_files() -> None:
    text = plan_text(Layout.of(FOLDER), _state())
    passwords = re.findall(r'password: "([^"]*)"', text)
    assert len(passwords) == 3
    assert all(value.startswith("${file:/labs/one/secrets/") for value in passwords)
    for config in connector_configs(_state(), Layout.of(FOLDER)).values():
        assert all(
            'password="${directory:/labs/one/secrets:mm2}"' in value
            for key, value in config.items()
            if key.endswith("jaas.config")
        )


def test_services_may_do_the_same_on_both_sides_and_nothing_beyond_their_topics() -> None:
    for work in WORKLOAD:
        source, target = (
            [allow for allow in access.bindings(side) if allow.user == work.name]
            for side in ("source", "target")
        )
        assert source == target
        named = {allow.name for allow in source}
        assert named == {*work.consumes, *work.produces, *([work.group] if work.group else [])}


def test_only_the_canary_and_writers_may_write_to_the_source() -> None:
    writers = {
        allow.user
        for allow in access.bindings("source")
        if allow.operation == "write" and allow.name != access.JOURNAL_PREFIX
    }
    assert writers == {"canary", *(work.name for work in WORKLOAD if work.produces)}


def _names(holds: Any) -> list[str]:
    def matches(work: Work) -> bool:
        return bool(holds(work))

    return [work.name for work in WORKLOAD if matches(work)]
