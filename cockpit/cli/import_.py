"""`cockpit import FILE`: a session of an exported recording, to be replayed and reported on."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain, say
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
        "No engine can take it over: it holds a recording, and no journal.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")


def run(options: argparse.Namespace) -> int:
    """Read it line by line; nothing is left of a file that is not understood."""
    from cockpit.wire.jsonl import ImportLinesError, import_lines

    folder: SessionFolder | None = None
    try:
        with options.file.open(encoding="utf-8") as lines:
            home = state_home(os.environ)
            private_folder(home)
            folder = new_session(home, f"imported-{options.file.stem}", stamp="00000000-000000")
            _write(folder.recording, import_lines(_bounded(lines)))
        _describe(folder, options.file)
    except (ImportLinesError, FolderError, UnicodeDecodeError, OSError) as error:
        if folder is not None:
            _take_away(folder)
        reason = error.strerror if isinstance(error, OSError) else error
        complain(clean_line(f"{options.file}: {reason}"))
        return exits.FAILED
    say(clean_line(f"session {folder.id}: cockpit replay {folder.id}"))
    return exits.COMPLETED


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    from cockpit.wire.jsonl import ImportLinesError

    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE_BYTES:
            raise ImportLinesError(f"line {number}: longer than any line of an export")
        yield line


def _write(path: Path, parts: Iterable[bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())


def _describe(folder: SessionFolder, origin: Path) -> None:
    """What `sessions` shows of it."""
    meta = {"plan": "", "plan_path": "", "imported": str(origin.resolve())}
    write_private(folder.meta, json.dumps(meta) + "\n")


def _take_away(folder: SessionFolder) -> None:
    for path in folder.path.iterdir():
        path.unlink()
    folder.path.rmdir()
