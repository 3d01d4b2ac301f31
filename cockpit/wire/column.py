"""One series of a stream as a reader keeps it: a column, and the steps that have led to it.

Steps are added up only when somebody asks for the column, many in one go. A column that was handed
out is never written to.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Final

import numpy as np

from cockpit.core.observe import I64
from cockpit.wire.residuals import NOTHING, Delta, Order, Step, moved
from cockpit.wire.values import WireError

MAX_BACK: Final = 127
KEPT_ROWS: Final = 16_000_000
"""Samples of a series that are kept to look back are not more than have so many rows together."""
_BEHIND: Final = 64
_BEHIND_BYTES: Final = 16
"""More steps, or more bytes of steps for each row, do not wait to be added up."""


class Column:
    """The newest column in the order of its table, and former samples."""

    def __init__(self, *, looks_back: bool = True) -> None:
        """`looks_back`: former samples are asked for too."""
        self._looks_back = looks_back
        self.table = -1
        self.order = Order.plain(0)
        """Of rows, in which the next step comes."""
        self._column: I64 = np.empty(0, dtype=np.int64)
        self._behind: list[Step] = []
        """Not in the column yet."""
        self._behind_bytes = 0
        self._steps: deque[Step] = deque()
        """From sample to sample up to the newest."""
        self.held = 0
        """Bytes that its former samples hold on to."""

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self._column)

    def begin(self, table: int, order: Order, column: I64) -> None:
        """A column of another table, or at another time; in the order of the table."""
        self.table, self.order, self._column = table, order, column
        self._behind, self._behind_bytes = [], 0
        self._steps.clear()
        self.held = 0

    def change(self, delta: Delta) -> None:
        """Add something that is no sample of its own."""
        if delta is NOTHING:
            return
        self._behind.append((self.order, delta))
        self._behind_bytes += delta.size
        if len(self._behind) > _BEHIND or self._behind_bytes > _BEHIND_BYTES * self.rows:
            self._catch_up()

    def step(self, delta: Delta) -> None:
        """The next sample."""
        self.change(delta)
        if self._looks_back:
            self.remember(delta)

    def remember(self, delta: Delta) -> None:
        """A step to look back over that is in the column already, newer than those before."""
        self._steps.append((self.order, delta))
        self.held += delta.size
        if len(self._steps) > min(MAX_BACK, KEPT_ROWS // max(self.rows, 1)):
            self.held -= self._steps.popleft()[1].size

    def at(self, back: int) -> I64:
        """The column so many samples before the newest, in the order of its table."""
        if back > len(self._steps):
            raise WireError("a prediction looks back further than there are samples")
        self._catch_up()
        if not back:
            return self._column
        steps = islice(self._steps, len(self._steps) - back, None)
        return moved(self._column, list(steps), back=True)

    def reorder(self, order: Order) -> None:
        """Steps come in another order of rows from now on."""
        if order.rows != self.rows:
            raise WireError("an order of another number of rows")
        self.order = order

    def _catch_up(self) -> None:
        if self._behind:
            self._column = moved(self._column, self._behind)
            self._behind, self._behind_bytes = [], 0
