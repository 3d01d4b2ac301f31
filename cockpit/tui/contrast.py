"""How well a theme can be read: the WCAG contrast of what is drawn on what.

Computed for the colours that a terminal really shows: as they are, as the nearest of 256, and for
themes of the 16 colours as six wide-spread terminals draw these. The terminal's own ground is the
user's business and has no number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

from rich.color import Color, ColorSystem
from rich.style import Style

from cockpit.tui.look import Look
from cockpit.tui.text import BASES, TOKENS, Token
from cockpit.tui.themefile import CockpitTheme

ENOUGH: Final = 4.5
"""What WCAG 2 asks of text (level AA)."""
NOTICED: Final = 3.0
"""What it asks of whatever must be told apart from its ground at all."""

Rgb = tuple[int, int, int]

_HEX: Final = {
    "xterm": "000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5 "
    "7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff",
    "Linux console": "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa "
    "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
    "PuTTY": "000000 bb0000 00bb00 bbbb00 0000bb bb00bb 00bbbb bbbbbb "
    "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff",
    "Terminal.app": "000000 c23621 25bc24 adad27 492ee1 d338d3 33bbc8 cbcccd "
    "818383 fc391f 31e722 eaec23 5833ff f935f8 14f0f0 e9ebeb",
    "Windows Terminal": "0c0c0c c50f1f 13a10e c19c00 0037da 881798 3a96dd cccccc "
    "767676 e74856 16c60c f9f1a5 3b78ff b4009e 61d6d6 f2f2f2",
    "Tango": "2e3436 cc0000 4e9a06 c4a000 3465a4 75507b 06989a d3d7cf "
    "555753 ef2929 8ae234 fce94f 729fcf ad7fa8 34e2e2 eeeeec",
}
PALETTES: Final[dict[str, tuple[Rgb, ...]]] = {
    name: tuple((int(c[:2], 16), int(c[2:4], 16), int(c[4:], 16)) for c in text.split())
    for name, text in _HEX.items()
}
"""The 16 colours as terminals come out of the box."""

_STATES: Final[tuple[Token, ...]] = ("good", "warn", "bad", "info", "stale", "unknown")
_BLOCKS: Final[tuple[Token, ...]] = (
    "badge.sim", "badge.env", "badge.pause", "writes.source", "writes.fenced", "writes.target",
    "writes.unknown",
)  # fmt: skip
_KEYS: Final[tuple[Token, ...]] = ("key", "key.label", "key.off", "cursor")
_PLAIN: Final[tuple[Token, ...]] = ("text", "dim", "strong", *_STATES)
_PLOTS: Final[tuple[Token, ...]] = ("plot", "plot.limit", "plot.axis")
_ON_DIALOGS: Final[tuple[Token, ...]] = ("badge.sim", "danger.head")
_IN_DIALOGS: Final[tuple[Token, ...]] = ("dialog", "strong", *_STATES, "dialog.head")
_ROWS: Final[tuple[Token, ...]] = ("text", "bar")
_BAR: Final[tuple[Token, ...]] = ("bar",)
_CURSOR: Final[Token] = "cursor"
_DIALOG: Final[tuple[Token, ...]] = ("dialog",)
_DIALOGS: Final[tuple[Token, ...]] = ("dialog.head", "danger.head", "dialog")
DRAWN: Final[frozenset[tuple[Token, Token]]] = frozenset(
    {
        *product(_PLAIN, (*_ROWS, _CURSOR)),
        *product(_BLOCKS, _ROWS),
        *product(_PLOTS, _ROWS),
        *product(_KEYS, _BAR),
        *product(_IN_DIALOGS, _DIALOG),
        *product(_ON_DIALOGS, _DIALOGS),
        *((base, base) for base in BASES if base != "text"),
        ("unknown", "head"),
        ("columns", "text"),
        ("columns", "cursor"),
        ("bar", "text"),
    }
)  # fmt: skip
"""Every style that the screen draws text in, with the style of the line under it."""


@dataclass(frozen=True, slots=True)
class Faint:
    """A pair of a theme, and how well it can be read."""

    ratio: float
    token: Token
    base: Token
    where: str
    """How the terminal draws it: in which colours."""


def contrast(one: Rgb, other: Rgb) -> float:
    """The WCAG contrast ratio of two colours, from 1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Rgb) -> float:
    shares = [c / 255 for c in color]
    red, green, blue = (s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratios(style: Style) -> Iterator[tuple[float, str]]:
    """The contrast of text in this style, for every way in which terminals draw it; nothing where
    the terminal's own colours are used."""
    front, back = style.color, style.bgcolor
    if style.reverse:
        front, back = back, front
    if front is None or back is None or front.is_default or back.is_default:
        return
    if front.number is not None and back.number is not None and front.number < 16:
        yield from _of_16(front.number, back.number, bold=bool(style.bold))
        return
    yield contrast(front.get_truecolor(), back.get_truecolor()), "true colour"
    few = [color.downgrade(ColorSystem.EIGHT_BIT) for color in (front, back)]
    yield contrast(*(_shown(color) for color in few)), "256 colours"


def _shown(color: Color) -> Rgb:
    red, green, blue = color.get_truecolor()
    return red, green, blue


def _of_16(front: int, back: int, *, bold: bool) -> Iterator[tuple[float, str]]:
    fronts = {front, front | 8} if bold else {front}  # many terminals draw bold as bright
    for name, palette in PALETTES.items():
        ground = back & 7 if name == "Linux console" else back  # it has eight grounds
        for number in fronts:
            yield contrast(palette[number], palette[ground]), name


def faintest(theme: CockpitTheme, of: Collection[Token] = TOKENS) -> Faint | None:
    """The pair that is hardest to read, of these tokens; None where all is in the terminal's own
    colours."""
    look = Look(theme.styles)
    found = [
        Faint(ratio, token, base, where)
        for token, base in DRAWN
        if token in of
        for ratio, where in ratios(look.style(token, base))
    ]
    return min(found, key=lambda one: (one.ratio, one.token, one.base), default=None)
