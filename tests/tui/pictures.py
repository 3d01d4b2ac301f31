"""What panes and dialogs look like as text, at five sizes: `python -m tests.tui.pictures` draws the
kept pictures anew, for a change that was meant.

Status lines are in the first picture of a size only, the key bar and the last line of a dialog in
none: they have tests of their own.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

from cockpit.core.crewview import CrewView, PersonView
from cockpit.core.snapshot import Snapshot
from cockpit.tui.layout import PANE_KEYS
from cockpit.tui.look import Look
from cockpit.tui.screens.confirm import ConfirmScreen, EndScreen, GoScreen
from cockpit.tui.screens.health import HealthScreen
from cockpit.tui.screens.help import HelpScreen
from cockpit.tui.screens.leave import LeaveScreen
from cockpit.tui.screens.overlay import Overlay
from cockpit.tui.screens.prompt import PromptScreen
from cockpit.tui.themefile import CockpitTheme
from cockpit.tui.themes import SHIPPED
from tests.tui import fixtures
from tests.tui.fixtures import AT_MS
from tests.tui.seen import Seen, Size, opened
from tests.tui.test_themes import shipped

FOLDER = Path(__file__).parent / "pictures"
SIZES: tuple[Size, ...] = ((60, 20), (80, 24), (100, 30), (132, 43), (200, 60))
COLOURS = FOLDER / "colours.json"
"""Of each picture in each theme a digest of its cells with their styles."""
GRIDS = {"lag": ("2", 1), "delta": ("3", 5), "checks": ("5", 1), "services": ("8", 1)}
"""Its key, and which row is read in full."""
HEAD = "=== "
Rows = Callable[[Seen, int, int], str]
Dialog = Callable[[Look, Snapshot], Overlay]  # type: ignore[type-arg]


def picture_file(size: Size) -> Path:
    """Where the pictures of a size are kept."""
    return FOLDER / f"{size[0]}x{size[1]}.txt"


def night() -> Snapshot:
    """Clients are blocked, somebody else looks on."""
    people = (
        PersonView("ana", ("driver",), 1, AT_MS - 3_600_000, AT_MS - 2_000),
        PersonView("ben", ("checker", "observer"), 2, AT_MS - 600_000, None),
    )
    crew = CrewView(people=people, driver="ana", seat="1", until_ms=AT_MS + 40_000)
    return fixtures.fenced(crew=crew)


def _armed(look: Look, snapshot: Snapshot, level: int) -> ConfirmScreen:
    view = replace(fixtures.armed_view(), level=level, way_back="17 records would be lost")
    return ConfirmScreen(look, replace(snapshot, armed=view), view)


def _go(look: Look, snapshot: Snapshot) -> GoScreen:
    view = replace(fixtures.armed_view(by="ben"), level=3, waits_for="checker", said=("kim",))
    return GoScreen(look, replace(snapshot, armed=view), view)


DIALOGS: dict[str, Dialog] = {
    "confirm": lambda look, now: _armed(look, now, 1),
    "confirm what is grave": lambda look, now: _armed(look, now, 2),
    "confirm with others": lambda look, now: _armed(look, now, 3),
    "say go": _go,
    "end": EndScreen,
    "leave": LeaveScreen,
    "alarms and feeds": HealthScreen,
    "keys": HelpScreen,
    "ask for a text": lambda look, now: PromptScreen(look, now, title="show rows", value="ord"),
}


def _rows(seen: Seen, first: int, last: int) -> str:
    rows = [row.rstrip() for row in seen.rows()[first:last]]
    while rows and not rows[-1]:
        rows.pop()
    return "\n".join(rows)


def _painted(seen: Seen, first: int, last: int) -> str:
    """The same rows with their styles, as a short digest."""
    cells = [(part.text, str(part.style)) for strip in seen.strips()[first:last] for part in strip]
    return hashlib.sha256(repr(cells).encode()).hexdigest()[:12]


async def pictures(
    size: Size, theme: CockpitTheme | None = None, rows: Rows = _rows
) -> AsyncIterator[tuple[str, str]]:
    """Every picture of a size, by its name."""
    async with opened(night(), size, theme=theme) as seen:
        await seen.pilot.pause(0.05)
        yield "all that fits", rows(seen, 0, -1)
        for pane, key in PANE_KEYS.items():
            await seen.press(key)
            await seen.pilot.pause(0.05)
            yield f"pane {pane}", rows(seen, 2, -2)
            await seen.press("0")
        for grid, (key, row) in GRIDS.items():
            await seen.press(key, "g", *("j",) * row, "enter")
            yield f"row of {grid}", rows(seen, 2, -3)
            await seen.press("q", "0")
        for name, dialog in DIALOGS.items():
            screen = dialog(seen.app.board.look, night())
            seen.app.push_screen(screen)
            await seen.pilot.pause()
            yield name, rows(seen, screen.box.region.y, screen.box.region.bottom - 1)
            screen.dismiss(None)
            await seen.pilot.pause()


async def drawn(size: Size) -> dict[str, str]:
    """All of them."""
    return {name: text async for name, text in pictures(size)}


def kept(size: Size) -> dict[str, str]:
    """Those that are kept."""
    found: dict[str, str] = {}
    for part in picture_file(size).read_text(encoding="utf-8").split(f"\n{HEAD}"):
        name, _, text = part.removeprefix(HEAD).partition("\n")
        found[name] = text.rstrip("\n")
    return found


async def painted(size: Size, theme: str) -> dict[str, str]:
    """The digest of each picture in the colours of a theme."""
    found = pictures(size, shipped(theme), _painted)
    return {name: digest async for name, digest in found}


def kept_colours() -> dict[str, dict[str, str]]:
    """The digests that are kept, by size and theme."""
    found: dict[str, dict[str, str]] = json.loads(COLOURS.read_text())
    return found


def colours_name(size: Size, theme: str) -> str:
    """What is kept of these under which name."""
    return f"{theme} {size[0]}x{size[1]}"


def main() -> None:
    """Draw and keep."""
    FOLDER.mkdir(exist_ok=True)
    colours = {
        colours_name(size, theme): asyncio.run(painted(size, theme))
        for size in SIZES
        for theme in SHIPPED
    }
    COLOURS.write_text(json.dumps(colours, indent=1) + "\n")
    for size in SIZES:
        found = asyncio.run(drawn(size))
        text = "".join(f"{HEAD}{name}\n{picture}\n" for name, picture in found.items())
        picture_file(size).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
