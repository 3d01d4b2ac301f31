"""Calls of a wave's own: made once, undone once, and never made again on a guess."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.core.plan import CommandCall, CommandStep, HttpCall, Plan, Step, StopStep
from cockpit.sim.demo import demo_plan
from cockpit.sim.faults import EffectFault, When
from tests.flights.dying import POINTS, Death, Point, fly_and_die
from tests.flights.simulate import ORDERS, fly
from tests.flights.test_exact import exact_plan

FLUSH = CommandStep(
    CommandCall(("flush-caches", "--all")), HttpCall("http://127.0.0.1:1/warm?token=x")
)
DONE, UNDONE = "step command flush-caches", "undo POST http://127.0.0.1:1/warm"
NUMBER = 4
"""The call's place among the effects of a flight: after the exclusion and two stops."""


def calling_plan() -> Plan:
    plan = exact_plan(demo_plan())
    readers, writers = plan.waves
    steps: list[Step] = []
    for step in readers.steps:
        steps += [step, FLUSH] if isinstance(step, StopStep) else [step]
    return replace(plan, waves=(replace(readers, steps=tuple(steps)), writers))


def test_a_call_is_made_once_and_undone_where_the_wave_goes_back() -> None:
    flown = fly(plan=calling_plan())
    assert flown.result.outcome == "completed"
    assert (flown.effects.count(DONE), flown.effects.count(UNDONE)) == (1, 0)
    refused = EffectFault(action="commit", mode="refused", times=9, when=When(for_ms=90_000))
    flown = fly(refused, plan=calling_plan())
    assert flown.result.outcome == "rolled_back"
    assert (flown.effects.count(DONE), flown.effects.count(UNDONE)) == (1, 1)


def test_a_call_whose_answer_is_lost_holds_the_wave_and_is_not_made_again() -> None:
    lost = EffectFault(action="errand", mode="lost_after", times=1, when=When())
    flown = fly(lost, plan=calling_plan())
    assert flown.effects.count(DONE) == 1
    assert "step_failed" in flown.kinds()


@pytest.mark.parametrize("point", POINTS)
def test_an_engine_that_dies_around_a_call_leaves_it_made_once_or_asked_about(
    tmp_path: Path, point: Point
) -> None:
    orders = replace(ORDERS, go_on=True)
    flown = fly_and_die(Death(point, NUMBER), orders, calling_plan(), tmp_path)
    assert flown.death.died_at
    begun = [e for e in flown.events if e["kind"] == "action_started"]
    assert [e["text"].startswith("step of wave readers") for e in begun].count(True) == 1
    assert flown.result.outcome == "completed"
    truth = flown.truth
    assert (truth.lost, truth.duplicated, truth.violations) == (0, 0, ())
