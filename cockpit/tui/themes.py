"""Themes: YAML files that give each style name its colours, checked before they are used.

A theme that is missing or wrong never stops the screen: it is reported and the built-in
monochrome one stands in. Never reads anything but the theme folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.color import Color, ColorParseError
from rich.errors import StyleSyntaxError
from rich.style import Style

from cockpit.tui.text import TOKENS, Token

DEFAULT: Final = "cockpit-dark"
MONO: Final = "cockpit-mono"
PACKAGE: Final = Path(__file__).resolve().parents[1]
_BASE_KEYS: Final = ("foreground", "background", "surface", "primary")


@dataclass(frozen=True, slots=True)
class CockpitTheme:
    """Colours by name. `base` is for Textual's own widgets, `styles` for everything drawn here."""

    name: str
    dark: bool
    ansi: bool
    """Use the terminal's own 16 colours and its default background."""
    base: Mapping[str, str]
    styles: Mapping[Token, Style]


_MONO_STYLES: Final[Mapping[Token, str]] = {
    "text": "default on default",
    "dim": "default",
    "strong": "bold",
    "head": "underline",
    "head.on": "bold reverse",
    "columns": "underline",
    "bar": "default",
    "cursor": "reverse",
    "dialog": "default",
    "dialog.head": "bold reverse",
    "danger.head": "bold reverse",
    "good": "default",
    "warn": "bold",
    "bad": "bold reverse",
    "info": "default",
    "stale": "default",
    "unknown": "bold",
    "badge.sim": "bold reverse",
    "badge.env": "bold",
    "badge.pause": "bold reverse",
    "writes.source": "bold",
    "writes.fenced": "bold reverse",
    "writes.target": "bold",
    "writes.unknown": "bold reverse",
    "key": "bold",
    "key.label": "default",
    "key.off": "default",
    "plot": "default",
    "plot.limit": "default",
    "plot.axis": "default",
}


def mono() -> CockpitTheme:
    """The theme that needs no file and no colour: weight, reverse and underline only."""
    styles: dict[Token, Style] = {t: Style.parse(text) for t, text in _MONO_STYLES.items()}
    base = dict.fromkeys(_BASE_KEYS, "ansi_default")
    return CockpitTheme(name=MONO, dark=True, ansi=True, base=base, styles=styles)


def themes_directory(package: Path = PACKAGE) -> Path | None:
    """The folder of the shipped themes: inside an installed package, or beside it in a checkout."""
    for folder in (package / "_shared" / "themes", package.parent / "themes"):
        if folder.is_dir():
            return folder
    return None


def load_themes(directory: Path | None) -> tuple[dict[str, CockpitTheme], tuple[str, ...]]:
    """Every good theme of a folder by name, the monochrome one always among them.

    The second value names what is wrong with the others, one line each. Raises nothing.
    """
    themes = {MONO: mono()}
    problems: list[str] = []
    if directory is None:
        return themes, ()
    for path in sorted(directory.glob("*.yaml")):
        theme, problem = _read(path)
        if theme is not None:
            themes[theme.name] = theme
        else:
            problems.append(f"theme {path.name}: {problem}")
    return themes, tuple(problems)


def choose(
    wanted: str | None, themes: Mapping[str, CockpitTheme], *, no_color: bool
) -> tuple[CockpitTheme, str]:
    """The theme to use and, if it is not the wanted one, a line that says so."""
    if wanted is not None and wanted in themes:
        return themes[wanted], ""
    fallback = themes[MONO] if no_color else themes.get(DEFAULT, themes[MONO])
    if wanted is None:
        return fallback, ""
    known = ", ".join(sorted(themes))
    return fallback, f"no theme {wanted!r} (there are: {known}); {fallback.name} is used"


def _read(path: Path) -> tuple[CockpitTheme | None, str]:
    import yaml

    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        return None, " ".join(str(error).split())
    try:
        return _theme(raw), ""
    except _ThemeError as error:
        return None, str(error)


class _ThemeError(Exception):
    """A theme file says something that cannot be used."""


def _theme(raw: object) -> CockpitTheme:
    fields = _mapping(raw, "the file", {"name", "dark", "ansi", "base", "styles"})
    name = fields["name"]
    if not isinstance(name, str) or not name.isprintable() or not name:
        raise _ThemeError("name must be a word")
    for flag in ("dark", "ansi"):
        if not isinstance(fields[flag], bool):
            raise _ThemeError(f"{flag} must be true or false")
    base = _mapping(fields["base"], "base", set(_BASE_KEYS))
    texts = _mapping(fields["styles"], "styles", set(TOKENS))
    for key, colour in base.items():
        _check_colour(f"base.{key}", colour)
    styles = {token: _style(token, texts[token]) for token in TOKENS}
    return CockpitTheme(
        name=name, dark=fields["dark"], ansi=fields["ansi"], base=base, styles=styles
    )


def _mapping(raw: object, where: str, keys: set[str]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise _ThemeError(f"{where} must be a mapping")
    missing = keys - raw.keys()
    if missing:
        raise _ThemeError(f"{where}: missing {', '.join(sorted(missing))}")
    unknown = {str(key) for key in raw} - keys
    if unknown:
        raise _ThemeError(f"{where}: unknown {', '.join(sorted(unknown))}")
    return raw


def _check_colour(where: str, colour: object) -> None:
    if colour == "ansi_default":
        return
    try:
        Color.parse(colour)
    except (ColorParseError, AttributeError, TypeError):
        raise _ThemeError(f"{where}: {colour!r} is not a colour") from None


def _style(token: Token, text: object) -> Style:
    if not isinstance(text, str):
        raise _ThemeError(f"styles.{token} must be text such as 'bold red on black'")
    try:
        style = Style.parse(text)
    except StyleSyntaxError:
        raise _ThemeError(f"styles.{token}: {text!r} is not a style") from None
    if style.link is not None or style.blink or style.conceal or style.dim:
        raise _ThemeError(f"styles.{token}: links, blinking, hiding and dimming are not for themes")
    return style
