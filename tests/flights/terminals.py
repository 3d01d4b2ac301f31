"""Screens on real pseudo-terminals, each in a process of its own, and seven ways to lose one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

RESTORED: Final = b"\x1b[?1049l"
"""What a screen writes that gives the terminal back: the alternate screen is left."""
KEPT_BYTES: Final = 2_000_000


class Terminal:
    """A command on a terminal of its own. What it writes is read as it comes, until it stalls."""

    def __init__(
        self, words: Iterable[str], environment: Mapping[str, str], size: tuple[int, int]
    ) -> None:
        command = [sys.executable, "-m", "cockpit", *words]
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, command, {**environment, "TERM": "xterm-256color"})
        columns, rows = size
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._written = bytearray()
        self._reads = threading.Event()
        self._reads.set()
        self._status: int | None = None
        self._thread = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while True:
            self._reads.wait()
            try:
                data = os.read(self._master, 65_536)
            except OSError:
                return
            if not data:
                return
            self._written += data
            del self._written[:-KEPT_BYTES]

    def until(self, mark: bytes, within_s: float = 60.0) -> None:
        """Wait until it has written this."""
        end = time.monotonic() + within_s
        while mark not in self._written:
            assert time.monotonic() < end, bytes(self._written[-2_000:])
            time.sleep(0.05)

    def forget(self) -> None:
        """Only what is written from now on counts."""
        self._written.clear()

    @property
    def written(self) -> bytes:
        """What it has written lately."""
        return bytes(self._written)

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._master, keys)

    def kill(self, number: signal.Signals) -> None:
        """Send its process a signal."""
        os.kill(self.pid, number)

    def stall(self) -> None:
        """Read nothing any more: its pipe fills up."""
        self._reads.clear()

    def read_on(self) -> None:
        """Read again."""
        self._reads.set()

    def tear(self) -> None:
        """Close the terminal under it."""
        os.close(self._master)

    def is_there(self) -> bool:
        """Whether its process lives."""
        if self._status is None:
            with contextlib.suppress(ChildProcessError):
                done, status = os.waitpid(self.pid, os.WNOHANG)
                self._status = status if done else None
        return self._status is None

    def until_gone(self, within_s: float = 30.0) -> None:
        """Wait for its end."""
        end = time.monotonic() + within_s
        while self.is_there():
            assert time.monotonic() < end, "the screen did not end"
            time.sleep(0.05)

    def close(self) -> None:
        """End it, whatever it is at."""
        if self.is_there():
            self.kill(signal.SIGKILL)
            self.kill(signal.SIGCONT)
            self.until_gone()
        self.read_on()
        with contextlib.suppress(OSError):
            os.close(self._master)


def hang_up(terminal: Terminal) -> None:
    """The connection is gone: SIGHUP, the terminal still there."""
    terminal.kill(signal.SIGHUP)


def tear(terminal: Terminal) -> None:
    """The terminal itself is closed."""
    terminal.tear()


def kill(terminal: Terminal) -> None:
    """kill -9: nobody can restore anything."""
    terminal.kill(signal.SIGKILL)


def terminate(terminal: Terminal) -> None:
    """SIGTERM, as a shutdown sends it."""
    terminal.kill(signal.SIGTERM)


def stall(terminal: Terminal) -> None:
    """The link takes nothing any more; it comes back later."""
    terminal.stall()


def freeze(terminal: Terminal) -> None:
    """The lid is closed over it; it is opened later."""
    terminal.kill(signal.SIGSTOP)


def leave(terminal: Terminal) -> None:
    """q, and y: on purpose."""
    terminal.press(b"q")
    terminal.until(b"leave the screen?")
    terminal.press(b"y")


WAYS: Final[tuple[Callable[[Terminal], None], ...]] = (
    hang_up,
    tear,
    kill,
    terminate,
    stall,
    freeze,
    leave,
)
ENDS: Final = (hang_up, kill, terminate, leave)
"""Ways after which the process is gone while its terminal is still there to be looked at."""
RESTORES: Final = (hang_up, terminate, leave)
COMES_BACK: Final = (stall, freeze)
