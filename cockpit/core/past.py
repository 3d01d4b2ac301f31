"""The last quarter of an hour of lag, writes on both sides and answer times, a row a second.

Bounded: of what is older than two minutes the lowest and the highest of ten seconds each are kept.
Never carries an old reading on: what was not measured in time is None.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.history import EndHistory
from cockpit.core.lag import ReplicationLag
from cockpit.core.observe import I64, MISSING, Unknown
from cockpit.core.pastview import PastRow, PastView
from cockpit.core.plan import Plan, Side

FINE_MS: Final = 120_000
COARSE_MS: Final = 10_000
HORIZON_MS: Final = 900_000
MAX_AGE_MS: Final = 5_000
"""An older sample tells nothing of now."""
_SPAN_MS: Final = 900
"""A rate needs two samples at least so far apart."""


def extend_past(
    past: PastView,
    topics: tuple[str, ...],
    facts: Facts,
    lag: ReplicationLag | Unknown,
    now_ms: int,
    *,
    plan: Plan,
) -> PastView:
    """The past with one more row; with other topics, what was written before is not known."""
    if past.rows and now_ms <= past.rows[-1].at_ms:
        return past
    rows = past.rows
    if topics != past.topics:
        rows = tuple(replace(row, source_milli=None, target_milli=None) for row in rows)
    row = PastRow(
        at_ms=now_ms,
        lag_records=_worst(lag, plan, now_ms),
        source_milli=_written(facts, "source", topics, now_ms),
        target_milli=_written(facts, "target", topics, now_ms),
        source_ms=_took(facts, "source", now_ms),
        target_ms=_took(facts, "target", now_ms),
    )
    return PastView(topics, (*_thinned(rows, now_ms), row))


def _thinned(rows: tuple[PastRow, ...], now_ms: int) -> tuple[PastRow, ...]:
    """Old rows of the same ten seconds are two, and the oldest are gone."""
    fine = next((i for i, row in enumerate(rows) if now_ms - row.at_ms < FINE_MS), len(rows))
    out: list[PastRow] = []
    for row in rows[:fine]:
        if now_ms - row.at_ms >= HORIZON_MS:
            continue
        out.append(row)
        if len(out) > 2 and out[-3].at_ms // COARSE_MS == row.at_ms // COARSE_MS:
            out[-3:] = _extremes(*out[-3:])
    return (*out, *rows[fine:])


def _extremes(a: PastRow, b: PastRow, c: PastRow) -> tuple[PastRow, PastRow]:
    """Three rows as two, at the first time and the last: each column's lowest and highest, in the
    order in which they came."""
    lag = _ends(a.lag_records, b.lag_records, c.lag_records)
    source = _ends(a.source_milli, b.source_milli, c.source_milli)
    target = _ends(a.target_milli, b.target_milli, c.target_milli)
    source_ms = _ends(a.source_ms, b.source_ms, c.source_ms)
    target_ms = _ends(a.target_ms, b.target_ms, c.target_ms)
    return (
        PastRow(a.at_ms, lag[0], source[0], target[0], source_ms[0], target_ms[0]),
        PastRow(c.at_ms, lag[1], source[1], target[1], source_ms[1], target_ms[1]),
    )


def _ends(*values: int | None) -> tuple[int | None, int | None]:
    """The lowest and the highest, the earlier one first; None where none is known."""
    known = [value for value in values if value is not None]
    if not known:
        return None, None
    low, high = min(known), max(known)
    return (low, high) if known.index(low) < known.index(high) else (high, low)


def _worst(lag: ReplicationLag | Unknown, plan: Plan, now_ms: int) -> int | None:
    """None where one of them is not known: it might be the worst."""
    if isinstance(lag, Unknown) or now_ms - lag.at_ms > MAX_AGE_MS:
        return None
    lags = lag.lag[lag.logs.keys.of_topics(plan.topics())]
    return int(lags.max()) if len(lags) and not (lags == MISSING).any() else None


def _written(facts: Facts, side: Side, topics: tuple[str, ...], now_ms: int) -> int | None:
    """Between the two newest samples that are far enough apart."""
    history = facts.history.get(side)
    if history is None or now_ms - history.at_ms[-1] > MAX_AGE_MS:
        return None
    last_ms = history.at_ms[-1]
    before = [i for i, at_ms in enumerate(history.at_ms) if last_ms - at_ms >= _SPAN_MS]
    rows = history.keys.of_topics(topics)
    if not before or not len(rows) or last_ms - history.at_ms[before[-1]] > 2 * MAX_AGE_MS:
        return None
    return _rate(history, before[-1], rows)


def _rate(history: EndHistory, before: int, rows: I64) -> int | None:
    new, old = history.ends[-1][rows], history.ends[before][rows]
    if (new == MISSING).any() or (old == MISSING).any():
        return None
    span_ms = history.at_ms[-1] - history.at_ms[before]
    return int((new - old).sum()) * 1_000_000 // span_ms


def _took(facts: Facts, side: Side, now_ms: int) -> int | None:
    feed = facts.feeds.get(f"{side}.logs")
    if feed is None or feed.word not in ("connected", "slow") or feed.asked_at_ms is None:
        return None
    return feed.took_ms if now_ms - feed.asked_at_ms <= MAX_AGE_MS else None
