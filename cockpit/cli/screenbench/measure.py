"""How a screen is measured: from outside its process, while nobody presses a key, or somebody does
at random moments.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from cockpit.cli.screenbench.flight import Flight, settled
from cockpit.cli.screenbench.paints import latencies_ms, schedule
from cockpit.cli.screenbench.terminal import Piece, Terminal

MANY, FEW = 100_000, 1_000
SHARE: Final = 0.2
PER_S: Final = 4
QUIET_S: Final = 12
KEYS_S: Final = 30
KEYS_PER_S: Final = 8
AFTER_S: Final = 2
"""Watched after the last key."""


def load_note() -> str:
    """How busy this machine is."""
    return f"load average {os.getloadavg()[0]:.1f}"


@dataclass(frozen=True, slots=True)
class Quiet:
    """What a screen costs at which nobody presses a key."""

    cpu_ms: float
    """A tick."""
    bytes_a_tick: float
    bytes_a_s: float
    memory_mb: float


def in_quiet(
    flight: Flight, environment: Mapping[str, str] | None = None, *, after_s: float = 0.0
) -> Quiet:
    """Watch the lag of all partitions for a while, once it has been shown for `after_s`."""
    with flight.screen(environment=environment) as terminal:
        settled(terminal)
        terminal.watch(after_s)
        before_s = terminal.cpu_s()
        pieces = terminal.watch(QUIET_S)
        cpu_s = terminal.cpu_s() - before_s
        size = sum(len(piece.data) for piece in pieces)
        number = QUIET_S * PER_S
        return Quiet(
            cpu_s * 1_000 / number, size / number, size / QUIET_S, terminal.memory_kb() / 1_000
        )


def pressed(terminal: Terminal, seconds: float) -> tuple[list[float], int]:
    """Milliseconds of each key in so many seconds, and how many were never painted."""
    presses = schedule(seconds, KEYS_PER_S)
    begun_s = terminal.now_s()
    pieces: list[Piece] = terminal.watch(
        seconds + AFTER_S, [(one.at_s, one.key) for one in presses]
    )
    return latencies_ms(presses, begun_s, pieces)


def percentile(values: list[float], percent: int) -> float | None:
    """None: there are none."""
    return float(np.percentile(values, percent)) if values else None
