"""A made-up flight that is under way, and the real screens on it: `cockpit attach`, each on a
terminal of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cockpit.cli.screenbench.load import Tide
from cockpit.cli.screenbench.terminal import Terminal, on_a_terminal

SESSION: Final = "20260101-000000-bench"
LARGE_LAG: Final = b"2"
"""The key that gives the lag of all partitions the whole screen."""
PAINTED: Final = (b"waiting for the engine", b"WRITES")
"""What the first paint of all has, and the first with a snapshot."""
SETTLE_S: Final = 4.0


def settled(terminal: Terminal) -> None:
    """The lag of all partitions over the whole screen, and what comes of starting is over."""
    terminal.until(PAINTED[1])
    terminal.press(LARGE_LAG)
    terminal.watch(SETTLE_S)


@dataclass(frozen=True, slots=True)
class Flight:
    """Where its session is kept."""

    home: Path

    @contextmanager
    def screen(
        self, *options: str, environment: Mapping[str, str] | None = None
    ) -> Iterator[Terminal]:
        """The real command, at 160x50."""
        command = [sys.executable, "-m", "cockpit", "attach", SESSION, *options]
        home = {"XDG_STATE_HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.home)}
        with on_a_terminal(command, environment={**home, **(environment or {})}) as terminal:
            yield terminal


@contextmanager
def flying(tide: Tide, count: int) -> Iterator[Flight]:
    """A feed of so many ticks from the moment when somebody connects. Everybody who does is given
    them from the beginning."""
    with tempfile.TemporaryDirectory(prefix="cockpit-bench-") as folder:
        home = Path(folder)
        session = home / "cockpit" / "sessions" / SESSION
        session.mkdir(mode=0o700, parents=True)
        words = (str(session), tide.rows, tide.share, count, tide.every_ms)
        command = [sys.executable, "-m", "cockpit.cli.screenbench.feed", *map(str, words)]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        feed = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)  # noqa: S603  # ourselves
        try:
            assert feed.stdout is not None
            feed.stdout.readline()
            yield Flight(home)
        finally:
            feed.terminate()
            feed.wait()
            if feed.stdout is not None:
                feed.stdout.close()
