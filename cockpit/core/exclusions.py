"""MirrorMaker's lists of what it leaves alone: comma-separated patterns, some of them whole names.

Values only; never sees the rest of a connector's config.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

DEFAULT_GROUPS: Final = "console-consumer-.*,connect-.*,__.*"
"""Groups that MirrorMaker leaves alone while the key is not set."""
DEFAULT_TOPICS: Final = "mm2.*\\.internal,.*\\.replica,__.*"
"""Topics, likewise (Kafka 3.x and newer)."""


def patterns(text: str) -> list[str]:
    """The patterns of a comma-separated list, trimmed."""
    return [pattern.strip() for pattern in text.split(",") if pattern.strip()]


def literal(name: str) -> str:
    """A regular expression of Java for exactly this name, safe in a comma-separated list."""
    return "".join(
        char if char.isascii() and (char.isalnum() or char in "-_") else f"\\x{{{ord(char):x}}}"
        for char in name
    ).replace("\\x{2e}", "\\.")


def listed(excludes: str | None, names: Iterable[str]) -> tuple[str, ...]:
    """Those of these names that a list has one by one: as the cockpit writes them, or plainly."""
    known = set(patterns(excludes or ""))
    return tuple(name for name in names if {literal(name), name} & known)


def with_names(excludes: str | None, default: str, names: Sequence[str]) -> str:
    """The list (None: the default) with these names at its end; what is before them stays."""
    text = default if excludes is None else excludes
    known = patterns(text)
    new = [p for p in dict.fromkeys(map(literal, names)) if p not in known]
    return ",".join([text, *new]) if text else ",".join(new)


def without_names(excludes: str | None, default: str, names: Iterable[str]) -> str | None:
    """The list without these names; None, that is the key not set, when the default remains."""
    if excludes is None:
        return None
    gone = {spelling for name in names for spelling in (name, literal(name))}
    kept = ",".join(part for part in excludes.split(",") if part.strip() not in gone)
    return None if kept == default else kept
