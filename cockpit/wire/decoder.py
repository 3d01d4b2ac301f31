"""Frames of one life back to events and snapshots: the inverse of `cockpit.wire.encoder`.

A frame is read for little; the snapshot is built only when it is asked for, and the events only by
a decoder that was told to. Everything that is read may be damaged or made to do harm: whatever is
not as it must be raises WireError, and what a state may take is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from cockpit.core.flight import Event
from cockpit.core.observe import I64
from cockpit.core.snapshot import PartitionTable, Snapshot
from cockpit.wire.again import Again
from cockpit.wire.binary import MAX_JSON, MAX_JSON_PARTS, Cursor, json_value, unpack
from cockpit.wire.column import Column
from cockpit.wire.patches import apply_patch
from cockpit.wire.predict import AS_BEFORE, Prediction, Ref, checked, read_prediction
from cockpit.wire.residuals import Delta, Order, moved, read_column
from cockpit.wire.samples import Rows, event_of
from cockpit.wire.state import COLUMNS, Head
from cockpit.wire.tables import TableShelf
from cockpit.wire.values import WireError, from_json, read_fields
from cockpit.wire.versions import snapshot_tree

MAX_CELLS: Final = 5_000_000
"""Rows of all columns of a state together."""
MAX_HELD: Final = 96 * 1024 * 1024
MAX_INPUTS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of a slot that has columns, as a frame tells it."""

    slot: int
    steps: tuple[tuple[int, Delta], ...]
    """(table, step) of each column."""


