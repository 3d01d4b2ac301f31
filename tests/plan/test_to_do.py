"""What is still to do is named with its place, and keeps nobody from what does not need it."""

from __future__ import annotations

import pytest

from cockpit.plan import PlanInvalid, load_plan
from cockpit.plan.loader import load_beginning, load_services
from tests.plan.given import SAMPLES

MINIMAL = (SAMPLES / "minimal.yaml").read_text()


def problems(text: str) -> list[str]:
    with pytest.raises(PlanInvalid) as caught:
        load_plan(text, origin="plan.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("name: ledger,", "name: ledger, owner: to do,", "service: owner is still to do (Who to"),
        ("name: ledger,", "name: ledger, criticality: to do,", "service: criticality is still"),
        ("Scale to 0", "to do", "control: manual is still to do"),
        ('"User:ledger"', "to do", "service: principal is still to do"),
        ("source, after: source}", "source, after: source}\n    approvers: to do", "wave: approv"),
        (
            "source, after: source}",
            "source, after: source}\n    rollback_window: to do",
            "wave: ro",
        ),
    ],
)
def test_a_place_to_do_is_refused_by_name_and_can_be_left_while_a_plan_is_written(
    old: str, new: str, named: str
) -> None:
    text = MINIMAL.replace(old, new, 1)
    (problem,) = problems(text)
    assert named in problem
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "to do" in row)
    assert problem.startswith(f"{line}:")
    assert len(load_services(text, origin="plan.yaml")[0]) == 2
    assert len(load_beginning(text, origin="plan.yaml").plan.waves) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[orders]", "to do"),
        ("first-move", "to do\nenvironment: PROD\nreplication: {}"),
        ('"${env:SOURCE_PASSWORD}"', "to do"),
        ("max: 100", "max: to do"),
        ("{for: 10m}", "{for: to do}"),
        ("services: [ledger]", "services: to do"),
    ],
)
def test_what_everything_stands_on_cannot_be_left(old: str, new: str) -> None:
    text = MINIMAL.replace(old, new, 1)
    assert any("is still to do" in problem for problem in problems(text))
    with pytest.raises(PlanInvalid):
        load_beginning(text, origin="plan.yaml")


def test_the_same_words_in_quotes_are_a_value() -> None:
    plan = load_plan(MINIMAL.replace("Scale to 0", '"to do"', 1), origin="plan.yaml")
    assert plan.services[0].stop.text == "to do"  # type: ignore[union-attr]  # a manual one
