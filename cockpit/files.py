"""Reads small regular files, and says plainly why one cannot be read.

Never waits on a pipe or device, and never reads past a limit.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


class Unreadable(Exception):  # noqa: N818  # a state, not a fault of ours
    """A file cannot be read. The message completes a sentence that begins with the file."""


def read_regular(path: str | Path, *, limit: int, private: bool = False) -> bytes:
    """The file's bytes, at most `limit` of them. Raises Unreadable.

    With `private`, a file that anybody but its owner may open is refused. The checks are made on
    the open file, so that it cannot be exchanged in between.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise Unreadable(f"cannot be opened: {reason}") from None
    try:
        _check(os.fstat(handle).st_mode, private=private)
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    finally:
        os.close(handle)
    if len(content) > limit:
        raise Unreadable(f"is larger than {limit} bytes")
    return content


def _check(mode: int, *, private: bool) -> None:
    if stat.S_ISDIR(mode):
        raise Unreadable("is a folder")
    if not stat.S_ISREG(mode):
        raise Unreadable("is not a regular file")
    if private and mode & 0o077:
        bits = f"{stat.S_IMODE(mode):04o}"
        raise Unreadable(f"is open to others (mode {bits}); it must be 0600 or 0400")
