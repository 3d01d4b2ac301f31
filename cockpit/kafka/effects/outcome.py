"""Tells "it did not happen" from "nobody can say"."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cockpit.kafka.errors import ReplyLostError
from cockpit.ports import OutcomeUnknownError


@contextmanager
def changing() -> Iterator[None]:
    """Around the one request that changes something: a lost answer is an unknown outcome."""
    try:
        yield
    except ReplyLostError as lost:
        raise OutcomeUnknownError(lost.reason) from lost
