"""Answers kept as long as what they were worked out from is the same.

A pure function stays pure: the same arguments give the same answer, only sooner. Never keeps
more answers than it was told to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """The last answers of one function and what they stood on.

    Two things are the same when they are one object, or equal sets: large columns are never
    compared number by number.
    """

    def __init__(self, most: int = 1) -> None:
        self._kept: list[tuple[tuple[object, ...], Answer]] = []
        self._most = most

    def get(self, stands_on: Sequence[object], work: Callable[[], Answer]) -> Answer:
        """The answer for `stands_on`, worked out again only where that has changed."""
        for known, answer in self._kept:
            if _all_same(known, stands_on):
                return answer
        answer = work()
        self._kept = [(tuple(stands_on), answer), *self._kept[: self._most - 1]]
        return answer


def _all_same(old: Sequence[object], new: Sequence[object]) -> bool:
    if len(old) != len(new):
        return False
    for a, b in zip(old, new, strict=True):
        if a is not b and not (isinstance(a, frozenset) and a == b):
            return False
    return True
