"""The sample plans: the good ones load, and each broken one shows the mistake that it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cockpit.plan import load_plan_file
from cockpit.plan.rules import RULES, Rule
from tests.plan.given import SAMPLES, problems_of

GOOD_PLANS = sorted(SAMPLES.glob("*.yaml"))
BROKEN_PLANS = sorted((SAMPLES / "broken").glob("*.yaml"))


def name(path: Path) -> str:
    return path.stem


def expected(text: str) -> list[tuple[int, str]]:
    """Line and message of each `# expect:` in a file, `; expect:` for further ones in a line."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        _, mark, rest = line.partition("# expect: ")
        found += [(number, wanted) for wanted in rest.split("; expect: ") if mark]
    return found


@pytest.mark.parametrize("path", GOOD_PLANS, ids=name)
def test_a_good_sample_loads(path: Path) -> None:
    plan = load_plan_file(path)
    assert {s for wave in plan.waves for s in wave.services} == {s.name for s in plan.services}


@pytest.mark.parametrize("path", BROKEN_PLANS, ids=name)
def test_a_broken_sample_has_exactly_the_problems_that_it_names(path: Path) -> None:
    text = path.read_text()
    wanted = expected(text)
    found = list(problems_of(text))
    assert wanted, "a broken plan says what is expected of it"
    for line, message in wanted:
        match = next((p for p in found if p.line == line and message in str(p)), None)
        assert match is not None, (line, message, found)
        found.remove(match)
    assert not found


def test_every_rule_has_a_sample_that_breaks_it() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert set(names) <= {path.stem for path in BROKEN_PLANS}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_s_sample_is_found_by_that_rule(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rule, its sample has fewer problems."""
    text = (SAMPLES / "broken" / f"{rule.name}.yaml").read_text()
    with_rule = len(problems_of(text))
    monkeypatch.setattr("cockpit.plan.rules.RULES", tuple(r for r in RULES if r is not rule))
    assert len(problems_of(text)) < with_rule


def test_the_minimal_sample_fits_into_a_readme() -> None:
    lines = (SAMPLES / "minimal.yaml").read_text().splitlines()
    assert len(lines) <= 33
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("path", [*GOOD_PLANS, *BROKEN_PLANS], ids=name)
def test_samples_name_no_real_machine(path: Path) -> None:
    text = path.read_text()
    hosts = re.findall(
        r"(?:https?://(?:[^@\s\"]*@)?|bootstrap: \[\"?)([a-z0-9.-]+\.[a-z]{2,})", text
    )
    assert all(host.endswith(".example.internal") for host in hosts)
    assert not re.search(r"file:/|/home/|/tmp/|/root/", text)
