"""Whether a full screen can be drawn here. A leaf: it imports nothing of Textual."""

from __future__ import annotations

import sys
from collections.abc import Mapping


def on_a_terminal() -> bool:
    """Whether keys come from a terminal and what is drawn goes to one."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def why_unfit(environment: Mapping[str, str], *, is_terminal: bool) -> str:
    """Why no screen can be drawn; empty: it can."""
    if not is_terminal:
        return "no terminal on standard input, output and error"
    match environment.get("TERM", ""):
        case "":
            return "TERM is not set: nobody knows what this terminal can draw"
        case "dumb" | "unknown" as term:
            return f"TERM={term} cannot draw the screen"
        case _:
            return ""
