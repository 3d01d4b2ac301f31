"""Finds the recording of a session by its name, or how that begins, or by its path."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from cockpit.cli import exits
from cockpit.engine.folders import SessionFolder, all_sessions, state_home

if TYPE_CHECKING:
    from cockpit.wire.recording import Reader


SHOWN_CHARS: Final = 80
"""So much of a name is repeated in a message."""
SHOWN_NAMES: Final = 10


class NoRecording(Exception):  # noqa: N818  # a state, not a fault of ours
    """There is no such recording, or it is none. The text is fit for a person."""

    code: ClassVar[int] = exits.REFUSED
    """What a command ends with."""


class DamagedRecording(NoRecording):
    """There is a recording, and a part of it that is needed cannot be read."""

    code = exits.FAILED


@dataclass(frozen=True, slots=True)
class Found:
    """A recording on disk."""

    path: Path
    name: str
    """Of its session, or of its file."""


def find_recording(name: str | None) -> Found:
    """The recording that is meant; None: the newest that there is. Raises NoRecording."""
    try:
        if name is not None and (os.sep in name or Path(name).exists()):
            return _by_path(Path(name))
        folders = all_sessions(state_home(os.environ))
        if name is not None:
            folders = (find_session(name, folders),)
        recorded = [folder for folder in folders if folder.recording.exists()]
    except OSError as error:
        raise NoRecording(f"{_short(error.filename or name)}: {error.strerror}") from error
    if recorded:
        return Found(recorded[-1].recording, recorded[-1].id)
    if not folders:
        raise NoRecording("there is no session yet: cockpit sessions lists them")
    raise NoRecording(f"session {folders[-1].id} has no recording")


def find_session(name: str, folders: Sequence[SessionFolder]) -> SessionFolder:
    """The session of that name, or the only one whose name begins so. Raises NoRecording: which of
    several is meant is never guessed."""
    found = called(name, folders)
    if not found:
        raise NoRecording(f"no session is called {_short(name)}: cockpit sessions lists them")
    if len(found) > 1:
        raise NoRecording(several(name, [one.id for one in found]))
    return found[0]


def called(name: str, folders: Sequence[SessionFolder]) -> tuple[SessionFolder, ...]:
    """The session of that name; else all whose names begin so, as they come."""
    found = tuple(folder for folder in folders if folder.id.startswith(name))
    return tuple(folder for folder in found if folder.id == name) or found


def several(name: str, found: Sequence[str]) -> str:
    """That a name fits more than one."""
    names = ", ".join(found[-SHOWN_NAMES:])
    more = ", the newest" if len(found) > SHOWN_NAMES else ""
    return f"{len(found)} sessions begin with {_short(name)}{more}: {names}"


def _short(name: object) -> str:
    text = str(name)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}..."


def _by_path(path: Path) -> Found:
    folder = SessionFolder(path)
    if path.is_dir():
        if not folder.recording.exists():
            raise NoRecording(f"{path}: no recording in this folder")
        return Found(folder.recording, path.resolve().name)
    if not path.is_file():
        raise NoRecording(f"{path}: no such file")
    return Found(path, path.name)


@contextlib.contextmanager
def opened(found: Found) -> Iterator[Reader]:
    """Read it. Raises NoRecording where it is none, DamagedRecording where a part that is asked for
    cannot be read. What else goes wrong meanwhile is not its fault, and goes on as it is."""
    from cockpit.replay.file import FileBuffer
    from cockpit.wire.recording import Reader
    from cockpit.wire.records import RecordingError

    class Buffer(FileBuffer):
        """Whose disk fails is told by its name."""

        def _read(self, start: int, stop: int) -> bytes:
            try:
                return super()._read(start, stop)
            except OSError as error:
                raise DamagedRecording(f"{found.path}: {error.strerror}") from error

    try:
        buffer = Buffer(found.path)
    except OSError as error:
        raise NoRecording(f"{found.path}: {error.strerror}") from error
    with contextlib.closing(buffer):
        try:
            reader = Reader(buffer)
        except RecordingError as error:
            raise NoRecording(f"{found.path}: {error}") from error
        try:
            yield reader
        except RecordingError as error:
            raise DamagedRecording(f"{found.path}: {error}") from error
