"""Waves whose groups resume by content: nothing is read twice, even if the mirror starts again."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.core.plan import OffsetsSpec, Plan, Rollback, SignalGate, SoakStep, Step, Wave
from cockpit.sim.demo import demo_plan
from cockpit.sim.faults import (
    ALWAYS,
    EffectFault,
    EffectMode,
    ErrorBurst,
    Fault,
    MirrorStalled,
    MirrorTaskFailed,
    When,
)
from cockpit.sim.spec import MirrorSpec
from tests.flights.dying import POINTS, Death, Point, fly_and_die
from tests.flights.simulate import ORDERS, Flown, fly


def exact_plan(plan: Plan) -> Plan:
    """Every group by content, and no record twice."""
    spec = OffsetsSpec(resume="exact")
    services = tuple(replace(s, offsets=spec if s.group else None) for s in plan.services)
    return replace(plan, services=services)


def back_after_soak(plan: Plan) -> Plan:
    """The readers soak twice; in the second soak a signal takes them back."""
    readers, writers = plan.waves
    steps: list[Step] = [*readers.steps[:-1], SoakStep(3_000), SoakStep(20_000)]
    trigger = Rollback((SignalGate("settlement-errors", 0.02, for_ms=1_000),), "rollback")
    wave: Wave = replace(readers, steps=tuple(steps), rollback=trigger)
    return replace(plan, waves=(wave, writers))


def assert_exact(flown: Flown, told: str) -> None:
    truth = flown.truth
    counted = (truth.lost, truth.duplicated, truth.disordered, truth.violations)
    assert counted == (0, 0, 0, ()), f"{told}: {flown.result}"
    assert flown.predicted() == 0, told


def mirror_restarts(seed: int) -> tuple[Fault, ...]:
    """The mirror's task dies before the readers have their places, comes back at any time and
    copies again what it had not written down; and it hangs at a random moment.

    If it died later, it would copy again what the readers have already read on the target.
    """
    dice = random.Random(seed)
    event = dice.choice(("", "stop ledger"))
    dies = When(event=event, delay_ms=dice.randrange(300), for_ms=dice.randrange(500, 9_000))
    events = ("stop ledger", "stopped ledger", "stop checkout", "fence writers")
    hangs = When(
        event=dice.choice(events), delay_ms=dice.randrange(4_000), for_ms=dice.randrange(500, 3_000)
    )
    return (MirrorTaskFailed(replays=True, when=dies), MirrorStalled(when=hangs))


@pytest.mark.parametrize("seed", range(12))
def test_exact_groups_read_nothing_twice_through_restarts_of_the_mirror(seed: int) -> None:
    faults = mirror_restarts(seed)
    flown = fly(*faults, seed=seed, plan=exact_plan(demo_plan()))
    assert_exact(flown, f"seed {seed}: {faults}")


@pytest.mark.parametrize("dead_ms", [600, 2_500])
@pytest.mark.parametrize("seed", range(4))
def test_a_mirror_that_dies_right_after_the_stop_has_copied_all_again_before_groups_are_placed(
    seed: int, dead_ms: int
) -> None:
    slow = MirrorSpec(latency_ms=100, flush_ms=6_000, records_per_step=10)
    dies = When(event="stopped ledger", delay_ms=200, for_ms=dead_ms)
    fault = MirrorTaskFailed(replays=True, when=dies)
    flown = fly(fault, seed=seed, plan=exact_plan(demo_plan()), mirror=slow)
    assert "commit ledger" in flown.effects
    assert_exact(flown, f"seed {seed}")


@pytest.mark.parametrize("mode", ["lost_before", "lost_after", "slow"])
def test_a_search_whose_answer_is_lost_is_asked_again(mode: EffectMode) -> None:
    fault = EffectFault(action="find", mode=mode, times=2, when=ALWAYS)
    flown = fly(fault, plan=exact_plan(demo_plan()))
    assert flown.result.outcome == "completed"
    assert_exact(flown, mode)


@pytest.mark.parametrize("seed", range(6))
def test_readers_that_come_back_after_a_soak_read_nothing_twice(seed: int) -> None:
    when = When(event="started ledger", delay_ms=6_000 + 700 * seed, for_ms=60_000)
    burst = ErrorBurst(signal="settlement-errors", value=0.5, when=when)
    flown = fly(burst, seed=seed, plan=back_after_soak(exact_plan(demo_plan())))
    assert flown.result.outcome == "rolled_back"
    assert flown.after.where["ledger"] == flown.after.where["notifier"] == "source"
    soaks = [e for e in flown.events if e["kind"] == "step_done" and e["step"] == "soak"]
    assert soaks
    assert_exact(flown, f"seed {seed}")


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("number", [5, 6, 8, 9])
def test_an_engine_that_dies_while_it_places_groups_leaves_nothing_read_twice(
    tmp_path: Path, number: int, point: Point
) -> None:
    death = Death(point, number, power_cut=number % 2 == 0)
    orders = replace(ORDERS, go_on=number % 2 == 1)
    flown = fly_and_die(death, orders, exact_plan(demo_plan()), tmp_path)
    truth = flown.truth
    counted = (truth.lost, truth.duplicated, truth.disordered, truth.violations)
    assert counted == (0, 0, 0, ())
    assert flown.predicted == 0
