"""Where on one cluster the place is that an offset has on the other, by the records themselves."""

from __future__ import annotations

from cockpit.core.image.judge import GONE, NOTHING, Verdict, judge, none
from cockpit.core.image.origin import origin
from cockpit.core.image.piece import Item, Piece, Token, fingerprint

__all__ = [
    "GONE",
    "NOTHING",
    "Item",
    "Piece",
    "Token",
    "Verdict",
    "fingerprint",
    "judge",
    "none",
    "origin",
]
