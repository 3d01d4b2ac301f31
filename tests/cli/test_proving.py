"""What `cockpit check` says of a proof: counter-examples, the ownership matrix, derived waves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from cockpit.cli import exits
from cockpit.cli.main import main
from cockpit.cli.ordering import yaml_lines
from cockpit.core.prove.model import ServiceModel
from cockpit.core.prove.order import derive
from cockpit.plan import load_plan_file
from tests.plan.given import GOOD, MINIMAL, SAMPLES

WEEK = SAMPLES / "payments-week.yaml"
BROKEN = SAMPLES / "broken"
LINK = """replication:
  kind: link
  url: https://automq.example.internal
  name: old-to-new
"""


def test_a_counter_example_is_told_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    path = BROKEN / "downstream-first.yaml"
    assert main(["check", str(path)]) == exits.USAGE
    assert capsys.readouterr().err.splitlines() == [
        f"{path}:37:16: checkout produces orders and starts on the target while ledger still reads "
        "it on the source (move ledger first, or in the same wave)",
        "    wave writers, step start: checkout starts on the target and writes orders there",
        "    ledger still reads orders on the source (it moves in wave readers, later): it would "
        "miss them",
        "1 problem",
    ]


def test_json_has_the_counter_example_as_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--json", str(BROKEN / "downstream-first.yaml")]) == exits.USAGE
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert len(problem["counter_example"]) == 2
    assert problem["counter_example"][0].startswith("wave writers, step start: checkout")


def test_the_proof_is_summed_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(WEEK)]) == exits.COMPLETED
    assert "states of 2 views: no rule is broken" in capsys.readouterr().out
    assert main(["check", "--json", str(WEEK)]) == exits.COMPLETED
    proof = json.loads(capsys.readouterr().out)["proof"]
    assert proof["views"] == 2
    assert proof["states"] > 50
    assert proof["notes"] == []


def test_explain_says_who_owns_what_at_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", str(WEEK)]) == exits.COMPLETED
    out = capsys.readouterr().out
    matrix = out[out.index("\norders\n") :]
    assert matrix.splitlines()[1:9] == [
        "orders",
        "  written by checkout",
        "  read by ledger, settlement",
        "  step     written on      read on         going back costs",
        "  -- wave readers",
        "  stop     source          source          nothing",
        "  offsets  source          source          nothing",
        "  start    source          source + target records are read again",
    ]
    assert matrix.splitlines()[-2:] == [
        "  start    target          target          records on target lost or replayed",
        "  soak     target          target          not possible",
    ]
    assert max(map(len, matrix.splitlines())) <= 80


def test_explain_says_where_a_late_reader_s_topics_are_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["check", "--explain", str(SAMPLES / "zero-downtime-long-tail.yaml")]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  stop ")]
    assert rows == ["  stop     target          nobody          nothing"]


SETTLES: Final = """\
  - {name: settle, principal: "User:settle", consumes: [orders, rates], produces: [pay],
     group: settle, stop: {manual: x}, start: {manual: x}, undo: {manual: x}}
"""


def test_explain_says_for_each_topic_of_a_wave_what_going_back_costs_the_wave(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = MINIMAL.replace("services:\n", f"services:\n{SETTLES}", 1)
    wave = """\
  - name: settling
    services: [settle]
    write_owner: {before: source, after: target}
    gates: [{replication_lag: {max: 100, for: 60s}}]
    steps: [stop, fence, drain, offsets, start, {soak: {for: 10m}}]
  - name: writers
