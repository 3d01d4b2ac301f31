"""The one door between data and the terminal: hostile text becomes drawable text.

Never parses escape sequences and never keeps any: control characters are replaced by visible
stand-ins, so that no byte of data can move a cursor, ring a bell or answer into stdin. Stored data
stays as it is; only what is drawn passes here. Cleaning twice changes nothing more.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from rich.cells import cell_len

from cockpit.core.drawable import SOME

REPLACEMENT: Final = "\ufffd"
CUT_MARK: Final = "\u22ef"
"""A midline ellipsis: one cell wide in every terminal, unlike U+2026."""
MAX_CELLS: Final = 512
MAX_MARKS: Final = 4
"""Combining marks kept on one base character; xterm's CVE-2021-27135 shows why there is a cap."""

_MARKS: Final = frozenset({"Mn", "Me", "Mc"})
_SELECTORS: Final = frozenset(chr(c) for c in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
"""Variation selectors: terminals disagree about the width that they ask for."""


def clean(text: str, *, max_cells: int = MAX_CELLS) -> str:
    """`text` with nothing in it that a terminal would act on, at most `max_cells` wide.

    U+0000-001F become their control pictures (U+2400 up); DEL, C1 controls, bidirectional and
    other invisible format characters, line and paragraph separators and surrogates become U+FFFD.
    A longer text is cut and ends in a visible mark.
    """
    if text.isascii() and text.isprintable():
        return text if len(text) <= max_cells else _cut(text, max_cells)
    return _cut("".join(_drawable(text)), max_cells)


def _drawable(text: str) -> list[str]:
    out: list[str] = []
    marks = 0
    for character in text:
        code = ord(character)
        if code < 0x20:
            out.append(chr(0x2400 + code))
            marks = 0
            continue
        if character in _SELECTORS:
            continue
        if SOME.match(character):
            out.append(REPLACEMENT)
            marks = 0
            continue
        if unicodedata.category(character) in _MARKS:
            marks += 1
            if marks <= MAX_MARKS:
                out.append(character)
            continue
        marks = 0
        out.append(character)
    return out


def _cut(text: str, max_cells: int) -> str:
    if cell_len(text) <= max_cells:
        return text
    room = max_cells - 1
    kept: list[str] = []
    used = 0
    for character in text:
        used += cell_len(character)
        if used > room:
            break
        kept.append(character)
    return "".join(kept) + (CUT_MARK if max_cells > 0 else "")
