"""Another host takes a flight over, or its topic is lost, around any effect: in simulation."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from cockpit.core.coordination import HOLD_MS
from cockpit.engine.journal import read_journal
from tests.flights.simulate import ORDERS
from tests.flights.taking import POINTS, Point, Strike, Taken, fly_and_take

SOON: Final = ("in the topic", "after effect")
"""Points that are struck in every run, at the first effect; the soak strikes at all."""
EFFECTS = 17
"""Of a calm flight of the demonstration's plan."""


def kinds(events: object) -> Counter[str]:
    return Counter(event["kind"] for event in events)  # type: ignore[attr-defined]  # a list of them


def assert_taken_whole(flown: Taken) -> None:
    """The first began nothing since, its open effects were read, and no record suffered."""
    strike, first, second = flown.strike, flown.first, flown.second
    assert strike.struck_at_ms is not None
    assert second is not None
    told_in_time = strike.point == "in the topic"
    last_ms = strike.struck_at_ms + (HOLD_MS if told_in_time else 0)
    assert [at for at in first.effects if at > last_ms] == []
    assert min(second.effects, default=flown.safe_at_ms) >= flown.safe_at_ms
    assert flown.first_result is not None
    assert flown.first_result.outcome == "taken_over"
    assert kinds(first.events)["taken_over"] == 1
    assert "taken over by second" in flown.first_result.why
    journal = list(read_journal(second.path))
    ends = Counter(e["action_id"] for e in journal if e["kind"] == "outcome")
    intended = [e["action_id"] for e in journal if e["kind"] == "intent"]
    assert {name: ends[name] for name in intended} == dict.fromkeys(intended, 1)
    assert flown.left is not None
    read = {e["action_id"] for e in journal if e.get("by") == "reading"}
    assert read == {intent.action_id for intent in flown.left.open}
    truth = flown.truth
    assert (truth.lost, truth.disordered, truth.violations) == (0, 0, ())
    assert "not_as_left" not in kinds(second.events)
    assert "defect" not in kinds(first.events) + kinds(second.events)
    assert flown.result is not None
    if flown.result.outcome == "completed" or kinds(second.events)["no_return_proved"]:
        assert set(flown.where.values()) == {"target"}
    else:
        assert flown.result.outcome == "rolled_back"
        assert not flown.fenced


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(
    "number", [1, *(pytest.param(one, marks=pytest.mark.soak) for one in (5, 9))]
)
def test_whoever_was_taken_over_begins_nothing(tmp_path: Path, number: int, point: Point) -> None:
    orders = replace(ORDERS, go_on=number % 2 == 1)
    assert_taken_whole(fly_and_take(Strike(point, number, "take"), orders, tmp_path))


def test_who_goes_on_after_the_wait_does_so_though_the_first_look_changes_the_price(
    tmp_path: Path,
) -> None:
    orders = replace(ORDERS, go_on=True)
    flown = fly_and_take(Strike("in the topic", EFFECTS, "take"), orders, tmp_path)
    assert_taken_whole(flown)
    assert flown.result is not None
    assert flown.result.outcome == "completed"


@pytest.mark.soak
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("number", range(1, EFFECTS + 1))
@pytest.mark.parametrize("go_on", [True, False])
def test_so_it_is_around_every_effect(
    tmp_path: Path, number: int, point: Point, go_on: bool
) -> None:
    orders = replace(ORDERS, go_on=go_on)
    assert_taken_whole(fly_and_take(Strike(point, number, "take"), orders, tmp_path))


@pytest.mark.parametrize(
    ("number", "point"),
    [
        pytest.param(number, point, marks=() if number == 1 and point in SOON else pytest.mark.soak)
        for number in (1, 7)
        for point in POINTS
    ],
)
def test_without_its_topic_nothing_begins_by_itself(
    tmp_path: Path, number: int, point: Point
) -> None:
    flown = fly_and_take(Strike(point, number, "lose"), ORDERS, tmp_path)
    strike = flown.strike
    assert strike.struck_at_ms is not None
    assert [at for at in flown.first.effects if at > strike.struck_at_ms + HOLD_MS] == []
    assert kinds(flown.first.events)["topic_lost"] == 1
    assert flown.first_result is not None
    assert flown.first_result.outcome in ("paused", "stopped")
    assert "topic journal on the target" in flown.first_result.why
