"""Which keys a screen has painted when: pure, from the bytes that it wrote.

Keys that move the cursor down come at random moments, a key that takes it away after each round of
them. The row in which the cursor's mark is drawn then says which keys have had their effect. A key
counts from the moment it was meant to be pressed, also where the one before it was still waiting.
"""

from __future__ import annotations

import random
import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from cockpit.cli.screenbench.terminal import Piece

DOWN: Final = b"j"
AWAY: Final = b"g"
ROUND: Final = 40
"""Keys down before the cursor is taken away; as many rows must be visible."""
MARK: Final = "\u25b8".encode()
FIRST_ROW: Final = 4
"""Above it are the status lines and the pane's title, which has the same mark."""
_TOKENS: Final = re.compile(rb"\x1b\[(\d*)(?:;\d*)?H|\n|" + MARK)


@dataclass(frozen=True, slots=True)
class Press:
    """A key that is to be pressed."""

    at_s: float
    key: bytes
    row: int
    """Rows below the first in which the cursor then stands; -1: there is none."""


def schedule(seconds: float, per_s: float, seed: int = 1) -> list[Press]:
    """Keys at moments of a Poisson process."""
    rng = random.Random(seed)  # noqa: S311  # no secret
    found: list[Press] = []
    at_s, row = rng.expovariate(per_s), -1
    while at_s < seconds:
        row = -1 if row == ROUND - 1 else row + 1
        found.append(Press(at_s, AWAY if row < 0 else DOWN, row))
        at_s += rng.expovariate(per_s)
    return found


def cursor_rows(pieces: Sequence[Piece]) -> list[tuple[float, int]]:
    """(when, row) of every drawing of the mark; rows count from 0 at the top of the terminal."""
    data = b"".join(piece.data for piece in pieces)
    ends = list(accumulate(len(piece.data) for piece in pieces))
    found: list[tuple[float, int]] = []
    y = 0
    for token in _TOKENS.finditer(data):
        if token[0] == b"\n":
            y += 1
        elif token[0] == MARK:
            at = bisect_left(ends, token.end())
            found.append((pieces[at].at_s, y))
        else:
            y = int(token[1] or 1) - 1
    return found


def latencies_ms(
    presses: Sequence[Press], begun_s: float, pieces: Sequence[Piece], first_row: int = FIRST_ROW
) -> tuple[list[float], int]:
    """Milliseconds from each key's moment to the paint of its effect, and how many keys were never
    seen painted. A later key's effect holds that of all before it."""
    paints = [(at_s, y - first_row) for at_s, y in cursor_rows(pieces) if y >= first_row]
    found: list[float] = []
    last = 0
    for at_s, row in paints:
        sent = last
        while sent < len(presses) and begun_s + presses[sent].at_s <= at_s:
            sent += 1
        hit = next((i for i in range(last, sent) if presses[i].row == row), None)
        if hit is None:
            continue
        done = [one for one in presses[last : hit + 1] if one.key == DOWN]
        found.extend((at_s - begun_s - one.at_s) * 1_000 for one in done)
        last = hit + 1
    return found, sum(one.key == DOWN for one in presses[last:])
