"""Pane 3: consumer groups on both sides, then the offset delta of every group and partition.

Never invents an offset: what has no image is a question mark.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar

import numpy as np

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import DeltaRow, GroupView, Snapshot
from cockpit.tui.format import signed
from cockpit.tui.fresh import is_stale, whole
from cockpit.tui.grid import Column, Grid, Mask, Order
from cockpit.tui.look import Look
from cockpit.tui.text import Chunk, Token, left

DeltaKey = tuple[str, str, int]
_GROUP_ROW = -1
"""Stands for a partition number in the key of a group's own row."""
_HEAD: DeltaKey = ("", "", -2)
"""The key of the row over the groups."""


class DeltaPane(Grid):
    """Groups come first and stay there; sorting and filtering work on what follows too."""

    number = 3
    title_text = "groups and offset delta"
    sorts: ClassVar[tuple[str, ...]] = ("delta", "reread", "group")
    all_columns: ClassVar[tuple[Column, ...]] = (
        Column("group", "group", 10, 4, right=False),
        Column("partition", "topic/partition", 0, right=False),
        Column("delta", "delta", 11),
        Column("reread", "re-read", 8, 3),
        Column("skipped", "skipped", 8, 2),
        Column("source", "source commit", 16, 7),
        Column("translated", "translated", 16, 6),
        Column("target", "target commit", 16, 5),
    )
    flexible_min = 14

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._groups: tuple[GroupView, ...] = ()
        self._deltas: tuple[DeltaRow, ...] = ()
        self._keys: list[DeltaKey] = []
        self._places: dict[DeltaKey, int] = {}
        self._wave: frozenset[str] = frozenset()
        self._now_ms = 0

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""
        self._groups, self._deltas = snapshot.groups, snapshot.deltas
        self._now_ms = snapshot.at_ms
        self._wave = snapshot.partitions.wave
        keys: list[DeltaKey] = [_HEAD] if snapshot.groups else []
        keys.extend((group.name, "", _GROUP_ROW) for group in snapshot.groups)
        keys.extend((row.group, row.topic, row.partition) for row in snapshot.deltas)
        other = keys != self._keys
        if other:
            self._keys = keys
            self._places = {key: i for i, key in enumerate(keys)}
        self.arrived(snapshot.at_ms, other_rows=other)

    # --- rows -------------------------------------------------------------------------------------

    def total(self) -> int:
        """Groups and partitions."""
        return len(self._keys)

    @property
    def _first(self) -> int:
        """Where the partitions' rows begin."""
        return len(self._groups) + 1 if self._groups else 0

    def key_of(self, model: int) -> Hashable:
        """Group, topic, partition."""
        return self._keys[model]

    def find(self, key: Hashable) -> int | None:
        """Row of a key."""
        return self._places.get(key)  # type: ignore[call-overload, no-any-return]

    def texts(self) -> Sequence[str]:
        """`group topic/partition`."""
        return [
            group if partition < 0 else f"{group} {topic}/{partition}"
            for group, topic, partition in self._keys
        ]

    def in_wave(self) -> Mask:
        """Rows of the wave's topics, and every group that has one."""
        busy = {row.group for row in self._deltas if row.topic in self._wave}
        found = (
            group in busy if partition < 0 else topic in self._wave
            for group, topic, partition in self._keys
        )
        return np.fromiter(found, bool, len(self._keys))

    def ranking(self, sort: str) -> Order:
        """Groups in the plan's order; then what would be skipped, unknown, and the largest."""
        first = self._first
        rows = range(len(self._deltas))
        order = (
            rows if sort == "group" else sorted(rows, key=lambda i: _rank(self._deltas[i], sort))
        )
        return np.fromiter((*range(first), *(first + i for i in order)), np.intp, self.total())

    def turned(self, order: Order) -> Order:
        """Groups stay first."""
        first = self._first
        return np.concatenate((order[:first], order[first:][::-1]))

    # --- cells ------------------------------------------------------------------------------------

    def free_row(self, model: int, width: int) -> tuple[Chunk, ...] | None:
        """A group's own row says its state on both sides."""
        if model >= self._first:
            return None
        name = max(10, min(24, width // 5))
        half = max(12, (width - name - 2) // 2)
        if model == 0:
            titles = left("groups", name + 1) + left("on source", half + 1) + "on target"
            return ((left(titles, width), "columns"),)
        group = self._groups[model - 1]
        now = self._now_ms
        source = _side(
            group.source_state,
            group.source_members,
            group.source_lag_records,
            stale=is_stale(group.source_at_ms, now),
        )
        target = _side(
            group.target_state,
            group.target_members,
            group.target_lag_records,
            stale=is_stale(group.target_at_ms, now),
        )
        return (
            (left(group.name, name), "strong"),
            (" " + left(source[0], half), source[1]),
            (" " + left(target[0], half), target[1]),
        )

    def cell(self, model: int, column: str) -> Chunk:
        """One cell of a partition's row."""
        row = self._deltas[model - self._first]
        stale = is_stale(row.at_ms, self._now_ms)
        match column:
            case "group":
                return (row.group, "text")
            case "partition":
                return (f"{row.topic}/{row.partition}", "text")
            case "delta":
                return _delta(row.delta, stale=stale)
            case "reread":
                return whole(row.reread_max, stale=stale, style=_positive(row.reread_max, "warn"))
            case "skipped":
                return whole(row.skipped_max, stale=stale, style=_positive(row.skipped_max, "bad"))
            case "source":
                return whole(row.source_committed, stale=stale, style="dim")
            case "translated":
                return whole(row.translated, stale=stale, style="dim")
            case _:
                return whole(row.target_committed, stale=stale, style="dim")

    def uncounted(self) -> int:
        """The groups and the row over them."""
        return self._first

    def flags(self) -> tuple[Chunk, ...]:
        """Whether any of it is too old, or unknown."""
        now = self._now_ms
        stale = any(is_stale(row.at_ms, now) for row in self._deltas)
        unknown = sum(isinstance(row.delta, Unknown) for row in self._deltas)
        out: list[Chunk] = [("STALE", self.flag)] if stale else []
        if unknown:
            out.append((f"{' ' if out else ''}{unknown:,} unknown", self.flag))
        return tuple(out)


def _positive(value: int | Unknown, token: Token) -> Token:
    return token if not isinstance(value, Unknown) and value > 0 else "text"


def _delta(value: int | Unknown, *, stale: bool) -> Chunk:
    if isinstance(value, Unknown):
        return ("?", "unknown")
    text = signed(value)
    return (f"-- ({text})", "stale") if stale else (text, "warn" if value else "text")


def _side(state: str, members: int | None, lag: int | Unknown, *, stale: bool) -> Chunk:
    if state == "absent":
        return (f"{'STALE ' if stale else ''}absent", "dim")
    lag_text, token = whole(lag, stale=stale)
    people = "?" if members is None else str(members)
    return (f"{'STALE ' if stale else ''}{state or '?'} ({people}) lag {lag_text}", token)


def _rank(row: DeltaRow, sort: str) -> tuple[int, int]:
    if isinstance(row.delta, Unknown):
        return (1, 0)
    if sort == "reread":
        return (2, -row.reread_max) if not isinstance(row.reread_max, Unknown) else (1, 0)
    if not isinstance(row.skipped_max, Unknown) and row.skipped_max > 0:
        return (0, -row.skipped_max)
    return (2, -abs(row.delta))
