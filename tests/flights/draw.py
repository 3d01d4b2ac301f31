"""Draws `docs/screen.svg`: the screen in the middle of a simulated wave, as the demo shows it.

`python -m tests.flights.draw docs/screen.svg`
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

from cockpit.core.snapshot import Snapshot
from cockpit.tui.picture import picture
from cockpit.tui.run import make_app
from tests.flights.simulate import ORDERS, fly
from tests.tui.sessions import AnsweringSession


def moment() -> Snapshot:
    """Writes fenced, the drain under way, on the first attempt."""
    flown = fly(keep_demo_faults=True, orders=replace(ORDERS, fly_again=True), seed=1)
    fenced = [
        s for s in flown.snapshots if s.status.writes == "FENCED" and s.status.step == "drain"
    ]
    return fenced[len(fenced) // 2]


async def draw(snapshot: Snapshot, size: tuple[int, int]) -> str:
    """The picture, as SVG."""
    app = make_app(AnsweringSession(snapshot), user="ana", theme=None, environment=os.environ)
    async with app.run_test(size=size) as pilot:
        await pilot.pause(2.0)
        return picture(app)


def main() -> int:
    """Write the picture."""
    svg = asyncio.run(draw(moment(), (132, 43)))
    Path(sys.argv[1]).write_text(svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
