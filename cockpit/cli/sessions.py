"""`cockpit sessions`: the flights of this user, newest last; what they take, how to take less."""

from __future__ import annotations

import argparse
import os
from typing import Any

from cockpit.cli import exits
from cockpit.cli.options import duration_ms
from cockpit.cli.output import clean_line, complain, say, say_json
from cockpit.cli.recordings import NoRecording, find_session
from cockpit.cli.retention import Described, compact, described, may_go, remove
from cockpit.engine.clock import SystemClock
from cockpit.engine.folders import all_sessions, state_home


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`sessions`, its options and its verbs."""
    parser = commands.add_parser(
        "sessions", help="list the flights of this user, prune and compact them"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    verbs = parser.add_subparsers(dest="verb", metavar="{prune,compact}")
    prune = verbs.add_parser(
        "prune",
        help="remove old sessions",
        description="Lists what would be removed; with --yes removes it. A session that is flown, "
        "or that was left half-way, is never removed.",
    )
    prune.add_argument("--older-than", type=duration_ms, metavar="DURATION", help="such as 30d")
    prune.add_argument("--keep", type=int, default=10, metavar="N", help="the newest (default 10)")
    prune.add_argument("--yes", action="store_true", help="remove them")
    smaller = verbs.add_parser(
        "compact",
        help="write finished recordings anew, smaller",
        description="Writes the recording anew with more effort and reads it back; it is replaced "
        "only if every moment is the same.",
    )
    smaller.add_argument("sessions", nargs="+", metavar="SESSION")
    for one in (prune, smaller):
        one.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object a line"
        )


def run(options: argparse.Namespace) -> int:
    """List, or carry out the verb."""
    if options.verb == "prune":
        return _prune(options)
    if options.verb == "compact":
        return _compact(options)
    folders = all_sessions(state_home(os.environ))
    if not folders:
        complain(f"no session yet: {state_home(os.environ) / 'sessions'}")
    for folder in folders:
        one = described(folder)
        if options.json:
            say_json(one.as_json())
        else:
            say(clean_line(one.line()))
    return exits.COMPLETED


def _prune(options: argparse.Namespace) -> int:
    if options.keep < 0:
        complain("--keep takes a number from 0 on")
        return exits.USAGE
    folders = all_sessions(state_home(os.environ))
    oldest = folders[: max(0, len(folders) - options.keep)]
    before_ms = None
    if options.older_than is not None:
        before_ms = SystemClock().now_ms() - options.older_than
    removed, size = 0, 0
    for folder in oldest:
        one = described(folder)
        why_not = may_go(one, before_ms) or (remove(folder) if options.yes else "")
        if not why_not:
            removed, size = removed + 1, size + one.size_bytes
        _say_pruned(one, why_not, options)
    if not options.json:
        verb = "removed" if options.yes else "would be removed: --yes removes them"
        say(f"{removed} sessions, {size / 1e6:.1f} MB {verb}")
    return exits.COMPLETED


def _say_pruned(one: Described, why_not: str, options: argparse.Namespace) -> None:
    word = "kept" if why_not else "removed" if options.yes else "would go"
    if options.json:
        say_json({**one.as_json(), "what": word.replace(" ", "_"), "why_kept": why_not or None})
    elif why_not:
        say(clean_line(f"kept     {one.session}: {why_not}"))
    else:
        say(clean_line(f"{word}  {one.line()}"))


def _compact(options: argparse.Namespace) -> int:
    code = exits.COMPLETED
    folders = all_sessions(state_home(os.environ))
    for name in options.sessions:
        try:
            found = find_session(name, folders)
        except NoRecording as error:
            complain(clean_line(str(error)))
            code = exits.FAILED
            continue
        why = compact(found)
        if isinstance(why, str):
            complain(clean_line(why))
            code = exits.FAILED
            continue
        before, after = why
        if options.json:
            sizes = {"before_bytes": before, "after_bytes": after}
            say_json({"session": found.id, **sizes})
            continue
        saved = f"{(1 - after / before) * 100:.0f} % less" if after < before else "no smaller"
        say(clean_line(f"{found.id}: {before / 1e6:.2f} MB, now {after / 1e6:.2f} MB ({saved})"))
    return code
