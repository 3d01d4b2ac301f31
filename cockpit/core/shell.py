"""Argument vectors as one line for a shell that a person may paste; never runs one."""

from __future__ import annotations

import shlex
from collections.abc import Iterable


def shell_line(arguments: Iterable[str]) -> str:
    """A line that a shell takes for just these arguments.

    A character that a terminal could obey is written as bytes in `$'...'`, as bash, ksh and zsh
    read it: what is shown, and pasted, is what is run.
    """
    return " ".join(_shell_word(argument) for argument in arguments)


def _shell_word(text: str) -> str:
    if text.isprintable():
        return shlex.quote(text)
    plain = "".join(
        char if char.isprintable() and char not in "'\\" else _escaped(char) for char in text
    )
    return f"$'{plain}'"


def _escaped(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode(errors="surrogatepass"))
