"""An inventory of the lab's real clusters has everything that the lab has made."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cockpit.cli import exits
from cockpit.cli.census import census
from cockpit.core.inventory import Exclusion, Inventory, take_inventory
from cockpit.core.observe import Unknown
from cockpit.lab.workload import WORKLOAD
from cockpit.plan.loader import load_services
from tests.cli.test_commands import cockpit
from tests.kafka.real import plan_of, scratch_topic

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker

OWN = (
    Exclusion("acl", "User:mm2", "leave", "the mirror's", "lab"),
    Exclusion("user", "mm2", "leave", "the mirror's", "lab"),
    Exclusion("acl", "User:admin", "leave", "the lab's", "lab"),
    Exclusion("user", "admin", "leave", "the lab's", "lab"),
    Exclusion("connector", "mm2-heartbeat", "leave", "the mirror's", "lab"),
)
TOPICS = {topic for work in WORKLOAD for topic in (*work.consumes, *work.produces)}


async def taken(lab: Status, *more: Exclusion) -> Inventory:
    plan = replace(plan_of(lab), excluded=(*OWN, *more))
    return take_inventory(plan, await census(plan, apart_ms=3_000))


async def test_the_labs_clusters_are_in_its_plan(lab: Status) -> None:
    inventory = await taken(lab)
    by_name = {(i.kind, i.name): i for i in inventory.items}
    for topic in TOPICS:
        item = by_name["topic", topic]
        assert (item.where(), item.word) == ("both", "in the plan"), topic
        assert (item.values["partitions"], item.values["replicas"]) == (10, 1)
        assert item.values["retention.ms"] == "86400000"
        rate = item.values["records_per_s"]
        assert isinstance(rate, float), (topic, rate)
    total = sum(float(str(by_name["topic", t].values["records_per_s"])) for t in TOPICS)
    assert 100 < total < 300  # the lab writes 200 a second
    for work in WORKLOAD:
        if work.group is not None:
            group = by_name["group", work.group]
            assert group.word == "in the plan"
            assert group.values["members"] == 1, work.group
            assert group.values["topics"] == ", ".join(work.consumes)
        assert by_name["user", work.name].word == "in the plan"
    assert by_name["connector", "mm2-source"].word == "in the plan"
    assert inventory.unread == ()
    left = {i.name for i in inventory.items if i.word == "unassigned"}
    assert not left, left


async def test_what_no_service_uses_is_unassigned_until_somebody_says_so(lab: Status) -> None:
    async with scratch_topic(lab, "planted.inventory", sides=["source"]) as topic:
        inventory = await taken(lab)
        (item,) = (i for i in inventory.of("topic") if i.name == topic)
        assert (item.where(), item.word) == ("source", "unassigned")
        more = Exclusion("topic", "planted.*", "drop", "a test's", "lab")
        (item,) = (i for i in (await taken(lab, more)).of("topic") if i.name == topic)
        assert (item.word, item.why) == ("excluded", "drop: a test's (lab)")


async def test_transactions_of_an_old_source_are_a_note(lab: Status) -> None:
    inventory = await taken(lab)
    assert any("Kafka before 3.0 does not list transactions" in note for note in inventory.notes)
    for item in inventory.of("producer"):
        if item.source and not item.name.startswith("source unlisted"):
            assert isinstance(item.values["transactional_id"], Unknown)


def test_the_command_says_it_all(lab: Status, tmp_path: Path) -> None:
    path = str(lab.as_json()["plan"])
    done = cockpit("inventory", path, "--json", "--watch", "2s", state=tmp_path, within_s=120)
    assert done.returncode == exits.FAILED, done.stderr  # the mirror's own rights are not excluded
    told = json.loads(done.stdout)
    topics = {i["name"] for i in told["items"] if i["kind"] == "topic" and i["source"]}
    assert topics >= TOPICS
    assert told["source_cluster"] != told["target_cluster"]


def test_a_plan_is_written_from_the_labs_clusters(lab: Status, tmp_path: Path) -> None:
    written = Path(lab.as_json()["plan"]).read_text()
    start, plan = tmp_path / "start.yaml", tmp_path / "plan.yaml"
    start.write_text(
        written.partition("signals:")[0]
        + 'excluded:\n  - {acl: "User:mm2", why: the mirror, by: lab}\n'
    )
    words = ("init", str(start), "-o", str(plan), "--watch", "3s")
    done = cockpit(*words, state=tmp_path, within_s=120)
    assert done.returncode == exits.COMPLETED, done.stderr
    services, kind = load_services(plan.read_text(), origin=str(plan))
    assert kind == "mirrormaker2"
    assert {s.name: (s.consumes, s.produces) for s in services} == {
        work.name: (work.consumes, work.produces) for work in WORKLOAD
    }
    checked = cockpit("check", str(plan), state=tmp_path)
    assert checked.returncode == exits.USAGE
    problems = [line for line in checked.stderr.splitlines() if line.startswith(str(plan))]
    assert problems
    assert [line for line in problems if "is still to do" not in line] == []
