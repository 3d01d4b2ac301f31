"""The glyphs that the screen uses, and what each becomes where only ASCII can be trusted.

Every glyph is one cell wide in every terminal: East Asian width neutral or narrow, never
ambiguous. None carries a state alone; a word stands beside each.
"""

from __future__ import annotations

from typing import Final

DONE: Final = "\u2713"
FAILED: Final = "\u2717"
RUNNING: Final = "\u25b8"
PENDING: Final = "\u2219"
BACK: Final = "\u21b6"
UNKNOWN: Final = "?"
HOLD: Final = "!"
WAIT: Final = "\u22ee"
HERE: Final = "\u25b8"
UP: Final = "\u25b4"
DOWN: Final = "\u25be"
CUT: Final = "\u22ef"
AXIS: Final = "\u254e"
DASH: Final = "\u2043"
BRAILLE: Final = 0x2800
POSITION: Final = "\u28ff"
SMALL_DOT: Final = "."
STAR: Final = "*"

ALL: Final = (
    DONE, FAILED, RUNNING, PENDING, BACK, UNKNOWN, HOLD, WAIT, HERE, UP, DOWN, CUT, AXIS, DASH,
)  # fmt: skip

_PLAIN: Final = {
    DONE: "+",
    FAILED: "x",
    RUNNING: ">",
    PENDING: ".",
    BACK: "<",
    WAIT: ":",
    UP: "^",
    DOWN: "v",
    CUT: "~",
    AXIS: "|",
    DASH: "-",
}


def _braille_level(pattern: int) -> str:
    """A braille cell as one ASCII character of about the same height."""
    for dots, character in ((0x09, "#"), (0x12, "="), (0x24, "-"), (0xC0, "_")):
        if pattern & dots:
            return character
    return " "


ASCII_TABLE: Final[dict[int, str]] = {
    **{ord(glyph): plain for glyph, plain in _PLAIN.items()},
    **{BRAILLE + pattern: _braille_level(pattern) for pattern in range(256)},
}
"""For str.translate: our glyphs in ASCII. What is left over becomes a question mark."""


def is_plain_terminal(*, encoding: str, term: str) -> bool:
    """Whether only ASCII can be trusted: no UTF-8, or the Linux console with its small font."""
    return encoding.lower().replace("-", "").replace("_", "") != "utf8" or term == "linux"
