"""Lag, from samples that may be compared.

The follower is always sampled before the leader (mirror before source end, commit before end), so a
negative lag is never jitter; it is left negative. Nothing here clamps, nothing here guesses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from cockpit.core.facts import Facts
from cockpit.core.observe import (
    I64,
    MISSING,
    GroupSample,
    LogSample,
    MirrorSample,
    TopicPartition,
    Unknown,
)
from cockpit.core.plan import Side

T = TypeVar("T", LogSample, GroupSample, MirrorSample)


@dataclass(frozen=True, slots=True)
class ReplicationLag:
    """Source end less mirror position for every source partition.

    `position` and `lag` are int64 columns aligned to `logs.keys`, MISSING where unknown.
    `at_ms` is the older of the two samples' times.
    """

    logs: LogSample
    mirror: MirrorSample
    position: I64
    lag: I64
    at_ms: int


def newest_before(samples: Sequence[T], at_ms: int) -> T | None:
    """The newest sample that was answered no later than `at_ms`."""
    return next((s for s in reversed(samples) if s.answered_at_ms <= at_ms), None)


def position_column(logs: LogSample, positions: Mapping[TopicPartition, int]) -> I64:
    """Mirror positions aligned to `logs.keys`, MISSING where the mirror has none."""
    column = np.full(len(logs.keys), MISSING, dtype=np.int64)
    where = logs.keys.position
    for name, position in positions.items():
        index = where.get(name)
        if index is not None:
            column[index] = position
    return column


def replication_lag(facts: Facts) -> ReplicationLag | Unknown:
    """The newest pair of samples in which the mirror was asked before the source's ends.

    A partition whose log is empty lags by 0 even where the mirror has no position yet.
    """
    if not facts.mirror:
        failure = facts.failures.get("mirror")
        return Unknown(failure.reason if failure else "no answer from the mirror yet")
    for logs in reversed(facts.logs.get("source", ())):
        mirror = newest_before(facts.mirror, logs.asked_at_ms)
        if mirror is not None:
            position = position_column(logs, mirror.positions)
            known = (logs.end != MISSING) & (position != MISSING)
            lag = np.where(known, logs.end - np.where(known, position, 0), MISSING)
            empty = (logs.end != MISSING) & (logs.start == logs.end) & (position == MISSING)
            lag = np.where(empty, 0, lag)
            return ReplicationLag(logs, mirror, position, lag, mirror.asked_at_ms)
    return Unknown("no source offsets asked after the mirror's positions yet")


def select(logs: LogSample, topics: Iterable[str]) -> I64:
    """Indexes of the partitions of these topics."""
    wanted = frozenset(topics)
    return np.array([i for i, (t, _) in enumerate(logs.keys.names) if t in wanted], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class GroupLag:
    """Total lag of a group on one side, signed, in records."""

    records: int
    worst: TopicPartition | None
    at_ms: int


def group_lag(facts: Facts, side: Side, group: str, topics: Iterable[str]) -> GroupLag | Unknown:
    """Ends less commits over all partitions of `topics`.

    A partition without a commit counts from its log start: the group has read none of it.
    """
    for ends in reversed(facts.logs.get(side, ())):
        sample = newest_before(facts.groups.get(side, ()), ends.asked_at_ms)
        if sample is not None:
            return _group_lag(ends, sample, group, topics)
    return Unknown(f"{side} offsets not read yet")


def _group_lag(
    ends: LogSample, sample: GroupSample, group: str, topics: Iterable[str]
) -> GroupLag | Unknown:
    state = sample.groups.get(group)
    if state is None:
        return Unknown(f"group {group} does not exist on {ends.side}")
    if state.unknown is not None:
        return Unknown(state.unknown)
    committed = state.committed()
    total, worst, worst_lag = 0, None, -1
    for index in select(ends, topics):
        name = ends.keys.names[index]
        end, start = int(ends.end[index]), int(ends.start[index])
        if MISSING in (end, start):
            return Unknown(f"{name[0]}/{name[1]}: {ends.errors.get(name, 'offsets unknown')}")
        lag = end - committed.get(name, start)
        if lag < 0:
            return Unknown(f"{name[0]}/{name[1]}: {group} has committed {-lag} past the end")
        total += lag
        if lag > worst_lag:
            worst, worst_lag = name, lag
    return GroupLag(total, worst, min(ends.asked_at_ms, sample.asked_at_ms))


def append_rate_milli(facts: Facts, side: Side) -> I64 | None:
    """Records appended per 1000 s, aligned to the newest log sample; MISSING where unknown."""
    samples = facts.logs.get(side, ())
    if len(samples) < 2:
        return None
    newest = samples[-1]
    older = next((s for s in samples[:-1] if s.keys is newest.keys), None)
    if older is None or newest.asked_at_ms <= older.asked_at_ms:
        return None
    span_ms = newest.asked_at_ms - older.asked_at_ms
    known = (newest.end != MISSING) & (older.end != MISSING)
    grown = np.where(known, newest.end - np.where(known, older.end, 0), 0)
    rate = (grown * 1_000_000) // span_ms
    return np.where(known, rate, MISSING)
