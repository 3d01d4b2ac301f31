"""What a filter lets through: a regular expression, or a plain part of a text.

Nothing that is typed holds the screen up: a pattern that could take for ever on one text is never
run as one, and one that is slow over all rows is given up. Either is then taken as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

MAX_REPEATS: Final = 3
"""Each more multiplies what one text can cost by its length."""
AT_MOST_S: Final = 0.25
"""For all rows together."""
_ROWS_A_LOOK: Final = 32
"""How many are tried between two looks at the clock."""
_PIECES: Final = re.compile(
    r"\\. | \[\^?\]?(?:\\.|[^\]\\])*\] | \(\?(?::|=|!|<=|<!) | (?:[*+?]|\{[^}]*\})[?+]? | .",
    re.VERBOSE | re.DOTALL,
)
"""An escaped character, a set, how a group begins, a repeat, or anything else."""
_REPEATS: Final = "*+?{"


@dataclass(frozen=True, slots=True)
class Filter:
    """One pattern, made ready."""

    accepts: Callable[[str], bool]
    as_it_is: bool = False
    """It was meant as a regular expression, and is taken as plain text."""

    def of(self, texts: Sequence[str], clock: Callable[[], float] = perf_counter) -> list[bool]:
        """Which texts it lets through. Raises TimeoutError where that takes too long."""
        until = clock() + AT_MOST_S
        found: list[bool] = []
        for at in range(0, len(texts), _ROWS_A_LOOK):
            if clock() > until:
                raise TimeoutError
            found.extend(self.accepts(text) for text in texts[at : at + _ROWS_A_LOOK])
        return found


def matcher(pattern: str) -> Filter:
    """A regular expression, or a plain part where `=` stands before it, where it is not a valid one
    and where it could take for ever; a leading `!` turns it round. Letter case does not count."""
    body = pattern.removeprefix("!")
    if body.startswith("=") or is_slow(body):
        return plain(pattern)
    try:
        search = re.compile(body, re.IGNORECASE).search
    except (re.error, OverflowError, RecursionError):
        return plain(pattern)
    inverse = pattern.startswith("!")
    return Filter(lambda text: (search(text) is None) is inverse)


def plain(pattern: str) -> Filter:
    """The same with no character of it meaning anything else; a leading `!` and `=` still do."""
    inverse, body = pattern.startswith("!"), pattern.removeprefix("!")
    part = body.removeprefix("=").casefold()
    return Filter(lambda text: (part not in text.casefold()) is inverse, not body.startswith("="))


def is_slow(pattern: str) -> bool:
    """Whether a regular expression could take far longer than its text is long: a repeat of what
    repeats or has a choice in it, or many repeats. Says so of some that could not."""
    repeats, before = 0, ""
    varies = [False]  # whether each open group has a repeat or a choice in it
    ended = False  # the same of the group that ended just before
    for piece in _PIECES.findall(pattern):
        if piece == ")" and len(varies) > 1:
            ended = varies.pop()
            varies[-1] |= ended
        elif piece[0] in _REPEATS:
            repeats += 1
            nested = ended and piece[0] != "?"
            if nested or repeats > MAX_REPEATS or before == "(":  # such groups can hide repeats
                return True
            varies[-1], ended = True, False
        else:
            varies[-1] |= piece == "|"
            ended = False
            if piece[0] == "(":
                varies.append(False)
        before = piece
    return False
