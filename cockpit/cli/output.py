"""Text to the terminal: nothing that came from outside may drive it, no secret stands in it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from cockpit.core.drawable import visible
from cockpit.secrecy import SECRETS


def clean(text: str) -> str:
    """Text without anything that a terminal would obey; line feeds stay."""
    return "\n".join(map(visible, text.split("\n")))


def clean_line(text: str) -> str:
    """As `clean`, on one line: a line feed becomes a visible sign and forges no second line."""
    return visible(text)


def say(text: str) -> None:
    """One line of output."""
    sys.stdout.write(clean(SECRETS.text(text)) + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    """One line of diagnosis."""
    sys.stderr.write(clean(SECRETS.text(text)) + "\n")
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
    """One JSON object on one line, printable ASCII only, keys sorted."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    sys.stdout.write(SECRETS.known(text).replace("\x7f", "\\u007f") + "\n")
    sys.stdout.flush()
