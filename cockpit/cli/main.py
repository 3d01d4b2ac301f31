"""`cockpit`: finds the command and hands over. Loads nothing that the command does not need."""

from __future__ import annotations

import argparse
import importlib
import io
import keyword
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import cockpit
from cockpit.cli import exits
from cockpit.cli.output import clean, clean_line, complain
from cockpit.engine.folders import FolderError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

COMMANDS: tuple[tuple[str, str], ...] = (
    ("check", "read a plan and name every problem"),
    ("doctor", "name each missing right, and what else keeps a plan from being flown"),
    ("init", "write a plan from what two clusters hold"),
    ("inventory", "what both clusters hold, and what becomes of each item"),
    ("leftovers", "what an earlier attempt has left standing, and what clears it"),
    ("readiness", "the six gates before the first wave, who owns each, and what it lacks"),
    ("stragglers", "who is still on the source after its service has moved"),
    ("run", "fly a plan: an engine of its own, and the screen on it"),
    ("attach", "open the screen on a flight that is under way"),
    ("resume", "take over a flight whose engine is no more"),
    ("takeover", "go on with a flight whose host is no more, from its journal's topic"),
    ("status", "say in a line how a flight stands"),
    ("act", "do what a key does, from a script"),
    ("replay", "play a recorded session on the same screen"),
    ("verify", "say whether a journal is what was written"),
    ("sessions", "list the flights of this user"),
    ("report", "write the review of a flight from its recording"),
    ("archive", "pack what is to be kept of a migration into one file"),
    ("export", "write a recording as JSON lines, or one of its tables as CSV"),
    ("import", "make a session of an exported recording"),
    ("tune", "propose tolerances from what recorded flights have seen"),
    ("rehearse", "fly a plan in simulation, by itself"),
    ("demo", "fly a simulated cutover"),
    ("lab", "real clusters on this machine, to try it on"),
    ("keys", "list the screen's keys, and what is wrong with those of your own"),
    ("themes", "list the screen's colours, and what is wrong with those of your own"),
    ("schema", "print the JSON Schema of the plan"),
    ("completion", "print a script that completes commands in your shell"),
    ("man", "print the manual page"),
    ("bench", "measure, and say what falls short"),
)
HIDDEN = ("engine",)


class _Parser(argparse.ArgumentParser):
    """Says nothing that a terminal acts on: it repeats what was typed or came from a script."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        super()._print_message(clean(message), file)


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The whole command line; with `only`, that command alone is loaded."""
    parser = _Parser(
        prog="cockpit",
        description="A terminal cockpit for live Kafka-to-Kafka cutovers.",
        epilog="exit codes: "
        + ", ".join(f"{code} {meaning}" for code, meaning in exits.MEANINGS.items()),
    )
    parser.add_argument("--version", action="version", version=f"cockpit {cockpit.__version__}")
    listed = "{" + ",".join(name for name, _ in COMMANDS) + "}"
    commands = parser.add_subparsers(dest="command", metavar=listed, required=True)
    for name, text in COMMANDS:
        if only is None or name == only:
            _module(name).add_parser(commands)
        else:
            commands.add_parser(name, help=text)
    if only is not None and only in HIDDEN:
        _module(only).add_parser(commands)
    return parser


def _module(name: str) -> Any:  # noqa: ANN401  # a command's module: add_parser and run
    return importlib.import_module(f"cockpit.cli.{name}{'_' * keyword.iskeyword(name)}")


def _crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A defect of ours, told as Python does, without secrets and without what drives a terminal."""
    import traceback

    complain("".join(traceback.format_exception(kind, error, trace)).rstrip())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code."""
    sys.excepthook = _crash
    for stream in (sys.stdout, sys.stderr):
        # under an ASCII locale a name in another script is escaped, it does not end the command
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    names = [name for name, _ in COMMANDS]
    chosen = next((w for w in words if not w.startswith("-")), "")
    parser = build_parser(chosen if chosen in (*names, *HIDDEN) else "")
    options = parser.parse_args(words)
    try:
        return int(_module(options.command).run(options))
    except KeyboardInterrupt:
        complain("interrupted")
        return exits.INTERRUPTED
    except FolderError as error:
        complain(clean_line(str(error)))
        return exits.FAILED
    except BrokenPipeError:
        return _unheard()
    except BaseExceptionGroup as group:  # of tasks, one of which was telling
        if group.split(BrokenPipeError)[1] is not None:
            raise
        return _unheard()


def _unheard() -> int:
    """Whoever read the output has gone; what is left in the buffer is nobody's trouble."""
    sys.stderr.close()
    return exits.INTERRUPTED
