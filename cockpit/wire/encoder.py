"""Events and snapshots of one life to frames of a recording, or of a socket.

One encoder serves one engine from its beginning to its end. Never touches a file or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np

from cockpit.core.flight import Event
from cockpit.core.observe import I64
from cockpit.core.snapshot import Snapshot
from cockpit.wire.binary import json_text, pack, put_bytes, put_json, put_number
from cockpit.wire.guess import Ring, Rings, as_before, candidates, choose, probe_rows
from cockpit.wire.patches import write_patch
from cockpit.wire.predict import AS_BEFORE, NONE, Prediction, Ref, put_prediction
from cockpit.wire.residuals import ZERO, Order, classes_of, encode_small, encode_whole
from cockpit.wire.samples import Apart, Parts, slot_columns
from cockpit.wire.state import COLUMNS, snapshot_document
from cockpit.wire.tables import TableBook, row_places, take_places, write_table
from cockpit.wire.trees import to_tree

LEVEL: Final = 6
_MIRROR_COLUMN: Final = COLUMNS.index("mirror_position")
_PLACES: Final = 16
_MOSTLY: Final = 4
"""Columns so many times as long as the rest: they are noise, between which nothing repeats."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One frame, and the tables that must go before it."""

    tables: tuple[bytes, ...]
    """Payloads of P records."""
    frame: bytes
    """The payload of a D record."""


@dataclass(slots=True)
class _Series:
    """One column of a slot's events, as it was told last."""

    table: int = -1
    column: I64 = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    since: I64 | None = None
    """As it was when the order was last made."""
    ring: Ring = field(default_factory=Ring)


@dataclass(frozen=True, slots=True)
class _Base:
    """The state that differences are made to."""

    frames: int
    tree: Mapping[str, Any]
    columns: tuple[I64, ...]


