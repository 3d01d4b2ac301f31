"""`cockpit sessions`: the flights of this user, newest last."""

from __future__ import annotations

import argparse
import os
from typing import Any

from cockpit.cli import exits
from cockpit.cli.launch import is_running
from cockpit.cli.output import say, say_json
from cockpit.engine.folders import all_sessions, state_home


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`sessions` and its options."""
    parser = commands.add_parser("sessions", help="list the flights of this user")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(options: argparse.Namespace) -> int:
    """One line a session."""
    for folder in all_sessions(state_home(os.environ)):
        meta = folder.read_meta()
        running = is_running(folder)
        if options.json:
            say_json(
                {
                    "session": folder.id,
                    "plan": meta.get("plan"),
                    "running": running,
                    "folder": str(folder.path),
                }
            )
        else:
            say(f"{folder.id}  {'running' if running else 'ended'}  {folder.path}")
    return exits.COMPLETED
