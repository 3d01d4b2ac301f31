"""What every reader of foreign bytes must do with whatever comes: answer, or refuse it properly."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress


def assert_answers_or_raises(error: type[Exception], work: Callable[[], object]) -> None:
    """Any other exception than `error` fails the test."""
    with suppress(error):
        work()