class StreamEncoder:
    """Takes what went into the core and what came out; gives payloads."""

    def __init__(self, *, level: int = LEVEL, life: int = 0) -> None:
        """`level`: of zlib, 1 to 9; 0 does not compress. `life`: tells streams of one recording
        apart, every payload carries it."""
        self.frames = 0
        self.level = level
        self.life = life
        self._book = TableBook()
        self._names: dict[int, tuple[tuple[str, int], ...]] = {}
        self._places: dict[tuple[int, int], I64] = {}
        self._apart = Apart()
        self._slots: dict[str, int] = {}
        self._slot_heads: list[list[object]] = []
        self._documents: list[Mapping[str, Any] | None] = []
        self._series: list[_Series] = []
        self._by_slot: list[tuple[int, ...]] = []
        self._rings: Rings = {}
        self._orders: dict[int, Order] = {}
        self._events: list[Event] = []
        self._tells: list[Mapping[str, Any]] = []
        self._snapshot: Mapping[str, Any] | None = None
        self._table = -1
        self._residuals: list[I64] = [np.empty(0, dtype=np.int64)] * len(COLUMNS)
        self._nothing: I64 = np.empty(0, dtype=np.int64)
        """Of as many rows as the snapshot: the same object tells that nothing has changed."""
        self._predictions = [Prediction()] * len(COLUMNS)
        self._base: _Base | None = None
        self._epoch = 0
        """How often the rows have been put in order."""

    def observe(self, event: Event) -> None:
        """An event that the core has taken, in order."""
        self._events.append(event)

    def tell(self, event: Mapping[str, Any]) -> None:
        """An event that every listener gets; JSON-able."""
        self._tells.append(event)

    def publish(self, snapshot: Snapshot) -> Encoded:
        """The frame of a snapshot, with all that has come since the one before."""
        heads, inputs, codes = bytearray(), bytearray(), bytearray()
        known = len(self._slots)
        parts = [self._apart.event(event) for event in self._events]
        put_number(inputs, len(parts))
        put_number(heads, sum(1 for part in parts if part.columns))
        for part in parts:
            self._input(part, heads, inputs, codes)
        shown, reach = self._shown(snapshot, codes)
        body = bytearray()
        for number in (self.life, self.frames, reach, self._epoch):
            put_number(body, number)
        new = self._slot_heads[known:]
        put_bytes(body, b"" if not new else json_text(new))
        for section in (shown, heads, inputs):
            put_bytes(body, section)
        put_bytes(body, b"" if not self._tells else json_text(to_tree(self._tells)))
        self._events, self._tells = [], []
        self.frames += 1
        fresh, self._book.fresh = self._book.fresh, []
        tables = tuple(
            write_table(number, names, life=self.life, level=self.level) for number, names in fresh
        )
        runs = len(codes) > _MOSTLY * len(body)
        return Encoded(tables, pack(body + codes, self.level, runs=runs))

    def key(self, *, base: bool = False) -> bytes:
        """The payload of a K record: everything as the last frame left it.

        Frames after it may look back at samples from before it: see `cockpit.wire.backlog`.
        `base`: rows are put in order of rate anew, and differences are made to this state from now
        on; everybody who reads on must be given it.
        """
        if base:
            self._reorder()
        body, codes = bytearray(), bytearray()
        tree = self._tree()
        columns = self._columns()
        for number in (self.life, self.frames, self._epoch):
            put_number(body, number)
        put_json(body, to_tree(tree))
        orders = [
            (number, order.classes)
            for number, order in self._orders.items()
            if order.ranked is not None and order.classes is not None
        ]
        put_number(body, len(orders))
        for number, classes in orders:
            put_number(body, number)
            put_number(body, len(classes))
            codes += classes.tobytes()
        modes = bytes(encode_whole(column, codes) for column in columns)
        put_bytes(body, modes)
        if base:
            self._base = _Base(self.frames, tree, columns)
            for series in self._series:
                series.since = series.column
        return pack(body + codes, self.level)

    def difference(self) -> bytes:
        """The payload of a C record: the state as it differs from the last base."""
        if self._base is None:
            raise ValueError("there is no base yet")
        body, codes = bytearray(), bytearray()
        for number in (self.life, self.frames, self._base.frames):
            put_number(body, number)
        patch = bytearray()
        write_patch(self._base.tree, self._tree(), patch)
        put_bytes(body, patch)
        modes = bytearray()
        tables = [self._table] * len(COLUMNS) + [series.table for series in self._series]
        for i, column in enumerate(self._columns()):
            was = self._base.columns[i] if i < len(self._base.columns) else None
            change = self._ordered(tables[i], column - resized(was, len(column)))
            modes.append(encode_whole(change, codes))
        put_bytes(body, modes)
        return pack(body + codes, self.level)

    # --- inputs -----------------------------------------------------------------------------------

    def _slot(self, name: str) -> int:
        if (number := self._slots.get(name)) is None:
            number = self._slots[name] = len(self._slots)
            columns = slot_columns(name)
            feed = name.rpartition(" ")[2]
            first = len(self._series)
            for column in columns:
                series = _Series()
                self._rings[f"{feed}.{column}"] = (len(self._series), series.ring)
                self._series.append(series)
            self._by_slot.append(tuple(range(first, first + len(columns))))
            self._slot_heads.append([name, list(columns)])
            self._documents.append(None)
        return number

    def _input(self, part: Parts, heads: bytearray, inputs: bytearray, codes: bytearray) -> None:
        slot = self._slot(part.slot)
        put_number(inputs, slot)
        write_patch(self._documents[slot], part.document, inputs)
        self._documents[slot] = part.document
        if not part.columns:
            return
        put_number(heads, slot)
        for number, (names, column) in zip(self._by_slot[slot], part.columns, strict=True):
            table = self._number(names)
            series = self._series[number]
            was = resized(series.column, len(column)) if table != series.table else series.column
            put_number(heads, table)
            heads.append(self._put_change(table, column, was, codes))
            series.table, series.column = table, column
            if series.since is None or len(series.since) != len(column):
                series.since = column
            series.ring.add(table, column, part.at_ms, self.frames)

    def _number(self, names: tuple[tuple[str, int], ...]) -> int:
        number = self._book.number(names)
        if number not in self._names:
            self._names[number] = names
            self._forget_tables()
        return number

    def _forget_tables(self) -> None:
        """Names and places of tables that nothing has any more."""
        used = {series.table for series in self._series} | {self._table} | {max(self._names)}
        if len(self._names) > len(used) + _PLACES:
            self._names = {n: names for n, names in self._names.items() if n in used}
            self._places = {}

    # --- the snapshot -----------------------------------------------------------------------------

    def _shown(self, snapshot: Snapshot, codes: bytearray) -> tuple[bytearray, int]:
        """The section of a snapshot, and how many frames back it refers."""
        out = bytearray()
        document = snapshot_document(snapshot)
        table = self._number(snapshot.partitions.keys.names)
        put_number(out, table)
        write_patch(self._snapshot, document, out)
        self._snapshot = document
        rows = len(snapshot.partitions.keys)
        if table != self._table:
            self._residuals = [resized(column, rows) for column in self._residuals]
            self._table = table
        columns = [
            np.asarray(getattr(snapshot.partitions, name), dtype=np.int64) for name in COLUMNS
        ]
        aligned: dict[Ref, I64] = {}

        def fetch(ref: Ref) -> I64:
            if ref.series < 0:
                return columns[ref.back]
            if (found := aligned.get(ref)) is None:
                found = aligned[ref] = self._aligned(ref)
            return found

        if len(self._nothing) != rows:
            self._nothing = np.zeros(rows, dtype=np.int64)
        for i, column in enumerate(columns):
            chosen, residual = self._foretold(i, column, fetch)
            mode = self._put_change(table, residual, self._residuals[i], codes)
            is_known = chosen == self._predictions[i]
            out.append((AS_BEFORE if is_known else chosen.kind) << 2 | mode)
            if not is_known:
                put_prediction(out, chosen)
            self._residuals[i], self._predictions[i] = residual, chosen
        return out, self._reach()

    def _foretold(self, i: int, column: I64, fetch: Callable[[Ref], I64]) -> tuple[Prediction, I64]:
        """How a column is foretold, and what it is more than that."""
        last, before = self._predictions[i], self._residuals[i]
        rows = len(column)
        tried = partial(candidates, COLUMNS[i], self._rings, _MIRROR_COLUMN, self.frames)
        if last.kind == NONE and column is before:
            return last, before
        # what has foretold all of it a second ago most often does so again: no other is tried then
        if before is self._nothing and (likely := as_before(tried(), last)) is not None:
            foretold = likely.of(fetch, rows)
            if foretold is column or np.array_equal(foretold, column):
                return likely, before
        chosen = choose(tried(), fetch, column, before, probe_rows(rows))
        if chosen.kind == NONE:
            return chosen, column
        foretold = chosen.of(fetch, rows)
        if foretold is column or np.array_equal(foretold, column):
            return chosen, self._nothing
        return chosen, column - foretold

    def _aligned(self, ref: Ref) -> I64:
        """A sample of a series in the order of the snapshot."""
        series = self._series[ref.series]
        kept = series.ring.at(ref.back)
        assert kept is not None
        if series.table == self._table:
            return kept.column
        pair = (self._table, series.table)
        if (places := self._places.get(pair)) is None:
            names = self._names
            places = self._places[pair] = row_places(names[pair[0]], names[pair[1]])
        return take_places(places, kept.column)

    def _reach(self) -> int:
        """How many frames before this one tell the oldest sample that is referred to."""
        frames = [self.frames]
        for prediction in self._predictions:
            for ref in prediction.refs:
                if ref.series >= 0 and ref.back:
                    kept = self._series[ref.series].ring.at(ref.back)
                    frames.append(kept.frame if kept else self.frames)
        return self.frames - min(frames)

    # --- the whole state --------------------------------------------------------------------------

    def _tree(self) -> dict[str, Any]:
        return {
            "slots": list(self._slot_heads),
            "documents": list(self._documents),
            "tables": [series.table for series in self._series],
            "snapshot": self._snapshot,
            "table": self._table,
            "predictions": [found.as_tree() for found in self._predictions],
        }

    def _columns(self) -> tuple[I64, ...]:
        return (*self._residuals, *(series.column for series in self._series))

    def _put_change(self, table: int, column: I64, was: I64, codes: bytearray) -> int:
        """Append a column's change in order of rate; returns its mode."""
        if column is was:
            return ZERO
        change = column - was
        return encode_small(change, codes, self._orders.get(table))

    def _ordered(self, table: int, column: I64) -> I64:
        order = self._orders.get(table)
        return column if order is None else order.rank(column)

    def _reorder(self) -> None:
        self._epoch += 1
        growth: dict[int, I64] = {}
        for series in self._series:
            if series.since is None or len(series.since) != len(series.column):
                continue
            change = np.abs(series.column - series.since)
            known = growth.get(series.table)
            growth[series.table] = change if known is None else known + change
        self._orders = {
            table: Order(classes_of(change), len(change))
            for table, change in growth.items()
            if len(change)
        }


def resized(column: I64 | None, rows: int) -> I64:
    """A column for another table: its first rows, 0 in those that are more."""
    found = np.zeros(rows, dtype=np.int64)
    if column is not None:
        count = min(rows, len(column))
        found[:count] = column[:count]
    return found
