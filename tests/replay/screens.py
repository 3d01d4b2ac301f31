"""The screen of moments of a flight, live and in replay, as text without the marks of a replay."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from cockpit.core.snapshot import Snapshot
from cockpit.engine.clock import SystemClock
from cockpit.replay.recorded import Recorded
from cockpit.replay.session import PlayOptions, ReplaySession
from cockpit.tui import grid
from cockpit.tui.panes import signals
from tests.tui.seen import Seen, Size, opened

CLOCK = 38
"""So many characters at the right of the first status line are not a mark of a replay."""
BELOW = {80: 1, 160: 2}
"""Rows of the time line, by the screen's width."""
OPENED_S = 0.3
"""After so long a screen that was opened has its arrangement."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is on a screen, but for the word REPLAY, the time line and the keys."""

    clock: str
    """The right end of the first line; from 100 columns on a replay tells the day there too."""
    status: str
    panes: list[str]


async def _rested(seen: Seen, for_s: float = 0.01) -> None:
    """Whatever a timer still draws of the moment before, or keeps from being drawn, is over: a busy
    machine must not look like another screen."""
    await seen.pilot.pause(for_s)
    await seen.pilot.pause()


def _shown(seen: Seen, below: int) -> Shown:
    rows = seen.rows()
    return Shown(rows[0][-CLOCK:], rows[1], rows[2 : -2 - below])


@contextlib.contextmanager
def _of_the_moment() -> Iterator[None]:
    """A plot may otherwise be up to a second old, and rows keep their order for five: both hang on
    when somebody came to look, which is not the moment's."""
    with (
        mock.patch.object(signals, "PLOT_EVERY_S", 0.001),
        mock.patch.object(grid, "RESORT_MS", 0),
    ):
        yield


async def live(moments: Sequence[Snapshot], size: Size) -> list[Shown]:
    """Each but the first, as the screen of a flight shows it."""
    screens = []
    async with opened(moments[0], size, user="") as seen:
        await _rested(seen, OPENED_S)
        for snapshot in moments[1:]:
            await _rested(seen)
            await seen.show(snapshot)
            screens.append(_shown(seen, 0))
    return screens


async def replayed(path: Path, moments: Sequence[Snapshot], size: Size) -> list[Shown]:
    """The same moments of the recording of that flight, each jumped to."""
    screens = []
    below = BELOW[size[0]]
    session = ReplaySession(Recorded(path), SystemClock(), PlayOptions(plays=False))
    async with opened(moments[0], (size[0], size[1] + below), replay=session) as seen:
        await _rested(seen, OPENED_S)
        for snapshot in moments[1:]:
            await _rested(seen)
            session.press("jump", f"+{snapshot.at_ms - session.view().at_ms}ms")
            for _ in range(500):
                await seen.pilot.pause()
                if seen.app.snapshot is not None and seen.app.snapshot.at_ms == snapshot.at_ms:
                    break
            await seen.pilot.pause()
            assert seen.rows()[0].startswith(" REPLAY ")
            screens.append(_shown(seen, below))
    return screens


def assert_same_screen(path: Path, moments: Sequence[Snapshot], size: Size) -> int:
    """A replay shows of each moment what was shown then; how many were compared. `moments`: by
    time, each time once; from the first on, which is where a replay begins."""
    with _of_the_moment():
        then = asyncio.run(live(moments, size))
        now = asyncio.run(replayed(path, moments, size))
    assert len(then) == len(now) == len(moments) - 1
    for moment, shown, again in zip(moments[1:], then, now, strict=True):
        where = f"{path} at {moment.at_ms}"
        if size[0] < 100:
            assert again.clock == shown.clock, where
        assert again.status == shown.status, where
        rows = zip(shown.panes, again.panes, strict=True)
        other = [f"{one}\n{two}" for one, two in rows if one != two]
        assert not other, "\n".join([where, *other])
    return len(then)
