"""Columns of int64 as bytes: small differences in order of rate, or whole planes.

All arithmetic wraps around at 64 bits, so that every column comes back exactly, MISSING included.
Knows nothing of what a column means.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cockpit.core.observe import I64
from cockpit.wire.binary import Cursor
from cockpit.wire.values import WireError

U8 = NDArray[np.uint8]

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


def _signed_of_bytes() -> NDArray[np.int16]:
    codes = np.arange(256, dtype=np.int16)
    table = (codes >> 1) ^ -(codes & 1)
    table[ESCAPE] = 0
    return table


_SIGNED: Final = _signed_of_bytes()


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


def encode_small(values: I64, out: bytearray) -> int:
    """Append ZERO or BYTES of values that are mostly near 0; returns which."""
    if not values.any():
        return ZERO
    codes = zigzag(values)
    large = codes >= ESCAPE
    if large.any():
        out += np.where(large, np.uint64(ESCAPE), codes).astype(np.uint8).tobytes()
        out += planes(values[large])
    else:
        out += codes.astype(np.uint8).tobytes()
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

    __slots__ = ("codes", "escapes", "same")

    def __init__(
        self, codes: U8 | None = None, escapes: I64 | None = None, same: I64 | None = None
    ) -> None:
        self.codes = codes
        self.escapes = escapes
        self.same = same
        """The whole column, where it was not coded in bytes."""

    @property
    def size(self) -> int:
        """Bytes that it holds on to."""
        parts = (self.codes, self.escapes, self.same)
        return sum(part.nbytes for part in parts if part is not None)

    def add_to(self, column: I64) -> None:
        """Add it to a column, in place."""
        if self.same is not None:
            column += self.same
        if self.codes is not None:
            column += _SIGNED[self.codes]
            if self.escapes is not None:
                column[self.codes == ESCAPE] += self.escapes

    def take_from(self, column: I64) -> None:
        """Take it away from a column, in place."""
        if self.same is not None:
            column -= self.same
        if self.codes is not None:
            column -= _SIGNED[self.codes]
            if self.escapes is not None:
                column[self.codes == ESCAPE] -= self.escapes

    def reordered(self, old: Order, new: Order, rows: int) -> Delta:
        """The same in another order."""
        if self is NOTHING:
            return self
        column = np.zeros(rows, dtype=np.int64)
        self.add_to(column)
        raw = bytearray()
        mode = encode_small(new.rank(old.unrank(column)), raw)
        return read_column(mode, rows, Cursor(bytes(raw)))


NOTHING: Final = Delta()


def read_column(mode: int, rows: int, codes: Cursor) -> Delta:
    """The column that `encode_small` or `encode_whole` wrote."""
    if mode == ZERO:
        return NOTHING
    if mode == BYTES:
        column: U8 = np.frombuffer(codes.take(rows), dtype=np.uint8)
        count = int(np.count_nonzero(column == ESCAPE))
        if not count:
            return Delta(column)
        return Delta(column, from_planes(codes.take(8 * count), count))
    if mode == PLANES:
        return Delta(same=from_planes(codes.take(8 * rows), rows))
    if mode == SAME:
        value = np.frombuffer(codes.take(8), dtype="<i8")
        return Delta(same=np.full(rows, value[0], dtype=np.int64))
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

    def is_like(self, other: Order) -> bool:
        """Whether both surely put rows in the same order."""
        return self is other or (self.ranked is None and other.ranked is None)

    def rank(self, column: I64) -> I64:
        """A column in order of rate."""
        return column if self.ranked is None else column[self.ranked]

    def unrank(self, column: I64) -> I64:
        """A column in the order of its table."""
        return column if self.inverse is None else column[self.inverse]
