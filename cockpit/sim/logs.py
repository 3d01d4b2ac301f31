"""What the partitions of one cluster hold, and how places in them become offsets.

A place counts data records only; offsets also count transaction markers and begin where the log
does. Contents are kept as stretches, never record by record.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

import numpy as np

from cockpit.core.observe import I64

COPIED: Final = -1
"""The lane of a stretch that the mirror copied: its numbers are places in the source's log."""
_NOTHING: Final = -2

Piece = tuple[int, int, int]
"""Lane (or COPIED), number of the first record, count."""


class Logs:
    """P partitions of one cluster.

    `end` is an int64 column of places: how many data records each partition has ever held.
    """

    def __init__(self, partitions: int) -> None:
        self.end: I64 = np.zeros(partitions, dtype=np.int64)
        self._tail_lane: I64 = np.full(partitions, _NOTHING, dtype=np.int64)
        self._tail_next: I64 = np.zeros(partitions, dtype=np.int64)
        self._places: list[list[int]] = [[] for _ in range(partitions)]
        self._pieces: list[list[tuple[int, int]]] = [[] for _ in range(partitions)]

    def append(self, partitions: I64, lanes: I64, numbers: I64, counts: I64) -> None:
        """Append `counts` records, `numbers` and following, of a lane to each partition.

        Aligned columns; no partition may come twice; counts may be 0.
        """
        live = counts > 0
        broken = live & (
            (self._tail_lane[partitions] != lanes) | (self._tail_next[partitions] != numbers)
        )
        if np.count_nonzero(broken):
            for i in np.flatnonzero(broken):
                p, lane = int(partitions[i]), int(lanes[i])
                self._places[p].append(int(self.end[p]))
                self._pieces[p].append((lane, int(numbers[i])))
                self._tail_lane[p] = lane
        after = numbers + counts
        self._tail_next[partitions] = np.where(live, after, self._tail_next[partitions])
        self.end[partitions] += counts

    def truncate(self, partition: int, end: int) -> None:
        """Drop everything from a place on."""
        places, pieces = self._places[partition], self._pieces[partition]
        while places and places[-1] >= end:
            places.pop()
            pieces.pop()
        self._tail_lane[partition] = _NOTHING
        self.end[partition] = end

    def pieces(self, partition: int, first: int, last: int) -> Iterator[Piece]:
        """The stretches that make up the places [first, last), in order."""
        places, pieces = self._places[partition], self._pieces[partition]
        last = min(last, int(self.end[partition]))
        at = max(bisect_right(places, first) - 1, 0)
        while first < last:
            stop = min(places[at + 1] if at + 1 < len(places) else last, last)
            lane, number = pieces[at]
            yield lane, number + first - places[at], stop - first
            first, at = stop, at + 1

    def content(self) -> list[list[list[int]]]:
        """Every stretch of every partition as [place, lane, number], for dumps."""
        return [
            [[place, *piece] for place, piece in zip(places, pieces, strict=True)]
            for places, pieces in zip(self._places, self._pieces, strict=True)
        ]


class OffsetMap:
    """Places to offsets and back, for all partitions of one cluster.

    `base` is where each log starts; with `marker_every` K > 0 every K-th offset holds a marker.
    """

    def __init__(self, base: I64, marker_every: int) -> None:
        if marker_every == 1:
            msg = "a log of nothing but markers holds no record"
            raise ValueError(msg)
        self.base = base
        self.marker_every = marker_every

    def offsets(self, places: I64) -> I64:
        """The offset of the record at each place, or where it will be: past any marker before.

        `places` is [P] or [..., P].
        """
        if not self.marker_every:
            return self.base + places
        return self.base + places + places // (self.marker_every - 1)

    def offset(self, partition: int, place: int) -> int:
        """`offsets` of one place."""
        markers = place // (self.marker_every - 1) if self.marker_every else 0
        return int(self.base[partition]) + place + markers

    def begin_anew(self, partition: int, place: int) -> None:
        """Let the record at a place have offset 0: whatever came before is of another log."""
        self.base[partition] -= self.offset(partition, place)

    def after(self, places: I64) -> I64:
        """The offset right after the last record before each place: before any marker there."""
        return np.where(places > 0, self.offsets(places - 1) + 1, self.base)

    def place(self, partition: int, offset: int) -> int:
        """How many records lie before an offset; negative when it is before the log's start."""
        relative = offset - int(self.base[partition])
        if not self.marker_every or relative < 0:
            return relative
        whole, rest = divmod(relative, self.marker_every)
        return whole * (self.marker_every - 1) + min(rest, self.marker_every - 1)