"""
    path = tmp_path / "plan.yaml"
    path.write_text(text.replace("  - name: writers\n", wave))
    assert main(["check", "--explain", "--json", str(path)]) == exits.COMPLETED
    blocks = json.loads(capsys.readouterr().out)["ownership"]
    soaks = {
        topic["topic"]: row["going_back_costs"]
        for block in blocks
        for topic in block["topics"]
        for row in block["rows"]
        if (row["wave"], row["step"]) == ("settling", "soak")
    }
    assert soaks == dict.fromkeys(["orders", "pay", "rates"], "not possible")
    assert main(["check", "--explain", str(path)]) == exits.COMPLETED
    rates = capsys.readouterr().out.partition("\nrates\n")[2].splitlines()
    assert rates[0] == "  written by somebody outside the plan"
    assert rates[4] == "  stop     source          nobody          nothing"


def test_explain_wraps_long_names_and_leaves_none_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "orders." + "x" * 240
    path = tmp_path / "plan.yaml"
    path.write_text(GOOD.replace("[orders", f"[{long}").replace("topic: orders", f"topic: {long}"))
    assert main(["check", "--explain", str(path)]) == exits.COMPLETED
    out = capsys.readouterr().out
    matrix = out[out.index("orders.xxx", out.index("no rule is broken")) :]
    assert max(map(len, matrix.splitlines())) <= 80
    assert long in matrix.replace("\n", "").replace(" ", "")


def test_explain_groups_topics_that_behave_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = ", ".join(f"orders-{n}" for n in range(300))
    path = tmp_path / "plan.yaml"
    path.write_text(GOOD.replace("[orders", f"[{many}").replace("topic: orders", 'topic: "*"'))
    assert main(["check", "--explain", "--json", str(path)]) == exits.COMPLETED
    blocks = json.loads(capsys.readouterr().out)["ownership"]
    assert [len(block["topics"]) for block in blocks] == [300, 1]
    assert blocks[0]["topics"][0]["written_by"] == ["checkout"]
    assert blocks[0]["rows"][-1] == {
        "wave": "writers",
        "step": "soak",
        "written_on": ["target"],
        "read_on": ["target"],
        "going_back_costs": "not possible",
    }


@pytest.mark.parametrize("kind", ["mirrormaker2", "link"])
def test_order_prints_waves_that_can_be_pasted(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = GOOD[: GOOD.index("\nwaves:")] + "\n"
    if kind == "link":
        begin, end = head.index("replication:"), head.index("registries:")
        head = head[:begin] + LINK + head[end:]
    path = tmp_path / "plan.yaml"
    path.write_text(head)
    assert main(["check", "--order", str(path)]) == exits.COMPLETED
    waves = capsys.readouterr().out
    path.write_text(head + waves)
    plan = load_plan_file(path)
    assert [wave.name for wave in plan.waves] == ["readers", "settlement", "checkout"]
    assert main(["check", "--order", str(path)]) == exits.COMPLETED
    assert capsys.readouterr().out == waves


def test_order_needs_services_that_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text("cockpit: 1\nservices: []\n")
    assert main(["check", "--order", str(path)]) == exits.USAGE
    out, err = capsys.readouterr()
    assert out == ""
    assert "an empty list" in err
    assert main(["check", "--order", "--json", str(path)]) == exits.USAGE
    assert json.loads(capsys.readouterr().out)["valid"] is False


@pytest.mark.parametrize(
    ("name", "says"),
    [("place-accepted", "nobody has accepted that loss"), ("place-holds", "MSK Replicator writes")],
)
def test_order_refuses_what_no_order_makes_right(
    name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A place that nobody accepts is a mistake of its service, whatever moves first."""
    path = BROKEN / f"{name}.yaml"
    place = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if "# expect" in line)
    assert main(["check", "--order", str(path)]) == exits.USAGE
    err = capsys.readouterr().err
    assert err.startswith(f"{path}:{place}:")
    assert says in err
    assert main(["check", "--order", "--json", str(path)]) == exits.USAGE
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem["line"] == place
    assert says in problem["message"]


def test_of_very_many_reasons_the_first_and_the_last_are_shown() -> None:
    services = (ServiceModel("web", ("orders",), ()),)
    (wave,) = derive(services, "mirrormaker2")
    tangled = replace(wave, why=tuple(f"reason {n}" for n in range(500)))
    lines = [line for line in yaml_lines([tangled], services, "mirrormaker2") if "# " in line]
    assert "    # reason 18" in lines
    assert "    # and 480 more like these: --json has all" in lines
    assert "    # reason 499" in lines
    assert len(lines) < 25


def test_order_names_circles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(GOOD.replace("    produces: [orders]\n", CIRCLE))
    assert main(["check", "--order", str(path)]) == exits.COMPLETED
    circle = "settlement writes payments, checkout writes orders, which settlement reads"
    assert f"    # a circle: {circle}\n" in capsys.readouterr().out


CIRCLE = """    produces: [orders]
    consumes: [payments]
    group: checkout
"""


def test_what_is_proved_and_not_flown_is_a_warning_of_check_and_a_refusal_of_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin, end = GOOD.index("replication:"), GOOD.index("registries:")
    waves = GOOD[end:].replace("before: source, after: target", "before: source, after: source")
    waves = waves.replace("      - fence: {deadline: 60s, at_zero: unfence}\n", "")
    waves = waves.replace("      - drain: {timeout: 45s}\n", "")
    path = tmp_path / "plan.yaml"
    path.write_text(GOOD[:begin] + LINK + waves)
    assert main(["check", str(path)]) == exits.COMPLETED
    assert (
        "warning: replication by a link is flown only where its api is" in capsys.readouterr().err
    )
    assert main(["run", str(path)]) == exits.USAGE
    err = capsys.readouterr().err
    assert "replication by a link is flown only where its api is named" in err
    assert "nothing was started: this version proves such a plan, and does not fly it" in err
    assert main(["doctor", str(path)]) == exits.USAGE
    assert "replication by a link is flown only where its api is named" in capsys.readouterr().err


def test_explain_says_where_a_link_s_proxy_writes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", str(SAMPLES / "link-batches.yaml")]) == exits.COMPLETED
    out, err = capsys.readouterr()
    said = " ".join(out.split())
    assert "what is written on the target goes through the link's proxy to the source" in said
    assert "  promote  target          target          not possible" in out
    assert "archive: a link translates no offsets, write resume: exact" in err


def test_run_says_where_drills_are_flown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(SAMPLES / "drills.yaml"), "--headless"]) == exits.USAGE
    err = capsys.readouterr().err
    assert "nothing was started: drills are flown where all clusters are on this machine" in err
    assert "does not fly it" not in err
