"""Plans to start from, and short ways to ask for their problems."""

from __future__ import annotations

from pathlib import Path

from cockpit.core.plan import Plan
from cockpit.plan import PlanInvalid, Problem, load_plan

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "sample-plans"
ORIGIN = "/plans/week.yaml"

GOOD = (SAMPLES / "payments-week.yaml").read_text()
MINIMAL = (SAMPLES / "minimal.yaml").read_text()


def load(text: str) -> Plan:
    """The plan in a text."""
    return load_plan(text, origin=ORIGIN)


def problems_of(text: str) -> tuple[Problem, ...]:
    """Every problem of a text; none when it is a plan."""
    try:
        load(text)
    except PlanInvalid as invalid:
        return invalid.problems
    return ()


def good_with(old: str, new: str) -> str:
    """The good plan with one place changed."""
    assert GOOD.count(old) == 1, (old, GOOD.count(old))
    return GOOD.replace(old, new)


def only_problem(text: str) -> Problem:
    """The one problem of a text that has exactly one."""
    problems = problems_of(text)
    assert len(problems) == 1, problems
    return problems[0]
