"""What a session takes and tells, and how it is removed or made smaller."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cockpit.cli.launch import is_alive
from cockpit.cli.recordings import Found, NoRecording, opened
from cockpit.engine.folders import FlightTaken, FolderError, SessionFolder, kept_from_engines
from cockpit.engine.journal import JournalError, read_journal
from cockpit.engine.recovery import left_in
from cockpit.wire.values import WireError


@dataclass(frozen=True, slots=True)
class Described:
    """One session."""

    session: str
    plan: str
    folder: str
    running: bool
    left: str
    """What it has left standing half-way, in words; empty: nothing."""
    size_bytes: int
    from_ms: int | None
    to_ms: int | None
    waves: Mapping[str, str]
    """The last word of each wave of its plan."""
    outcome: str
    """Empty: it has none."""
    recorded: bool
    simulated: bool = False

    def state(self) -> str:
        """How it stands, in a word or more."""
        if self.running:
            return "running"
        return self.left or self.outcome or "ended"

    def as_json(self) -> dict[str, Any]:
        """For a script."""
        return {
            "session": self.session,
            "plan": self.plan or None,
            "running": self.running,
            "left": self.left,
            "folder": self.folder,
            "size_bytes": self.size_bytes,
            "from_ms": self.from_ms,
            "to_ms": self.to_ms,
            "waves": dict(self.waves),
            "outcome": self.outcome or None,
            "recorded": self.recorded,
            "simulated": self.simulated,
        }

    def line(self) -> str:
        """For a person."""
        done = sum(word == "done" for word in self.waves.values())
        waves = f"{done} of {len(self.waves)} waves done" if self.waves else "no wave known"
        lasted = "-"
        if self.from_ms is not None and self.to_ms is not None:
            lasted = _span(self.to_ms - self.from_ms)
        size = f"{self.size_bytes / 1e6:.1f} MB"
        state = "SIMULATED " * self.simulated + self.state()
        return f"{self.session}  {state}  {waves}  {lasted}  {size}  {self.folder}"


def _span(span_ms: int) -> str:
    from cockpit.report.wording import duration

    return duration(span_ms)


_NOTHING: Final[Mapping[str, Any]] = {
    "span": (None, None),
    "waves": {},
    "outcome": "",
    "simulated": False,
}


def described(folder: SessionFolder) -> Described:
    """Everything that its files tell; a file that cannot be read tells nothing."""
    running = is_alive(folder)
    told = _journal(folder)
    recorded = folder.recording.exists()
    if recorded and None in told["span"]:  # imported: it has no journal
        told = _recorded(folder)
    span: tuple[int | None, int | None] = told["span"]
    return Described(
        session=folder.id,
        plan=str(folder.read_meta().get("plan") or ""),
        folder=str(folder.path),
        running=running,
        left="" if running else _left(folder),
        size_bytes=_size(folder),
        from_ms=span[0],
        to_ms=span[1],
        waves=told["waves"],
        outcome=told["outcome"],
        recorded=recorded,
        simulated=told["simulated"],
    )


def _journal(folder: SessionFolder) -> dict[str, Any]:
    """First and last time, the waves' last words and the outcome."""
    found: dict[str, Any] = dict(_NOTHING)
    if not folder.journal.is_file():
        return found
    with contextlib.suppress(JournalError, OSError, KeyError, TypeError):
        for entry in read_journal(folder.journal):
            first = found["span"][0]
            found["span"] = (entry["at_ms"] if first is None else first, entry["at_ms"])
            if entry["kind"] == "flight_started":
                found["waves"] = {str(name): "pending" for name in entry.get("waves", ())}
                found["simulated"] = entry.get("simulated") is True
            elif entry["kind"] == "state":  # of those waves only that it had to do with
                waves = entry["state"]["waves"]
                words = {str(w["name"]): str(w["word"]) for w in waves}
                found["waves"] = {**found["waves"], **words}
            elif entry["kind"] == "flight_ended":
                found["outcome"] = str(entry.get("outcome", ""))
    return found


def _recorded(folder: SessionFolder) -> dict[str, Any]:
    """The same by what the recording shows last."""
    found: dict[str, Any] = dict(_NOTHING)
    with (
        contextlib.suppress(NoRecording, WireError),
        opened(Found(folder.recording, folder.id)) as reader,
    ):
        found["span"] = reader.span_ms
        if reader.frames:
            last = reader.snapshot(reader.frames - 1)
            found["waves"] = {wave.name: wave.word for wave in last.waves}
            found["outcome"] = last.status.outcome
            found["simulated"] = last.status.simulated
    return found


def _left(folder: SessionFolder) -> str:
    """What a flight without an engine has left standing, in words; empty: nothing."""
    if folder.journal.exists() and not folder.journal.is_file():
        return "journal not believed: it is no file"
    try:
        left = left_in(folder)
    except JournalError as error:
        return f"journal not believed: {error}"
    return left.words() if left is not None and left.wave else ""


def _size(folder: SessionFolder) -> int:
    total = 0
    for path in folder.path.iterdir():
        with contextlib.suppress(OSError):
            total += path.lstat().st_size
    return total


def may_go(one: Described, before_ms: int | None) -> str:
    """Why a session must stay; empty: it may be removed. `before_ms`: only what ended before."""
    if one.running:
        return "it is flown"
    if one.left:
        return f"left {one.left}: cockpit resume {one.session}"
    if before_ms is not None and (one.to_ms is None or one.to_ms >= before_ms):
        return "it is not as old as that"
    return ""


_OWN: Final = re.compile(
    r"(journal|bookmarks)\.jsonl|plan\.yaml|session\.json|engine\.(lock|log)|recording\.ckrec"
    r"|\.[a-z.]+\.\d+"
)
"""Files of a session, and what a program that died while it wrote one has left."""


def remove(folder: SessionFolder) -> str:
    """Remove a session's files and its folder. Why it, or some of it, is there still; empty: it is
    gone. What is no file of a session is not touched."""
    try:
        with kept_from_engines(folder):
            for path in folder.path.iterdir():
                if _OWN.fullmatch(path.name) and (path.is_symlink() or path.is_file()):
                    path.unlink()
            rest = sorted(path.name for path in folder.path.iterdir())
            if not rest:
                folder.path.rmdir()
    except FlightTaken:
        return "an engine is at work on it"
    except (FolderError, OSError) as error:
        return str(error)
    return f"what is not a session's is left: {', '.join(rest[:3])}" if rest else ""


def compact(folder: SessionFolder) -> tuple[int, int] | str:
    """Sizes before and after; or why the recording stays as it is."""
    if not folder.recording.exists():
        return f"session {folder.id} has no recording"
    try:
        with kept_from_engines(folder):
            return _compacted(folder)
    except FlightTaken:
        return f"session {folder.id} is flown: its recording still grows"
    except FolderError as error:
        return str(error)


def _compacted(folder: SessionFolder) -> tuple[int, int] | str:
    from cockpit.replay.compact import CompactError, check_same, compacted

    temporary = folder.path / f".recording.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    found = Found(folder.recording, folder.id)
    try:
        with opened(found) as before:
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
                for part in compacted(before):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            with opened(Found(temporary, folder.id)) as after:
                check_same(before, after)
        sizes = folder.recording.stat().st_size, temporary.stat().st_size
        if sizes[1] < sizes[0]:
            temporary.replace(folder.recording)
    except (CompactError, NoRecording, WireError, OSError) as error:
        return f"session {folder.id}: {error}"
    else:
        return sizes[0], min(sizes)
    finally:
        temporary.unlink(missing_ok=True)
