"""A process on a pseudo-terminal of its own, what it writes with the time of each piece, and a link
between it and whoever reads, which may be slow, or stand still.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PIECE: Final = 65_536
LEFT_OUT: Final = frozenset(
    {"NO_COLOR", "COCKPIT_THEME", "TEXTUAL_COLOR_SYSTEM", "SSH_CONNECTION", "COCKPIT_DRIVER",
     "PYTHONDONTWRITEBYTECODE", "LANG", "LC_ALL", "LC_CTYPE"}
)  # fmt: skip
"""Of the environment: what would make the screen another one."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes, and when they were there to be drawn."""

    at_s: float
    data: bytes


@dataclass(slots=True)
class Link:
    """A link of so many bytes a second. What it does not take waits in the process, as in SSH
    behind a full window. With `compressed` its bytes are those of `ssh -C`."""

    bytes_per_s: float | None = None
    compressed: bool = False
    _free_s: float = 0.0
    _zlib: object = None

    @property
    def piece(self) -> int:
        """Bytes read at once: a packet's worth on a slow link."""
        return PIECE if self.bytes_per_s is None else 4_096 if self.compressed else 1_024

    def wait_s(self, now_s: float) -> float:
        """Until it takes more."""
        return max(0.0, self._free_s - now_s)

    def carry(self, data: bytes, now_s: float) -> float:
        """When the last of these bytes arrives."""
        if self.bytes_per_s is None:
            return now_s
        size = len(data)
        if self.compressed:
            if self._zlib is None:
                self._zlib = zlib.compressobj(6)
            packer = self._zlib
            size = len(packer.compress(data)) + len(packer.flush(zlib.Z_PARTIAL_FLUSH))  # type: ignore[attr-defined]
        self._free_s = max(now_s, self._free_s) + size / self.bytes_per_s
        return self._free_s


def cpu_s(pid: int) -> float:
    """CPU seconds of all threads of a process so far, to the microsecond."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


class Terminal:
    """One process and its terminal."""

    def __init__(self, pid: int, master: int) -> None:
        self.pid = pid
        self.master = master
        self.pieces: list[Piece] = []
        self.begun_s = time.perf_counter()
        self.link = Link()

    def watch(self, seconds: float, keys: Sequence[tuple[float, bytes]] = ()) -> list[Piece]:
        """Read for so long, and press keys at their moments (seconds from now): what came."""
        first, begun_s = len(self.pieces), time.perf_counter()
        left = list(reversed(keys))
        while (now_s := time.perf_counter()) < begun_s + seconds:
            while left and begun_s + left[-1][0] <= now_s:
                os.write(self.master, left.pop()[1])
            until_s = begun_s + (min(seconds, left[-1][0]) if left else seconds)
            if not self._read_once(until_s):
                break
        return self.pieces[first:]

    def until(self, *marks: bytes, within_s: float = 120.0) -> float:
        """Read up to one of the marks: when it came. Raises TimeoutError."""
        end_s = time.perf_counter() + within_s
        data = b""
        while time.perf_counter() < end_s:
            before = len(self.pieces)
            alive = self._read_once(end_s)
            data += b"".join(piece.data for piece in self.pieces[before:])
            if any(mark in data for mark in marks):
                return self.pieces[-1].at_s
            if not alive:
                break
        msg = f"none of {marks} was painted: {data[-400:]!r}"
        raise TimeoutError(msg)

    @staticmethod
    def now_s() -> float:
        """By the clock of the pieces."""
        return time.perf_counter()

    def press(self, keys: bytes) -> None:
        """Now."""
        os.write(self.master, keys)

    def _read_once(self, until_s: float) -> bool:
        """Wait for something until then, and take it; False: the process is gone."""
        now_s = time.perf_counter()
        if (wait_s := self.link.wait_s(now_s)) > 0:
            time.sleep(min(wait_s, max(0.0, until_s - now_s)))
            return True
        ready, _, _ = select.select([self.master], [], [], max(0.0, until_s - now_s))
        if not ready:
            return True
        try:
            data = os.read(self.master, self.link.piece)
        except OSError:
            return False
        now_s = time.perf_counter()
        self.pieces.append(Piece(self.link.carry(data, now_s), data))
        return True

    def cpu_s(self) -> float:
        """CPU seconds of all its threads so far, to the microsecond."""
        return cpu_s(self.pid)

    def memory_kb(self) -> int:
        """Resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0


@contextmanager
def on_a_terminal(
    command: Sequence[str],
    *,
    columns: int = 160,
    rows: int = 50,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """The command on a pseudo-terminal, ended with the block."""
    kept = {k: v for k, v in os.environ.items() if k not in LEFT_OUT}
    told = {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    told.update(environment or {})
    size = struct.pack("HHHH", rows, columns, 0, 0)
    pid, master = pty.fork()
    if pid == 0:
        try:
            fcntl.ioctl(0, termios.TIOCSWINSZ, size)
            os.execvpe(command[0], list(command), told)  # noqa: S606  # ourselves
        finally:
            os._exit(127)
    try:
        yield Terminal(pid, master)
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(master)
