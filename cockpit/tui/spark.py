"""A signal's recent past in one row of braille: two readings a cell, gaps left empty.

Pure, and small enough for a table row. Never joins a gap and never draws an unknown as zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from cockpit.core.curveboard import COARSE_GAP_MS
from cockpit.core.observe import Unknown
from cockpit.tui.glyphs import BRAILLE

History = Sequence[tuple[int, float | Unknown]]

_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)


def columns(history: History, slots: int) -> list[float | None]:
    """The newest part of a history in `slots` equal steps of time, the largest of each step.

    A reading holds until the next one, but not for longer than readings can usually be apart.
    None where a step holds no good reading. A single reading fills the last slot.
    """
    out: list[float | None] = [None] * slots
    if not history or slots == 0:
        return out
    first, last = history[0][0], history[-1][0]
    span, hold_ms = max(1, last - first), _hold_ms(history)
    before: tuple[int, int, float] | None = None
    for at_ms, value in history:
        slot = slots - 1 if first == last else (at_ms - first) * (slots - 1) // span
        if before is not None and at_ms - before[1] <= hold_ms:
            out[before[0] + 1 : slot] = [before[2]] * (slot - before[0] - 1)
        if isinstance(value, Unknown) or math.isnan(value):
            before = None
            continue
        before = (slot, at_ms, value)
        seen = out[slot]
        out[slot] = value if seen is None else max(seen, value)
    return out


def _hold_ms(history: History) -> int:
    steps = [after - at for (at, _), (after, _) in pairwise(history)]
    return max(COARSE_GAP_MS, 2 * round(median(steps))) if steps else 0


def sparkline(history: History, width: int, *, limit: float | None = None) -> str:
    """`width` cells of bars between zero and the largest of the readings and `limit`."""
    slots = width * 2
    if len(history) < slots:
        slots = max(2, len(history))
    values = columns(history, slots)
    top = max([v for v in values if v is not None] + ([limit] if limit else []), default=0.0)
    return bars(values, top).rjust(width)


def bars(values: Sequence[float | None], top: float) -> str:
    """Two values a cell, each as a bar between zero and `top`; nothing where a value is None."""
    levels = [_level(value, top) for value in values]
    if len(levels) % 2:
        levels.insert(0, 0)
    return "".join(
        chr(BRAILLE + (_LEFT[levels[i]] | _RIGHT[levels[i + 1]])) for i in range(0, len(levels), 2)
    )


def _level(value: float | None, top: float) -> int:
    if value is None:
        return 0
    if top <= 0 or value <= 0:
        return 1
    return max(1, min(4, round(value / top * 4)))
