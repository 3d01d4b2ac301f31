"""`cockpit sessions`: the flights of this user, newest last."""

from __future__ import annotations

import argparse
import os
from typing import Any

from cockpit.cli import exits
from cockpit.cli.launch import is_running
from cockpit.cli.output import say, say_json
from cockpit.engine.folders import SessionFolder, all_sessions, state_home
from cockpit.engine.journal import JournalError
from cockpit.engine.recovery import left_in


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`sessions` and its options."""
    parser = commands.add_parser("sessions", help="list the flights of this user")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(options: argparse.Namespace) -> int:
    """One line a session."""
    for folder in all_sessions(state_home(os.environ)):
        meta = folder.read_meta()
        running = is_running(folder)
        left = "" if running else _left(folder)
        if options.json:
            say_json(
                {
                    "session": folder.id,
                    "plan": meta.get("plan"),
                    "running": running,
                    "left": left,
                    "folder": str(folder.path),
                }
            )
        else:
            say(f"{folder.id}  {'running' if running else left or 'ended'}  {folder.path}")
    return exits.COMPLETED


def _left(folder: SessionFolder) -> str:
    """What a flight without an engine has left standing, in words; empty: nothing."""
    try:
        left = left_in(folder)
    except JournalError as error:
        return f"journal not believed: {error}"
    return left.words() if left is not None and left.wave else ""
