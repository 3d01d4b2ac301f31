"""What gates over long windows have sampled, kept for later engines: a file a day, a line a row.

Appended only, and never needed to fly: a line that is torn or was changed is left out when read,
and days that no window reaches any more are removed. Nothing where a plan has no such gate.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cockpit.core.windows import Row
from cockpit.engine.folders import FolderError, flight_identity, private_folder

MAX_DAY_BYTES: Final = 64 << 20
SYNC_EVERY_MS: Final = 30_000
_NAME: Final = re.compile(r"(\d{4}-\d{2}-\d{2})\.rows")
_MAX_LINE_BYTES: Final = 1_000
_MAX_KEY: Final = 200
_DAY_MS: Final = 86_400_000

KeptRow = tuple[str, Row]


class RollupError(Exception):
    """Rows could not be kept, or the folder is not ours."""


def rollup_folder(
    home: Path, plan_name: str, bootstraps: tuple[Iterable[str], Iterable[str]]
) -> Path:
    """Where rows of this plan between these clusters are: the same for every session."""
    name = re.sub(r"[^A-Za-z0-9._-]", "-", plan_name)[:40]
    return home / "gates" / f"{name}-{flight_identity(plan_name, bootstraps)}"


class GateRows:
    """The rows of one plan. Only the engine that holds the flight's lock has it open."""

    def __init__(self, folder: Path, *, longest_ms: int) -> None:
        """`longest_ms`: the longest window of the plan. Raises RollupError."""
        self._folder = folder
        self._keep_days = longest_ms // _DAY_MS + 2
        self._file = -1
        self._day = ""
        self._length = 0
        self._synced_ms = 0
        try:
            private_folder(folder.parent)
            private_folder(folder)
        except FolderError as error:
            raise RollupError(str(error)) from error

    def load(self, now_ms: int) -> dict[str, tuple[Row, ...]]:
        """Everything kept that a window may still need, by name; removes what none needs.

        Raises RollupError.
        """
        self._forget(now_ms)
        found: dict[str, list[Row]] = {}
        for path in self._days():
            for line in _lines(path):
                if (row := parse_row(line)) is not None:
                    found.setdefault(row[0], []).append(row[1])
        return {key: tuple(rows) for key, rows in found.items()}

    def append(self, rows: Iterable[KeptRow], now_ms: int) -> None:
        """Add rows, and now and then wait until the disk has them. Raises RollupError: what was
        half written is then cut off, or ends with a line that nobody will read."""
        data = b"".join(row_line(key, row) for key, row in rows)
        try:
            self._turn_to(_day(now_ms), now_ms)
            if self._length + len(data) > MAX_DAY_BYTES:
                raise RollupError(f"{self._folder}: more than {MAX_DAY_BYTES} bytes in a day")
            _write_all(self._file, data)
            self._length += len(data)
            if now_ms - self._synced_ms >= SYNC_EVERY_MS:
                os.fdatasync(self._file)
                self._synced_ms = now_ms
        except OSError as error:
            self.close()
            raise RollupError(f"{self._folder}: {error.strerror}") from error

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file, self._day = -1, ""

    def _turn_to(self, day: str, now_ms: int) -> None:
        """Open today's file. Its last line is ended first, where an engine died in the middle."""
        if day == self._day:
            return
        self.close()
        self._forget(now_ms)
        path = self._folder / f"{day}.rows"
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._day, self._length = day, os.fstat(self._file).st_size
        if self._length and os.pread(self._file, 1, self._length - 1) != b"\n":
            _write_all(self._file, b"\n")
            self._length += 1

    def _days(self) -> list[Path]:
        """The files, oldest first."""
        try:
            return sorted(p for p in self._folder.iterdir() if _NAME.fullmatch(p.name))
        except OSError as error:
            raise RollupError(f"{self._folder}: {error.strerror}") from error

    def _forget(self, now_ms: int) -> None:
        oldest = (date.fromisoformat(_day(now_ms)) - timedelta(days=self._keep_days)).isoformat()
        for path in self._days():
            if path.name < oldest:
                path.unlink(missing_ok=True)


def row_line(key: str, row: Row) -> bytes:
    """A row as a line: a checksum, then JSON."""
    content = [
        key, row.first_ms, row.last_ms, row.known, row.unknown,
        row.least, row.most, row.most_at_ms, row.gap_ms,
    ]  # fmt: skip
    text = json.dumps(content, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def parse_row(line: bytes) -> KeptRow | None:
    """A row as it was kept; None: it is torn, or was not written by us."""
    checksum, _, text = line.rstrip(b"\n").partition(b" ")
    if len(line) > _MAX_LINE_BYTES or checksum != b"%08x" % zlib.crc32(text):
        return None
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return _row(content)


def _row(content: Any) -> KeptRow | None:  # noqa: ANN401  # whatever a file holds
    if not isinstance(content, list) or len(content) != 9:
        return None
    key, first, last, known, unknown, least, most, most_at, gap = content
    counts = (first, last, known, unknown, most_at, gap)
    if not all(type(n) is int and 0 <= n < 2**53 for n in counts):
        return None
    if not all(type(n) in (int, float) for n in (least, most)):
        return None
    if not isinstance(key, str) or len(key) > _MAX_KEY:
        return None
    return key, Row(first, last, known, unknown, float(least), float(most), most_at, gap)


def _lines(path: Path) -> Iterable[bytes]:
    """The whole lines of a file of ours; a file that is not, or is too long, has none."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(file, "rb") as handle:
            return handle.read(MAX_DAY_BYTES + 1)[:MAX_DAY_BYTES].splitlines(keepends=True)
    except OSError:
        return ()


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()


def _write_all(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]
