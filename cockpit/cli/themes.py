"""`cockpit themes`: the colours that the screen can have, the user's own among them."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain, say, say_json

if TYPE_CHECKING:
    from cockpit.tui.ownfiles import Mistake
    from cockpit.tui.themes import Shelf


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`themes` and its options."""
    parser = commands.add_parser(
        "themes",
        help="list the screen's themes, and what is wrong with them",
        description="Lists the themes that come with cockpit and those of your own, with the "
        "contrast of what is hardest to read (4.5:1 is enough), and every mistake by its line. "
        "Which one is used: --theme, else COCKPIT_THEME, else mono where NO_COLOR is set, else "
        "16-colours where the terminal has no more, else dark.",
    )
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="print this theme's file, to begin your own with"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(options: argparse.Namespace) -> int:
    """List them, or print one."""
    from cockpit.tui.themes import PREFIX, Shelf, choose

    shelf = Shelf.of(os.environ)
    if options.name is not None:
        return _print(shelf, options.name.removeprefix(PREFIX))
    used = choose(None, shelf, os.environ)
    for name in shelf.paths():
        one = _described(shelf, name, used=name == used.theme.name)
        if options.json:
            say_json(one)
        else:
            _list(one)
    if used.notice:
        complain(clean_line(used.notice))
    if not options.json:
        place = shelf.own or "the folder cockpit/themes under XDG_CONFIG_HOME"
        say(clean_line(f"* is used here; themes of your own lie in {place}"))
    return exits.COMPLETED


def _described(shelf: Shelf, name: str, *, used: bool) -> dict[str, Any]:
    """All about a theme, as JSON has it."""
    from cockpit.tui.contrast import ENOUGH, faintest
    from cockpit.tui.themefile import CockpitTheme

    path = shelf.paths()[name]
    told: dict[str, Any] = {
        "name": name, "path": str(path), "own": shelf.is_own(name), "used": used, "mistakes": [],
        "about": "", "contrast": None, "faintest": None, "legible": None,
    }  # fmt: skip
    theme = shelf.read(name)
    if not isinstance(theme, CockpitTheme):
        told["mistakes"] = [{"line": one.line, "text": one.text} for one in theme]
        return told
    told["about"] = theme.about
    faint = faintest(theme)
    if faint is not None:
        told["contrast"] = math.floor(faint.ratio * 100) / 100  # 4.499 is not enough
        told["legible"] = faint.ratio >= ENOUGH
        told["faintest"] = f"{faint.token} on {faint.base}, {faint.where}"
    return told


def _list(one: dict[str, Any]) -> None:
    """A line for a person; more where something is wrong."""
    ratio = "" if one["contrast"] is None else f"{one['contrast']:.2f}:1"
    about = one["about"] or (one["path"] if one["own"] else "")
    if one["mistakes"]:
        about = f"cannot be used: {one['path']}"
    elif one["legible"] is False:
        about = f"hard to read: {one['faintest']} ({one['path']})"
    mark = "*" if one["used"] else " "
    say(clean_line(f"{mark} {one['name']:<16}{ratio:>7}  {about}".rstrip()))
    for mistake in one["mistakes"]:
        where = "" if mistake["line"] is None else f"line {mistake['line']}: "
        say(clean_line(f"    {where}{mistake['text']}"))


def _print(shelf: Shelf, name: str) -> int:
    """One theme's file, or all that is wrong with it."""
    from cockpit.tui.themefile import CockpitTheme

    paths = shelf.paths()
    if name not in paths:
        complain(clean_line(f"there is no theme {name!r} (there are: {', '.join(paths)})"))
        return exits.USAGE
    found = shelf.read(name)
    if isinstance(found, CockpitTheme):
        say(_text(paths[name]).rstrip("\n"))
        return exits.COMPLETED
    _complain(found)
    return exits.FAILED


def _complain(mistakes: tuple[Mistake, ...]) -> None:
    for one in mistakes:
        complain(clean_line(one.words()))


def _text(path: Path) -> str:
    from cockpit.files import read_regular
    from cockpit.tui.ownfiles import MAX_BYTES

    return read_regular(path, limit=MAX_BYTES).decode("utf-8", "replace")
