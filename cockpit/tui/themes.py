"""Themes: where they lie, which one is used, and what stands in for one that cannot be.

Shipped themes come with the program, a user's own lie in `$XDG_CONFIG_HOME/cockpit/themes` and may
have the names of shipped ones. A theme that is missing or wrong never stops the screen: it is
reported, and another one stands in. Reads nothing but these two folders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.style import Style

from cockpit.tui.contrast import NOTICED, Faint, faintest
from cockpit.tui.ownfiles import Mistake, config_folder
from cockpit.tui.text import TOKENS, Token
from cockpit.tui.themefile import BASE_KEYS, CockpitTheme, read_theme

DEFAULT: Final = "dark"
MONO: Final = "mono"
FEW_COLOURS: Final = "16-colours"
SHIPPED: Final[tuple[str, ...]] = (
    DEFAULT, "light", "high-contrast", "colour-blind", FEW_COLOURS, MONO,
)  # fmt: skip
"""In the order in which they are listed."""
PACKAGE: Final = Path(__file__).resolve().parents[1]
PREFIX: Final = "cockpit-"
"""Before a theme's name among Textual's own; may stand before it on the command line too."""

_STANDS_OUT: Final[frozenset[Token]] = frozenset(
    {"head.on", "cursor", "dialog.head", "danger.head", "bad", "unknown", "badge.sim", "badge.env",
     "badge.pause", "writes.fenced", "writes.unknown", "key"}
)  # fmt: skip

_ALARMS: Final[frozenset[Token]] = frozenset(
    {"bad", "warn", "unknown", "stale", "writes.fenced", "writes.unknown"}
)


def built_in() -> CockpitTheme:
    """What stands in when no file at all can be used: the terminal's own colour, and reverse."""
    styles: dict[Token, Style] = {
        token: Style(reverse=True, bold=True) if token in _STANDS_OUT else Style()
        for token in TOKENS
    }
    base = dict.fromkeys(BASE_KEYS, "ansi_default")
    return CockpitTheme("built-in", dark=True, ansi=True, base=base, styles=styles)


def shipped_folder(package: Path = PACKAGE) -> Path | None:
    """The folder of the shipped themes: inside an installed package, or beside it in a checkout."""
    for folder in (package / "_shared" / "themes", package.parent / "themes"):
        if folder.is_dir():
            return folder
    return None


