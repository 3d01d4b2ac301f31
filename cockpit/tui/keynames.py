"""What keys are called: as a user writes them, and as Textual names what a terminal sends.

Only keys that terminals deliver reliably have a name here.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_TEXTUAL: Final = {
    "HYPHEN-MINUS": "minus",
    "PLUS SIGN": "plus",
    "SOLIDUS": "slash",
    "REVERSE SOLIDUS": "backslash",
    "COMMERCIAL AT": "at",
    "LOW LINE": "underscore",
}
"""Characters that Textual does not name as Unicode does."""
NAMED: Final = (
    "up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete",
    "tab", "shift+tab", "space", *(f"f{number}" for number in range(1, 13)),
)  # fmt: skip
"""Keys with the same name for everybody."""


def textual_name(written: str) -> str | None:
    """Textual's name of a key: one ASCII character, or one of NAMED. None: no such key."""
    if len(written) != 1:
        name = written.lower()
        return name if name in NAMED else None
    if written == " ":
        return "space"
    if not written.isascii() or not written.isprintable():
        return None
    if written.isalnum():
        return written
    name = unicodedata.name(written)
    return _TEXTUAL.get(name) or name.lower().replace("-", "_").replace(" ", "_")


CHARACTERS: Final = {
    name: chr(code) for code in range(0x21, 0x7F) if (name := textual_name(chr(code))) is not None
}
"""The character of a key that has one, by Textual's name."""
SHORT: Final = {"pageup": "pgup", "pagedown": "pgdn", "escape": "esc"}


def shown(name: str) -> str:
    """A key of Textual's name as help says it."""
    return CHARACTERS.get(name) or SHORT.get(name, name)
