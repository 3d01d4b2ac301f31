"""Notices that wait to be taken, in order, and on disk how far they were.

The journal is the true outbox: only the number of the last entry whose notice was taken is kept
beside it, so that a later engine finds in the journal what is left. A number that was lost costs
notices sent twice, never one that is missing.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from cockpit.notify.notices import Flight, Notice, is_worth, notice

MAX_WAITING: Final = 5_000
HEAD_CHARS: Final = 16


class Outbox:
    """What waits. Only appended to at one end and taken from at the other."""

    def __init__(self, path: Path) -> None:
        """`path`: where the number of the last entry is kept; it may be missing."""
        self._path = path
        self._waiting: deque[Notice] = deque()
        self._done = _read(path)
        self.left_out = 0
        """So many were too many and will not be sent by this engine."""

    @property
    def done(self) -> int:
        """The number of the last entry of the journal whose notice was taken."""
        return self._done

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, one: Notice) -> None:
        """One more; of too many the oldest goes."""
        if len(self._waiting) >= MAX_WAITING:
            self._waiting.popleft()
            self.left_out += 1
        self._waiting.append(one)

    def first(self) -> Notice | None:
        """What is to be sent next."""
        return self._waiting[0] if self._waiting else None

    def taken(self, one: Notice) -> None:
        """It was taken, or will never be."""
        if self._waiting and self._waiting[0] is one:
            self._waiting.popleft()
        if one.entry is not None and one.entry > self._done:
            self._done = one.entry
            self._keep()

    def _keep(self) -> None:
        """Where it cannot be kept, a later engine sends again what was sent: the same ids."""
        other = self._path.with_name(f".{self._path.name}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with contextlib.suppress(OSError):
            file = os.open(other, flags, 0o600)
            try:
                os.write(file, json.dumps({"taken": self._done}).encode())
            finally:
                os.close(file)
            other.replace(self._path)


def _read(path: Path) -> int:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError):
        return 0
    number = found.get("taken") if isinstance(found, dict) else None
    return number if type(number) is int and number >= 0 else 0


def left_over(flight: Flight, entries: Iterable[Mapping[str, Any]], done: int) -> Iterable[Notice]:
    """The notices of a journal's entries behind the one that was taken last, as the engine that
    wrote them would have sent them: with the same ids."""
    for entry in entries:
        if entry["seq"] > done and is_worth(entry):
            place = f"{entry['seq']}:{str(entry['hash'])[:HEAD_CHARS]}"
            yield notice(flight, {**entry, "entry": place}, head=place, number=0)