def own_folder(environment: Mapping[str, str]) -> Path | None:
    """The folder of the user's themes, there or not. None: nobody knows where the user's home
    is."""
    folder = config_folder(environment)
    return None if folder is None else folder / "themes"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The themes that there are. Files are read when they are asked for, and anew each time."""

    shipped: Path | None
    own: Path | None

    @staticmethod
    def of(environment: Mapping[str, str]) -> Shelf:
        """Of this program, and of this user."""
        return Shelf(shipped_folder(), own_folder(environment))

    def paths(self) -> dict[str, Path]:
        """Every theme's file by name: the shipped ones in their order, then the user's others."""
        shipped, own = _files(self.shipped), _files(self.own)
        order: list[str] = [name for name in SHIPPED if name in shipped]
        order += sorted((shipped.keys() | own.keys()) - set(order))
        return {name: own.get(name) or shipped[name] for name in order}

    def read(self, name: str) -> CockpitTheme | tuple[Mistake, ...]:
        """A theme by name; or why it cannot be used. Raises KeyError where there is none."""
        return read_theme(self.paths()[name], self._shipped)

    def read_or_shipped(self, name: str) -> tuple[CockpitTheme | None, tuple[Mistake, ...]]:
        """A theme by name, or in place of a user's broken one the shipped one of that name; and
        what is wrong with the file."""
        found = self.read(name)
        if isinstance(found, CockpitTheme):
            return found, ()
        return (self._shipped(name) if self.is_own(name) else None), found

    def is_own(self, name: str) -> bool:
        """Whether the user has a file for this theme."""
        return name in _files(self.own)

    def _shipped(self, name: str) -> CockpitTheme | None:
        path = _files(self.shipped).get(name)
        # shipped themes stand by themselves: nothing can be like itself
        found = None if path is None else read_theme(path, lambda _: None)
        return found if isinstance(found, CockpitTheme) else None


def _files(folder: Path | None) -> dict[str, Path]:
    """Theme files of a folder by name; none where it cannot be looked into."""
    if folder is None:
        return {}
    try:
        found = sorted(folder.iterdir())
    except OSError:
        return {}
    return {path.stem: path for path in found if path.suffix in (".yaml", ".yml")}


_NOT_16: Final = ("", "dumb", "unknown", "xterm-kitty")
"""Terminals with more colours than their name says, and those that draw no screen at all."""


def is_16_colours(environment: Mapping[str, str]) -> bool:
    """Whether this terminal says no more than that it has colours: what is drawn in others would
    be changed to the nearest of 16, and could become illegible."""
    forced = environment.get("TEXTUAL_COLOR_SYSTEM", "auto")
    if forced != "auto":
        return forced == "standard"
    if environment.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return False
    term = environment.get("TERM", "").strip().lower()
    return not term.endswith(("-256color", "-direct")) and term not in _NOT_16


@dataclass(frozen=True, slots=True)
class Choice:
    """Which theme is used, and a line for whoever wanted another one."""

    theme: CockpitTheme
    notice: str = ""


def choose(wanted: str | None, shelf: Shelf, environment: Mapping[str, str]) -> Choice:
    """By the option `wanted`, else by COCKPIT_THEME, NO_COLOR and what the terminal can show."""
    few = is_16_colours(environment)
    usual = MONO if environment.get("NO_COLOR") else FEW_COLOURS if few else DEFAULT
    name = (wanted or environment.get("COCKPIT_THEME") or usual).removeprefix(PREFIX)
    paths = shelf.paths()
    why = ""
    if name not in paths:
        if paths:
            why = f"there is no theme {name!r} (there are: {', '.join(paths)})"
        theme = None
    else:
        theme, wrong = shelf.read_or_shipped(name)
        if wrong:
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            why = wrong[0].words() + more
    if theme is None:
        theme = _stand_in(usual, shelf)
    if why:
        which = f"the shipped theme {name}" if theme.name == name else f"theme {theme.name}"
        return Choice(theme, f"{which} is used: {why}")
    hardly = _hardly_seen(theme) if shelf.is_own(name) else ""
    if hardly:
        return Choice(theme, f"theme {name}: {hardly}")
    if few and not theme.ansi:
        return Choice(theme, f"this terminal has 16 colours: --theme {FEW_COLOURS} is made for it")
    return Choice(theme)


def next_after(worn: str, shelf: Shelf) -> tuple[CockpitTheme | None, str, str]:
    """The next theme that can be used, if there is one; a message and its level."""
    names = list(shelf.paths())
    at = names.index(worn) + 1 if worn in names else 0
    remarks = ""
    for name in (*names[at:], *names[:at]):
        found, wrong = shelf.read_or_shipped(name)
        if wrong and not remarks:
            remarks = f"; left out: {wrong[0].words()}"
        if found is None or wrong:
            continue
        hardly = _hardly_seen(found) if shelf.is_own(name) else ""
        if hardly:
            remarks = f"; {hardly}{remarks}"
        place = f"{names.index(name) + 1} of {len(names)}"
        text = f"theme {name} ({place}); --theme {name} keeps it{remarks}"
        return found, text, "warn" if remarks else "info"
    return None, f"there is no other theme{remarks}", "warn"


def _hardly_seen(theme: CockpitTheme) -> str:
    """A remark on alarms that do not stand out; empty: they do."""
    hidden = hidden_alarm(theme)
    if hidden is None:
        return ""
    pair = f"{hidden.token} on {hidden.base} has {hidden.ratio:.2f}:1"
    return f"alarms can hardly be seen: {pair}, {hidden.where}"


def hidden_alarm(theme: CockpitTheme) -> Faint | None:
    """What tells of danger and hardly stands out from its ground; None: nothing such."""
    faint = faintest(theme, _ALARMS)
    return None if faint is None or faint.ratio >= NOTICED else faint


def _stand_in(usual: str, shelf: Shelf) -> CockpitTheme:
    """The first that can be used."""
    for name in (usual, DEFAULT, MONO):
        if name in shelf.paths():
            theme, _ = shelf.read_or_shipped(name)
            if theme is not None:
                return theme
    return built_in()
