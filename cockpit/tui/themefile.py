"""One theme file: read, and every mistake in it named by its line.

A theme says a style for each token of `cockpit.tui.text`; what it leaves out it takes from the
shipped theme that it is `like`, so that a token of a later version breaks no file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.errors import StyleSyntaxError
from rich.style import Style
from textual.color import Color, ColorParseError

from cockpit.tui.ownfiles import Mistake, yaml_nodes
from cockpit.tui.text import TOKENS, Token

BASE_KEYS: Final = ("foreground", "background", "surface", "primary")
KEYS: Final = ("about", "like", "dark", "ansi", "base", "styles")


@dataclass(frozen=True, slots=True)
class CockpitTheme:
    """Colours by name. `base` is for Textual's own widgets, `styles` for everything drawn here."""

    name: str
    dark: bool
    ansi: bool
    """Only the terminal's own 16 colours, or none, are used."""
    base: Mapping[str, str]
    styles: Mapping[Token, Style]
    about: str = ""
    """What it is for, in a line."""


Like = Callable[[str], CockpitTheme | None]
"""The shipped theme of a name."""


def read_theme(path: Path, like: Like) -> CockpitTheme | tuple[Mistake, ...]:
    """The theme in a file, named as the file is; or all that is wrong with it. Raises nothing."""
    root, wrong = yaml_nodes(path)
    if wrong is not None:
        return (wrong,)
    return _Reader(path, like).theme(root)


class _Reader:
    """What one file says, and what is wrong with it."""

    def __init__(self, path: Path, like: Like) -> None:
        self._path = path
        self._like = like
        self._wrong: list[Mistake] = []

    def theme(self, root: Any) -> CockpitTheme | tuple[Mistake, ...]:  # noqa: ANN401  # a YAML node
        """All of it, or the mistakes in the order of their lines."""
        said = self._mapping(root, "the file", KEYS)
        about, like = self._text(said, "about"), self._text(said, "like")
        flags = {name: self._flag(said, name) for name in ("dark", "ansi")}
        base = self._colours(said)
        styles = self._styles(said)
        below = self._below(said, like, len(base) == len(BASE_KEYS) and len(styles) == len(TOKENS))
        if self._wrong or below is None:
            return tuple(sorted(self._wrong, key=lambda one: one.line or 0))
        inherits = {"dark": below.dark, "ansi": below.ansi}
        chosen = {k: inherits[k] if v is None else v for k, v in flags.items()}
        return CockpitTheme(
            name=self._path.stem,
            dark=chosen["dark"],
            ansi=chosen["ansi"],
            base={**below.base, **base},
            styles={token: styles.get(token, below.styles[token]) for token in TOKENS},
            about=about,
        )

    def _below(self, said: Mapping[str, Any], like: str, whole: bool) -> CockpitTheme | None:
        """The theme that fills the gaps. One that is whole needs none."""
        if whole and not like:
            empty = dict.fromkeys(TOKENS, Style())
            return CockpitTheme("", dark=True, ansi=False, base={}, styles=empty)
        if not like and self._wrong:
            return None  # that it is not whole may come from these
        if not like:
            self._say(None, "is not whole: `like: dark` takes what is missing from that theme")
            return None
        found = self._like(like)
        if found is None:
            self._say(said["like"], f"like: there is no shipped theme {like!r}")
        return found

    # --- nodes ------------------------------------------------------------------------------------

    def _say(self, node: Any, text: str) -> None:  # noqa: ANN401
        line = None if node is None else node.start_mark.line + 1
        self._wrong.append(Mistake(self._path, line, text))

    def _mapping(self, node: Any, where: str, known: tuple[str, ...]) -> dict[str, Any]:  # noqa: ANN401
        import yaml

        if not isinstance(node, yaml.MappingNode):
            self._say(node, f"{where} must be names with values, such as `dark: true`")
            return {}
        out: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else "?"
            if name not in known:
                self._say(key, f"{where}: unknown {name!r}")
            elif name in out:
                self._say(key, f"{where}: {name!r} stands there twice")
            out[name] = value
        return out

    def _scalar(self, node: Any, where: str) -> str | None:  # noqa: ANN401
        import yaml

        if not isinstance(node, yaml.ScalarNode):
            self._say(node, f"{where} must be a single value")
        elif not node.value:
            self._say(node, f"{where} is empty; a colour that begins with # stands in quotes")
        else:
            return str(node.value)
        return None

    def _text(self, said: Mapping[str, Any], name: str) -> str:
        return (self._scalar(said[name], name) or "") if name in said else ""

    def _flag(self, said: Mapping[str, Any], name: str) -> bool | None:
        """None: it is not said."""
        if name not in said:
            return None
        value = self._scalar(said[name], name)
        if value not in {None, "true", "false"}:
            self._say(said[name], f"{name} must be true or false, not {value!r}")
        return value == "true"

    def _colours(self, said: Mapping[str, Any]) -> dict[str, str]:
        out: dict[str, str] = {}
        fields = self._mapping(said["base"], "base", BASE_KEYS) if "base" in said else {}
        for name, node in fields.items():
            value = self._scalar(node, f"base.{name}")
            if value is None:
                continue
            out[name] = value
            if not _is_colour(value):
                self._say(node, f"base.{name}: {value!r} is not a colour")
        return out

    def _styles(self, said: Mapping[str, Any]) -> dict[Token, Style]:
        out: dict[Token, Style] = {}
        fields = self._mapping(said["styles"], "styles", TOKENS) if "styles" in said else {}
        for token in TOKENS:
            if token not in fields:
                continue
            value = self._scalar(fields[token], f"styles.{token}")
            style = None if value is None else self._style(fields[token], token, value)
            if style is not None:
                out[token] = style
        return out

    def _style(self, node: Any, token: Token, text: str) -> Style | None:  # noqa: ANN401
        try:
            style = Style.parse(text)
        except StyleSyntaxError:
            self._say(node, f"styles.{token}: {text!r} is not a style")
            return None
        if style.link is not None or style.blink or style.blink2 or style.conceal or style.dim:
            self._say(
                node, f"styles.{token}: links, blinking, hiding and dimming are not for themes"
            )
        return style


def _is_colour(text: str) -> bool:
    """Whether Textual's own style sheets understand it."""
    try:
        Color.parse(text)
    except ColorParseError:
        return False
    return True
