"""`cockpit inventory` over simulated clusters, and as a script meets it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cockpit.cli import exits
from cockpit.cli.census import look, look_for_topics
from cockpit.cli.inventory import (
    ALL,
    KIND_WORDS,
    as_json,
    csv_lines,
    exit_code,
    read_beginning,
    report,
    summary,
)
from cockpit.cli.wiring import engine_ports
from cockpit.core.facts import Facts
from cockpit.core.inventory import (
    COLUMNS,
    Exclusion,
    Inventory,
    Item,
    about_everything,
    read_topics,
    take_inventory,
)
from cockpit.core.observe import Unknown
from cockpit.core.plan import Plan
from cockpit.report.csvs import plain
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import connect_sim
from cockpit.sim.faults import ALWAYS, ClusterUnreachable, Fault
from cockpit.sim.loop import VirtualClock, run_virtual
from tests.cli.test_commands import cockpit
from tests.plan.given import SAMPLES
from tests.tui.fixtures import HOSTILE

CLUSTERS = """\
cockpit: 1
name: begun
source: {bootstrap: ["127.0.0.1:1"], security: {protocol: plaintext}}
target: {bootstrap: ["127.0.0.1:2"], security: {protocol: plaintext}}
replication: {kind: mirrormaker2, connect: "http://127.0.0.1:3",
  connectors: {source: a, checkpoint: b}}
"""


def seen(*faults: Fault) -> Facts:
    """What a census finds of the demonstration's clusters."""
    plan = demo_plan()

    async def go() -> Facts:
        made = connect_sim(plan, VirtualClock(), replace(demo_world(3), faults=faults))
        ports = engine_ports(made, made.clock)
        facts = await look_for_topics(ports)
        wide = about_everything(plan, read_topics(facts))
        return await look(facts, wide, ports, apart_ms=5_000)

    return run_virtual(go())


def without(*services: str) -> Plan:
    """The demonstration's plan, that has forgotten these services. Nothing simulates Connect."""
    plan = demo_plan()
    kept = tuple(s for s in plan.services if s.name not in services)
    return replace(plan, services=kept, waves=(), replication=replace(plan.replication, connect=""))


def test_a_whole_plan_leaves_nothing_unassigned() -> None:
    inventory = take_inventory(without(), seen())
    assert [i.name for i in inventory.items if i.word != "in the plan"] == []
    assert inventory.unread == ()
    assert exit_code(inventory) == exits.COMPLETED
    assert {i.name for i in inventory.of("topic")} == set(demo_plan().topics())
    assert {i.name for i in inventory.of("group")} == set(demo_plan().groups())


def test_a_forgotten_service_is_found_by_everything_that_it_has() -> None:
    inventory = take_inventory(without("refunds", "notifier"), seen())
    found = {(i.kind, i.name) for i in inventory.items if i.word == "unassigned"}
    assert ("group", "notifier") in found
    assert ("user", "refunds") in found
    assert ("quota", "user=refunds producer_byte_rate") in found
    assert ("acl", "User:notifier allow read on group notifier (literal) from *") in found
    producers = [i for i in inventory.of("producer") if i.word == "unassigned"]
    assert any("no service of the plan writes refunds" in i.why for i in producers)
    assert exit_code(inventory) == exits.FAILED


def test_a_side_that_is_away_is_unread_and_nothing_of_it_is_taken_for_absent() -> None:
    inventory = take_inventory(without(), seen(ClusterUnreachable(side="target", when=ALWAYS)))
    assert all(i.target is None for i in inventory.of("topic"))
    assert any(line.startswith("target.topics: ") for line in inventory.unread)
    assert exit_code(inventory) == exits.UNKNOWN


def test_lines_name_every_item_and_every_count() -> None:
    facts = seen()
    inventory = take_inventory(without("refunds"), facts)
    text = "\n".join(report("week", facts, inventory, list(inventory.items)))
    for item in inventory.items:
        assert item.name in text
    assert "topics: 6, 6 in the plan" in text
    assert "source of week: simulated-source, 3 brokers" in text
    for kind in KIND_WORDS:
        assert summary(inventory, kind) in text  # type: ignore[arg-type]  # keys are the kinds


@pytest.mark.parametrize("table", [ALL, *KIND_WORDS.values()])
def test_a_table_reads_back_as_what_was_written(table: str) -> None:
    inventory = take_inventory(without("refunds"), seen())
    rows = list(csv.DictReader(io.StringIO("".join(csv_lines(list(inventory.items), table)))))
    wanted = [i for i in inventory.items if table in (ALL, KIND_WORDS[i.kind])]
    assert [(r["kind"], plain(r["name"]), r["disposition"]) for r in rows] == [
        (i.kind, i.name, i.word) for i in wanted
    ]
    for row, item in zip(rows, wanted, strict=True):
        for column in COLUMNS[item.kind] if table != ALL else ():
            value = item.values.get(column)
            assert plain(row[column]) == ("" if value is None else str(value))


