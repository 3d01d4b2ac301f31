"""Rows of pane 2 that are sums: by topic, by consumer group, by service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from cockpit.core.lagview import LagBy, LagPart, LagRow
from cockpit.core.observe import I64, MISSING, Unknown
from cockpit.core.snapshot import TimeLeft
from cockpit.tui.format import age, rate, time_left
from cockpit.tui.fresh import LAG_CELLS, Fresh, lag
from cockpit.tui.grid import Column, Order
from cockpit.tui.ranking import worst_first
from cockpit.tui.text import Chunk

_TITLES: Final[dict[LagBy, tuple[str, str, str]]] = {
    "topic": ("topic", "of", "worst"),
    "group": ("group", "service", "other side"),
    "service": ("service", "owner", "topics"),
}
"""Of the name, of whose it is, and of the second number."""


def grouped_columns(by: LagBy) -> tuple[Column, ...]:
    """The columns of one grouping."""
    name, of, other = _TITLES[by]
    return (
        Column("topic", name, 0, right=False),
        Column("lag", "lag", LAG_CELLS),
        Column("rate", "rate", 10, 1),
        Column("past", "last minute", 15, 3),
        Column("left", "left", 10, 4),
        Column("other", other, LAG_CELLS, 2),
        Column("of", of, 12, 5, right=False),
        Column("note", "note", 16, 6, right=False),
    )


def grouped_cell(row: LagRow, column: str, fresh: Fresh, limit: float | None) -> Chunk:
    """One cell; the limit is that of one partition's replication, for topics."""
    stale = fresh.stale(row.lag.at_ms, *row.lag.feeds)
    match column:
        case "topic":
            return (row.name, "strong" if row.in_wave else "text")
        case "lag" | "rate" | "left" if not row.has_group:
            return ("no group" if column == "lag" else "", "dim")
        case "lag":
            return part_chunk(row.lag, fresh, width=LAG_CELLS)
        case "other":
            return part_chunk(row.other, fresh, limit, width=LAG_CELLS)
        case "rate":
            if isinstance(row.rate_milli, Unknown):
                return ("?", "unknown")
            text = rate(row.rate_milli)
            return (f"-- ({text})", "stale") if stale else (text, "dim")
        case "left":
            return _left(row.left, stale=stale)
        case "of":
            return (row.of, "dim")
        case _:
            return (row.note, "dim")


def part_chunk(
    part: LagPart, fresh: Fresh, limit: float | None = None, *, width: int | None = None
) -> Chunk:
    """A number of records by the rules for lags."""
    if isinstance(part.records, Unknown):
        return ("?", "unknown")
    stale = fresh.stale(part.at_ms, *part.feeds)
    return lag(part.records, stale=stale, limit=limit, width=width)


def _left(left: TimeLeft | Unknown, *, stale: bool) -> Chunk:
    if isinstance(left, Unknown):
        return ("?", "unknown")
    if stale:
        return ("--", "stale")
    return (time_left(left), "warn" if left.word == "growing" else "dim")


def grouped_ranking(rows: Sequence[LagRow], sort: str) -> Order:
    """By lag, worst first and what can have none last; by rate; or as they come."""
    if sort == "lag":
        order = worst_first(lag_column(rows))
        lags = np.array([rows[row].has_group for row in order.tolist()], dtype=bool)
        return np.concatenate((order[lags], order[~lags]))
    if sort == "rate":
        none = (2 - row.has_group for row in rows)  # after every known one, which is negated
        rates = [
            last if isinstance(row.rate_milli, Unknown) else -row.rate_milli
            for row, last in zip(rows, none, strict=True)
        ]
        return np.argsort(np.array(rates, dtype=np.int64), kind="stable")
    return np.arange(len(rows), dtype=np.intp)


def is_problem(row: LagRow, limit: float | None) -> bool:
    """Unknown, ahead, or the second number over the limit."""
    if not row.has_group:
        return False
    lags = row.lag.records
    if isinstance(lags, Unknown) or lags < 0:
        return True
    other = row.other.records
    return limit is not None and not isinstance(other, Unknown) and not 0 <= other <= limit


def lag_column(rows: Sequence[LagRow]) -> I64:
    """The lags as a column, MISSING where unknown."""
    lags = (r.lag.records for r in rows)
    return np.fromiter(
        (MISSING if isinstance(v, Unknown) else v for v in lags), np.int64, len(rows)
    )


def fresh_column(rows: Sequence[LagRow], fresh: Fresh) -> I64:
    """The same with MISSING for what is too old, too."""
    lags = lag_column(rows)
    old = (fresh.stale(row.lag.at_ms, *row.lag.feeds) for row in rows)
    lags[np.fromiter(old, bool, len(rows))] = MISSING
    return lags


def grouped_detail(row: LagRow, by: LagBy, fresh: Fresh) -> list[tuple[str, str]]:
    """A row in full, with the reason for each `?`."""
    name, of, other = _TITLES[by]
    said = [(name, row.name), (of, row.of or "none of the plan")]
    said.append(("lag", _told(row.lag, fresh) if row.has_group else "none: it has no group"))
    said.append((other, f"{_told(row.other, fresh)} {row.note if by == 'topic' else ''}".rstrip()))
    if not row.has_group:
        return [*said, ("", row.note)]
    stale = fresh.stale(row.lag.at_ms, *row.lag.feeds)
    known = row.rate_milli
    text = f"? {known.reason}" if isinstance(known, Unknown) else rate(known)
    said.append(("rate", f"-- ({text})" if stale and not isinstance(known, Unknown) else text))
    left = (
        f"? {row.left.reason}" if isinstance(row.left, Unknown) else _left(row.left, stale=stale)[0]
    )
    said.append(("left", left))
    return said if by == "topic" else [*said, ("", row.note)]


def _told(part: LagPart, fresh: Fresh) -> str:
    if isinstance(part.records, Unknown):
        return f"? {part.records.reason}"
    old = "" if part.at_ms is None else f", asked {age(fresh.now_ms - part.at_ms)} ago"
    return part_chunk(part, fresh)[0] + old
