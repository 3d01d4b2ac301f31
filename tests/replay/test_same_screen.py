"""What a replay shows of a moment is what was shown then, but for the words that it is a replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.cli.pilot import Orders
from cockpit.core.snapshot import Snapshot
from cockpit.engine.clock import SystemClock
from cockpit.replay.recorded import Recorded
from cockpit.replay.session import PlayOptions, ReplaySession
from cockpit.tui.panes import signals
from tests import recorded as flights
from tests.tui.seen import Size, opened

STEP = 9
Screens = list[tuple[list[str], list[str]]]
"""Of each moment: what is right in both status lines, and the panes."""


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> flights.Recorded:
    path = tmp_path_factory.mktemp("flown") / "recording.ckrec"
    return flights.record(path, orders=Orders(user="kim"))


async def live(moments: list[Snapshot], size: Size) -> Screens:
    screens: Screens = []
    async with opened(moments[0], size, user="") as seen:
        for snapshot in moments[1:]:
            await seen.show(snapshot)
            rows = seen.rows()
            screens.append(([rows[0][-38:], rows[1]], rows[2:-2]))
    return screens


async def replayed(path: Path, moments: list[Snapshot], size: Size, below: int) -> Screens:
    screens: Screens = []
    session = ReplaySession(Recorded(path), SystemClock(), PlayOptions(plays=False))
    async with opened(moments[0], (size[0], size[1] + below), replay=session) as seen:
        for snapshot in moments[1:]:
            session.press("jump", f"+{snapshot.at_ms - session.view().at_ms}ms")
            for _ in range(500):
                await seen.pilot.pause()
                if seen.app.snapshot is not None and seen.app.snapshot.at_ms == snapshot.at_ms:
                    break
            await seen.pilot.pause()
            rows = seen.rows()
            assert rows[0].startswith(" REPLAY ")
            screens.append(([rows[0][-38:], rows[1]], rows[2 : -2 - below]))
    return screens


@pytest.mark.parametrize(("size", "below"), [((80, 24), 1), ((160, 45), 2)])
async def test_the_screen_of_a_replay_is_the_screen_of_the_flight(
    flown: flights.Recorded, size: Size, below: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "PLOT_EVERY_S", 0.001)  # else a plot may be up to a second old
    newest = {snapshot.at_ms: snapshot for snapshot in flown.shown}
    moments = [*newest.values()]
    moments = [moments[0], *moments[STEP::STEP]]
    then = await live(moments, size)
    now = await replayed(flown.path, moments, size, below)
    assert len(then) == len(now) == len(moments) - 1 >= 5
    for shown, again in zip(then, now, strict=True):
        if size[0] < 100:  # from there on the first line has the day as well
            assert again[0] == shown[0]
        assert again[1] == shown[1]
