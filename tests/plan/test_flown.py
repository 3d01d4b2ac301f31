"""A flight that has begun goes on under its plan, whatever would be refused before one now."""

from __future__ import annotations

import pytest

from cockpit.plan import PlanInvalid, load_flown, load_plan
from tests.plan.given import GOOD, SAMPLES

NOW_REFUSED = SAMPLES / "broken"


@pytest.mark.parametrize("name", ["downstream-first", "undo-until-no-return", "write-owners-agree"])
def test_what_is_refused_before_a_flight_is_still_a_plan_during_it(name: str) -> None:
    text = (NOW_REFUSED / f"{name}.yaml").read_text()
    with pytest.raises(PlanInvalid):
        load_plan(text, origin="plan.yaml")
    assert load_flown(text, origin="plan.yaml").waves


def test_of_a_plan_that_is_right_it_is_the_same() -> None:
    assert load_flown(GOOD, origin="plan.yaml") == load_plan(GOOD, origin="plan.yaml")


def test_what_names_something_that_is_not_there_is_no_plan_even_so() -> None:
    text = GOOD.replace("services: [ledger, ", "services: [nobody, ")
    assert text != GOOD
    with pytest.raises(PlanInvalid):
        load_flown(text, origin="plan.yaml")


@pytest.mark.parametrize("text", ["", "- 1", "cockpit: 1", "waves: {"])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(PlanInvalid):
        load_flown(text, origin="plan.yaml")
