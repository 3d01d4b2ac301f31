"""Opens the screen on a terminal and closes it again, whatever happens to the terminal.

Refuses terminals that cannot show a screen before anything is drawn. Never ends the flight.
"""

from __future__ import annotations

import asyncio
import locale
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.ports import Player, Session
from cockpit.tui.result import ScreenRefusedError, ScreenResult

if TYPE_CHECKING:
    from cockpit.tui.app import CockpitApp


def refuse_unfit_terminal(environment: Mapping[str, str], *, is_terminal: bool) -> None:
    """Raise ScreenRefusedError where a full-screen program cannot work."""
    if environment.get("TERM", "") in {"", "dumb"}:
        raise ScreenRefusedError(
            f"the terminal is {environment.get('TERM') or 'unknown'!r} and cannot show a screen; "
            "fly with --headless instead"
        )
    if not is_terminal:
        raise ScreenRefusedError(
            "input and output must be a terminal for the screen; fly with --headless instead"
        )


def make_app(
    session: Session,
    *,
    user: str,
    theme: str | None = None,
    themes: Path | None = None,
    remote: bool = False,
    player: Player | None = None,
    environment: Mapping[str, str],
) -> CockpitApp:
    """The app with its theme and glyphs chosen; `themes` is a folder instead of the shipped one.
    Where COCKPIT_BELL is `off` alarms make no noise."""
    from cockpit.tui.app import CockpitApp
    from cockpit.tui.glyphs import is_plain_terminal
    from cockpit.tui.themes import choose, load_themes, themes_directory

    found, problems = load_themes(themes or themes_directory())
    chosen, notice = choose(theme, found, no_color=bool(environment.get("NO_COLOR")))
    app = CockpitApp(
        session,
        user=user,
        theme=chosen,
        remote=remote,
        ascii_only=is_plain_terminal(
            encoding=locale.getencoding(), term=environment.get("TERM", "")
        ),
        notice=notice or "; ".join(problems),
        player=player,
    )
    app.rings = environment.get("COCKPIT_BELL", "") != "off"
    return app


async def show_screen(
    session: Session,
    *,
    user: str,
    theme: str | None = None,
    themes: Path | None = None,
    remote: bool = False,
    mouse: bool = False,
    player: Player | None = None,
) -> ScreenResult:
    """The screen on the running event loop, until it is left. The session is closed at the end.

    For callers whose session lives on the same loop. Raises ScreenRefusedError.
    """
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    refuse_unfit_terminal(os.environ, is_terminal=terminal)
    app = make_app(
        session,
        user=user,
        theme=theme,
        themes=themes,
        remote=remote,
        player=player,
        environment=os.environ,
    )
    with _signals(app):
        result = await app.run_async(mouse=mouse)
    return result if result is not None else app.result("failed")


def run_screen(
    session: Session,
    *,
    user: str,
    theme: str | None = None,
    themes: Path | None = None,
    remote: bool = False,
    mouse: bool = False,
    player: Player | None = None,
) -> ScreenResult:
    """The screen until it is left, blocking. See `show_screen`.

    `user` is who drives: it signs every intent. `theme` is a name, None the default one (the
    monochrome one when NO_COLOR is set). `remote` paints at most once a second, for slow links.
    With a `player` the session is a recording: a time line and its keys are there as well, and
    nobody drives.
    """
    return asyncio.run(
        show_screen(
            session,
            user=user,
            theme=theme,
            themes=themes,
            remote=remote,
            mouse=mouse,
            player=player,
        )
    )


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
