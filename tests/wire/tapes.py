"""Recordings of taped flights, for tests that read them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from cockpit.wire.composer import Composer, Pace
from tests.wire.taping import Taped, flown

CLOSE = Pace(
    first_key_ms=3_000,
    second_key_ms=9_000,
    key_ms=15_000,
    change_ms=4_000,
    totals_ms=5_000,
    index_ms=10_000,
)
"""Syncs so often that a flight of a minute has all of them."""


def recording(
    frames: Sequence[Taped],
    *,
    lives: int = 1,
    closed: bool = True,
    pace: Pace = CLOSE,
    head: Mapping[str, Any] | None = None,
) -> bytes:
    """The frames as one recording of so many lives, each but the last without an end. `head`: what
    each life's header says besides its number."""
    from cockpit.wire.index import contents

    out = bytearray()
    size = len(frames) // lives
    for life in range(lives):
        part = frames[life * size : (life + 1) * size if life < lives - 1 else len(frames)]
        begin_ms = part[0].snapshot.at_ms
        composer = Composer.after(contents(bytes(out)), pace=pace) if out else Composer(pace=pace)
        out += composer.begin(begin_ms, {**(head or {"session": "taped"}), "life": life})
        out += composer.event(begin_ms, {"kind": "life_begins"})
        for frame in part:
            out += composer.frame(frame.inputs, frame.tells, frame.snapshot)
        if closed and life == lives - 1:
            out += composer.event(part[-1].snapshot.at_ms, {"kind": "life_ends"})
            out += composer.close(part[-1].snapshot.at_ms)
    return bytes(out)


@functools.cache
def taped(*, lives: int = 1, closed: bool = True) -> bytes:
    """The demonstration's flight with its faults."""
    return recording(flown(demo_faults=True), lives=lives, closed=closed)
