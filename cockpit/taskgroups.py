"""What a task group raises, as one error of a kind that a caller expects.

Not by `except*`: what is raised in one comes out of it in a group again before Python 3.11.4, as
Debian 12 has it (gh-103590).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

E = TypeVar("E", bound=Exception)


@contextmanager
def one_of(
    *kinds: type[E], chosen: Callable[[BaseExceptionGroup[E]], Exception] | None = None
) -> Iterator[None]:
    """Raises for errors of these kinds, in a group or alone, the first of them, or what `chosen`
    makes of all. A group that holds anything else comes out as it is."""
    choose = chosen or first_of
    try:
        yield
    except BaseExceptionGroup as group:
        found, rest = group.split(kinds)
        if found is None or rest is not None:
            raise
        raise choose(found) from None
    except kinds as error:
        raise choose(ExceptionGroup("", [error])) from None


def first_of(errors: BaseExceptionGroup[E]) -> E:
    """The first that is no group."""
    inner = errors.exceptions[0]
    return first_of(inner) if isinstance(inner, BaseExceptionGroup) else inner
