"""`cockpit verify SESSION`: whether a journal is what its engine wrote. Reads it and nothing else.

Against heads that somebody kept elsewhere: without one a journal that was cut behind a whole line,
or written anew to its end, cannot be told from a good one.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any, Final

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain, say, say_json
from cockpit.cli.recordings import NoRecording, find_session
from cockpit.engine.chain import Examined, Head, examine, read_head
from cockpit.engine.folders import SessionFolder, all_sessions, state_home

SHOWN: Final = 20
"""So many breaks are told a line each."""
NO_HEAD: Final = (
    "no kept head was given: a journal that was cut behind a whole line, or written anew to its "
    "end, would look the same"
)


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`verify` and its options."""
    parser = commands.add_parser("verify", help="say whether a journal is what was written")
    parser.add_argument(
        "session", metavar="SESSION", help="its name, how it begins, its folder, or a journal"
    )
    parser.add_argument(
        "--head",
        metavar="SEQ:HASH",
        dest="heads",
        action="append",
        default=[],
        type=_head,
        help="a head that was kept elsewhere; may be given more than once",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")


def _head(text: str) -> Head:
    try:
        return read_head(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run(options: argparse.Namespace) -> int:
    """Look at every line."""
    try:
        path = _journal(options.session)
        with path.open("rb") as lines:
            found = examine(lines, options.heads)
    except NoRecording as error:
        complain(clean_line(str(error)))
        return exits.REFUSED
    except OSError as error:
        complain(clean_line(f"{error.filename or options.session}: {error.strerror}"))
        return exits.REFUSED
    code = _code(found)
    if options.json:
        say_json(_summary(found, code))
    else:
        _tell(path, found)
    return code


def _journal(name: str) -> Path:
    """The journal that is meant; raises NoRecording, OSError."""
    path = Path(name)
    if os.sep in name or path.exists():
        return SessionFolder(path).journal if path.is_dir() else path
    return find_session(name, all_sessions(state_home(os.environ))).journal


def _code(found: Examined) -> int:
    if found.breaks:
        return exits.CHANGED
    return exits.TORN if found.torn else exits.COMPLETED


def _tell(path: Path, found: Examined) -> None:
    for one in found.breaks[:SHOWN]:
        where = f"{path}:{one.line}" if one.line else str(path)
        complain(clean_line(f"{where}: {one.what}"))
    if len(found.breaks) > SHOWN:
        complain(f"... and {len(found.breaks) - SHOWN} more")
    if found.torn is not None:
        complain(clean_line(f"{path}:{found.torn.line}: {_torn(found)}"))
    if found.simulated:
        say("SIMULATED: a rehearsal's journal, no real cluster was flown")
    kept = f"{found.kept} kept head{'s' * (found.kept != 1)}"
    if found.breaks:
        say(f"CHANGED: {len(found.breaks)} breaks; {found.entries} entries are whole")
        return
    say(f"{found.entries} entries, each as it was written; head {found.head}; {kept} found")
    if not found.kept:
        say(NO_HEAD)


def _torn(found: Examined) -> str:
    assert found.torn is not None
    return (
        f"the last line does not end ({found.torn.bytes} bytes): a crash cut it off, and it was "
        "never acted on; or somebody has changed it"
    )


def _summary(found: Examined, code: int) -> dict[str, Any]:
    return {
        "outcome": {exits.COMPLETED: "whole", exits.TORN: "torn"}.get(code, "changed"),
        "exit_code": code,
        "entries": found.entries,
        "head": {"seq": found.head.seq, "hash": found.head.hash},
        "breaks": [{"line": one.line or None, "what": one.what} for one in found.breaks],
        "torn": None if found.torn is None else {"line": found.torn.line, "what": _torn(found)},
        "kept_heads": found.kept,
        "from_ms": found.from_ms,
        "to_ms": found.to_ms,
        "simulated": found.simulated,
        "limits": [] if found.kept else [NO_HEAD],
    }
