"""Pane 8: the services board: who has moved, who owns it, what still touches the source.

Below the services come readers and writers of no service. Never calls a service moved because its
group is gone: that is the flight's word, and the clusters' stands beside it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import ClassVar, Final

import numpy as np

from cockpit.core.observe import Unknown
from cockpit.core.plan import SIDES
from cockpit.core.serviceboard import BoardRow, ServiceBoard, service_board
from cockpit.core.serviceview import ServiceWord
from cockpit.core.snapshot import GroupView, Snapshot, StragglerView
from cockpit.tui import glyphs
from cockpit.tui.format import rate, straggler_text, utc
from cockpit.tui.fresh import Fresh, whole
from cockpit.tui.grid import Column, Grid, Mask, Order
from cockpit.tui.look import Look
from cockpit.tui.text import Chunk, Token, left

WORDS: Final[dict[ServiceWord, tuple[int, str, Token]]] = {
    "moving": (0, glyphs.RUNNING, "info"),
    "going back": (0, glyphs.BACK, "warn"),
    "source": (1, glyphs.PENDING, "dim"),
    "target": (2, glyphs.DONE, "good"),
}
_DOES: Final = {
    "reader": "reads", "writer": "writes", "unlisted writer": "writes", "unknown": "not known",
}  # fmt: skip
_OTHER: Final = "other"
RowKey = tuple[str, str]


class ServicesPane(Grid):
    """One row a service, those first that have moved and still touch the source."""

    number = "8"
    title_text = "services"
    sorts: ClassVar[tuple[str, ...]] = ("state", "service", "owner", "wave")
    all_columns: ClassVar[tuple[Column, ...]] = (
        Column("state", "runs on", 12, right=False),
        Column("service", "service", 0, right=False),
        Column("owner", "owner", 10, 2, right=False),
        Column("touches", "still on source", 18, 1, right=False),
        Column("lag", "lag", 14, 3),
        Column("wave", "wave", 10, 4, right=False),
        Column("since", "since", 9, 5),
        Column("on_source", "group on source", 16, 6, right=False),
        Column("on_target", "group on target", 16, 7, right=False),
        Column("topics", "writes", 16, 8, right=False),
    )
    flexible_max = 24

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._board = ServiceBoard((), (), 0)
        self._keys: list[RowKey] = []
        self._ranks: list[int] = []
        self._wave = ""
        self._fresh = Fresh()

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""
        board = service_board(snapshot)
        keys = [(row.service.name, "") for row in board.rows]
        keys.extend((_OTHER, f"{one.kind} {one.name} {one.where}") for one in board.others)
        ranks = [_rank(row) for row in board.rows]
        other = keys != self._keys or ranks != self._ranks or snapshot.status.wave != self._wave
        self._board, self._keys, self._ranks = board, keys, ranks
        self._wave = snapshot.status.wave
        self._fresh = Fresh.of(snapshot)
        self.arrived(snapshot.at_ms, other_rows=other)

    def total(self) -> int:
        """Services, and who else touches what has moved."""
        return len(self._keys)

    def key_of(self, model: int) -> Hashable:
        """A service's name."""
        return self._keys[model]

    def find(self, key: Hashable) -> int | None:
        """Row of a key."""
        return self._keys.index(key) if key in self._keys else None

    def texts(self) -> Sequence[str]:
        """What the row is about, in words."""
        said = [
            f"{row.service.name} {row.service.owner} {row.service.wave} {row.service.word} "
            f"{' '.join((*row.service.produces, *row.service.consumes))} {_touches(row.touches)}"
            for row in self._board.rows
        ]
        return [*said, *(f"{one.name} {one.where} {one.who}" for one in self._board.others)]

    def in_wave(self) -> Mask:
        """Services of the current wave; who is of none stays in view."""
        rows = [row.service.wave == self._wave for row in self._board.rows]
        return np.array([*rows, *(True for _ in self._board.others)], dtype=bool)

    def problems(self) -> Mask:
        """Who still touches the source, or is of no wave."""
        rows = [bool(row.touches) or not row.service.wave for row in self._board.rows]
        return np.array([*rows, *(True for _ in self._board.others)], dtype=bool)

    def ranking(self, sort: str) -> Order:
        """What is not where it should be first, or by name, owner or wave; others last."""
        rows = self._board.rows

        def rank(model: int) -> tuple[object, ...]:
            if model >= len(rows):
                return (1, model)
            one = rows[model].service
            by: dict[str, object] = {"service": one.name, "owner": one.owner or "\uffff",
                                     "wave": one.wave or "\uffff"}  # fmt: skip
            return (0, by.get(sort, self._ranks[model]), model)

        return np.array(sorted(range(self.total()), key=rank), dtype=np.intp)

    def turned(self, order: Order) -> Order:
        """Who is of no service stays last."""
        number = len(self._board.rows)
        return np.concatenate((order[:number][::-1], order[number:]))

    def free_row(self, model: int, width: int) -> tuple[Chunk, ...] | None:
        """Who is of no service, in a line."""
        if model < len(self._board.rows):
            return None
        one = self._board.others[model - len(self._board.rows)]
        text = f"{_STRAY} {one.kind} of no service: {one.name} on {one.where}"
        return ((left(text, width), "bad"),)

    def cell(self, model: int, column: str) -> Chunk:
        """One cell."""
        row = self._board.rows[model]
        service = row.service
        match column:
            case "state":
                _, glyph, token = WORDS[service.word]
                return (f"{glyph} {service.word}", token)
            case "service":
                return (service.name, "strong" if service.wave == self._wave else "text")
            case "owner":
                return (service.owner, "text") if service.owner else ("?", "unknown")
            case "wave":
                return (service.wave or "none", "text" if service.wave else "warn")
            case "since":
                return ("" if service.since_ms is None else utc(service.since_ms), "dim")
            case "touches":
                return (_touches(row.touches), "bad" if row.touches else "dim")
            case "lag":
                return _lag(row, self._fresh)
            case "topics":
                return (" ".join(service.produces), "dim")
            case _:
                return (_state(row.group, column.removeprefix("on_"), self._fresh), "dim")

    def detail(self, model: int) -> Sequence[tuple[str, str]]:
        """The service in full, with every reader and writer that is left."""
        if model >= len(self._board.rows):
            other = self._board.others[model - len(self._board.rows)]
            return [(other.kind, self._told(other)), ("service", "none of the plan")]
        row = self._board.rows[model]
        one = row.service
        since = "" if one.since_ms is None else f" since {utc(one.since_ms)}"
        said = [
            ("service", one.name),
            ("owner", one.owner or "? the plan names none"),
            ("wave", one.wave or "none moves it"),
            ("critical", one.criticality),
            ("runs on", f"{one.word}{since}, by what the flight has ordered"),
            ("writes", ", ".join(one.produces) or "nothing"),
            ("reads", ", ".join(one.consumes) or "nothing"),
            ("group", one.group or "none"),
        ]
        if row.group is not None:
            group, fresh = row.group, self._fresh
            said.extend((f"on {side}", _state(group, side, fresh)) for side in SIDES)
            why = _lag_value(row)
            reason = f" {why.reason}" if isinstance(why, Unknown) else ""
            said.append(("lag", _lag(row, fresh)[0] + reason))
        said.extend((left_.kind, self._told(left_)) for left_ in row.touches)
        if not row.touches and one.word == "target":
            said.append(("on source", "nothing of it was seen there since"))
        return said

    def _told(self, one: StragglerView) -> str:
        return straggler_text(one, self._fresh.now_ms)

    def flags(self) -> tuple[Chunk, ...]:
        """How many have moved, and how much still touches the source."""
        left_ = sum(bool(row.touches) for row in self._board.rows) + len(self._board.others)
        out: list[Chunk] = [(f"{left_} STILL ON SOURCE ", self.flag)] if left_ else []
        return (*out, (f"{self._board.moved} of {len(self._board.rows)} moved", self.bar))


