"""Where on one cluster the place is that an offset has on the other, by the records themselves."""

from __future__ import annotations

from cockpit.core.image.judge import (
    AGAIN,
    EMPTY,
    GONE,
    LATE,
    NOT_YET,
    NOTHING,
    PASSING,
    Verdict,
    judge,
    none,
)
from cockpit.core.image.origin import BACKWARDS, origin
from cockpit.core.image.piece import Item, Piece, Token, fingerprint

__all__ = [
    "AGAIN",
    "BACKWARDS",
    "EMPTY",
    "GONE",
    "LATE",
    "NOTHING",
    "NOT_YET",
    "PASSING",
    "Item",
    "Piece",
    "Token",
    "Verdict",
    "fingerprint",
    "judge",
    "none",
    "origin",
]
