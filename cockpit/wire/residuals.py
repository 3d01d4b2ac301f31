"""Columns of int64 as bytes: small differences in order of rate, or whole planes.

All arithmetic wraps around at 64 bits, so that every column comes back exactly, MISSING included.
Knows nothing of what a column means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from cockpit.core.observe import I64
from cockpit.wire.binary import Cursor
from cockpit.wire.values import WireError

U8 = NDArray[np.uint8]
Number = TypeVar("Number", np.uint8, np.int16, np.int64)

ZERO: Final = 0
"""Every value is 0; no bytes."""
BYTES: Final = 1
"""A byte for each value, ESCAPE where it does not fit; these follow as planes."""
PLANES: Final = 2
"""Eight bytes for each value, as planes."""
SAME: Final = 3
"""Every value is the one that follows, in eight bytes."""

ESCAPE: Final = 255
_CLASSES: Final = 255


_SMALL: Final = 127
"""The greatest value that a byte has room for, either way."""
_ESCAPED: Final = -128
"""What ESCAPE is as the zigzag of a byte: it is in the total with the others."""


def zigzag(values: I64) -> NDArray[np.uint64]:
    """0, -1, 1, -2, ... as 0, 1, 2, 3, ..."""
    return ((values << 1) ^ (values >> 63)).view(np.uint64)


def unzigzag(codes: NDArray[np.uint64]) -> I64:
    """The inverse of `zigzag`."""
    half = (codes >> np.uint64(1)).view(np.int64)
    return half ^ -((codes & np.uint64(1)).view(np.int64))


def planes(values: I64) -> bytes:
    """First the lowest byte of each value's zigzag, then the second of each, ... the eighth."""
    codes = zigzag(values).astype("<u8", copy=False)
    return np.ascontiguousarray(codes.view(np.uint8).reshape(-1, 8).T).tobytes()


def from_planes(raw: bytes, count: int) -> I64:
    """The inverse of `planes`."""
    block: U8 = np.frombuffer(raw, dtype=np.uint8).reshape(8, count)
    codes = np.ascontiguousarray(block.T).reshape(-1).view("<u8")
    return unzigzag(codes.astype(np.uint64, copy=False))


def encode_small(values: I64, out: bytearray, order: Order | None = None) -> int:
    """Append ZERO or BYTES of values that are mostly near 0, put in an order; returns which.

    Works on bytes as soon as it can: eight times less to go through than whole values.
    """
    least, most = (int(values.min()), int(values.max())) if len(values) else (0, 0)
    if not least and not most:
        return ZERO
    narrow = values.astype(np.int8)
    codes: U8 = ((narrow + narrow) ^ -(narrow < 0).view(np.int8)).view(np.uint8)
    if least < -_SMALL or most > _SMALL:
        codes[(values > _SMALL) | (values < -_SMALL)] = ESCAPE
    if order is not None:
        codes = order.rank(codes)
    out += codes.tobytes()
    if least < -_SMALL or most > _SMALL:
        large = np.flatnonzero(codes == ESCAPE)
        if order is not None and order.ranked is not None:
            large = order.ranked[large]
        out += planes(values[large])
    return BYTES


def encode_whole(values: I64, out: bytearray) -> int:
    """Append whichever of the four ways is shortest for whole values; returns which."""
    if not values.any():
        return ZERO
    if (values == values[0]).all():
        out += values[:1].astype("<i8").tobytes()
        return SAME
    small = int(np.count_nonzero(zigzag(values) < ESCAPE))
    if small > len(values) // 2:
        return encode_small(values, out)
    out += planes(values)
    return PLANES


class Delta:
    """A column of differences as it was read, not added up yet."""

    __slots__ = ("codes", "escapes", "places", "same")

    def __init__(
        self,
        codes: U8 | None = None,
        *,
        places: I64 | None = None,
        escapes: I64 | None = None,
        same: I64 | None = None,
    ) -> None:
        self.codes = codes
        self.places = places
        """Where codes are ESCAPE."""
        self.escapes = escapes
        """What is there."""
        self.same = same
        """All values, or the one that all have, where they are not coded in bytes."""

    @property
    def size(self) -> int:
        """Bytes that it holds on to."""
        parts = (self.codes, self.places, self.escapes, self.same)
        return sum(part.nbytes for part in parts if part is not None)


