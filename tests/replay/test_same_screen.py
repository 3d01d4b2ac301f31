"""What a replay shows of a moment is what was shown then, but for the words that it is a replay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.cli.pilot import Orders
from cockpit.core.snapshot import Snapshot
from tests import recorded as flights
from tests.replay.screens import assert_same_screen
from tests.tui.seen import Size

STEP = 9


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> flights.Recorded:
    path = tmp_path_factory.mktemp("flown") / "recording.ckrec"
    return flights.record(path, orders=Orders(user="kim"))


def moments(flown: flights.Recorded) -> list[Snapshot]:
    """The first and some of the others; of those of one time the newest, as a replay shows it."""
    newest = [*{snapshot.at_ms: snapshot for snapshot in flown.shown}.values()]
    return [newest[0], *newest[STEP::STEP]]


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
def test_the_screen_of_a_replay_is_the_screen_of_the_flight(
    flown: flights.Recorded, size: Size
) -> None:
    assert assert_same_screen(flown.path, moments(flown), size) >= 5


def test_who_looked_on_from_later_on_saw_the_same(flown: flights.Recorded) -> None:
    newest = [*{snapshot.at_ms: snapshot for snapshot in flown.shown}.values()]
    assert assert_same_screen(flown.path, newest[3:9], (160, 45)) == 5


def test_another_screen_would_be_noticed(flown: flights.Recorded) -> None:
    first, second, *_ = moments(flown)
    other = replace(second, mirror="task failed")
    with pytest.raises(AssertionError):
        assert_same_screen(flown.path, [first, other], (160, 45))
