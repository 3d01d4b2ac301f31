"""Profiles of the lab are values: what each asks for, and that its plan moves its workload."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.core.plan import FenceStep
from cockpit.lab import access, gridplan, properties
from cockpit.lab.certificates import Tls, write_certificates
from cockpit.lab.clusters import Login
from cockpit.lab.grid import AREAS, GRID, READERS
from cockpit.lab.home import LabError
from cockpit.lab.layout import Layout
from cockpit.lab.mirror import SOURCE_CONNECTOR, connector_configs
from cockpit.lab.profiles import DEFAULT, PROFILES, VOLTUS, profile_named
from cockpit.lab.state import PORTS, State, load, new_state, ports_of, save
from cockpit.lab.workload import TOPICS, WORKLOAD
from cockpit.plan import load_plan, load_plan_file

FOLDER = Path("/labs/one")
SAMPLE = Path(__file__).parents[2] / "sample-plans" / "voltus-week.yaml"


def _state() -> State:
    names = ports_of(1, VOLTUS)
    return new_state({name: 20_000 + index for index, name in enumerate(names)}, VOLTUS)


def test_the_usual_lab_is_the_default_profile() -> None:
    assert DEFAULT.workload.works == WORKLOAD
    assert DEFAULT.workload.topics == TOPICS
    assert set(DEFAULT.hosted()) == {work.name for work in WORKLOAD}
    assert set(ports_of(1, DEFAULT)) == set(PORTS)
    assert profile_named("default") is DEFAULT


def test_an_unknown_profile_is_refused_with_those_that_there_are() -> None:
    known = ", ".join(PROFILES)
    usual = {"default", "voltus", "avia", "zero-downtime-waves"}
    assert {*usual, "byoc", "ec2-082"} == set(PROFILES)
    with pytest.raises(LabError, match=f"no lab profile volt; there are {known}"):
        profile_named("volt")


def test_a_hundred_services_in_at_most_four_processes_write_a_hundred_records_a_second() -> None:
    assert len(GRID.works) == len({work.name for work in GRID.works}) == 100
    hosted = VOLTUS.hosted()
    assert len(hosted) == 4
    assert sorted(name for names in hosted.values() for name in names) == sorted(
        work.name for work in GRID.works
    )
    rates = dict.fromkeys(GRID.topics, 0.0)
    for work in GRID.works:
        for topic, count in work.generates:
            rates[topic] += count / GRID.tick_s
    for kind in ("parse", "join", "rules"):
        for area in AREAS:
            for topic, turns in GRID.work_of(f"{area}-{kind}").emits:
                for output in turns:
                    if output is not None:
                        rates[output] += rates[topic] / len(turns)
    assert all(rates.values())
    assert sum(rates.values()) == pytest.approx(100)


def test_one_graph_ties_all_services_together() -> None:
    """From any service every other one is reached over the topics that they share."""
    reached, waiting = set(), [GRID.works[0]]
    while waiting:
        work = waiting.pop()
        reached.add(work.name)
        topics = {*work.consumes, *work.produces}
        waiting += [
            other
            for other in GRID.works
            if other.name not in reached and topics & {*other.consumes, *other.produces}
        ]
    assert len(reached) == 100


def test_a_week_of_eight_waves_follows_the_graph() -> None:
    assert len(GRID.waves) == 8
    wave_of = {name: index for index, (_, names) in enumerate(GRID.waves) for name in names}
    assert sorted(wave_of) == sorted(work.name for work in GRID.works)
    for work in GRID.works:
        for reader in GRID.works:
            if set(work.produces) & set(reader.consumes):
                assert wave_of[reader.name] <= wave_of[work.name]
    assert [name for name, _ in GRID.waves[:2]] == ["readers-low", "readers"]
    assert sum(len(names) for _, names in GRID.waves[:2]) == len(AREAS) * len(READERS)


def test_the_sample_plan_is_the_lab_s_with_example_addresses() -> None:
    assert SAMPLE.read_text() == gridplan.grid_plan(gridplan.EXAMPLE)
    sample = load_plan_file(SAMPLE)
    places = gridplan.lab_places(Layout.of(FOLDER), _state())
    flown = load_plan(gridplan.grid_plan(places), origin=str(FOLDER / "plan.yaml"))
    assert sample.topics() == flown.topics() == GRID.topics
    assert sample.waves == flown.waves
    assert len(flown.services) == 100
    assert {service.resume for service in flown.services if service.group} == {"exact"}
    fences = [step for wave in flown.waves for step in wave.steps if isinstance(step, FenceStep)]
    assert len(fences) == 6
    assert {fence.by for fence in fences} == {"stop"}


def test_the_source_of_voltus_asks_nobody_who_he_is_and_the_target_asks_for_a_certificate() -> None:
    state = _state()
    source = properties.open_source(state, FOLDER)
    assert "authorizer" not in source
    assert "SASL" not in source
    target = properties.tls_target(state, FOLDER, Tls(FOLDER / "tls", "broker"), "secret")
    assert "ssl.client.auth=required\n" in target
    assert "StandardAuthorizer\n" in target
    assert access.bindings("source", VOLTUS) == ()
    users = {allow.user for allow in access.bindings("target", VOLTUS)}
    assert users == {work.name for work in GRID.works} | {access.COCKPIT, access.MIRROR}


def test_its_mirror_has_no_acls_to_copy_and_logs_in_at_each_side_as_that_asks() -> None:
    config = connector_configs(_state(), Layout.of(FOLDER))[SOURCE_CONNECTOR]
    assert "sync.topic.acls.enabled" not in config
    assert config["source.cluster.security.protocol"] == "PLAINTEXT"
    assert config["target.cluster.ssl.keystore.location"] == f"{FOLDER}/tls/mm2.pem"
    assert config["topics"] == "grid-.*"


def test_a_lab_remembers_its_profile(tmp_path: Path) -> None:
    save(tmp_path, _state())
    found = load(tmp_path)
    assert found is not None
    assert found.profile is VOLTUS
    assert found.bootstrap("target", watch=True) == found.bootstrap("target")
    assert PROFILES["voltus"] is VOLTUS


def test_a_client_uses_its_certificate(tmp_path: Path) -> None:
    write_certificates(tmp_path, ["ann"])
    tls = Tls(tmp_path, "ann")
    assert tls.key.stat().st_mode & 0o777 == 0o600
    assert tls.store.read_text() == tls.key.read_text() + tls.certificate.read_text()
    options = Login("127.0.0.1:1", "ann", tls=tls).client_options()
    assert options["security_protocol"] == "SSL"
    assert "sasl_mechanism" not in options
