"""`cockpit import FILE`: a session of an exported recording, to be replayed and reported on."""

from __future__ import annotations

import argparse
import json
import os
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
    """Read it line by line; nothing is left of a file that is not understood."""
    from cockpit.wire.jsonl import ImportLinesError

    try:
        with options.file.open("rb") as file:
            folder = _imported(file, options.file)
    except (ImportLinesError, FolderError, NoRecording, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        complain(clean_line(f"{options.file}: {reason}"))
        return exits.FAILED
    say(clean_line(f"session {folder.id}: cockpit replay {folder.id}"))
    return exits.COMPLETED


def _imported(file: BinaryIO, origin: Path) -> SessionFolder:
    """The session of an open file; raises ImportLinesError, FolderError, NoRecording, OSError."""
    from cockpit.wire.jsonl import import_lines

    home = state_home(os.environ)
    private_folder(home)
    now = datetime.fromtimestamp(SystemClock().now_ms() / 1000, tz=UTC)
    folder = new_session(home, f"imported-{origin.stem}", stamp=f"{now:%Y%m%d-%H%M%S}")
    try:
        _write(folder.recording, import_lines(_bounded(file)))
        _check(folder)
        _describe(folder, origin)
    except BaseException:
        _take_away(folder)
        raise
    return folder


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


def _take_away(folder: SessionFolder) -> None:
    for path in folder.path.iterdir():
        path.unlink()
    folder.path.rmdir()