class StreamDecoder:
    """Takes payloads of D, K and C records in order; gives what they tell."""

    def __init__(self, tables: TableShelf, head: Head, *, inputs: bool = False) -> None:
        """`inputs`: events are read too; they cost more than all the rest. Raises WireError."""
        self.frames = 0
        """How many frames have been read since the life began: the number of the next one."""
        self.events: tuple[Event, ...] = ()
        """Of the last frame, where they are read."""
        self.tells: tuple[Mapping[str, Any], ...] = ()
        self._tables = tables
        head.check()
        self._names = head.columns
        self._life = head.life
        self._values = head.values
        self._inputs = inputs
        self._slots: list[tuple[str, tuple[int, ...]]] = []
        self._documents: list[Any] = []
        self._series: list[Column] = []
        self._residuals = [Column(looks_back=False) for _ in self._names]
        self._predictions = [Prediction()] * len(self._names)
        self._orders: dict[int, Order] = {}
        self._snapshot: Any = None
        self._table = -1
        self._epoch = 0
        self._taken = 0
        self._built: Snapshot | None = None
        self._again = Again(Snapshot)

    # --- frames -----------------------------------------------------------------------------------

    def frame(self, payload: bytes | memoryview) -> None:
        """Go on by one frame. After a WireError only `load` makes the decoder fit to go on."""
        body = self._body(payload)
        if body.number() != self.frames:
            raise WireError("a frame is not the next one")
        body.number()
        if body.number() != self._epoch:
            raise WireError("rows in an order that is not known")
        fresh = body.part()
        if not fresh.is_done():
            self._declare(_json(fresh))
        shown, heads, inputs, tells = body.part(), body.part(), body.part(), body.part()
        samples = self._heads(heads, body)
        self._built = None
        if self._inputs:
            self.events = tuple(self._events(inputs, samples))
        else:
            for sample in samples:
                self._step(sample)
        self._shown(shown, body)
        self.tells = () if tells.is_done() else _tells(_json(tells))
        if not body.is_done():
            raise WireError("a frame has more than it says")
        self.frames += 1
        self._weigh(len(body.data))

    def remember(self, payload: bytes | memoryview) -> None:
        """Take the samples of a frame from before the sync point that was loaded, for predictions
        that look back, and nothing else of it. Frames must come in order, up to the last before
        that point. Raises WireError, also where rows or their order were others then."""
        body = self._body(payload)
        body.number(), body.number()
        if body.number() != self._epoch:
            raise WireError("rows were in another order")
        _, _, heads, _, _ = (body.part() for _ in range(5))
        for sample in self._heads(heads, body):
            for number, (table, delta) in zip(
                self._slots[sample.slot][1], sample.steps, strict=True
            ):
                if table != self._series[number].table:
                    raise WireError("rows were others")
                self._series[number].remember(delta)
        self._weigh(len(body.data))

    def columns(self) -> tuple[Column, ...]:
        """Every column of the state: those of the snapshot, then those of samples."""
        return (*self._residuals, *self._series)

    def _body(self, payload: bytes | memoryview) -> Cursor:
        body = Cursor(unpack(payload))
        if body.number() != self._life:
            raise WireError("a frame of another life")
        return body

    def snapshot(self) -> Snapshot:
        """What the last frame has shown; raises WireError."""
        if self._built is None:
            self._built = self._build()
        return self._built

    def _declare(self, slots: Any) -> None:  # noqa: ANN401  # JSON
        for name, columns in from_json(tuple[tuple[str, tuple[str, ...]], ...], slots):
            first = len(self._series)
            self._slots.append((name, tuple(range(first, first + len(columns)))))
            self._documents.append(None)
            self._series.extend(Column() for _ in columns)
        if len(self._slots) > MAX_INPUTS or len(self._series) > MAX_INPUTS:
            raise WireError("more feeds than a reader takes")

    def _heads(self, heads: Cursor, codes: Cursor) -> list[Sample]:
        samples: list[Sample] = []
        tables: dict[int, int] = {}
        for _ in range(_bounded(heads.number())):
            slot = heads.number()
            steps: list[tuple[int, Delta]] = []
            for number in self._slot(slot)[1]:
                table, mode = heads.number(), heads.number()
                rows = tables.get(table)
                if rows is None:
                    rows = tables[table] = len(self._tables.names(table))
                steps.append((table, read_column(mode, rows, codes)))
                del number
            samples.append(Sample(slot, tuple(steps)))
        return samples

    def _slot(self, number: int) -> tuple[str, tuple[int, ...]]:
        if number >= len(self._slots):
            raise WireError("a feed that was not declared")
        return self._slots[number]

    def _step(self, sample: Sample) -> None:
        for number, (table, delta) in zip(self._slots[sample.slot][1], sample.steps, strict=True):
            self._advance(self._series[number], table, delta)

    def _advance(self, series: Column, table: int, delta: Delta) -> None:
        if table == series.table:
            series.step(delta)
            return
        rows = len(self._tables.names(table))
        column = resized(series.at(0), rows)
        series.begin(table, self._order(table, rows), column)
        series.change(delta)
        self._check_cells()

    def _order(self, table: int, rows: int) -> Order:
        order = self._orders.get(table) or Order.plain(rows)
        if order.rows != rows:
            raise WireError("an order of another number of rows")
        return order

    def _events(self, inputs: Cursor, samples: Sequence[Sample]) -> list[Event]:
        events: list[Event] = []
        left = iter(samples)
        for _ in range(_bounded(inputs.number())):
            slot = inputs.number()
            name, columns = self._slot(slot)
            document = self._documents[slot] = apply_patch(self._documents[slot], inputs)
            rows: list[Rows] = []
            if columns:
                sample = next(left, None)
                if sample is None or sample.slot != slot:
                    raise WireError("columns of another feed")
                self._step(sample)
                rows = [self._rows(self._series[number]) for number in columns]
            events.append(event_of(name, document, rows))
        if next(left, None) is not None or not inputs.is_done():
            raise WireError("columns of no event")
        return events

    def _rows(self, series: Column) -> Rows:
        table = series.table
        return Rows(self._tables.names(table), series.at(0), lambda: self._tables.keys(table))

    def _shown(self, shown: Cursor, codes: Cursor) -> None:
        table = shown.number()
        self._snapshot = apply_patch(self._snapshot, shown)
        if table != self._table:
            self._table = table
        rows = len(self._tables.names(table))
        for i, residual in enumerate(self._residuals):
            head = shown.number()
            if head >> 2 != AS_BEFORE:
                self._predictions[i] = read_prediction(head >> 2, shown)
            self._advance(residual, table, read_column(head & 3, rows, codes))
        if not shown.is_done():
            raise WireError("a snapshot has more than it says")

    # --- sync points ------------------------------------------------------------------------------

    def load(self, key: bytes | memoryview, difference: bytes | memoryview | None = None) -> None:
        """Begin at a K record, or at a C record with the K record that it refers to."""
        body = self._body(key)
        self.frames, self._epoch = body.number(), body.number()
        state = body.json()
        heads = _orders(body)
        modes = body.part()
        self._orders = {
            number: Order(np.frombuffer(body.take(rows), dtype=np.uint8), rows)
            for number, rows in heads
        }
        self._set(state)
        self._columns(modes, body, [None] * (len(self._names) + len(self._series)))
        if not body.is_done():
            raise WireError("a key frame has more than it says")
        if difference is not None:
            self._differ(state, self._body(difference))
        self._built = None
        self.events, self.tells = (), ()
        self._taken = 0

    def _differ(self, state: Any, body: Cursor) -> None:  # noqa: ANN401  # JSON
        frames = body.number()
        if body.number() != self.frames or frames < self.frames:
            raise WireError("a difference to another frame")
        self.frames = frames
        patch, modes = body.part(), body.part()
        before = [column.at(0) for column in self.columns()]
        self._set(apply_patch(state, patch))
        more = len(self._names) + len(self._series) - len(before)
        self._columns(modes, body, [*before, *[None] * more])
        if not body.is_done():
            raise WireError("a difference has more than it says")

    def reorder(self, key: bytes | memoryview) -> None:
        """Go over to the order of rows of a K record that comes after the last frame read."""
        body = self._body(key)
        if body.number() != self.frames:
            raise WireError("a key frame of another moment")
        epoch = body.number()
        body.part()
        heads = _orders(body)
        body.part()
        orders = {}
        for number, rows in heads:
            orders[number] = Order(np.frombuffer(body.take(rows), dtype=np.uint8), rows)
        self._orders, self._epoch = orders, epoch
        for column in self.columns():
            if column.table >= 0:
                column.reorder(self._order(column.table, column.rows))

    def _set(self, state: Any) -> None:  # noqa: ANN401  # JSON
        """Take over everything but the columns from the tree of a state."""
        wanted = {"slots", "documents", "tables", "snapshot", "table", "predictions"}
        if not isinstance(state, dict) or not state.keys() >= wanted:
            raise WireError("a state without all of its parts")
        self._slots, self._documents, self._series = [], [], []
        self._declare(state["slots"])
        documents, self._snapshot = state["documents"], state["snapshot"]
        tables: tuple[int, ...] = from_json(tuple[int, ...], state["tables"])
        if not isinstance(documents, list) or len(documents) != len(self._slots):
            raise WireError("a state with another number of documents")
        if len(tables) != len(self._series):
            raise WireError("a state with another number of columns")
        self._documents = documents
        for series, table in zip(self._series, tables, strict=True):
            series.table = table
        self._table = from_json(int, state["table"])
        read: Any = from_json(
            tuple[tuple[int, tuple[tuple[int, int], ...], int], ...], state["predictions"]
        )
        if len(read) != len(self._names):
            raise WireError("a state with another number of predictions")
        self._predictions = [
            checked(Prediction(kind, tuple(Ref(*ref) for ref in refs), span))
            for kind, refs, span in read
        ]

    def _columns(self, modes: Cursor, codes: Cursor, before: Sequence[I64 | None]) -> None:
        tables = [self._table] * len(self._names) + [series.table for series in self._series]
        columns = [*self._residuals, *self._series]
        sizes = {number: len(self._tables.names(number)) for number in {*tables} if number >= 0}
        if sum(sizes.get(table, 0) for table in tables) > MAX_CELLS:
            raise WireError("more columns than a reader takes")
        for column, table, was in zip(columns, tables, before, strict=True):
            rows = sizes.get(table, 0)
            delta = read_column(modes.number(), rows, codes)
            order = self._order(table, rows) if table >= 0 else Order.plain(0)
            if was is None:  # whole, as in its table
                empty = np.zeros(rows, dtype=np.int64)
                column.begin(table, order, moved(empty, [(Order.plain(rows), delta)]))
            else:
                column.begin(table, order, resized(was, rows))
                column.change(delta)

    def _check_cells(self) -> None:
        if sum(one.rows for one in self.columns()) > MAX_CELLS:
            raise WireError("more columns than a reader takes")

    def _weigh(self, more: int) -> None:
        """What steps and documents hold on to is bounded."""
        held = sum(one.held for one in self.columns())
        if held > MAX_HELD:
            raise WireError("more samples to look back on than a reader takes")
        self._taken += more
        if self._taken > MAX_JSON:
            parts, size = weight([self._documents, self._snapshot])
            if parts > MAX_JSON_PARTS or size > MAX_JSON:
                raise WireError("documents are larger than a reader takes")
            self._taken = 0

    # --- the snapshot -----------------------------------------------------------------------------

    def _build(self) -> Snapshot:
        if not isinstance(self._snapshot, dict):
            raise WireError("there is no snapshot yet")
        tree = dict(snapshot_tree(self._snapshot, self._values))
        head = tree.pop("partitions", None)
        if not isinstance(head, dict):
            raise WireError("a snapshot without partitions")
        rows = len(self._tables.names(self._table))
        columns: list[I64] = []

        def fetch(ref: Ref) -> I64:
            if ref.series < 0:
                if ref.back >= len(columns):
                    raise WireError("a prediction from a column that comes later")
                return columns[ref.back]
            if ref.series >= len(self._series):
                raise WireError("a prediction from a column that there is not")
            series = self._series[ref.series]
            return self._tables.realign(self._table, series.table, series.at(ref.back))

        for residual, prediction in zip(self._residuals, self._predictions, strict=True):
            columns.append(residual.at(0) + prediction.of(fetch, rows))
        named = dict(zip(self._names, columns, strict=True))
        table = {name: named[name] for name in COLUMNS}
        keys = self._tables.keys(self._table)
        partitions = read_fields(PartitionTable, head, keys=keys, **table)
        snapshot: Snapshot = self._again.read(tree, partitions=partitions)
        return snapshot


