"""A made-up flight for the screen: columns of any length of which a share changes every tick.

Ranks are scattered over the partitions and so far apart that no change alters the order: a cursor
then moves by keys alone, and where it stands says which keys have been painted. Nothing is measured
here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final

import numpy as np

from cockpit.cli.recordload import Load, Moment, flown
from cockpit.core.flight import Event, Observed, Ticked
from cockpit.core.observe import I64, LogSample, MirrorSample
from cockpit.core.snapshot import PartitionTable, Snapshot

APART: Final = 10_000
"""Records between the lags of two neighbours in the order."""
RECORDS_PER_S: Final = 50_000
GROUPS_EVERY_MS: Final = 1_000
"""As an engine asks for them; partitions come with every tick."""
_BEFORE: Final = 3
"""Seconds through the core itself, for all that a snapshot has beside its columns."""


@dataclass(frozen=True, slots=True)
class Tide:
    """How much there is, and how much of it moves."""

    rows: int
    share: float
    """Of the rows, from 0 to 1, that change from tick to tick."""
    every_ms: int = 250


def ticks(tide: Tide, seed: int = 1) -> Iterator[Moment]:
    """Without end; the first one is the state before anything has changed."""
    rng = np.random.default_rng(seed)
    base = _base(tide.rows)
    rows = tide.rows
    lag = (rng.permutation(rows).astype(np.int64) + 1) * APART
    position = rng.integers(10**6, 10**9, rows)
    rates = rng.integers(10_000, 99_000, rows)
    target_rates = rates.copy()
    at_ms = base.at_ms
    while True:
        end, target_end = position + lag, position + 7
        times = _Times(at_ms - 60, at_ms - 70, at_ms - 120)
        table = replace(
            base.partitions,
            source_end=end,
            target_end=target_end,
            mirror_position=position,
            lag=lag,
            lag_by_logs=end - target_end,
            source_rate_milli=rates,
            target_rate_milli=target_rates,
            source_at_ms=times.source,
            target_at_ms=times.target,
            mirror_at_ms=times.mirror,
            source_starts_at_ms=times.source,
            target_starts_at_ms=times.target,
        )
        yield Moment(_inputs(table, times, at_ms), _later(base, at_ms, table))
        at_ms += tide.every_ms
        moved = rng.random(rows) < tide.share
        some = int(np.count_nonzero(moved))
        lag, position = lag.copy(), position.copy()
        rates, target_rates = rates.copy(), target_rates.copy()
        lag[moved] += rng.integers(-40, 40, some)
        position[moved] += rng.integers(1, 99, some)
        rates[moved] += rng.integers(-120, 121, some)
        target_rates[moved] += rng.integers(-120, 121, some)


@dataclass(frozen=True, slots=True)
class _Times:
    source: int
    target: int
    mirror: int


def _base(rows: int) -> Snapshot:
    core = flown(Load(rows, RECORDS_PER_S))
    for _ in range(_BEFORE):
        last = next(core).snapshot
    return last


def _inputs(table: PartitionTable, times: _Times, at_ms: int) -> list[Event]:
    keys, start = table.keys, table.source_start
    zeros: I64 = np.zeros(len(keys), dtype=np.int64)
    positions = dict(zip(keys.names, table.mirror_position.tolist(), strict=True))
    samples = (
        MirrorSample(times.mirror, times.mirror + 40, (), positions),
        LogSample("target", times.target, times.target + 40, keys, zeros, table.target_end),
        LogSample("source", times.source, times.source + 40, keys, start, table.source_end),
    )
    return [*(Observed(one.answered_at_ms, one) for one in samples), Ticked(at_ms)]


def _later(base: Snapshot, at_ms: int, table: PartitionTable) -> Snapshot:
    """The base with all of its readings made at the new time, so that nothing goes stale."""
    by_ms = at_ms - base.at_ms
    moved: Snapshot = moved_by(replace(base, groups=(), partitions=table), by_ms)
    whole_s = by_ms // GROUPS_EVERY_MS * GROUPS_EVERY_MS
    groups = moved_by(base.groups, whole_s)
    return replace(moved, seq=base.seq + by_ms // 10 + 1, at_ms=at_ms, groups=groups)


def moved_by(value: Any, by_ms: int) -> Any:  # noqa: ANN401  # any value of a snapshot
    """The value with every time of a reading (`..at_ms`) moved; the same object where none is."""
    if isinstance(value, tuple):
        items = [moved_by(one, by_ms) for one in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else tuple(items)
    if not is_dataclass(value) or isinstance(value, (type, PartitionTable)):
        return value
    changes: dict[str, Any] = {}
    for field in fields(value):
        old = getattr(value, field.name)
        if field.name.endswith("at_ms"):
            if old is not None:
                changes[field.name] = old + by_ms
        elif (new := moved_by(old, by_ms)) is not old:
            changes[field.name] = new
    return replace(value, **changes) if changes and by_ms else value
