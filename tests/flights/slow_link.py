"""A program on a terminal behind a slow link.

`python -m tests.flights.slow_link DELAY_MS BYTES_PER_S PROGRAM...` stands between its own terminal
and one that it makes for the program. What is typed and what is drawn arrives `DELAY_MS` later, at
no more than so many bytes a second. Little waits on the way (as in the window of an SSH channel):
then nothing more is read from the program, whose own terminal fills up. Simulated: nothing is lost,
and the pace never varies.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import sys
import termios
import time
import tty
from collections import deque
from dataclasses import dataclass, field
from typing import Final

WINDOW_BYTES: Final = 32_768
PIECE_BYTES: Final = 2_048
ROUNDING_S: Final = 1e-9


@dataclass(slots=True)
class Way:
    """One direction. All times in seconds of one clock."""

    delay_s: float
    bytes_per_s: float
    _free_s: float = 0.0
    """When the last byte so far has left."""
    _on_it: deque[tuple[float, bytes]] = field(default_factory=deque)
    _bytes: int = 0

    def has_room(self) -> bool:
        """Whether more may be put on it."""
        return self._bytes < WINDOW_BYTES

    def is_busy(self) -> bool:
        """Whether something is on its way."""
        return bool(self._on_it)

    def put(self, data: bytes, now_s: float) -> None:
        """Send."""
        self._free_s = max(self._free_s, now_s) + len(data) / self.bytes_per_s
        self._on_it.append((self._free_s + self.delay_s, data))
        self._bytes += len(data)

    def take(self, now_s: float) -> bytes:
        """What has arrived."""
        came = b""
        while self._on_it and self._on_it[0][0] <= now_s + ROUNDING_S:
            data = self._on_it.popleft()[1]
            self._bytes -= len(data)
            came += data
        return came

    def wait_s(self, now_s: float) -> float:
        """Until the next arrives; a second where nothing is on its way."""
        return max(0.0, self._on_it[0][0] - now_s) if self._on_it else 1.0


def relay(master: int, delay_s: float, bytes_per_s: float) -> None:
    """Until the program ends, and what it drew has arrived."""
    there, back = Way(delay_s, bytes_per_s), Way(delay_s, bytes_per_s)
    while True:
        now_s = time.perf_counter()
        if typed := there.take(now_s):
            os.write(master, typed)
        if shown := back.take(now_s):
            os.write(1, shown)
        wanted = [0, *([master] if back.has_room() else ())]
        wait_s = min(there.wait_s(now_s), back.wait_s(now_s))
        ready, _, _ = select.select(wanted, [], [], wait_s)
        now_s = time.perf_counter()
        if 0 in ready:
            there.put(os.read(0, PIECE_BYTES), now_s)
        if master in ready:
            try:
                data = os.read(master, PIECE_BYTES)
            except OSError:  # the program has ended
                data = b""
            if not data:
                break
            back.put(data, now_s)
    while back.is_busy():
        time.sleep(back.wait_s(time.perf_counter()))
        os.write(1, back.take(time.perf_counter()))


def main() -> int:
    """Run the program; its exit code."""
    delay_ms, bytes_per_s, *program = sys.argv[1:]
    size = fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8)
    before = termios.tcgetattr(0)
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, size)
        os.execvp(program[0], program)  # what was asked for
    tty.setraw(0)
    signal.signal(signal.SIGHUP, lambda *_: os.kill(pid, signal.SIGHUP))
    try:
        relay(master, int(delay_ms) / 1000, float(bytes_per_s))
    finally:
        termios.tcsetattr(0, termios.TCSANOW, before)
        with contextlib.suppress(OSError):
            os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
