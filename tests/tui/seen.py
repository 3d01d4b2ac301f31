"""What a test sees of the screen: rows of text, as the compositor would send them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.pilot import Pilot
from textual.strip import Strip

from cockpit.core.snapshot import Snapshot
from cockpit.replay.session import ReplaySession
from cockpit.tui.app import CockpitApp
from cockpit.tui.result import ScreenResult
from cockpit.tui.themefile import CockpitTheme
from cockpit.tui.themes import Shelf
from tests.tui import fixtures
from tests.tui.sessions import AnsweringSession, PlayedSession

Size = tuple[int, int]
SIZES: tuple[Size, ...] = ((40, 10), (60, 20), (80, 24), (160, 48), (200, 60))


_CHARACTERS = {"slash": "/", "space": " ", "question_mark": "?", "colon": ":", "full_stop": "."}


class Seen:
    """An open screen, its session, and what is on it."""

    def __init__(self, app: CockpitApp, pilot: Pilot[ScreenResult], session: PlayedSession) -> None:
        self.app = app
        self.pilot = pilot
        self.session = session

    def strips(self) -> list[Strip]:
        """Every row, dialogs included."""
        update: Any = self.app.screen._compositor.render_update(
            full=True, screen_stack=self.app._background_screens
        )
        return [Strip.join(row) for row in update.strips]

    def rows(self) -> list[str]:
        """Every row as text."""
        return [strip.text for strip in self.strips()]

    def text(self) -> str:
        """The whole screen as text."""
        return "\n".join(self.rows())

    def row_with(self, part: str) -> str:
        """The first row that has `part`."""
        return next((row for row in self.rows() if part in row), "")

    async def press(self, *keys: str, then_s: float = 0.0) -> None:
        """Press keys, one after another, then wait."""
        for key in keys:
            character = key if len(key) == 1 else _CHARACTERS.get(key)
            self.app.post_message(events.Key(key, character))
            await self.pilot.pause()
        if then_s:
            await self.pilot.pause(then_s)

    async def show(self, snapshot: Snapshot) -> None:
        """Play a snapshot and wait until it is drawn."""
        self.session.play(snapshot)
        for _ in range(100):
            await self.pilot.pause()
            if self.app.snapshot is snapshot:
                await self.pilot.pause()
                return
        raise AssertionError("the snapshot was not drawn")


@asynccontextmanager
async def opened(
    snapshot: Snapshot | None = None,
    size: Size = (80, 24),
    *,
    session: PlayedSession | None = None,
    theme: CockpitTheme | None = None,
    shelf: Shelf | None = None,
    ascii_only: bool = False,
    remote: bool = False,
    replay: ReplaySession | None = None,
    user: str = fixtures.USER,
) -> AsyncIterator[Seen]:
    """The app on a prepared snapshot, or on a replay, with the first one drawn."""
    first = snapshot or fixtures.snapshot()
    session = session or PlayedSession(first)
    app = CockpitApp(
        replay or session,
        user=user,
        theme=theme,
        ascii_only=ascii_only,
        remote=remote,
        player=replay,
    )
    app.shelf = shelf
    async with app.run_test(size=size) as pilot:
        for _ in range(200):
            await pilot.pause()
            if app.snapshot is not None:
                break
        assert app.silence_timer is not None
        app.silence_timer.pause()  # a busy machine must not look like a silent engine
        await pilot.pause()
        yield Seen(app, pilot, session)


@asynccontextmanager
async def answering(snapshot: Snapshot | None = None, size: Size = (80, 24)) -> AsyncIterator[Seen]:
    """Like `opened`, with a session that arms and pauses."""
    base = snapshot or fixtures.snapshot(actions=fixtures.actions())
    async with opened(base, size, session=AnsweringSession(base)) as seen:
        yield seen
