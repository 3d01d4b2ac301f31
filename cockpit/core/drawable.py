"""Which characters no text from outside may bring to a terminal, a log or a message: one list for
every edge.

Controls, what is not seen but changes what is seen (marks of direction, zero-width and tag
characters, fillers, separators of lines), and halves of surrogate pairs.
"""

from __future__ import annotations

import re
from typing import Final

ACTS_ON_A_TERMINAL: Final = (
    "\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
"""For between the brackets of a regular expression."""
SOME: Final = re.compile(f"[{ACTS_ON_A_TERMINAL}]")


def visible(text: str) -> str:
    """The text with a stand-in for each of these characters: U+2400 and up for U+0000 to U+001F,
    U+FFFD for all others."""
    if text.isascii() and text.isprintable():
        return text
    return SOME.sub(_stand_in, text)


def _stand_in(match: re.Match[str]) -> str:
    code = ord(match.group())
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"
