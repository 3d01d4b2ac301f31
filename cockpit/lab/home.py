"""Where the lab keeps its files, and how it writes the ones that matter.

Never starts a process and never talks to a cluster.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LabError(Exception):
    """The lab cannot do what was asked; the text is for the person who asked."""


class LabBusyError(LabError):
    """Another process is at work on the same thing."""


def default_folder() -> Path:
    """The lab's folder when none is named: `$XDG_STATE_HOME/cockpit/lab`."""
    return _xdg("XDG_STATE_HOME", ".local/state") / "cockpit" / "lab"


def cache_folder() -> Path:
    """Where jars are kept between labs: `$XDG_CACHE_HOME/cockpit/lab`."""
    return _xdg("XDG_CACHE_HOME", ".cache") / "cockpit" / "lab"


def _xdg(variable: str, fallback: str) -> Path:
    """An XDG base folder; a relative value is ignored, as the specification asks."""
    value = os.environ.get(variable, "")
    return Path(value) if value.startswith("/") else Path.home() / fallback


def write_private(path: Path, text: str) -> None:
    """Replace a file by one of mode 0600, durably: after a crash it is the old one or the new."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def locked(path: Path, *, busy: str) -> Iterator[None]:
    """Hold an exclusive lock on a file; it falls with the process that holds it.

    Raises LabBusyError(busy) when another process has it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabBusyError(busy) from None
        yield
