"""The moments that readers are asked about are what they are said to be, and are on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.cli.pilot import Orders
from cockpit.core.snapshot import Snapshot
from tests.recorded import record
from tests.tui.moments import FAULTS, MOMENTS, Moment, found_moments, picture


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


def test_a_wave_that_holds_behind_a_fence_is_an_alarm_of_the_engine_too(tmp_path: Path) -> None:
    flown = record(tmp_path / "r", *FAULTS["escape"], orders=Orders(user="ana"))
    holding = [s for s in flown.shown if s.waves[1].word == "holding"]
    assert [one.subject for one in holding[-1].alarms] == ["wave holds writers"]
    assert "somebody still writes: orders/" in holding[-1].alarms[0].text
