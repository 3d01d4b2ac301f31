"""`cockpit resume [SESSION]`: takes over a flight whose engine is no more.

Nothing moves by that: the wave stands where it stood until a person goes on or back.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

from cockpit.cli import exits
from cockpit.cli.launch import LaunchError, is_running, relaunch
from cockpit.cli.options import add_go_on, add_pilot_options, add_screen_options
from cockpit.cli.output import clean_line, complain
from cockpit.cli.recordings import called, several
from cockpit.cli.run import leave, look_on, no_screen
from cockpit.engine.folders import SessionFolder, all_sessions, state_home
from cockpit.engine.journal import JournalError
from cockpit.engine.recovery import Unfinished, left_in


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`resume` and its options."""
    parser = commands.add_parser(
        "resume",
        help="take over a flight whose engine is no more",
        description="Starts an engine on a flight whose own has died. Nothing moves before both "
        "clusters are read; then a person goes on (A) or back (R). Back it may go by itself: where "
        "a trigger says so, or the deadline of a fence has passed. With --headless the wave that "
        "was left half-way goes back (where that may lose records only with --accept-loss), with "
        "--go-on it goes on, and after it the waves that follow. Effects without an outcome are "
        "read, not repeated.",
    )
    parser.add_argument("session", nargs="?", metavar="SESSION", help="its name, or how it begins")
    add_go_on(parser)
    add_pilot_options(parser)
    add_screen_options(parser)


def run(options: argparse.Namespace) -> int:
    """Find it, start an engine on it, look on."""
    try:
        found = _find(options.session)
    except JournalError as error:
        why = (f"{error}: nothing is done on a journal that was changed",)
        return leave(options, "failed", exits.FAILED, why)
    if isinstance(found, str):
        return leave(options, "refused", exits.REFUSED, (found,))
    folder, left = found
    if not options.headless and (why_not := no_screen(options)):
        return leave(options, "refused", exits.USAGE, (why_not,))
    complain(clean_line(f"session {folder.id} was left {left.words()}"))
    for intent in left.open:
        complain(clean_line(f"  outcome not on record: {intent.text}"))
    try:
        launched = relaunch(folder)
    except LaunchError as error:
        code = exits.REFUSED if error.refused else exits.FAILED
        return leave(options, "refused" if error.refused else "failed", code, error.problems)
    return look_on(launched, options)


def _find(name: str | None) -> tuple[SessionFolder, Unfinished] | str:
    """The flight to take over, or why there is none. Raises JournalError."""
    last = ""
    folders = all_sessions(state_home(os.environ))
    if name is not None and len(folders := called(name, folders)) > 1:
        return several(name, [one.id for one in folders])
    for folder in reversed(folders):
        if is_running(folder):
            last = last or f"session {folder.id} is flown by its engine: cockpit attach {folder.id}"
            continue
        left = left_in(folder)
        if left is not None and (left.wave or name is not None):
            return folder, left
        if name is not None:
            return f"session {folder.id} has ended: nothing is left to take over"
    return last or ("no flight was left half-way" if name is None else f"no session {name}")