def test_names_from_a_cluster_are_no_formulas_and_unknown_is_no_number() -> None:
    names = [text for text in (*HOSTILE, "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "'x") if text]
    values: Mapping[str, Any] = {"partitions": Unknown("not read"), "produced_by": "=1+1"}
    items = [Item("topic", name, True, None, "unassigned", "=why", values) for name in names]
    lines = "".join(csv_lines(items, "topics"))
    cells = [cell for row in csv.reader(io.StringIO(lines)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]
    rows = list(csv.DictReader(io.StringIO(lines)))
    assert [plain(row["name"]) for row in rows] == names
    assert {row["partitions"] for row in rows} == {"unknown: not read"}


@pytest.mark.parametrize("at_ms", [-1, 0, 1_795_000_000_000_000, 2**63 - 1])
def test_a_record_of_an_impossible_time_ends_nothing(at_ms: int) -> None:
    """Brokers do not look at a producer's clock, which may count microseconds."""
    item = Item("producer", "p", True, False, "unassigned", "", {"last_record_at_ms": at_ms})
    (line,) = (x for x in report("w", Facts(), Inventory((item,), (), ()), [item]) if "last" in x)
    assert "last_record " in line


def test_json_tells_unknown_from_nothing() -> None:
    item = Item("topic", "t", None, True, "unassigned", "", {"partitions": Unknown("away")})
    inventory = Inventory((item,), ("source.topics: away",), ())
    (told,) = as_json(inventory, [item])["items"]
    assert told["partitions"] == {"unknown": "away"}
    assert told["source"] is None
    assert told["bytes"] is None
    assert as_json(inventory, [item])["counts"] == {
        "unassigned": 1, "in the plan": 0, "excluded": 0,
    }  # fmt: skip


# --- the command ----------------------------------------------------------------------------------


def test_a_plan_of_two_clusters_is_enough(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(CLUSTERS)
    done = cockpit("inventory", str(plan), "--json", "--watch", "0s", state=tmp_path)
    assert done.returncode == exits.UNKNOWN, done.stderr
    (line,) = done.stdout.splitlines()
    told = json.loads(line)
    assert told["plan"] == "begun"
    assert told["exit_code"] == exits.UNKNOWN
    assert told["items"] == []
    for feed in ("source.topics", "target.groups", "connect"):
        assert any(why.startswith(f"{feed}: ") for why in told["unread"]), feed


def test_a_table_goes_into_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(CLUSTERS)
    words = ("inventory", str(plan), "--table", "topics", "-o", "topics.csv", "--watch", "0s")
    done = cockpit(*words, state=tmp_path)
    assert done.returncode == exits.UNKNOWN
    assert done.stdout == ""
    assert "not known: source.topics" in done.stderr
    head = (tmp_path / "topics.csv").read_text().splitlines()[0]
    assert head.startswith("kind,name,where,disposition,why,partitions,")
    assert (tmp_path / "topics.csv").stat().st_mode & 0o777 == 0o600


def test_a_file_without_a_table_is_refused(tmp_path: Path) -> None:
    done = cockpit("inventory", "plan.yaml", "-o", "x", state=tmp_path)
    assert done.returncode == exits.USAGE
    assert "-o needs --table" in done.stderr


def test_what_the_plan_says_wrongly_is_named_with_its_place(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(CLUSTERS + "excluded: [{topic: x, group: y, why: a, by: b}]\nservice: []\n")
    done = cockpit("inventory", str(plan), state=tmp_path)
    assert done.returncode == exits.USAGE
    assert f"{plan}:7:" in done.stderr
    assert f"{plan}:8:10: an empty list" in done.stderr
    assert "Traceback" not in done.stderr


def test_exclusions_are_read_from_the_plan(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        CLUSTERS
        + 'excluded:\n  - {topic: "old-*", as: drop, why: unused, by: kim}\n'
        + '  - {acl: "User:mm2", why: the mirror\'s, by: kim}\n'
    )
    beginning = read_beginning(plan)
    assert beginning is not None
    assert beginning.plan.excluded == (
        Exclusion("topic", "old-*", "drop", "unused", "kim"),
        Exclusion("acl", "User:mm2", "leave", "the mirror's", "kim"),
    )
    assert beginning.plan.services == ()


def test_every_sample_plan_can_be_begun_with() -> None:
    for path in SAMPLES.glob("*.yaml"):
        assert read_beginning(path) is not None, path.name
