"""An engine that dies around any effect leaves what the next one names, goes on with or undoes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.faults import Fault
from tests.flights.dying import POINTS, Death, Point, Survived, fly_and_die
from tests.flights.simulate import ORDERS

ACTIONS = 17
"""Of a calm flight of the demonstration's plan."""
TAKEN_BACK = demo_world().faults
"""Take the second wave back between fence and start: the first engine then dies in an undo."""
FIRST_BACK, LAST_BACK = 14, 19
"""Actions of such a flight that are undos."""


def assert_named_and_whole(flown: Survived) -> None:
    """Nothing is lost or reordered, and no more is read twice than was said."""
    truth = flown.truth
    assert (truth.lost, truth.disordered, truth.violations) == (0, 0, ())
    assert truth.duplicated <= flown.predicted
    assert "defect" not in flown.kinds()
    assert "not_as_left" not in flown.kinds()
    if flown.left is not None and flown.left.wave:
        assert "as_left" in flown.kinds()
    if flown.result.outcome == "completed" or "no_return_proved" in flown.kinds():
        assert set(flown.where.values()) == {"target"}
    else:
        assert flown.result.outcome == "rolled_back"
        assert not flown.fenced


def assert_every_intent_ended_once(flown: Survived) -> None:
    """Also those of the engine that died: what became of them was read, and is in the journal."""
    ends = Counter(e["action_id"] for e in flown.journal if e["kind"] == "outcome")
    intended = [e["action_id"] for e in flown.journal if e["kind"] == "intent"]
    assert {name: ends[name] for name in intended} == dict.fromkeys(intended, 1)
    read = {e["action_id"]: e for e in flown.journal if e.get("by") == "reading"}
    if flown.left is not None:
        assert read.keys() == {intent.action_id for intent in flown.left.open}
        for intent in flown.left.open:
            word = read[intent.action_id]["outcome"]
            happened = flown.death.point == "after effect"
            called = intent.action["type"] in ("CallService", "Errand")
            assert word == ("unknown" if called else "done" if happened else "failed"), intent.text


def fly(folder: Path, death: Death, *faults: Fault, go_on: bool) -> Survived:
    orders = replace(ORDERS, go_on=go_on)
    return fly_and_die(death, orders, demo_plan(), folder, *faults)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("number", range(1, ACTIONS + 1, 4))
def test_after_any_death_the_flight_arrives_or_comes_back_whole(
    tmp_path: Path, number: int, point: Point
) -> None:
    forward = number % 8 < 4
    flown = fly(tmp_path, Death(point, number, power_cut=not forward), go_on=forward)
    assert flown.death.died_at
    assert_named_and_whole(flown)
    assert_every_intent_ended_once(flown)


@pytest.mark.parametrize("point", POINTS)
def test_so_it_does_after_a_death_while_going_back(tmp_path: Path, point: Point) -> None:
    flown = fly(tmp_path, Death(point, FIRST_BACK + 2), *TAKEN_BACK, go_on=False)
    assert flown.death.died_at
    assert flown.left is not None
    assert "going back" in flown.left.words()
    assert flown.result.outcome == "rolled_back"
    assert_named_and_whole(flown)
    assert_every_intent_ended_once(flown)


@pytest.mark.soak
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("number", range(1, LAST_BACK + 1))
def test_after_every_death(tmp_path: Path, number: int, point: Point) -> None:
    for index, (go_on, power_cut, faults) in enumerate(
        (g, c, f) for g in (True, False) for c in (True, False) for f in ((), TAKEN_BACK)
    ):
        folder = tmp_path / str(index)
        folder.mkdir()
        flown = fly(folder, Death(point, number, power_cut=power_cut), *faults, go_on=go_on)
        if flown.death.died_at:
            assert_named_and_whole(flown)
            assert_every_intent_ended_once(flown)
