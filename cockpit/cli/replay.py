"""`cockpit replay SESSION`: a recorded session on the same screen. Nothing in it can be changed."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.cli import exits
from cockpit.cli.again import add_options, is_wanted, misused, run_again
from cockpit.cli.launch import is_running, running_sessions
from cockpit.cli.options import add_screen_options, duration_ms, is_remote
from cockpit.cli.output import clean_line, complain, say
from cockpit.cli.recordings import NoRecording, find_recording
from cockpit.core.playing import SPEEDS
from cockpit.engine.folders import SessionFolder, this_user
from cockpit.tui.terminal import on_a_terminal, why_unfit

if TYPE_CHECKING:
    from cockpit.replay.session import PlayOptions, ReplaySession


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`replay` and its options."""
    parser = commands.add_parser(
        "replay",
        help="play a recorded session on the same screen",
        description="Plays what a session has recorded, on the screen that the flight had. space "
        "plays and stops, [ and ] step, { and } go to the marks of the time line, t jumps, m makes "
        "a bookmark beside the recording, ? tells all keys. Keys that act do nothing.",
    )
    parser.add_argument(
        "session",
        nargs="?",
        metavar="SESSION",
        help="its name or how it begins, its folder, or the file (default: the newest)",
    )
    group = parser.add_argument_group("playing")
    group.add_argument(
        "--at", default="", metavar="TIME", help="begin at 02:14:07 (UTC), +90s, start or end"
    )
    group.add_argument(
        "--speed", type=_speed, default=1.0, metavar="X", help="0.25 to 64 times real time"
    )
    group.add_argument(
        "--max-idle",
        type=duration_ms,
        metavar="DURATION",
        help="play what is longer than this without an event as if it were no longer",
    )
    group.add_argument("--paused", action="store_true", help="do not play at once")
    group.add_argument(
        "--follow", action="store_true", help="wait at the end for what a running session adds"
    )
    add_screen_options(parser, plain=False)
    add_options(parser)


def _speed(text: str) -> float:
    speeds = {f"{speed:g}": speed for speed in SPEEDS}
    found = speeds.get(text.removesuffix("x"))
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(speeds)}")
    return found


def run(options: argparse.Namespace) -> int:
    """Open the recording and play it."""
    if why := misused(options):
        complain(why)
        return exits.USAGE
    try:
        found = find_recording(options.session)
    except NoRecording as error:
        complain(clean_line(str(error)))
        return exits.REFUSED
    if is_wanted(options):
        return run_again(found, options)
    if why := why_unfit(os.environ, is_terminal=on_a_terminal()):
        complain(why)
        return exits.USAGE
    follows = options.follow
    if follows and not is_flown(found.path.parent):
        complain("the session has ended: nothing will be added to it")
        follows = False
    from cockpit.replay.session import PlayOptions

    session = open_replay(
        found.path,
        PlayOptions(
            start=options.at,
            speed=options.speed,
            max_idle_ms=options.max_idle,
            follow=follows,
            plays=not options.paused,
        ),
    )
    return session if isinstance(session, int) else _show(session, options)


def is_flown(folder: Path) -> bool:
    """Whether an engine still adds to this session, by whatever way to it the folder is named: an
    engine is known by the way with which it was started."""
    if is_running(SessionFolder(folder.absolute())) or is_running(SessionFolder(folder.resolve())):
        return True
    return folder.resolve() in {one.path.resolve() for one in running_sessions()}


def open_replay(path: Path, options: PlayOptions) -> ReplaySession | int:
    """The session that plays a file; or, once it is said why not, an exit code."""
    from cockpit.engine.clock import SystemClock
    from cockpit.replay.bookmarks import bookmarks_path
    from cockpit.replay.moments import MomentError
    from cockpit.replay.recorded import Recorded
    from cockpit.replay.session import NothingRecordedError, ReplaySession
    from cockpit.wire.values import WireError

    try:
        recording = Recorded(path)
    except (OSError, WireError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        complain(clean_line(f"{path}: {reason}"))
        return exits.REFUSED
    try:
        return ReplaySession(
            recording, SystemClock(), options, bookmarks=bookmarks_path(path), user=this_user()
        )
    except MomentError as error:
        complain(f"--at: {error}")
        code = exits.USAGE
    except (NothingRecordedError, WireError, OSError) as error:
        complain(clean_line(f"{path}: {error}"))
        code = exits.REFUSED
    recording.close()
    return code


def _show(session: ReplaySession, options: argparse.Namespace) -> int:
    """The screen until it is left. How the flight ended is no outcome of looking at it."""
    from cockpit.tui.result import ScreenRefusedError
    from cockpit.tui.run import run_screen

    try:
        result = run_screen(
            session,
            user="",
            theme=options.theme,
            remote=is_remote(options, os.environ),
            mouse=options.mouse,
            player=session,
        )
    except ScreenRefusedError as error:
        complain(str(error))
        return exits.USAGE
    if result.last_line:
        say(result.last_line)
    if result.reason == "terminated":
        return exits.TERMINATED
    return exits.INTERNAL if result.reason == "failed" else exits.COMPLETED
