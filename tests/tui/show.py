"""The screen on a prepared snapshot, to look at by hand: `python -m tests.tui.show NAME`.

With `--svg FILE WIDTH HEIGHT` a picture is written instead. `--theme` names a theme; `--keys` are
pressed before the picture is taken, separated by commas.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from cockpit.tui.picture import picture
from cockpit.tui.run import make_app, run_screen
from tests.tui import fixtures
from tests.tui.sessions import AnsweringSession

NAMES = (
    "snapshot", "fenced", "fired", "stale_target", "armed", "holding", "finished", "simulated",
    "large", "hostile",
)  # fmt: skip


async def _picture(options: argparse.Namespace) -> str:
    session = AnsweringSession(getattr(fixtures, options.name)())
    app = make_app(session, user=fixtures.USER, theme=options.theme, environment=os.environ)
    width, height = int(options.svg[1]), int(options.svg[2])
    async with app.run_test(size=(width, height)) as pilot:
        await pilot.pause(0.2)
        for key in filter(None, options.keys.split(",")):
            await pilot.press(key)
            await pilot.pause(0.3)
        await pilot.pause(0.3)
        return picture(app)


def main() -> int:
    """Show or draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--svg", nargs=3, metavar=("FILE", "WIDTH", "HEIGHT"))
    parser.add_argument("--theme")
    parser.add_argument("--keys", default="")
    options = parser.parse_args()
    if options.svg:
        Path(options.svg[0]).write_text(asyncio.run(_picture(options)), encoding="utf-8")
        return 0
    session = AnsweringSession(getattr(fixtures, options.name)())
    result = run_screen(session, user=fixtures.USER, theme=options.theme)
    sys.stdout.write(f"{result}\n{session.intents}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
