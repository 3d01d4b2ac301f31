"""`cockpit attach [SESSION]`: the screen on a running flight. Leaving it changes nothing."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from cockpit.cli import exits, plain
from cockpit.cli.options import add_screen_options, is_remote
from cockpit.cli.output import clean_line, complain, say
from cockpit.cli.underway import Flight, find_running
from cockpit.core.intents import Intent
from cockpit.engine.folders import SessionFolder, this_user
from cockpit.engine.journal import JournalError
from cockpit.tui.result import ScreenRefusedError, ScreenResult

if TYPE_CHECKING:  # what reads snapshots is loaded once the screen has been painted
    from cockpit.core.snapshot import LogLine, Snapshot
    from cockpit.engine.remote import RemoteSession
    from cockpit.ports import Session

AGAIN_S = 0.5
"""Before a connection that was lost is tried anew."""


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`attach` and its options."""
    parser = commands.add_parser("attach", help="open the screen on a flight that is under way")
    parser.add_argument("session", nargs="?", metavar="SESSION", help="its name, or how it begins")
    parser.add_argument(
        "--drive",
        action="store_true",
        help="ask for the controls; without it the screen looks on until D is pressed",
    )
    add_screen_options(parser)


def run(options: argparse.Namespace) -> int:
    """Find the flight and open the screen."""
    found = find_running(options.session)
    if isinstance(found, str):
        complain(found)
        return exits.REFUSED
    if why := why_no_screen(options):
        complain(why)
        return exits.USAGE
    return screen(found, options, drives=options.drive)


def why_no_screen(options: argparse.Namespace) -> str:
    """Why neither a full screen nor plain lines can be shown here; empty: one of them can."""
    from cockpit.tui.terminal import on_a_terminal, why_unfit

    if plain.is_wanted(options):
        return ""
    why = why_unfit(os.environ, is_terminal=on_a_terminal())
    return f"{why}: use --plain, --headless, or `cockpit status`" if why else ""


class LazySession:
    """Connects when the screen's own event loop first asks, and anew while the flight goes on: who
    read too slowly for a while, or whose engine begins anew, is not shown out."""

    def __init__(self, flight: Flight, *, drive: str = "") -> None:
        """`drive`: the user who asks for the controls; empty: he only looks on."""
        self._flight, self._drive, self._again = flight, drive, False
        self._session: RemoteSession | None = None
        self.let_in = True

    @property
    def seat(self) -> str:
        """As the engine has named it; a word that nobody sits under until it has."""
        return "-" if self._session is None else self._session.seat or "-"

    @property
    def past(self) -> Sequence[LogLine]:
        """The log before the connection."""
        return () if self._session is None else self._session.past

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """Newest snapshots; ends when the engine is gone. Raises WireError with the reason where it
        lets this user not in, or talks another protocol."""
        from cockpit.engine.remote import RemoteSession
        from cockpit.wire.frames import NotLetInError

        while True:
            try:
                session = await RemoteSession.connect(
                    self._flight.socket, drive=self._drive, again=self._again
                )
                self._session = session
                async for snapshot in session.snapshots():
                    # a screen that drove until the connection was lost asks for the controls anew
                    self._drive = this_user() if snapshot.crew.seat == session.seat else ""
                    self._again = True
                    yield snapshot
                await session.close()
            except NotLetInError:
                self.let_in = False
                raise
            except OSError:
                pass
            if not self._flight.goes_on():
                return
            await asyncio.sleep(AGAIN_S)

    async def submit(self, intent: Intent) -> None:
        """Hand in an intent; nothing happens when the engine is gone."""
        if self._session is None:
            return
        try:
            await self._session.submit(intent)
        except ConnectionError:
            return

    async def close(self) -> None:
        """Leave."""
        if self._session is not None:
            await self._session.close()


def screen(flight: Flight, options: argparse.Namespace, *, drives: bool) -> int:
    """The screen until it is left; then one line that says what still runs. `drives`: it asks for
    the controls."""
    session = LazySession(flight, drive=this_user() if drives else "")
    code = show(session, options)
    folder = flight.folder
    if not session.let_in:
        return exits.REFUSED
    if flight.goes_on():
        say(f"the flight goes on without this screen: cockpit attach {flight.name}")
    elif folder is None:
        say(f"the engine of {flight.owner} is gone: ask {flight.owner} how the flight ended")
    elif code == exits.UNKNOWN:
        complain(f"the engine is gone, the outcome is unknown: {folder.log}")
        if words := left_half_way(folder):
            complain(clean_line(f"it was left {words}: cockpit resume {folder.id}"))
    else:
        say(f"the flight has ended: {folder.path}")
    return code


def left_half_way(folder: SessionFolder) -> str:
    """Where a session without an engine stands in a wave, in words; empty: it does not, or nobody
    can tell."""
    from cockpit.engine.recovery import left_in

    try:
        left = left_in(folder)
    except JournalError:
        return ""
    return left.words() if left is not None and left.wave else ""


def show(session: Session, options: argparse.Namespace) -> int:
    """Draw until the screen is left, and say the last line that it leaves behind; the exit code."""
    try:
        result = _shown(session, options)
    except ScreenRefusedError as error:
        complain(str(error))
        return exits.USAGE
    if result.last_line:
        say(result.last_line)
    return code_of(result)


def _shown(session: Session, options: argparse.Namespace) -> ScreenResult:
    """Raises ScreenRefusedError."""
    if plain.is_wanted(options):
        return plain.run_plain(session, options, user=this_user())
    from cockpit.tui.run import run_screen

    return run_screen(
        session,
        user=this_user(),
        theme=options.theme,
        remote=is_remote(options, os.environ),
        mouse=options.mouse,
        tour=getattr(options, "tour", False),
    )


def code_of(result: ScreenResult) -> int:
    """The flight's outcome where it had one; 0 where the screen was left and the flight goes on."""
    if result.reason == "terminated":
        return exits.TERMINATED
    if result.reason == "failed":
        return exits.INTERNAL
    if result.outcome:
        return exits.OF_OUTCOME.get(result.outcome, exits.UNKNOWN)
    # a session that is over without an outcome: its engine is gone
    return exits.UNKNOWN if result.reason == "session ended" else exits.COMPLETED