def resized(column: I64, rows: int) -> I64:
    """A column for another table: its first rows, 0 in those that are more."""
    if len(column) == rows:
        return column
    found = np.zeros(rows, dtype=np.int64)
    count = min(rows, len(column))
    found[:count] = column[:count]
    return found


def weight(tree: Any) -> tuple[int, int]:  # noqa: ANN401  # any JSON value
    """How many values a tree has, and how many characters in texts."""
    parts = size = 0
    left = [tree]
    while left:
        one = left.pop()
        parts += 1
        if isinstance(one, str):
            size += len(one)
        elif isinstance(one, dict):
            left.extend(one.values())
            size += sum(map(len, one))
        elif isinstance(one, list):
            left.extend(one)
    return parts, size


def _orders(body: Cursor) -> list[tuple[int, int]]:
    found = [(body.number(), body.number()) for _ in range(_bounded(body.number()))]
    if sum(rows for _, rows in found) > MAX_CELLS // 2:
        raise WireError("more rows in order than a reader takes")
    return found


def _bounded(count: int) -> int:
    if count > MAX_INPUTS:
        raise WireError("more parts than a reader takes")
    return count


def _json(part: Cursor) -> Any:  # noqa: ANN401  # any JSON value
    return json_value(part.take(part.end - part.at))


def frame_tells(payload: bytes | memoryview) -> tuple[Mapping[str, Any], ...]:
    """What a frame has told, of it alone: nothing before it is needed. Raises WireError."""
    tells = _parts(payload)[0]
    return () if tells.is_done() else _tells(_json(tells))


def frame_columns(payload: bytes | memoryview) -> bytes:
    """A frame's column bytes, unpacked: samples, and what no prediction has told. Raises
    WireError."""
    body = _parts(payload)[1]
    return body.take(body.end - body.at)


def _parts(payload: bytes | memoryview) -> tuple[Cursor, Cursor]:
    """A frame's tells, and what comes behind all of its parts."""
    body = Cursor(unpack(payload))
    for _ in range(4):  # life, number, how far it reaches back, order
        body.number()
    for _ in range(4):
        body.part()
    return body.part(), body


def _tells(tree: Any) -> tuple[Mapping[str, Any], ...]:  # noqa: ANN401  # JSON
    if not isinstance(tree, list) or not all(isinstance(one, dict) for one in tree):
        raise WireError("tells are a list of objects")
    return tuple(tree)
