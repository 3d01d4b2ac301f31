"""What is wrong with a plan file, and where.

Never holds a secret: whoever adds a problem leaves values of password fields and URLs out.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from cockpit.plan.text import clean

MAX_PROBLEMS = 100
_LONGEST_GUESS = 80


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in the file; both counts start at 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to correct. `line` and `column` start at 1; an empty hint says nothing."""

    line: int
    column: int
    message: str
    hint: str = ""
    counter_example: tuple[str, ...] = ()
    """How a flight of the plan would come to it, step by step."""
    also: tuple[str, ...] = ()
    """Whom else the same mistake concerns."""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.line}:{self.column}: {self.message}{hint}"


class PlanInvalid(Exception):  # noqa: N818  # a state, not a fault of ours
    """A plan that must not be flown. `problems` is sorted by place and never empty."""

    def __init__(self, problems: tuple[Problem, ...], *, origin: str) -> None:
        self.problems = problems
        self.origin = clean(origin)
        super().__init__("\n".join(f"{self.origin}:{problem}" for problem in problems))


class Problems:
    """Collects problems, at most MAX_PROBLEMS of them."""

    def __init__(self) -> None:
        self._found: set[Problem] = set()
        self._left_out = False

    @property
    def full(self) -> bool:
        """No more are kept; whoever would work hard for a hint can stop."""
        return len(self._found) >= MAX_PROBLEMS

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(
        self,
        place: Place,
        message: str,
        hint: str = "",
        *,
        counter_example: tuple[str, ...] = (),
        also: tuple[str, ...] = (),
    ) -> None:
        """Note a problem; the same one twice counts once."""
        if self.full:
            self._left_out = True
            return
        way = tuple(map(clean, counter_example))
        others = tuple(map(clean, also))
        where = (place.line, place.column)
        self._found.add(Problem(*where, clean(message), clean(hint), way, others))

    def sorted(self) -> tuple[Problem, ...]:
        """All of them by place, with a last word when some were left out."""
        found = sorted(self._found)
        if self._left_out:
            last = found[-1]
            message = f"more than {MAX_PROBLEMS} problems; the others are not shown"
            found.append(Problem(last.line, last.column, message))
        return tuple(found)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is spelt most like this one, if any comes close."""
    if len(word) > _LONGEST_GUESS:
        return None
    by_folded = {candidate.casefold(): candidate for candidate in sorted(known)}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or lists the few that there are, or nothing."""
    candidates = sorted(known)
    near = nearest(word, candidates)
    if near is not None:
        return f"did you mean {near}?"
    if 0 < len(candidates) <= 12:
        return "known: " + ", ".join(candidates)
    return ""
