"""Opens the screen on a terminal and closes it again, whatever happens to the terminal.

Refuses terminals that cannot show a screen before anything is drawn. Never ends the flight.
"""

from __future__ import annotations

import asyncio
import gc
import locale
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cockpit.tui.result import ScreenRefusedError, ScreenResult
from cockpit.tui.terminal import on_a_terminal, why_unfit

if TYPE_CHECKING:
    from textual.driver import Driver

    from cockpit.ports import Player, Session
    from cockpit.tui.app import CockpitApp
    from cockpit.tui.screens.board import Board


def refuse_unfit_terminal(environment: Mapping[str, str], *, is_terminal: bool) -> None:
    """Raise ScreenRefusedError where a full-screen program cannot work."""
    if why := why_unfit(environment, is_terminal=is_terminal):
        raise ScreenRefusedError(f"{why}; fly with --headless instead")


def make_app(
    session: Session,
    *,
    user: str,
    theme: str | None = None,
    remote: bool = False,
    player: Player | None = None,
    tour: bool = False,
    environment: Mapping[str, str],
) -> CockpitApp:
    """The app with its theme and glyphs chosen. Where COCKPIT_BELL is `off` nothing rings."""
    from cockpit.tui.app import CockpitApp
    from cockpit.tui.glyphs import is_plain_terminal
    from cockpit.tui.themes import Shelf, choose

    shelf = Shelf.of(environment)
    chosen = choose(theme, shelf, environment)
    app = CockpitApp(
        session,
        user=user,
        theme=chosen.theme,
        remote=remote,
        ascii_only=is_plain_terminal(
            encoding=locale.getencoding(), term=environment.get("TERM", "")
        ),
        notice=chosen.notice,
        player=player,
    )
    app.furnish = _furnishing(environment, is_replay=player is not None, tour=tour)
    if driver := _driver(environment, remote=remote):
        app.driver_class = driver
    if remote:
        app.animation_level = "none"
    app.shelf = shelf
    app.rings = environment.get("COCKPIT_BELL", "") != "off"
    return app


def _furnishing(
    environment: Mapping[str, str], *, is_replay: bool, tour: bool
) -> Callable[[Board], str]:
    """Gives the board the user's keys and the tour's captions; both load what the first paint can
    do without."""

    def furnish(board: Board) -> str:
        from cockpit.tui.keyfile import own_keys

        keys = own_keys(environment)
        board.keys = keys.replay if is_replay else keys.live
        if tour:
            from cockpit.tui.tour import Tour, with_tour

            board.tour = Tour(board.look)
            board.keys = with_tour(board.keys)
        return keys.notice

    return furnish


def _driver(environment: Mapping[str, str], *, remote: bool) -> type[Driver] | None:
    """Whose output never waits for the terminal, rows to their end where COCKPIT_DRIVER is `rows`;
    None where it is `textual`: its own, which does."""
    wanted = environment.get("COCKPIT_DRIVER", "")
    if wanted == "textual":
        return None
    from cockpit.tui import driver

    if wanted == "rows":
        return driver.FewColoursRowsDriver if remote else driver.RowsDriver
    return driver.FewColoursDriver if remote else driver.CellDriver


async def show_screen(
    session: Session,
    *,
    user: str,
    theme: str | None = None,
    remote: bool = False,
    mouse: bool = False,
    player: Player | None = None,
    tour: bool = False,
) -> ScreenResult:
    """The screen on the running event loop, until it is left. The session is closed at the end.

    For callers whose session lives on the same loop. Raises ScreenRefusedError.
    """
    refuse_unfit_terminal(os.environ, is_terminal=on_a_terminal())
    gc.disable()  # nothing of what is loaded now is garbage
    app = make_app(
        session,
        user=user,
        theme=theme,
        remote=remote,
        player=player,
        tour=tour,
        environment=os.environ,
    )
    app.settled = _collect_from_now_on
    with _signals(app):
        try:
            result = await app.run_async(mouse=mouse)
        finally:
            gc.enable()
    return result if result is not None else app.result("failed")


def run_screen(
    session: Session,
    *,
    user: str,
    theme: str | None = None,
    remote: bool = False,
    mouse: bool = False,
    player: Player | None = None,
    tour: bool = False,
) -> ScreenResult:
    """The screen until it is left, blocking. See `show_screen`.

    `user` is who drives: it signs every intent. `theme` is a name; None: as the environment has it
    (`cockpit.tui.themes.choose`). `remote` paints snapshots at most once a second and in no more
    than 256 colours, for slow links.
    With a `player` the session is a recording: a time line and its keys are there as well, and
    nobody drives. `tour` shows captions beside a demonstration.
    """
    return asyncio.run(
        show_screen(
            session,
            user=user,
            theme=theme,
            remote=remote,
            mouse=mouse,
            player=player,
            tour=tour,
        )
    )


def _collect_from_now_on() -> None:
    """What was loaded stays: a search for garbage that looked through it would hold up keys."""
    gc.freeze()
    gc.enable()


@contextmanager
def _signals(app: CockpitApp) -> Iterator[None]:
    """A hang-up or a polite kill leaves the screen in order: the terminal is restored, the
    session closed. Ignoring a hang-up would leave a process that spins on a dead terminal."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, app.leave, "hang-up")
    loop.add_signal_handler(signal.SIGTERM, app.leave, "terminated")
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        loop.remove_signal_handler(signal.SIGTERM)
