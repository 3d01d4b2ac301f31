"""The most of many rows in equal stretches of a session: what a heat map is drawn from.

A whole column of partitions is taken in at once; nothing is kept of a single look.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from cockpit.core.observe import I64, MISSING, PartitionKeys
from cockpit.report.document import Band, Heat, Tick

STRETCHES: Final = 120
"""A grid has at most so many columns."""
SHORTEST_MS: Final = 2_000
"""Looks are about a second apart: each column has one."""
MOST_ROWS: Final = 40
"""Rows that a heat map shows: those with the most."""


class Grid:
    """Grows look by look, in order of time."""

    def __init__(self, from_ms: int, to_ms: int) -> None:
        span_ms = max(to_ms - from_ms, 1)
        self.from_ms = from_ms
        self.step_ms = max(SHORTEST_MS, math.ceil(span_ms / STRETCHES))
        self.columns = math.ceil(span_ms / self.step_ms)
        self._parts: list[tuple[int, PartitionKeys, I64]] = []
        self._rows: dict[str, list[float | None]] = {}
        self._newest = -1

    def column(self, at_ms: int) -> int:
        """In which stretch a moment lies."""
        return min(max((at_ms - self.from_ms) // self.step_ms, 0), self.columns - 1)

    def is_new(self, at_ms: int) -> bool:
        """Whether this is the first question of that kind in its stretch."""
        column = self.column(at_ms)
        if column == self._newest:
            return False
        self._newest = column
        return True

    def put(self, name: str, at_ms: int, value: float | None) -> None:
        """One row's value; None: not known."""
        row = self._rows.setdefault(name, [None] * self.columns)
        column = self.column(at_ms)
        before = row[column]
        if value is not None:
            row[column] = value if before is None else max(before, value)

    def put_all(self, at_ms: int, keys: PartitionKeys, values: I64) -> None:
        """A value for each partition, MISSING where not known."""
        column = self.column(at_ms)
        if self._parts and self._parts[-1][:2] == (column, keys):
            most = self._parts[-1][2]
            np.maximum(most, values, out=most)
        else:
            self._parts.append((column, keys, values.copy()))

    def heat(
        self,
        name: str,
        title: str,
        unit: str,
        steps: tuple[float, ...],
        ticks: tuple[Tick, ...] = (),
        bands: tuple[Band, ...] = (),
        *,
        alarming: bool = False,
    ) -> Heat:
        """The rows with the most, of each group as many; of equals those whose names come first."""
        most = self._most()
        kept = self._kept(most)
        order = {row: number for number, row in enumerate(most)}
        rows = {row: self._rows.get(row, [None] * self.columns) for row in kept}
        for column, keys, values in self._parts:
            for row in kept:
                topic, _, number = row.rpartition("/")
                place = keys.position.get((topic, int(number)))
                if place is not None and values[place] != MISSING:
                    before = rows[row][column]
                    value = float(values[place])
                    rows[row][column] = value if before is None else max(before, value)
        found = tuple((row, tuple(rows[row])) for row in sorted(kept, key=order.__getitem__))
        return Heat(
            name, title, unit, self.from_ms, self.step_ms, found, steps, len(most), alarming, ticks,
            bands,
        )  # fmt: skip

    def _kept(self, most: Mapping[str, float]) -> list[str]:
        """The rows with the most; of each group of rows (`group: row`) equally many."""
        groups: dict[str, list[str]] = {}
        for row in sorted(most, key=lambda row: (-most[row], row)):
            groups.setdefault(row.rpartition(": ")[0], []).append(row)
        each = max(1, MOST_ROWS // max(1, len(groups)))
        return [row for rows in groups.values() for row in rows[:each]][:MOST_ROWS]

    def _most(self) -> dict[str, float]:
        """The most that each row ever had, in the order in which they were first seen."""
        found = {
            name: max((value for value in row if value is not None), default=-math.inf)
            for name, row in self._rows.items()
        }
        whole: list[tuple[PartitionKeys, I64]] = []
        for _, keys, values in self._parts:
            if whole and whole[-1][0] == keys:
                np.maximum(whole[-1][1], values, out=whole[-1][1])
            else:
                whole.append((keys, values.copy()))
        for keys, values in whole:
            for (topic, number), value in zip(keys.names, values.tolist(), strict=True):
                row = f"{topic}/{number}"
                known = -math.inf if value == MISSING else float(value)
                found[row] = max(found.get(row, -math.inf), known)
        return found
