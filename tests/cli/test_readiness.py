"""`cockpit readiness`, as far as no cluster is asked."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.readiness import exit_code, report, tell
from cockpit.core.sixgates import Finding, ReadyGate
from cockpit.core.stated import Signature, Stated
from cockpit.plan.loader import load_beginning
from cockpit.plan.problems import PlanInvalid
from cockpit.sim.demo import demo_plan
from tests.cli.test_commands import cockpit
from tests.plan.given import SAMPLES
from tests.tui.fixtures import HOSTILE

MINIMAL = (SAMPLES / "minimal.yaml").read_text()
STATED = """\
readiness:
  inventory: {owner: platform}
  exit:
    owner: platform
    signed: {by: eva, at: "2026-11-20T10:00Z"}
    decommission: "2026-12-15T00:00Z"
    retained: payments for a year
    audit: the journals' heads
"""


def gate(word: str, *findings: Finding) -> ReadyGate:
    return ReadyGate("security", "security", None, word, findings)  # type: ignore[arg-type]


def test_what_the_plan_says_of_the_gates_is_read() -> None:
    stated = load_beginning(MINIMAL + STATED, origin="plan.yaml").readiness
    assert stated["inventory"] == Stated("platform")
    assert stated["exit"].signed == Signature("eva", 1_795_168_800_000)
    assert stated["exit"].retained == "payments for a year"
    assert "security" not in stated


def test_a_gate_that_there_is_not_and_a_date_that_is_none_are_refused_by_their_places() -> None:
    wrong = STATED.replace("inventory:", "inventry:").replace("2026-12-15T", "2026-13-15T")
    with pytest.raises(PlanInvalid) as refused:
        load_beginning(MINIMAL + wrong, origin="plan.yaml")
    told = [str(problem) for problem in refused.value.problems]
    assert len(told) == 2
    assert any("inventry" in line for line in told)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("ready", "ready"), exits.COMPLETED),
        (("ready", "unknown"), exits.UNKNOWN),
        (("unknown", "not ready"), exits.FAILED),
    ],
)
def test_unknown_is_not_ready(words: tuple[str, ...], code: int) -> None:
    assert exit_code([gate(word) for word in words]) == code


def test_what_is_missing_comes_first_and_the_rest_is_counted() -> None:
    findings = [Finding("note", f"n{i}") for i in range(20)] + [Finding("missing", "a right")]
    lines = report([gate("not ready", *findings)], whole=False)
    assert lines[0].startswith("security     NOT READY security: ")
    assert lines[1] == "  missing  a right"
    assert lines[-2] == "  and 13 more: --all shows them"
    assert lines[-1] == "0 of 1 gates are ready"
    assert len(report([gate("not ready", *findings)], whole=True)) == 23


def test_hostile_texts_are_signs_on_a_terminal_and_escaped_for_a_script(
    capsys: pytest.CaptureFixture[str],
) -> None:
    gates = [gate("not ready", *(Finding("missing", text) for text in HOSTILE))]
    for as_json in (False, True):
        options = argparse.Namespace(json=as_json, all=True)
        assert tell(demo_plan(), gates, options) == exits.FAILED
        out = capsys.readouterr().out
        assert "\x1b" not in out
        assert "\x07" not in out
        if as_json:
            assert len(json.loads(out)["gates"][0]["findings"]) == len(HOSTILE)


def test_a_plan_with_mistakes_is_named_by_its_places(tmp_path: Path) -> None:
    told = cockpit("readiness", str(SAMPLES / "broken" / "five-mistakes.yaml"), state=tmp_path)
    assert told.returncode == exits.USAGE
    assert told.stderr.count("five-mistakes.yaml:") >= 5
