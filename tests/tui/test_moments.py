"""The moments that readers are asked about are what they are said to be, and are on the screen."""

from __future__ import annotations

import pytest

from cockpit.core.snapshot import Snapshot
from tests.tui.moments import MOMENTS, Moment, found_moments, picture, truth


@pytest.fixture(scope="module")
def found() -> list[tuple[Moment, Snapshot]]:
    return found_moments()


async def test_each_moment_says_who_owns_writes_whether_it_is_real_and_the_way_back(
    found: list[tuple[Moment, Snapshot]],
) -> None:
    assert len(found) == len(MOMENTS) == 12
    for moment, snapshot in found:
        shown = await picture(snapshot)
        assert f"WRITES: {snapshot.status.writes}" in shown, moment.what
        assert ("SIMULATED" in shown) == (not moment.real), moment.what
        assert f"ROLLBACK {snapshot.status.rollback}".upper() in shown.upper(), moment.what


def test_a_wave_that_holds_behind_a_fence_is_an_alarm_of_the_engine(
    found: list[tuple[Moment, Snapshot]],
) -> None:
    (snapshot,) = [s for moment, s in found if moment.what == "somebody writes past the fence"]
    assert [one.subject for one in snapshot.alarms] == ["wave holds writers"]
    assert "somebody still writes: orders/" in truth(snapshot)["q9"]
