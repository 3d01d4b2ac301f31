"""What a task group raises, as one error of a kind that a caller expects.

Not by `except*`: what is raised in one comes out of it in a group again before Python 3.11.4, as
Debian 12 has it (gh-103590).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

E = TypeVar("E", bound=Exception)
Leaf = TypeVar("Leaf", bound=BaseException)


@contextmanager
def one_of(
    *kinds: type[E], chosen: Callable[[BaseExceptionGroup[E]], Exception] | None = None
) -> Iterator[None]:
    """Raises for errors of these kinds, in a group or alone, the first of them, or what `chosen`
    makes of all. A group that holds anything else comes out as it is."""
    try:
        yield
    except BaseExceptionGroup as group:
        found, rest = group.split(kinds)
        if found is None or rest is not None:
            raise
        raise chosen(found) if chosen else next(leaves(found)) from None
    except kinds as error:
        raise chosen(ExceptionGroup("", [error])) if chosen else error from None


def leaves(group: BaseExceptionGroup[Leaf]) -> Iterator[Leaf]:
    """Each error in a group or in the groups in it, as they come."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
