"""Keys over a slow link: what whoever sits at its other end waits for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.cli.figures import Figure
from cockpit.cli.screenbench.flight import flying, settled
from cockpit.cli.screenbench.load import Tide
from cockpit.cli.screenbench.measure import KEYS_S, MANY, SHARE, load_note, percentile, pressed
from cockpit.cli.screenbench.terminal import Link

BYTES_PER_S: Final = 64_000
OVER_SSH: Final = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}


def link_figures() -> Iterator[Figure]:
    """512 kbit/s, as it is and compressed."""
    with flying(Tide(MANY, SHARE), 4 * (KEYS_S + 30)) as flight:
        for kind, compressed in (("", False), ("_compressed", True)):
            with flight.screen(environment=OVER_SSH) as terminal:
                terminal.link = Link(BYTES_PER_S, compressed)
                settled(terminal)
                found, _ = pressed(terminal, KEYS_S)
            name = f"screen_key_at_512_kbit{kind}"
            yield Figure(f"{name}_p50", percentile(found, 50), "ms")
            yield Figure(f"{name}_p99", percentile(found, 99), "ms", note=load_note())
