"""Other programs on the same terminal: bytes and CPU of one refresh, as far as they are here."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from typing import Final

from cockpit.cli.figures import Figure
from cockpit.cli.screenbench.sidebyside import side_by_side
from cockpit.cli.screenbench.terminal import on_a_terminal

SECONDS: Final = 10
PEERS: Final = {"top": ("top", "-d", "1"), "htop": ("htop", "-d", "10")}
"""Each refreshed once a second."""


def beside_figures() -> Iterator[Figure]:
    """What is not here is said."""
    for name, command in PEERS.items():
        if shutil.which(name) is None:
            yield Figure(f"{name}_bytes_a_refresh", None, "kB", note="it is not on this machine")
            continue
        with on_a_terminal(command) as terminal:
            terminal.watch(3)
            before_s = terminal.cpu_s()
            size = sum(len(piece.data) for piece in terminal.watch(SECONDS))
            cpu_ms = (terminal.cpu_s() - before_s) * 1_000 / SECONDS
        yield Figure(f"{name}_bytes_a_refresh", size / 1_000 / SECONDS, "kB")
        yield Figure(f"{name}_cpu_a_refresh", cpu_ms, "ms")
    yield from side_by_side(_progress)


def _progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")
