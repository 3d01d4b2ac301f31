"""Figures of `cockpit bench --only screen`: what the real screen does on a real pseudo-terminal.

Everything is measured from outside the process: bytes and their times at the other end of the
terminal, CPU as the kernel counts it. The flight is made up (`load`), encoded beforehand and sent
over the real socket four times a second. Ratios take what was run one after the other in this run.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from typing import Final

from cockpit.cli.figures import Figure
from cockpit.cli.screenbench.beside import beside_figures
from cockpit.cli.screenbench.flight import PAINTED, Flight, flying, settled
from cockpit.cli.screenbench.links import link_figures
from cockpit.cli.screenbench.load import Tide
from cockpit.cli.screenbench.measure import (
    AFTER_S,
    FEW,
    KEYS_S,
    MANY,
    PER_S,
    QUIET_S,
    SHARE,
    Quiet,
    in_quiet,
    load_note,
    percentile,
    pressed,
)
from cockpit.cli.screenbench.terminal import on_a_terminal

STARTS: Final = 7
TRENDS_S: Final = 61
"""The small bars show the last minute: until it is full they grow, though nothing changes."""
WHOLE_ROWS: Final = {"COCKPIT_DRIVER": "rows"}
"""Without the difference cell by cell."""
TEXTUAL: Final = {"COCKPIT_DRIVER": "textual"}
"""Textual's own output."""


def screen_figures() -> Iterator[Figure]:
    """All of them; about five minutes."""
    count = PER_S * (QUIET_S + KEYS_S + 30)
    with flying(Tide(FEW, SHARE), count) as flight:
        yield from start_figures(flight)
        few = in_quiet(flight)
    with flying(Tide(MANY, SHARE), count) as flight:
        many = in_quiet(flight)
        yield Figure("screen_tick_1k_rows", few.cpu_ms, "ms")
        yield Figure("screen_tick_100k_rows", many.cpu_ms, "ms")
        yield Figure("screen_tick_100k_over_1k_rows", many.cpu_ms / few.cpu_ms, "x", 2.5)
        yield Figure("screen_memory_100k_rows", many.memory_mb, "MB")
        yield Figure("screen_bytes_a_tick", many.bytes_a_tick / 1_000, "kB", 1)
        whole = in_quiet(flight, WHOLE_ROWS)
        yield Figure("screen_bytes_a_tick_whole_rows", whole.bytes_a_tick / 1_000, "kB", 4)
        textual = in_quiet(flight, TEXTUAL)
        yield Figure("screen_bytes_a_tick_textual", textual.bytes_a_tick / 1_000, "kB")
        yield from key_figures(flight, many)
    with flying(Tide(FEW, 0.0), count + PER_S * TRENDS_S) as flight:
        still = in_quiet(flight, after_s=TRENDS_S)
        yield Figure("screen_bytes_when_nothing_changes", still.bytes_a_s / 1_000, "kB/s", 0.2)
    yield from link_figures()
    yield from beside_figures()


def start_figures(flight: Flight) -> Iterator[Figure]:
    """CPU from exec to the first paint, against a bare import of Textual, in turns."""
    bare: list[float] = []
    ours: list[float] = []
    wall: list[float] = []
    waiting = "import textual.app, time; print('ready', flush=True); time.sleep(60)"
    for _ in range(STARTS + 1):
        with on_a_terminal([sys.executable, "-c", waiting]) as terminal:
            terminal.until(b"ready")
            bare.append(terminal.cpu_s())
        with flight.screen() as terminal:
            wall.append(terminal.until(*PAINTED) - terminal.begun_s)
            ours.append(terminal.cpu_s())
    # the first of each may have had modules to compile
    ratio = statistics.median(ours[1:]) / statistics.median(bare[1:])
    yield Figure("screen_first_paint_over_import", ratio, "x", 1.5)
    yield Figure("screen_first_paint", statistics.median(wall[1:]) * 1_000, "ms", note=load_note())


def key_figures(flight: Flight, quiet: Quiet) -> Iterator[Figure]:
    """From the moment that a key was meant to be pressed to the paint of its effect."""
    with flight.screen() as terminal:
        settled(terminal)
        before_s = terminal.cpu_s()
        found, lost = pressed(terminal, KEYS_S)
        cpu_ms = (terminal.cpu_s() - before_s) * 1_000 - quiet.cpu_ms * PER_S * (KEYS_S + AFTER_S)
    note = f"{len(found)} keys, {load_note()}"
    yield Figure("screen_key_to_paint_p50", percentile(found, 50), "ms", 5, note)
    yield Figure("screen_key_to_paint_p99", percentile(found, 99), "ms", 60, note)
    yield Figure("screen_key", cpu_ms / max(1, len(found)), "ms", note="CPU, without the ticks")
    yield Figure("screen_keys_not_painted", float(lost), "keys", 0)
