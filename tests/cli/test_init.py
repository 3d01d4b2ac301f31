"""`cockpit init` writes plans that have nothing wrong but what is to do."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.init import plan_text
from cockpit.core.inventory import Inventory, Item, take_inventory
from cockpit.core.inventory.propose import Proposed, propose
from cockpit.plan import PlanInvalid, load_plan
from cockpit.plan.loader import load_beginning, load_services
from cockpit.plan.problems import MAX_PROBLEMS
from cockpit.sim.demo import demo_plan
from tests.cli.test_commands import cockpit
from tests.cli.test_inventory import CLUSTERS, seen
from tests.plan.given import SAMPLES
from tests.tui.fixtures import HOSTILE

START = (SAMPLES / "minimal.yaml").read_text().partition("services:")[0]
"""Two clusters, a mirror between them and a canary."""


def copied_by(replication: str) -> str:
    """The same clusters with another replication."""
    return f"{START.partition('replication:')[0]}replication: {replication}\n"


LINK = copied_by('{kind: link, url: "http://link.example.internal", name: old-to-new}')
MSK = copied_by(
    "{kind: msk-replicator, region: eu-west-1, "
    'arn: "arn:aws:kafka:eu-west-1:123456789012:replicator/a/b"}'
)
NOTHING = Inventory((), (), ())


def written(start: str, *services: Proposed, inventory: Inventory = NOTHING) -> str:
    plan = load_beginning(start, origin="start.yaml").plan
    return plan_text(start, plan, services, inventory, fences=True)


def to_do(text: str) -> list[str]:
    """What `check` says of a plan; every problem is something to do."""
    with pytest.raises(PlanInvalid) as caught:
        load_plan(text, origin="plan.yaml")
    found = [problem.message for problem in caught.value.problems]
    if len(found) > MAX_PROBLEMS:
        assert found.pop().startswith("more than")
    assert [message for message in found if not message.endswith(" is still to do")] == []
    return found


def done(text: str) -> str:
    """The plan as somebody has filled it in."""
    for key, value in (
        ("owner", "team-a"), ("criticality", "high"), ("principal", '"User:somebody"'),
        ("manual", "Call them"), ("replay_tolerance", "0"), ("approvers", "[kim]"),
        ("rollback_window", "24h"),
    ):  # fmt: skip
        text = re.sub(rf"\b{key}: to do\b", f"{key}: {value}", text)
    return text


def test_the_demonstrations_services_are_found_by_what_the_clusters_hold() -> None:
    facts = seen()
    plan = load_beginning(START, origin="start.yaml").plan
    inventory = take_inventory(plan, facts)
    services = propose(plan, facts, inventory)
    text = plan_text(START, plan, services, inventory, fences=True)
    assert text.startswith(START.rstrip())
    found = to_do(text)
    for key in (
        *("service: owner", "service: criticality", "control: manual"),
        *("offsets: replay_tolerance", "wave: approvers", "wave: rollback_window"),
    ):
        assert f"{key} is still to do" in found
    whole = load_plan(done(text), origin="plan.yaml")
    wanted = {s.name: (s.principal, set(s.consumes), set(s.produces), s.group)
              for s in demo_plan().services}  # fmt: skip
    assert {s.name: (s.principal, set(s.consumes), set(s.produces), s.group)
            for s in whole.services} == wanted  # fmt: skip
    assert [w.name for w in whole.waves] == ["readers", "settlement", "checkout-and-1"]
    again = take_inventory(whole, facts)
    assert [i.name for i in again.items if i.word == "unassigned"] == []


def test_what_is_to_do_hides_nothing_from_the_commands_that_need_it_not() -> None:
    reader = Proposed("ledger", "", "ledger", ("orders",), (), "seen")
    text = written(CLUSTERS, reader)
    assert "principal: to do" in text
    assert [s.name for s in load_services(text, origin="plan.yaml")[0]] == ["ledger"]
    beginning = load_beginning(text, origin="plan.yaml")
    (service,) = beginning.plan.services
    assert (service.criticality, service.owner, service.principal) == ("normal", "to do", "to do")
    assert beginning.plan.waves[0].rollback_window_ms is None


@pytest.mark.parametrize("start", [START, LINK, MSK])
@pytest.mark.parametrize("seed", range(25))
def test_any_graph_gives_a_plan_that_check_takes_once_it_is_filled_in(
    start: str, seed: int
) -> None:
    rng = random.Random(seed)
    topics = [f"topic-{n}" for n in range(rng.randint(1, 12))]

    def some(most: int) -> tuple[str, ...]:
        return tuple(sorted(rng.sample(topics, min(len(topics), rng.randint(0, most)))))

    services = []
    for n in range(rng.randint(1, 15)):
        reads, writes = some(3), some(2)
        if not (reads or writes):
            reads = (topics[0],)
        group = f"group {n}" if reads else ""
        services.append(Proposed(f"s{n}", f"User:s{n}", group, reads, writes, "seen"))
    text = written(start, *services)
    to_do(text)
    plan = load_plan(done(text), origin="plan.yaml")
    assert len(plan.services) == len(services)
    assert {name for wave in plan.waves for name in wave.services} == {s.name for s in services}


def test_names_that_no_plan_may_hold_are_left_out_and_said() -> None:
    good = Proposed("good", "User:good", "good", ("orders",), (), "seen")
    bad = [Proposed(f"s{n}", "", text, ("orders",), (), text) for n, text in enumerate(HOSTILE)]
    odd = [
        Proposed("yes", 'User:"quoted": [x', "- {a: b} # c", ("on", "0x1f", "1e3"), (), "'%&*"),
        Proposed("wide", "User:ä", "日本", ("orders",), ("~.",), "seen"),
    ]
    topics = Proposed("topics", "", "", (), ("not a topic",), "seen")
    text = written(START, good, *bad, *odd, topics)
    to_do(text)
    plan = load_plan(done(text), origin="plan.yaml")
    names = {service.name for service in plan.services}
    assert "good" in names
    assert "topics" not in names
    assert "# left out: topics" in text
    left_out = re.findall(r"^# left out: (\S+)", text, re.MULTILINE)
    assert names | set(left_out) >= {f"s{n}" for n in range(len(bad))}
    yes = next(service for service in plan.services if service.name == "yes")
    assert (yes.group, yes.consumes) == ("- {a: b} # c", ("on", "0x1f", "1e3"))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", text)


def test_a_topic_that_nobody_uses_is_named_in_a_comment() -> None:
    idle = Item("topic", "idle\n- evil: true", True, True, "unassigned", "")
    reader = Proposed("ledger", "User:ledger", "ledger", ("orders",), (), "seen")
    text = written(CLUSTERS, reader, inventory=Inventory((idle,), ("source.users: too old",), ()))
    (line,) = (line for line in text.splitlines() if "idle" in line)
    assert line.startswith("# nobody was seen to read or write topic idle")
    assert "# not known: source.users: too old" in text
    to_do(text)


def test_a_source_without_acls_is_fenced_by_stopping() -> None:
    plan = load_beginning(CLUSTERS, origin="x").plan
    writer = Proposed("w", "", "", (), ("orders",), "seen")
    text = plan_text(CLUSTERS, plan, [writer], NOTHING, fences=False)
    assert "{fence: {by: stop}}" in text
    assert load_plan(done(text), origin="plan.yaml").waves[0].steps


# --- the command ----------------------------------------------------------------------------------


def test_a_plan_that_has_services_is_refused(tmp_path: Path) -> None:
    ended = cockpit("init", str(SAMPLES / "minimal.yaml"), state=tmp_path)
    assert ended.returncode == exits.USAGE
    assert "cockpit check --order" in ended.stderr


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    start, there = tmp_path / "start.yaml", tmp_path / "plan.yaml"
    start.write_text(CLUSTERS)
    there.write_text("mine\n")
    ended = cockpit("init", str(start), "-o", str(there), state=tmp_path)
    assert ended.returncode == exits.USAGE
    assert there.read_text() == "mine\n"


def test_clusters_that_do_not_answer_give_no_plan(tmp_path: Path) -> None:
    start = tmp_path / "start.yaml"
    start.write_text(CLUSTERS)
    ended = cockpit("init", str(start), "-o", "plan.yaml", "--watch", "0s", state=tmp_path)
    assert ended.returncode == exits.UNKNOWN
    assert "not known: source.groups" in ended.stderr
    assert not (tmp_path / "plan.yaml").exists()


def test_check_names_each_place_to_do(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    reader = Proposed("ledger", "User:ledger", "ledger", ("orders",), (), "seen")
    plan.write_text(written(CLUSTERS, reader))
    ended = cockpit("check", str(plan), state=tmp_path)
    assert ended.returncode == exits.USAGE
    lines = plan.read_text().splitlines()
    places = [n for n, line in enumerate(lines, 1) if "to do" in line and "#" not in line]
    for number in places:
        assert f"{plan}:{number}:" in ended.stderr
    assert ended.stderr.count("is still to do") == sum(
        line.count(": to do") for line in lines if "#" not in line
    )
