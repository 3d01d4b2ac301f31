"""Text to the terminal, cleaned: nothing that came from outside may drive it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

_CONTROLS = {
    **{n: 0x2400 + n for n in range(0x20) if n not in (0x0A,)},
    **dict.fromkeys(range(0x7F, 0xA0), 0xFFFD),
    **dict.fromkeys((0x61C, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF), 0xFFFD),
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD),
    **dict.fromkeys(range(0xD800, 0xE000), 0xFFFD),
}


def clean(text: str) -> str:
    """Text without anything that a terminal would obey; line feeds stay."""
    return text.translate(_CONTROLS)


def clean_line(text: str) -> str:
    """As `clean`, on one line: a line feed becomes a visible sign and forges no second line."""
    return clean(text).replace("\n", "\u240a")


def say(text: str) -> None:
    """One line of output."""
    sys.stdout.write(clean(text) + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """One line of diagnosis."""
    sys.stderr.write(clean(text) + "\n")
    sys.stderr.flush()


class Progress:
    """How far something long is, on one line of standard error that is gone afterwards; nothing
    where that is no terminal."""

    def __init__(self, what: str) -> None:
        self._what = clean_line(what)
        self._shown = -1
        self._is_terminal = sys.stderr.isatty()

    def __call__(self, done: int, of: int) -> None:
        """So much is done of so much."""
        percent = 100 * done // of if of else 100
        if self._is_terminal and percent != self._shown:
            self._shown = percent
            sys.stderr.write(f"\r{self._what}: {percent} %")
            sys.stderr.flush()

    def close(self) -> None:
        """Take the line away."""
        if self._shown >= 0:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def say_json(value: Mapping[str, Any]) -> None:
    """One JSON object on one line, ASCII only, keys sorted."""
    sys.stdout.write(json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n")
    sys.stdout.flush()