_STRAY: Final = glyphs.FAILED


def _rank(row: BoardRow) -> int:
    return -1 if row.touches else WORDS[row.service.word][0]


def _touches(touches: Sequence[StragglerView]) -> str:
    if not touches:
        return ""
    first = touches[0]
    speed = "?" if isinstance(first.rate_milli, Unknown) else rate(first.rate_milli)
    more = f" +{len(touches) - 1}" if len(touches) > 1 else ""
    return f"{glyphs.FAILED} {_DOES[first.kind]} {speed}{more}"


def _lag_value(row: BoardRow) -> int | Unknown:
    """Of its group, where the service runs."""
    if row.group is None:
        return Unknown("it has no group" if not row.service.group else "its group is not known yet")
    there = row.service.word == "target"
    return row.group.target_lag_records if there else row.group.source_lag_records


def _lag(row: BoardRow, fresh: Fresh) -> Chunk:
    if not row.service.group:
        return ("", "dim")
    if row.group is None:
        return ("?", "unknown")
    side = "target" if row.service.word == "target" else "source"
    at_ms = row.group.target_at_ms if side == "target" else row.group.source_at_ms
    return whole(_lag_value(row), stale=fresh.stale(at_ms, f"{side}.groups", f"{side}.logs"))


def _state(group: GroupView | None, side: str, fresh: Fresh) -> str:
    if group is None:
        return ""
    source = side == "source"
    at_ms = group.source_at_ms if source else group.target_at_ms
    state = group.source_state if source else group.target_state
    members = group.source_members if source else group.target_members
    stale = "STALE " if fresh.stale(at_ms, f"{side}.groups") else ""
    if state == "absent":
        return f"{stale}absent"
    return f"{stale}{state or '?'} ({'?' if members is None else members})"
