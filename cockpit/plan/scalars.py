"""What YAML parsers make of an unquoted scalar that is not plainly text.

Never converts anything: it only tells a person why a value was refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Written:
    """A scalar as it stands in the file."""

    text: str
    plain: bool
    """No quotes and no block style: the only form that parsers turn into something else."""


class Refused(Exception):  # noqa: N818  # a state, not a fault of ours
    """A scalar that its field does not take; both texts are fit for a person."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


_READINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), reading)
    for pattern, reading in (
        (r"~|null|Null|NULL|", "nothing at all (null)"),
        (r"(?i:y|n|yes|no|on|off|true|false)", "a yes/no value"),
        (r"[-+]?0[0-7_]+|0o[0-7]+", "an octal number"),
        (r"[-+]?0x[0-9A-Fa-f_]+", "a hexadecimal number"),
        (r"[-+]?0b[01_]+", "a binary number"),
        (r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", "a number in base 60"),
        (r"[-+]?[0-9]+", "a number"),
        (r"[-+]?[0-9][0-9_]*", "a number with separators"),
        (r"[-+]?([0-9][0-9_]*)?\.[0-9_]+|[-+]?[0-9][0-9_]*\.", "a fraction"),
        (r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)[eE][-+]?[0-9]+", "a number with an exponent"),
        (r"[-+]?\.(?i:inf|nan)", "a number that is not finite"),
        (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt \t].*)?", "a date"),
        (r"=|<<", "a special mark"),
    )
)


def yaml_reading(text: str) -> str | None:
    """What a YAML 1.1 or 1.2 parser may read in this unquoted scalar; None: text and nothing else.

    Source: YAML 1.1 type repository (bool, int, float, null, timestamp, merge, value), and the
    core schema of YAML 1.2 where it differs (`0o17`, `1e3`).
    """
    return next((reading for pattern, reading in _READINGS if pattern.fullmatch(text)), None)


def reads_as(text: str) -> str:
    """`, which YAML reads as ...` for a message, or nothing where there is no doubt."""
    reading = yaml_reading(text)
    return f", which YAML reads as {reading}" if reading else ""
