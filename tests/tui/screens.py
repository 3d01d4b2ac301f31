"""Pictures of every pane for the documents: `python -m tests.tui.screens docs/screens`.

Each is made from a fixed snapshot, so that only a change of the screen changes it. Spaces are not
drawn and colours stand once, so that a picture is some tens of kilobytes.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cockpit.core.snapshot import Snapshot
from cockpit.tui.picture import picture
from cockpit.tui.run import make_app
from cockpit.tui.screens.confirm import TwoKey
from tests.tui import fixtures
from tests.tui.sessions import AnsweringSession
from tests.tui.test_replay import replay

WIDTH, HEIGHT = 100, 24


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its name, what it is of, and the keys before it."""

    name: str
    about: str
    of: Callable[[], Snapshot]
    keys: tuple[str, ...] = ()
    seen_as: Literal["flight", "tour", "replay"] = "flight"
    size: tuple[int, int] = (WIDTH, HEIGHT)


SHOTS: Final = (
    Shot("overview", "the overview at 100x24: waves, gates, event log", fixtures.fenced),
    Shot("waves", "`1`: waves and steps", fixtures.fenced, ("1",)),
    Shot("lag", "`2`: lag per partition", fixtures.fenced, ("2", "j")),
    Shot("delta", "`3`: groups and offset delta", fixtures.fenced, ("3",)),
    Shot("signals", "`4`: error rates, with thresholds", fixtures.fired, ("4",)),
    Shot("checks", "`5`: checks", fixtures.snapshot, ("5",)),
    Shot("gates", "`6`: gates and triggers, one of which has fired", fixtures.fired, ("6",)),
    Shot("log", "`7`: the event log", fixtures.fired, ("7",)),
    Shot("services", "`8`: where each service runs", fixtures.fenced, ("8",)),
    Shot("back", "`9`: going back, and its price", fixtures.fenced, ("9",)),
    Shot("people", "`u`: who drives, who looks on", fixtures.fenced, ("u",)),
    Shot("confirm", "`A`: what advancing would do, before `Y`", fixtures.armed),
    Shot("health", "`h`: alarms, who is left on the source, feeds", fixtures.fired, ("h",)),
    Shot("palette", "`:` the command palette", fixtures.fenced, ("colon",)),
    Shot("row", "`enter`: a row in full, with the reason for each `?`", fixtures.fenced,
         ("2", "j", "enter")),
    Shot("alarm", "`!`: the newest alarm that nobody has acknowledged, in full", fixtures.fired,
         ("exclamation_mark",)),
    Shot("help", "`?`: every key, and what it does", fixtures.fenced, ("question_mark",)),
    Shot("tour", "the first caption of `cockpit demo --tour`",
         lambda: fixtures.simulated(fixtures.fenced()), seen_as="tour"),
    Shot("replay", "`cockpit replay`: a recording, with its time line", fixtures.fired,
         ("j",), seen_as="replay"),
)  # fmt: skip


async def draw(shot: Shot) -> str:
    """The picture as SVG."""
    taped = replay(shot.of()) if shot.seen_as == "replay" else None
    app = make_app(
        taped or AnsweringSession(shot.of()),
        user=fixtures.USER,
        theme="dark",
        player=taped,
        tour=shot.seen_as == "tour",
        environment={"TERM": "xterm-256color"},
    )
    app.look.ascii_only = False
    async with app.run_test(size=shot.size) as pilot:
        for _ in range(200):
            await pilot.pause()
            if app.snapshot is not None:
                break
        assert app.silence_timer is not None
        app.silence_timer.pause()
        for key in shot.keys:
            await pilot.press(key)
            await pilot.pause()
        await pilot.pause(0.3)
        while isinstance(app.screen, TwoKey) and not app.screen._open:
            await pilot.pause(0.1)  # a machine's pace must not decide whether Y counts yet
        return compact(picture(app, title=f"cockpit: {shot.name}"))


def compact(svg: str) -> str:
    """The same picture in fewer bytes, and the same bytes for the same picture."""
    svg = re.sub(r"terminal-\d+-", "t-", svg)
    svg = re.sub(r'<clipPath id="t-line-\d+">.*?</clipPath>\s*', "", svg, flags=re.DOTALL)
    svg = re.sub(r' clip-path="url\(#t-line-\d+\)"', "", svg)
    svg = re.sub(r"\d+\.\d{2,}", lambda found: f"{float(found[0]):.1f}", svg)
    svg = re.sub(r"<text [^>]*>(?:&#160;|\s)*</text>", "", svg)
    return re.sub(r"\n\s+", "\n", svg)


def index() -> str:
    """The page that shows them all."""
    lines = [
        "# The screen, pane by pane",
        "",
        "Made from fixed snapshots by `python -m tests.tui.screens docs/screens` (`make screens`).",
    ]
    for shot in SHOTS:
        lines += ["", f"## {shot.about}", "", f"![{shot.name}]({shot.name}.svg)"]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Draw all, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="default: all")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for shot in SHOTS:
        if not options.names or shot.name in options.names:
            svg = asyncio.run(draw(shot))
            (options.folder / f"{shot.name}.svg").write_text(svg, encoding="utf-8")
    (options.folder / "README.md").write_text(index(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
