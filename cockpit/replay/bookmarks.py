"""Bookmarks of a recording: a file of lines of JSON beside it, 0600. The recording stays as it is.

Appended only. A line that is torn, changed or not ours to understand is left out when read.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, Final

from cockpit.core.playing import Mark
from cockpit.replay.file import FileBuffer

MAX_FILE_BYTES: Final = 4 << 20
"""More than this is not read: a bookmark is a line, and nobody makes so many."""
MAX_TEXT: Final = 200
RECORDING: Final = "recording.ckrec"


def bookmarks_path(recording: Path) -> Path:
    """Beside a session's recording `bookmarks.jsonl`; beside a file of another name, its name and
    that."""
    if recording.name == RECORDING:
        return recording.with_name("bookmarks.jsonl")
    return recording.with_name(f"{recording.name}.bookmarks.jsonl")


def read_bookmarks(path: Path) -> tuple[Mark, ...]:
    """Every bookmark that can be read, by time; none where there is no such file. A pipe or a
    device in its place is not waited for."""
    try:
        with contextlib.closing(FileBuffer(path)) as file:
            data = file[:MAX_FILE_BYTES]
    except OSError:
        return ()
    found = (_mark(line) for line in data.split(b"\n"))
    return tuple(sorted((mark for mark in found if mark), key=lambda mark: mark.at_ms))


def _mark(line: bytes) -> Mark | None:
    try:
        content: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    at_ms, text, by = (content.get(key) for key in ("at_ms", "text", "by"))
    if not isinstance(at_ms, int) or isinstance(at_ms, bool) or not 0 <= at_ms < 1 << 53:
        return None
    if not isinstance(text, str) or not isinstance(by, str):
        return None
    return _bookmark(at_ms, text, by)


def _bookmark(at_ms: int, text: str, by: str) -> Mark:
    said = text[:MAX_TEXT] or "bookmark"
    return Mark(at_ms, "bookmark", f"{said} (by {by[:40]})" if by else said)


def keep_bookmark(path: Path, *, at_ms: int, text: str, by: str, made_at_ms: int) -> Mark:
    """Add one, on disk before this returns. Raises OSError."""
    content = {"at_ms": at_ms, "by": by, "made_at_ms": made_at_ms, "text": text[:MAX_TEXT]}
    line = json.dumps(content, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    file = os.open(path, flags, 0o600)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a file", str(path))
        size = found.st_size
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        os.write(file, b"\n" + line if torn else line)
        os.fsync(file)
    finally:
        os.close(file)
    return _bookmark(at_ms, text, by)
