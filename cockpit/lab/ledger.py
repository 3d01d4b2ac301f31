"""What a service has processed, written, and been told, one JSON line each, for an outsider to
check.

Never read by the services themselves, but for the last sequence number of a producer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One record in one cluster's log. `at_ms` is when its producer made it, UTC."""

    cluster: str
    topic: str
    partition: int
    offset: int
    producer: str
    seq: int
    at_ms: int

    def line(self, noted_at_ms: int) -> bytes:
        """The entry as a line of JSON; `noted_at_ms` is when it is written down, UTC."""
        return (
            f'{{"cluster": "{self.cluster}", "topic": "{self.topic}", '
            f'"partition": {self.partition}, "offset": {self.offset}, '
            f'"producer": {json.dumps(self.producer)}, "seq": {self.seq}, '
            f'"at_ms": {self.at_ms}, "noted_at_ms": {noted_at_ms}}}\n'
        ).encode()


class Ledger:
    """An append-only file of entries."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0
        """Entries added by this process."""

    def add(self, entries: Iterable[Entry]) -> None:
        """Append a batch; it has left this process when the call returns."""
        noted_at_ms = time.time_ns() // 1_000_000
        lines = [entry.line(noted_at_ms) for entry in entries]
        if not lines:
            return
        with self._path.open("ab") as out:
            # One write a batch: a killed process leaves at most its last line torn.
            out.write(b"".join(lines))
        self.count += len(lines)


def note_call(path: Path, verb: str, cluster: str | None, asked_at_ms: int, *, good: bool) -> None:
    """Append one call to a service's control, with the time when it is answered: now."""
    body = {
        "verb": verb,
        "cluster": cluster,
        "asked_at_ms": asked_at_ms,
        "answered_at_ms": time.time_ns() // 1_000_000,
        "good": good,
    }
    with path.open("ab") as out:
        out.write(json.dumps(body).encode() + b"\n")


def next_seq(path: Path) -> int:
    """One more than the largest sequence number in a producer's ledger; 0 without one."""
    largest = -1
    try:
        with path.open("rb") as lines:
            for line in lines:
                largest = max(largest, _seq(line))
    except FileNotFoundError:
        return 0
    return largest + 1


def _seq(line: bytes) -> int:
    try:
        body: dict[str, Any] = json.loads(line)
        return int(body["seq"])
    except (ValueError, KeyError, TypeError):
        return -1  # the torn last line of a process that was killed
