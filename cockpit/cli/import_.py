"""`cockpit import FILE`: a session of an exported recording, to be replayed and reported on."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain, say
from cockpit.cli.recordings import Found, NoRecording, opened
from cockpit.engine.clock import SystemClock
from cockpit.engine.folders import (
    FolderError,
    SessionFolder,
    new_session,
    private_folder,
    state_home,
    write_private,
)

MAX_LINE_BYTES = 256 * 1024 * 1024
ASIDE = ".importing-"
"""How the name of a folder begins in which an import is made."""


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`import` and its options."""
    parser = commands.add_parser(
        "import",
        help="make a session of an exported recording",
        description="Makes a session of its own of the JSON lines that cockpit export has written. "
        "Its name begins with the time of the import. No engine can take it over: it holds a "
        "recording, and no journal.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")


def run(options: argparse.Namespace) -> int:
    """Read it line by line; nothing is left of a file that is not understood, nor of an import that
    a signal ends."""
    from cockpit.wire.jsonl import ImportLinesError

    try:
        with _terminable(), options.file.open("rb") as file:
            folder = _imported(file, options.file)
    except (ImportLinesError, FolderError, NoRecording, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        complain(clean_line(f"{options.file}: {reason}"))
        return exits.FAILED
    except _Terminated:
        complain("terminated")
        return exits.TERMINATED
    say(clean_line(f"session {folder.id}: cockpit replay {folder.id}"))
    return exits.COMPLETED


class _Terminated(BaseException):
    """SIGTERM, where something must be taken away first."""


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    def terminated(_signal: int, _frame: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminated)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _imported(file: BinaryIO, origin: Path) -> SessionFolder:
    """The session of an open file, made aside: it is there whole or not at all. Raises
    ImportLinesError, FolderError, NoRecording, OSError."""
    from cockpit.wire.jsonl import import_lines

    home = state_home(os.environ)
    sessions = home / "sessions"
    private_folder(home)
    private_folder(sessions)
    now = datetime.fromtimestamp(SystemClock().now_ms() / 1000, tz=UTC)
    _sweep(sessions)
    with _aside(sessions) as made:
        _write(made.recording, import_lines(_bounded(file)))
        _check(made)
        _describe(made, origin)
        name = f"imported-{origin.stem}"
        return new_session(home, name, stamp=f"{now:%Y%m%d-%H%M%S}", made=made.path)


@contextlib.contextmanager
def _aside(sessions: Path) -> Iterator[SessionFolder]:
    """A folder beside the sessions that is none of them; gone afterwards, unless it has become
    one. Held as long as this process lives."""
    made = SessionFolder(Path(tempfile.mkdtemp(prefix=ASIDE, dir=sessions)))
    held = os.open(made.path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield made
    finally:
        os.close(held)
        shutil.rmtree(made.path, ignore_errors=True)


def _sweep(sessions: Path) -> None:
    """Take away what killed imports have left: nobody holds it."""
    for path in sessions.glob(f"{ASIDE}*"):
        with contextlib.suppress(OSError):
            held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
            finally:
                os.close(held)


def _bounded(file: BinaryIO) -> Iterator[str]:
    """Lines, none of which takes more memory than any of an export."""
    from cockpit.wire.jsonl import ImportLinesError

    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise ImportLinesError(f"line {number}: longer than any line of an export")
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise ImportLinesError(f"line {number}: not UTF-8") from error
        yield text


def _write(path: Path, parts: Iterable[bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def _check(folder: SessionFolder) -> None:
    """Read every part of what was written; raises NoRecording where one cannot be read."""
    from cockpit.wire.recording import Frame
    from cockpit.wire.retelling import parts

    with opened(Found(folder.recording, folder.id)) as reader:
        for part in parts(reader):
            if isinstance(part, Frame):
                part.inputs(), part.tells(), part.snapshot()


def _describe(folder: SessionFolder, origin: Path) -> None:
    """What `sessions` shows of it."""
    meta = {"plan": "", "plan_path": "", "imported": str(origin.resolve())}
    write_private(folder.meta, json.dumps(meta) + "\n")