NOTHING: Final = Delta()


def read_column(mode: int, rows: int, codes: Cursor) -> Delta:
    """The column that `encode_small` or `encode_whole` wrote."""
    if mode == ZERO:
        return NOTHING
    if mode == BYTES:
        column: U8 = np.frombuffer(codes.take(rows), dtype=np.uint8)
        places: I64 = np.flatnonzero(column == ESCAPE)
        if not len(places):
            return Delta(column)
        count = len(places)
        return Delta(column, places=places, escapes=from_planes(codes.take(8 * count), count))
    if mode == PLANES:
        return Delta(same=from_planes(codes.take(8 * rows), rows))
    if mode == SAME:
        return Delta(same=np.frombuffer(codes.take(8), dtype="<i8").astype(np.int64))
    msg = f"columns are not coded in a way {mode}"
    raise WireError(msg)


def classes_of(growth: I64) -> U8:
    """Of each row how much it changes, coarsely: 0 the most, 255 not at all."""
    size = np.abs(growth.astype(np.float64))
    rank = np.round(np.log2(size + 1) * 10)
    classes: U8 = (_CLASSES - np.clip(rank, 0, _CLASSES)).astype(np.uint8)
    return classes


class Order:
    """Rows in order of rate: by class, rows of one class as they are in the table."""

    __slots__ = ("classes", "inverse", "ranked", "rows")

    def __init__(self, classes: U8 | None, rows: int) -> None:
        """`classes`: see `classes_of`; None: rows are as in the table."""
        self.classes = classes
        self.rows = rows
        self.ranked: I64 | None = None
        """Row by rank; None: as in the table."""
        self.inverse: I64 | None = None
        if classes is not None and rows and (classes != classes[0]).any():
            self.ranked = np.argsort(classes, kind="stable").astype(np.int64)
            self.inverse = np.empty(rows, dtype=np.int64)
            self.inverse[self.ranked] = np.arange(rows, dtype=np.int64)

    @staticmethod
    def plain(rows: int) -> Order:
        """As in the table."""
        return Order(None, rows)

    def rank(self, column: NDArray[Number]) -> NDArray[Number]:
        """A column in order of rate."""
        return column if self.ranked is None else column.take(self.ranked)

    def unrank(self, column: NDArray[Number]) -> NDArray[Number]:
        """A column in the order of its table."""
        return column if self.inverse is None else column.take(self.inverse)

    def places(self, ranks: I64) -> I64:
        """Where in the table the rows of these ranks are."""
        return ranks if self.ranked is None else self.ranked[ranks]


Step = tuple[Order, Delta]
"""A difference, and the order of rows that it is told in."""


def moved(column: I64, steps: Iterable[Step], *, back: bool = False) -> I64:
    """A column in the order of its table with all steps in it or, `back`, taken away. The column
    itself stays as it is. At most 250 steps at a time."""
    for order, group in groupby(steps, key=itemgetter(0)):
        column = _moved(column, order, [delta for _, delta in group], back=back)
    return column


def _moved(column: I64, order: Order, deltas: Sequence[Delta], *, back: bool) -> I64:
    """The same in one order. What is small is added up in 16 bits before it is put in order."""
    total: NDArray[np.int16] | None = None
    for delta in deltas:
        if delta.codes is None:
            continue
        small = ((delta.codes >> 1) ^ -(delta.codes & 1)).view(np.int8)
        if total is None:
            total = small.astype(np.int16)
        else:
            total += small
    if total is not None:
        change = order.unrank(total)
        column = column - change if back else column + change
    for delta in deltas:
        if delta.same is not None:
            whole = delta.same if len(delta.same) == 1 else order.unrank(delta.same)
            column = column - whole if back else column + whole
        if delta.places is not None and delta.escapes is not None:
            rows = order.places(delta.places)  # of a new column: there are codes too
            more = delta.escapes - _ESCAPED
            column[rows] += -more if back else more
    return column
