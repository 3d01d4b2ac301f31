"""Tables of keys: which partition each row of a column belongs to. Never changes one it has told.

A table is written once, with a number of its own, before the first frame that needs it: runs of
[topic, first partition, how many].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from cockpit.core.observe import I64, MISSING, PartitionKeys, TopicPartition
from cockpit.wire.binary import Cursor, json_text, pack, put_bytes, put_number, unpack
from cockpit.wire.values import WireError

MAX_ROWS: Final = 500_000
"""Of a table, and of all tables that a reader has at hand."""
_REMEMBERED: Final = 8
_OBJECTS: Final = 3
"""So many objects that name the same rows are known by themselves, without a look at the rows."""

Names = tuple[TopicPartition, ...]


def write_table(number: int, names: Names, *, life: int, level: int) -> bytes:
    """The payload of a table."""
    runs: list[list[str | int]] = []
    for topic, partition in names:
        if runs and runs[-1][0] == topic and partition == int(runs[-1][1]) + int(runs[-1][2]):
            runs[-1][2] = int(runs[-1][2]) + 1
        else:
            runs.append([topic, partition, 1])
    body = bytearray()
    put_number(body, life)
    put_number(body, number)
    put_bytes(body, json_text(runs))
    return pack(body, level)


def read_table(payload: bytes | memoryview, life: int = 0) -> tuple[int, Names]:
    """Number and rows of a table; raises WireError, also where it belongs to another life."""
    body = Cursor(unpack(payload))
    if body.number() != life:
        raise WireError("a table of another life")
    number, runs = body.number(), body.json()
    if not isinstance(runs, list):
        raise WireError("a table is a list of runs")
    names: list[TopicPartition] = []
    for run in runs:
        topic, first, count = _run(run)
        if count < 1 or len(names) + count > MAX_ROWS:
            raise WireError("a table has more rows than a reader takes")
        names.extend((topic, partition) for partition in range(first, first + count))
    return number, tuple(names)


def _run(run: Any) -> tuple[str, int, int]:  # noqa: ANN401  # any JSON value
    if not isinstance(run, list) or len(run) != 3:
        raise WireError("a run of a table has three parts")
    topic, first, count = run
    if not isinstance(topic, str) or type(first) is not int or type(count) is not int:
        raise WireError("a run of a table is a topic and two numbers")
    return topic, first, count


class TableBook:
    """The tables of a stream that is written: gives each its number, once."""

    def __init__(self) -> None:
        self._known: list[tuple[list[Names], int]] = []
        self._next = 0
        self.fresh: list[tuple[int, Names]] = []
        """Not written yet."""

    def number(self, names: Names) -> int:
        """The number of a table. Tables that were used lately are found again."""
        for i, (objects, number) in enumerate(self._known):
            for known in objects:
                if known is names:
                    self._known.insert(0, self._known.pop(i))
                    return number
        for i, (objects, number) in enumerate(self._known):
            if objects[0] == names:
                objects[:] = [names, *objects[: _OBJECTS - 1]]
                self._known.insert(0, self._known.pop(i))
                return number
        number, self._next = self._next, self._next + 1
        self._known = [([names], number), *self._known[: _REMEMBERED - 1]]
        self.fresh.append((number, names))
        return number


class TableShelf:
    """The tables of a stream that is read; `load` finds the rows of one that is not here."""

    def __init__(self, load: Callable[[int], Names] | None = None) -> None:
        self._load = load
        self._names: dict[int, Names] = {}
        self._keys: dict[int, PartitionKeys] = {}
        self._places: dict[tuple[int, int], I64] = {}

    def put(self, number: int, names: Names) -> None:
        """One more table; raises WireError where there are more rows than a reader takes."""
        if len(names) + sum(map(len, self._names.values())) > MAX_ROWS * 4:
            raise WireError("more tables than a reader takes")
        self._names[number] = names
        self._keys.pop(number, None)
        self._places = {pair: at for pair, at in self._places.items() if number not in pair}

    def names(self, number: int) -> Names:
        """The rows of a table; raises WireError where there is no such table."""
        if (found := self._names.get(number)) is None:
            if self._load is None:
                msg = f"there is no table {number}"
                raise WireError(msg)
            found = self._load(number)
            rows = sum(map(len, self._names.values()))
            if len(self._names) >= 4 * _REMEMBERED or rows + len(found) > MAX_ROWS:
                self._names.clear()
                self._keys.clear()
                self._places.clear()
            self._names[number] = found
        return found

    def keys(self, number: int) -> PartitionKeys:
        """The same as keys of the core: one object for each table."""
        if (found := self._keys.get(number)) is None:
            found = self._keys[number] = PartitionKeys.of(self.names(number))
        return found

    def realign(self, to: int, table: int, column: I64) -> I64:
        """A column of one table in the order of another; MISSING where it has no value."""
        if to == table:
            return column
        if (places := self._places.get((to, table))) is None:
            if len(self._places) >= 4 * _REMEMBERED:
                self._places.clear()
            places = self._places[to, table] = row_places(self.names(to), self.names(table))
        return take_places(places, column)


def row_places(to: Sequence[TopicPartition], names: Sequence[TopicPartition]) -> I64:
    """Where each row of one table is in the other; -1: nowhere. The last of equal names counts."""
    position = {name: i for i, name in enumerate(names)}
    return np.array([position.get(name, -1) for name in to], dtype=np.int64)


def take_places(places: I64, column: I64) -> I64:
    """A column by places; MISSING where there is none."""
    if not len(column):
        return np.full(len(places), MISSING, dtype=np.int64)
    return np.where(places >= 0, column[places], MISSING)
