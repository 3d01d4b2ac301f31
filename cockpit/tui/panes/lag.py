"""Pane 2: replication lag of every partition, worst first, straight from the snapshot's columns; or
lags added up by topic, by group or by service.

`lag` is by the mirror's position, `by logs` the independent second reading; `left` is how long the
whole topic takes at the pace of the last minutes.

Never copies the table and never turns an unknown or a stale value into a number.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import ClassVar, cast

import numpy as np

from cockpit.core.lagview import LAG_BY, LagBy, LagRow, lag_rows
from cockpit.core.observe import MISSING, PartitionKeys, TopicPartition, Unknown
from cockpit.core.snapshot import DrainView, PartitionTable, Snapshot
from cockpit.tui.format import age, rate, time_left
from cockpit.tui.fresh import LAG_CELLS, Fresh, lag, whole
from cockpit.tui.glyphs import PENDING
from cockpit.tui.grid import Column, Grid, Mask, Order
from cockpit.tui.look import Look
from cockpit.tui.panes.lagcells import (
    fresh_column,
    grouped_cell,
    grouped_columns,
    grouped_detail,
    grouped_ranking,
    is_problem,
)
from cockpit.tui.ranking import worst_first
from cockpit.tui.text import Chunk
from cockpit.tui.trail import Trail


class LagPane(Grid):
    """Source end less the mirror's position, with the offsets it is made of."""

    number = "2"
    title_text = "lag per partition"
    sorts: ClassVar[tuple[str, ...]] = ("lag", "rate", "topic")
    all_columns: ClassVar[tuple[Column, ...]] = (
        Column("topic", "topic", 0, right=False),
        Column("partition", "part", 5),
        Column("lag", "lag", LAG_CELLS),
        Column("logs", "by logs", 9, 3),
        Column("rate", "rate", 10, 1),
        Column("left", "left", 10, 2),
        Column("mirror", "mirrored", 16, 5),
        Column("source", "source end", 16, 6),
        Column("target", "target end", 16, 7),
        Column("arrives", "target rate", 11, 8),
        Column("past", "last minute", 15, 4),
    )
    flexible_min = 14

    _table: PartitionTable | None = None
    _fresh = Fresh()
    _old = (True, True, True)
    """Whether what the source, the target and the mirror told is stale."""
    _limit: float | None = None
    _texts_of: PartitionKeys | None = None
    _texts: Sequence[str] = ()
    _drains: Mapping[str, DrainView] = {}
    _by: LagBy = "partition"
    _rows: tuple[LagRow, ...] = ()
    _snapshot: Snapshot | None = None

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._trails: dict[LagBy, Trail] = {by: Trail() for by in LAG_BY}

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""
        before, names = self._table, [row.name for row in self._rows]
        self._snapshot = snapshot
        self._table = table = snapshot.partitions
        self._rows = lag_rows(snapshot, self._by)
        self._fresh = fresh = Fresh.of(snapshot)
        self._old = (
            fresh.stale(table.source_at_ms, "source.logs"),
            fresh.stale(table.target_at_ms, "target.logs"),
            fresh.stale(table.mirror_at_ms, "mirror"),
        )
        self._drains = {drain.topic: drain for drain in snapshot.drains}
        self._limit = next(
            (gate.limit for gate in snapshot.gates if gate.name == "replication_lag"), None
        )
        other = (
            before is None
            or before.wave != table.wave
            or (before.keys is not table.keys and before.keys.names != table.keys.names)
            or names != [row.name for row in self._rows]
        )
        self._keep(table, snapshot.at_ms)
        self.arrived(snapshot.at_ms, other_rows=other)

    def _keep(self, table: PartitionTable, at_ms: int) -> None:
        """The lags of now for the bars, of partitions always; what is stale is a gap there."""
        source_old, _, mirror_old = self._old
        lags = np.full_like(table.lag, MISSING) if source_old or mirror_old else table.lag
        self._trails["partition"].take(table.keys, at_ms, lags)
        if self._by != "partition":
            of = tuple(row.name for row in self._rows)
            self._trails[self._by].take(of, at_ms, fresh_column(self._rows, self._fresh))

    def group_next(self) -> str:
        """Add lags up by the next of partition, topic, group, service; says by which."""
        self._by = LAG_BY[(LAG_BY.index(self._by) + 1) % len(LAG_BY)]
        self._cursor, self.top = None, 0
        if self._snapshot is not None:
            self._rows = lag_rows(self._snapshot, self._by)
            self.resort(self._snapshot.at_ms)
            self.take(self._snapshot)
        return self.title()

    def title(self) -> str:
        """What each row is."""
        return f"lag per {self._by}"

    # --- rows -------------------------------------------------------------------------------------

    def table_columns(self) -> tuple[Column, ...]:
        """Of the grouping."""
        return self.all_columns if self._by == "partition" else grouped_columns(self._by)

    def total(self) -> int:
        """Partitions, or rows of sums."""
        if self._by != "partition":
            return len(self._rows)
        return 0 if self._table is None else len(self._table.keys)

    @property
    def table(self) -> PartitionTable:
        """The newest table; only asked while rows are drawn."""
        assert self._table is not None
        return self._table

    def key_of(self, model: int) -> Hashable:
        """Topic and partition, or the row's name."""
        if self._by != "partition":
            return self._rows[model].name
        return self.table.keys.names[model]

    def find(self, key: Hashable) -> int | None:
        """Row of a key."""
        if self._by != "partition":
            return next((i for i, row in enumerate(self._rows) if row.name == key), None)
        return self.table.keys.position.get(cast("TopicPartition", key))

    def texts(self) -> Sequence[str]:
        """`topic/partition`, or names."""
        if self._by != "partition":
            return [f"{row.name} {row.of} {row.note}" for row in self._rows]
        keys = self.table.keys
        if keys is not self._texts_of:
            self._texts_of = keys
            self._texts = [f"{topic}/{partition}" for topic, partition in keys.names]
        return self._texts

    def in_wave(self) -> Mask:
        """Partitions of the wave's topics, or what belongs to the wave."""
        if self._by != "partition":
            return np.array([row.in_wave for row in self._rows], dtype=bool)
        wave = self.table.wave
        names = self.table.keys.names
        return np.fromiter((topic in wave for topic, _ in names), bool, len(names))

    def problems(self) -> Mask:
        """Unknown, ahead, or over the gate's limit."""
        if self._by != "partition":
            limit = self._limit if self._by == "topic" else None
            return np.array([is_problem(row, limit) for row in self._rows], dtype=bool)
        lags = self.table.lag  # what is missing is below nought, too
        return lags < 0 if self._limit is None else (lags < 0) | (lags > self._limit)

    def ranking(self, sort: str) -> Order:
        """Target ahead first, then unknown, then by the column, largest first."""
        if self._by != "partition":
            return grouped_ranking(self._rows, sort)
        if sort == "topic" or self._table is None:
            return np.arange(self.total(), dtype=np.intp)
        if sort == "lag":
            return worst_first(self.table.lag)
        rates = self.table.source_rate_milli
        return np.argsort(np.where(rates == MISSING, 1, -rates), kind="stable")

    # --- cells ------------------------------------------------------------------------------------

    def mark(self, model: int) -> Chunk:
        """A dot for what is the current wave's."""
        if self._by != "partition":
            return (PENDING, "info") if self._rows[model].in_wave else (" ", "text")
        topic, _ = self.table.keys.names[model]
        return (PENDING, "info") if topic in self.table.wave else (" ", "text")

    def cell(self, model: int, column: str) -> Chunk:
        """One value, or why there is none."""
        if column == "past":
            return (self._trails[self._by].cell(model), "dim")
        if self._by != "partition":
            limit = self._limit if self._by == "topic" else None
            return grouped_cell(self._rows[model], column, self._fresh, limit)
        table, (source_old, target_old, mirror_old) = self.table, self._old
        match column:
            case "topic":
                topic, _ = table.keys.names[model]
                return (topic, "strong" if topic in table.wave else "text")
            case "partition":
                return (str(table.keys.names[model][1]), "text")
            case "lag":
                old = source_old or mirror_old
                value = int(table.lag[model])
                return lag(value, stale=old, limit=self._limit, width=LAG_CELLS)
            case "logs":
                old = source_old or target_old or self._fresh.fails("syncs")
                return whole(int(table.lag_by_logs[model]), stale=old, style="dim")
            case "rate":
                return _rate(int(table.source_rate_milli[model]), stale=source_old)
            case "arrives":
                return _rate(int(table.target_rate_milli[model]), stale=target_old)
            case "left":
                return self._left(model, stale=source_old or mirror_old)
            case "source":
                return whole(int(table.source_end[model]), stale=source_old, style="dim")
            case "mirror":
                return whole(int(table.mirror_position[model]), stale=mirror_old, style="dim")
            case _:
                return whole(int(table.target_end[model]), stale=target_old, style="dim")

    def _left(self, model: int, *, stale: bool) -> Chunk:
        drain = self._drains.get(self.table.keys.names[model][0])
        if drain is None or isinstance(drain.left, Unknown):
            return ("?", "unknown")
        if stale:
            return ("--", "stale")
        return (time_left(drain.left), "warn" if drain.left.word == "growing" else "dim")

    def detail(self, model: int) -> Sequence[tuple[str, str]]:
        """Both readings and what they are made of, in full."""
        if self._by != "partition":
            return grouped_detail(self._rows[model], self._by, self._fresh)
        table, now = self.table, self._fresh.now_ms
        topic, partition = table.keys.names[model]
        drain = self._drains.get(topic)
        why = drain.left.reason if drain and isinstance(drain.left, Unknown) else ""
        said = [
            ("partition", f"{topic}/{partition}"),
            ("lag", f"{self.cell(model, 'lag')[0]} by the mirror's published position"),
            ("", "never too low; too high by what was appended since it was published"),
            ("by logs", f"{self.cell(model, 'logs')[0]} by what both logs grew since the last "
             "offset-sync"),
            ("", "transaction markers and compaction let it drift"),
            ("left", f"{self.cell(model, 'left')[0]} for the whole topic {why}".rstrip()),
        ]  # fmt: skip
        for name, column in (("source end", "source"), ("mirrored to", "mirror"),
                             ("target end", "target")):  # fmt: skip
            said.append((name, self.cell(model, column)[0]))
        for name, at_ms in (("source", table.source_at_ms), ("target", table.target_at_ms),
                            ("mirror", table.mirror_at_ms)):  # fmt: skip
            old = "never read" if at_ms is None else f"asked {age(now - at_ms)} ago"
            said.append((f"{name} data", old))
        return said

    def flags(self) -> tuple[Chunk, ...]:
        """Which side's numbers are too old, and how many are unknown or ahead."""
        table = self._table
        if table is None:
            return ()
        sides = (
            ("source", table.source_at_ms, "source.logs"),
            ("mirror", table.mirror_at_ms, "mirror"),
            ("target", table.target_at_ms, "target.logs"),
        )
        fresh = self._fresh
        old = [(side, at_ms) for side, at_ms, feed in sides if fresh.stale(at_ms, feed)]
        out: list[Chunk] = []
        if old:
            times = [at_ms for _, at_ms in old if at_ms is not None]
            oldest = age(fresh.now_ms - min(times)) if len(times) == len(old) else "--"
            out.append((f"STALE {' '.join(side for side, _ in old)} {oldest}", self.flag))
        missing = int(np.count_nonzero(table.lag == MISSING))
        if missing:
            out.append((f"{' ' if out else ''}{missing:,} unknown", self.flag))
        return tuple(out)


def _rate(value: int, *, stale: bool) -> Chunk:
    if value == MISSING:
        return ("?", "unknown")
    return (f"-- ({rate(value)})", "stale") if stale else (rate(value), "dim")
