"""Derived truth over whole simulated flights: nothing is raised where nothing is wrong."""

from __future__ import annotations

import pytest

from cockpit.core.observe import Unknown
from tests.flights.simulate import fly


@pytest.mark.parametrize("seed", [1, 2])
def test_a_calm_flight_raises_no_alarm_and_leaves_nobody_behind(seed: int) -> None:
    flown = fly(seed=seed)
    assert flown.result.outcome == "completed"
    for snapshot in flown.snapshots:
        assert snapshot.alarms == ()
        assert snapshot.stragglers == ()
        assert not [check for check in snapshot.checks if check.kind == "acl" and check.rank == 0]
    end = flown.snapshots[-1]
    assert end.drains[0].left != Unknown("not measured yet")
    assert {feed.word for feed in end.feeds} == {"connected"}
