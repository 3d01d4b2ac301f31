"""Finds the recording of a session by its name, or how that begins, or by its path."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.engine.folders import SessionFolder, all_sessions, state_home

if TYPE_CHECKING:
    from cockpit.wire.recording import Reader


class NoRecording(Exception):  # noqa: N818  # a state, not a fault of ours
    """There is no such recording, or it cannot be read. The text is fit for a person."""


@dataclass(frozen=True, slots=True)
class Found:
    """A recording on disk."""

    path: Path
    name: str
    """Of its session, or of its file."""


def find_recording(name: str | None) -> Found:
    """The recording that is meant; None: the newest. Raises NoRecording."""
    if name is not None and (os.sep in name or Path(name).exists()):
        return _by_path(Path(name))
    folders = [f for f in all_sessions(state_home(os.environ)) if f.id.startswith(name or "")]
    exact = [f for f in folders if f.id == name]
    recorded = [f for f in exact or folders if f.recording.exists()]
    if recorded:
        return Found(recorded[-1].recording, recorded[-1].id)
    if not folders:
        told = "there is no session yet" if name is None else f"no session is called {name}"
        raise NoRecording(f"{told}: cockpit sessions lists them")
    raise NoRecording(f"session {folders[-1].id} has no recording")


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
    """Read it. Raises NoRecording where it is none."""
    from cockpit.replay.file import FileBuffer
    from cockpit.wire.recording import Reader
    from cockpit.wire.records import RecordingError

    try:
        with contextlib.closing(FileBuffer(found.path)) as buffer:
            yield Reader(buffer)
    except RecordingError as error:
        raise NoRecording(f"{found.path}: {error}") from error
    except OSError as error:
        raise NoRecording(f"{found.path}: {error.strerror}") from error
