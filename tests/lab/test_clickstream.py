"""The profile `ec2-082`: a source that MirrorMaker 2 cannot read, and what stands in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.core.plan import FenceStep
from cockpit.core.unflown import unflown
from cockpit.lab import components, hopfiles, looking, oldclients
from cockpit.lab.clickstream import CLICKSTREAM
from cockpit.lab.clickstreamplan import EXAMPLE, clickstream_plan, lab_places
from cockpit.lab.home import LabError
from cockpit.lab.layout import Layout
from cockpit.lab.mirror import SOURCE_CONNECTOR, connector_configs
from cockpit.lab.profiles import EC2, VOLTUS
from cockpit.lab.starting import workload_json
from cockpit.lab.state import State, new_state, ports_of
from cockpit.plan import load_plan, load_plan_file

FOLDER = Path("/labs/one")
SAMPLE = Path(__file__).parents[2] / "sample-plans" / "ec2-082-to-msk.yaml"


def a_lab() -> State:
    names = ports_of(1, EC2)
    return new_state({name: 20_000 + index for index, name in enumerate(names)}, EC2)


def test_the_sample_plan_is_the_lab_s_with_example_addresses() -> None:
    assert SAMPLE.read_text() == clickstream_plan(EXAMPLE)
    sample = load_plan_file(SAMPLE)
    flown = load_plan(clickstream_plan(lab_places(a_lab())), origin=str(FOLDER / "plan.yaml"))
    assert sample.waves == flown.waves
    assert sample.topics() == flown.topics() == CLICKSTREAM.topics
    assert unflown(flown) == ()


def test_the_plan_names_the_way_over_which_records_come_and_who_knows_the_members() -> None:
    lab = a_lab()
    plan = load_plan(clickstream_plan(lab_places(lab)), origin=str(FOLDER / "plan.yaml"))
    assert plan.first_hop is not None
    assert plan.first_hop.group == hopfiles.FIRST_HOP
    assert plan.first_hop.between.bootstrap == (lab.address("between"),)
    assert plan.source.zookeeper is not None
    assert plan.source.zookeeper.servers == (lab.address("zookeeper"),)


def test_every_group_has_a_decision_and_nobody_is_fenced_by_an_acl() -> None:
    plan = load_plan_file(SAMPLE)
    decided = {service.group: service.resume for service in plan.services if service.group}
    assert set(decided.values()) == {"earliest", "exact"}
    for service in plan.services:
        if service.resume == "earliest":
            spec = service.offsets
            assert spec is not None
            assert spec.accept_replay is not None or spec.replay_tolerance_records
    fences = [step for wave in plan.waves for step in wave.steps if isinstance(step, FenceStep)]
    assert fences
    assert {fence.by for fence in fences} == {"stop"}


def test_groups_keep_their_commits_in_both_places_and_each_topic_has_one_writer() -> None:
    readers = [work for work in CLICKSTREAM.works if work.consumes]
    assert {work.commits_in_zookeeper for work in readers} == {False, True}
    writers = [topic for work in CLICKSTREAM.works for topic in work.produces]
    assert sorted(writers) == sorted(CLICKSTREAM.topics)


def test_the_lab_has_a_cluster_in_between_which_the_mirror_reads() -> None:
    lab = a_lab()
    assert {"between", hopfiles.FIRST_HOP} <= set(components.java_components(lab))
    assert {"between", hopfiles.FIRST_HOP} <= set(looking.parts_of(lab))
    config = connector_configs(lab, Layout.of(FOLDER))[SOURCE_CONNECTOR]
    assert config["source.cluster.bootstrap.servers"] == lab.address("between")
    assert lab.address("between") in hopfiles.producer(lab)
    assert lab.address("zookeeper") in hopfiles.consumer(lab)
    between = hopfiles.between(lab, FOLDER, "secret")
    assert f"listeners=PLAINTEXT://{lab.address('between')}," in between
    assert f"1@{lab.address('between-controller')}" in between


def test_other_labs_have_none() -> None:
    names = ports_of(1, VOLTUS)
    lab = new_state({name: 20_000 + index for index, name in enumerate(names)}, VOLTUS)
    assert not {"between", hopfiles.FIRST_HOP} & set(components.java_components(lab))
    assert "between" not in names


def test_a_broker_of_0_8_is_told_its_address_in_words_that_it_knows() -> None:
    lab = a_lab()
    source = hopfiles.old_source(lab, FOLDER)
    assert f"port={lab.ports['source']}\n" in source
    assert "listeners" not in source


def test_services_are_told_where_to_register() -> None:
    lab = a_lab()
    assert workload_json(lab)["zookeeper"] == lab.address("zookeeper")


def test_a_package_that_is_missing_is_named_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    oldclients.require_packages()
    monkeypatch.setattr(oldclients, "find_spec", lambda name: None if name == "kafka" else name)
    with pytest.raises(LabError, match=r"package.* kafka-python: pip install .*\[lab\]"):
        oldclients.require_packages()
