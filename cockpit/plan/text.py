"""Text from a plan made fit for a terminal or a message.

Never decides whether a value is right; that is for the kinds.
"""

from __future__ import annotations

import re

from cockpit.core.drawable import visible

_REORDERING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_SEPARATORS = "\u2028\u2029\ufeff"

UNPRINTABLE = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_REORDERING}{_SEPARATORS}\ufffe\uffff]")
"""Characters that drive a terminal, reorder a line or cannot be encoded."""

UNPRINTABLE_IN_FILE = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{_REORDERING}{_SEPARATORS}\ufffe\uffff]"
)
"""The same in a whole file, where tabs and line ends are at home."""


def clean(text: str) -> str:
    """The text with each unprintable or invisible character replaced by a visible one."""
    return visible(text)


def quoted(text: str, *, limit: int = 60) -> str:
    """The text in single quotes for a message: cleaned, and cut with a mark when it is long."""
    shown = text if len(text) <= limit else text[: limit - 1] + "…"
    return f"'{clean(shown)}'"
