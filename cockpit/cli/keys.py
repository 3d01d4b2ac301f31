"""`cockpit keys`: the screen's keys as they are for this user, and what is wrong with his file."""

from __future__ import annotations

import argparse
import os
from typing import Any

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain, say, say_json


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`keys` and its options."""
    parser = commands.add_parser(
        "keys",
        help="list the screen's keys, and what is wrong with those of your own",
        description="Lists the screen's keys as they are for you, with the name by which each can "
        "be moved in ~/.config/cockpit/keys.yaml, and every mistake in that file by its line. "
        "What acts on a flight cannot be moved.",
    )
    parser.add_argument("--replay", action="store_true", help="the keys of a recording's screen")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(options: argparse.Namespace) -> int:
    """List them; 2 where the user's file has mistakes."""
    from cockpit.tui.keyfile import own_keys, why_fixed
    from cockpit.tui.keys import GROUP_TITLES

    found = own_keys(os.environ)
    table = found.replay if options.replay else found.live
    for group, title in GROUP_TITLES.items():
        keys = [key for key in table.keys if key.group == group]
        if keys and not options.json:
            say(f"{title}:")
        for key in keys:
            if options.json:
                say_json({
                    "action": key.id, "keys": key.shown.split(" "), "group": title,
                    "help": key.help, "fixed": why_fixed(key), "moved": key.id in found.moved,
                })  # fmt: skip
            else:
                mark = "*" if key.id in found.moved else " " if why_fixed(key) else "~"
                say(f"  {key.shown:<14}{mark} {key.id:<16} {key.help}")
    if not options.json:
        say("~ can be moved by ~/.config/cockpit/keys.yaml, * is moved")
    for one in found.mistakes:
        where = "" if one.line is None else f" line {one.line}"
        complain(clean_line(f"{one.path}{where}: {one.text}"))
    return exits.USAGE if found.mistakes else exits.COMPLETED
