"""What a column of a snapshot is foretold to be from columns that were told already.

The arithmetic is part of the format: it stays lossless whatever the core becomes, for what is
foretold wrongly is told as a difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from cockpit.core.observe import I64, MISSING
from cockpit.wire.binary import Cursor, put_number
from cockpit.wire.values import WireError

AS_BEFORE: Final = 0
"""The same prediction as in the frame before."""
NONE: Final = 1
"""0 everywhere."""
SAME: Final = 2
"""Another column; MISSING where it has no such row."""
MINUS: Final = 3
"""One column less another; MISSING where either is."""
RATE: Final = 4
"""What a column has grown by since another, per 1000 s: growth * 1000000 // span_ms, rounded down;
MISSING where either is."""
_REFS: Final = {NONE: 0, SAME: 1, MINUS: 2, RATE: 2}
_ALL_SERIES: Final = 1 << 20


class Ref(NamedTuple):
    """A column: of a series, so many samples before its newest; or, with `series` -1, the column
    number `back` of the same snapshot."""

    series: int
    back: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """How a column is foretold."""

    kind: int = NONE
    refs: tuple[Ref, ...] = ()
    span_ms: int = 0

    def of(self, fetch: Callable[[Ref], I64], rows: int) -> I64:
        """The column that is foretold. `fetch` gives columns in the order of the snapshot."""
        if self.kind == NONE:
            return np.zeros(rows, dtype=np.int64)
        first = fetch(self.refs[0])
        if self.kind == SAME:
            return first
        second = fetch(self.refs[1])
        found = first - second
        if self.kind == RATE:
            found *= 1_000_000
            found //= self.span_ms
        if rows and min(first.min(), second.min()) != MISSING:
            return found
        return np.where((first != MISSING) & (second != MISSING), found, MISSING)

    def as_tree(self) -> list[object]:
        """For a sync point."""
        return [self.kind, [list(ref) for ref in self.refs], self.span_ms]


def put_prediction(out: bytearray, found: Prediction) -> None:
    """Append the references of a prediction; its kind is told before."""
    for series, back in found.refs:
        put_number(out, series + 1)
        put_number(out, back)
    if found.kind == RATE:
        put_number(out, found.span_ms)


def read_prediction(kind: int, body: Cursor) -> Prediction:
    """The inverse of `put_prediction`; raises WireError."""
    if kind not in _REFS:
        msg = f"a prediction of a kind that is not known: {kind}"
        raise WireError(msg)
    refs = tuple(Ref(body.number() - 1, body.number()) for _ in range(_REFS[kind]))
    return checked(Prediction(kind, refs, body.number() if kind == RATE else 0))


def checked(found: Prediction) -> Prediction:
    """The same, if it can be worked out; raises WireError."""
    span_ok = found.kind != RATE or 0 < found.span_ms < 1 << 62
    if _REFS.get(found.kind) != len(found.refs) or not span_ok:
        raise WireError("a prediction that cannot be worked out")
    if any(not -1 <= ref.series < _ALL_SERIES or ref.back < 0 for ref in found.refs):
        raise WireError("a prediction from a column that there cannot be")
    return found
