"""`cockpit man`: the manual page, made of the command line, the key table and the exit codes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any, Final

import cockpit
from cockpit.cli import exits
from cockpit.cli.describe import Command, Option

FILES: Final = (
    ("~/.config/cockpit/keys.yaml", "keys of your own; `cockpit keys` says what is wrong in it"),
    ("~/.config/cockpit/themes/*.yaml", "themes of your own; `cockpit themes` lists them"),
    ("~/.local/state/cockpit/sessions/", "journals and recordings, readable by you alone"),
)
ENVIRONMENT: Final = (
    ("COCKPIT_THEME", "the theme, where --theme does not say it"),
    ("COCKPIT_BELL", "off: nothing rings"),
    ("NO_COLOR", "the theme mono, where no other is asked for"),
    ("TERM", "dumb or not set: plain lines instead of a screen"),
    ("LC_ALL, LC_CTYPE, LANG", "without UTF-8 every glyph is ASCII"),
    ("SSH_CONNECTION", "set: the screen paints at most once a second; use ssh -C"),
    ("XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR", "where files and sockets lie"),
)


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`man` and its options."""
    commands.add_parser(
        "man",
        help="print the manual page",
        description="Prints the manual page in the form that man reads: cockpit man | man -l -, "
        "or cockpit man > ~/.local/share/man/man1/cockpit.1.",
    )


def run(_options: argparse.Namespace) -> int:
    """Print it."""
    from cockpit.cli.describe import describe
    from cockpit.cli.main import build_parser

    sys.stdout.write(page(describe(build_parser())))
    return exits.COMPLETED


def page(program: Command) -> str:
    """The page as roff."""
    return "\n".join(_page(program)) + "\n"


def _page(program: Command) -> Iterator[str]:
    yield f'.TH COCKPIT 1 "" "cockpit {cockpit.__version__}" "User Commands"'
    yield from (".nh", ".ad l")
    yield from (".SH NAME", "cockpit \\- a terminal cockpit for live Kafka-to-Kafka cutovers")
    yield from (".SH SYNOPSIS", ".B cockpit", "\\fICOMMAND\\fR [\\fIOPTION\\fR...]")
    yield from (".SH DESCRIPTION", _text(program.description))
    yield ".SH OPTIONS"
    for option in program.options:
        yield from (".TP", _head(option), _text(option.help))
    yield ".SH COMMANDS"
    for command in program.all():
        if len(command.path) > 1 and not command.parts:
            yield from _command(command)
        elif command.parts and len(command.path) > 1:
            yield from (f'.SS "{_text(command.name)}"', _text(command.description))
    yield ".SH KEYS"
    yield from _keys()
    yield from _table("FILES", FILES)
    yield from _table("ENVIRONMENT", ENVIRONMENT)
    meanings = ((str(code), meaning) for code, meaning in exits.MEANINGS.items())
    yield from _table("EXIT STATUS", tuple(meanings))


def _command(command: Command) -> Iterator[str]:
    yield f'.SS "{_text(command.name)}"'
    yield from (f"\\fB{_text(command.name)}\\fR {_text(command.usage)}", ".PP")
    yield _text(command.description)
    for option in (*command.words, *command.options):
        if "--help" not in option.flags:
            yield from (".TP", _head(option), _text(option.help) or "\\&")


def _head(option: Option) -> str:
    if not option.flags:
        return f"\\fI{_text(option.takes)}\\fR"
    value = f" \\fI{_text(option.takes)}\\fR" if option.takes else ""
    return ", ".join(f"\\fB{_text(flag)}\\fR" for flag in option.flags) + value


def _keys() -> Iterator[str]:
    from cockpit.tui.keys import GROUP_TITLES, LIVE, KeyTable
    from cockpit.tui.playkeys import REPLAY

    tables: tuple[tuple[str, KeyTable, frozenset[object]], ...] = (
        ("", LIVE, frozenset()), ("In a replay: ", REPLAY, frozenset(LIVE.keys)),
    )  # fmt: skip
    for where, table, without in tables:
        for group, title in GROUP_TITLES.items():
            keys = [key for key in table.keys if key.group == group and key not in without]
            if keys:
                yield f'.SS "{where}{title}"'
            for key in keys:
                yield from (".TP", f"\\fB{_text(key.shown)}\\fR ({_text(key.id)})", _text(key.help))


def _table(title: str, rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".SH {title}"
    for name, text in rows:
        yield from (".TP", f"\\fB{_text(name)}\\fR", _text(text))


def _text(text: str) -> str:
    """Text in which nothing is an instruction to roff."""
    safe = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    safe = safe.replace("^", "\\(ha").replace("~", "\\(ti").replace("`", "\\(ga")
    safe = safe.replace(",", ",\\:")  # a long list of choices may break there
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe
