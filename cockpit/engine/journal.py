"""The journal: one JSON object a line, each naming the hash of the line before, on disk before any
effect.

Never rewritten. An engine that takes a flight over goes on behind the last whole line.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from cockpit.engine.chain import FIRST_HASH, ChainError, Head, read_line
from cockpit.engine.folders import sync_folder

FORMAT_VERSION = 1
UNSYNCED_BYTES: Final = 1 << 20
"""After so many bytes that nothing has waited for, an entry waits for the disk all the same."""


class JournalError(Exception):
    """The journal cannot be written, or is not what was written."""


class Journal:
    """Appends to one file. Mode 0600 from the first byte."""

    def __init__(self, path: Path) -> None:
        """A new file, which must not exist yet. Raises JournalError."""
        self._file = _open(path, os.O_CREAT | os.O_EXCL)
        _named(path, self._file)
        self._head = FIRST_HASH
        self._seq = 0
        self._length = 0
        """Bytes of all acknowledged entries."""
        self._unsynced = b""
        """The last of them, which the disk was not asked to keep yet."""
        self._sync_failed = False
        """Then the disk may have dropped these, and says so only once: they are written again."""
        self._broken = False

    @classmethod
    def reopened(cls, path: Path) -> tuple[Journal, tuple[dict[str, Any], ...]]:
        """Go on with a journal, and all that it says; a torn last line is cut off.

        Raises JournalError, also where the chain is broken: nothing is added to what was changed.
        """
        journal = cls.__new__(cls)
        journal._file = _open(path, 0)
        _named(path, journal._file)
        try:
            data = path.read_bytes()
            entries = tuple(_verified(io.BytesIO(data), path))
            journal._length = data.rfind(b"\n") + 1
            os.ftruncate(journal._file, journal._length)
            os.fdatasync(journal._file)
        except (OSError, JournalError) as error:
            os.close(journal._file)
            raise JournalError(str(error)) from error
        journal._head = entries[-1]["hash"] if entries else FIRST_HASH
        journal._seq = len(entries)
        journal._unsynced = b""
        journal._sync_failed = False
        journal._broken = False
        return journal, entries

    @property
    def length(self) -> int:
        """Bytes of all acknowledged entries. The file has fewer while a failed sync is not made
        good."""
        return self._length

    @property
    def head(self) -> str:
        """Hash of the newest line: whoever keeps it can prove that nothing was changed."""
        return self._head

    @property
    def kept_head(self) -> Head:
        """The same with its number, as it is shown to people."""
        return Head(self._seq, self._head)

    def append(
        self, kind: str, at_ms: int, data: Mapping[str, Any], *, sync: bool = True
    ) -> dict[str, Any]:
        """Write one entry, and with `sync` wait until the disk has it.

        Raises JournalError: the entry is then not part of the journal, and a later one may be. Only
        where what was half written cannot be taken back is every later entry refused.
        """
        if self._broken:
            raise JournalError("journal: a torn entry could not be taken back")
        entry = {
            "v": FORMAT_VERSION,
            "seq": self._seq + 1,
            "at_ms": at_ms,
            "kind": kind,
            **data,
            "prev": self._head,
        }
        digest = entry_hash(entry)
        text = json.dumps({**entry, "hash": digest}, sort_keys=True, separators=(",", ":"))
        line = text.encode() + b"\n"
        try:
            self._write(line, sync=sync)
        except OSError as error:
            self._take_back()
            raise JournalError(f"journal: {error.strerror}") from error
        self._head = digest
        self._seq += 1
        self._length += len(line)
        return entry

    def _write(self, line: bytes, *, sync: bool) -> None:
        """Bring a line to the file, behind all that a failed sync may have lost. Raises OSError."""
        if self._sync_failed:
            os.ftruncate(self._file, self._length - len(self._unsynced))
            _write_all(self._file, self._unsynced)
        _write_all(self._file, line)
        unsynced = self._unsynced + line
        if sync or self._sync_failed or len(unsynced) > UNSYNCED_BYTES:
            self._sync_failed = True
            os.fdatasync(self._file)
            self._sync_failed = False
            unsynced = b""
        self._unsynced = unsynced

    def _take_back(self) -> None:
        """Cut the file behind its last acknowledged entry, so that the next one chains to it; after
        a failed sync, behind the last one that the disk has for sure."""
        lost = len(self._unsynced) if self._sync_failed else 0
        try:
            os.ftruncate(self._file, self._length - lost)
        except OSError:
            self._broken = True

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def _open(path: Path, more: int) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | more, 0o600)
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}") from error


def _named(path: Path, file: int) -> None:
    """Have the journal's name on disk before anything relies on what is in it."""
    try:
        sync_folder(path.parent)
    except OSError as error:
        os.close(file)
        raise JournalError(f"{path.parent}: {error.strerror}") from error


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def entry_hash(entry: Mapping[str, Any]) -> str:
    """SHA-256 of an entry's canonical JSON, without its own hash."""
    content = {key: value for key, value in entry.items() if key != "hash"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Every entry, verified as it goes; raises JournalError with the line of the first break.

    A last line without its newline is a torn write: it was never acknowledged and is left out.
    """
    with path.open("rb") as lines:
        yield from _verified(lines, path)


def parse_journal(data: bytes, name: str) -> tuple[dict[str, Any], ...]:
    """Every entry of a journal's bytes, from wherever they come; raises JournalError."""
    return tuple(_verified(io.BytesIO(data), Path(name)))


def _verified(lines: Iterable[bytes], path: Path) -> Iterator[dict[str, Any]]:
    """The entries of these lines; `path` is named where one is not what was written."""
    head = FIRST_HASH
    for number, raw in enumerate(lines, 1):
        if not raw.endswith(b"\n"):
            return
        try:
            entry = read_line(raw)
        except ChainError as error:
            raise JournalError(f"{path}:{number}: {error}") from error
        if entry["prev"] != head:
            raise JournalError(f"{path}:{number}: the hash chain is broken")
        if entry["seq"] != number:
            raise JournalError(f"{path}:{number}: an entry is missing")
        head = entry["hash"]
        yield entry
