"""Log ends of the last quarter of an hour, kept ever more sparsely with age.

Columns are those of the samples themselves: nothing is copied, and the number of samples is bounded
whatever the pace. A partition whose log was cut or made anew has no past: its older ends would lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from cockpit.core.observe import I64, MISSING, LogSample, PartitionKeys, TopicPartition

TIERS: Final = ((15_000, 1_000), (60_000, 5_000), (300_000, 15_000), (900_000, 60_000))
"""(age, spacing): what is younger than `age` keeps one sample in each `spacing`. Each spacing is a
multiple of the one before, so that a sample that is kept for one tier is there for the next."""
HORIZON_MS: Final = TIERS[-1][0]
MAX_SHRUNK: Final = 50


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A log whose end went back: cut, made anew, or read from another cluster."""

    name: TopicPartition
    by_records: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class EndHistory:
    """Ends at several times, oldest first; int64 columns aligned to `keys`."""

    keys: PartitionKeys
    at_ms: tuple[int, ...]
    ends: tuple[I64, ...]
    shrunk: tuple[Shrunk, ...] = ()


def kept(times: Sequence[int], now_ms: int) -> list[int]:
    """Which of these times (oldest first) are kept: the first of each bucket, and the newest."""
    found: list[int] = []
    last: tuple[int, int] | None = None
    tier = len(TIERS) - 1
    for i, at_ms in enumerate(times):
        age_ms = now_ms - at_ms
        if age_ms >= HORIZON_MS:
            continue
        while tier and age_ms < TIERS[tier - 1][0]:
            tier -= 1
        spacing = TIERS[tier][1]
        bucket = (spacing, at_ms // spacing)
        if bucket != last or i == len(times) - 1:
            found.append(i)
        last = bucket
    return found


def extend(
    history: EndHistory | None, sample: LogSample, anew: frozenset[str] = frozenset()
) -> EndHistory:
    """The history with one more sample; `anew` are topics that were re-created since the last."""
    if history is None:
        return EndHistory(sample.keys, (sample.asked_at_ms,), (sample.end,))
    if sample.asked_at_ms <= history.at_ms[-1]:
        return history
    if sample.keys is not history.keys and sample.keys.names != history.keys.names:
        history = _realigned(history, sample.keys)
    history = _without_past(history, sample, anew)
    times = (*history.at_ms, sample.asked_at_ms)
    ends = (*history.ends, sample.end)
    keep = kept(times, sample.asked_at_ms)
    if len(keep) < len(times):
        times, ends = tuple(times[i] for i in keep), tuple(ends[i] for i in keep)
    return EndHistory(sample.keys, times, ends, history.shrunk)


def _realigned(history: EndHistory, keys: PartitionKeys) -> EndHistory:
    old = history.keys.position
    where = np.array([old.get(name, -1) for name in keys.names], dtype=np.int64)
    known = where >= 0
    if not known.any():
        ends = tuple(np.full(len(keys), MISSING, dtype=np.int64) for _ in history.ends)
    else:
        ends = tuple(np.where(known, column[where], MISSING) for column in history.ends)
    return replace(history, keys=keys, ends=ends)


def _without_past(history: EndHistory, sample: LogSample, anew: frozenset[str]) -> EndHistory:
    """Forget the older ends of partitions that were made anew or whose end went back."""
    before = _newest_known(history)
    back = (before != MISSING) & (sample.end != MISSING) & (sample.end < before)
    if not anew and not np.count_nonzero(back):
        return history
    where = np.flatnonzero(back)
    names = sample.keys.names
    told = tuple(
        Shrunk(names[i], int(before[i] - sample.end[i]), sample.asked_at_ms)
        for i in where[:MAX_SHRUNK].tolist()
        if names[i][0] not in anew
    )
    gone = np.union1d(where, sample.keys.of_topics(anew))
    if not len(gone):
        return history
    ends = []
    for column in history.ends:
        forgotten = column.copy()
        forgotten[gone] = MISSING
        ends.append(forgotten)
    return replace(history, ends=tuple(ends), shrunk=(*history.shrunk, *told)[-MAX_SHRUNK:])


def _newest_known(history: EndHistory) -> I64:
    """The newest end of each partition that is known: an outage does not make a cut unseen."""
    known = history.ends[-1]
    for column in history.ends[-2::-1]:
        if (known != MISSING).all():
            break
        known = np.where(known == MISSING, column, known)
    return known


def growth(history: EndHistory | None, span_ms: int) -> I64 | None:
    """Records appended in the last `span_ms` or a little more, aligned to `history.keys`; MISSING
    where unknown, None while the history is shorter than that."""
    if history is None:
        return None
    index = _index_before(history, history.at_ms[-1] - span_ms)
    return None if index is None else _grown(history, index)


def _index_before(history: EndHistory, at_ms: int) -> int | None:
    return next((i for i in range(len(history.at_ms) - 1, -1, -1) if history.at_ms[i] <= at_ms),
                None)  # fmt: skip


def _grown(history: EndHistory, index: int) -> I64:
    new, old = history.ends[-1], history.ends[index]
    known = (new != MISSING) & (old != MISSING)
    return np.where(known, new - np.where(known, old, 0), MISSING)


def grown_since(history: EndHistory | None, at_ms: int) -> I64 | None:
    """Records appended since `at_ms` at the latest: counted from the first sample at or after."""
    if history is None:
        return None
    index = next((i for i, t in enumerate(history.at_ms) if t >= at_ms), None)
    if index is None or index == len(history.at_ms) - 1:
        return None
    return _grown(history, index)


def grown_between(
    history: EndHistory | None, first_ms: int, last_ms: int
) -> tuple[I64, int] | None:
    """Records appended within that time at least, aligned to `history.keys`, and the span in ms
    that the samples within it cover; None where fewer than two are."""
    if history is None:
        return None
    inside = [i for i, at_ms in enumerate(history.at_ms) if first_ms <= at_ms <= last_ms]
    if len(inside) < 2:
        return None
    new, old = history.ends[inside[-1]], history.ends[inside[0]]
    known = (new != MISSING) & (old != MISSING)
    grown = np.where(known, new - np.where(known, old, 0), MISSING)
    return grown, history.at_ms[inside[-1]] - history.at_ms[inside[0]]


RATE_WINDOW_MS: Final = 10_000


def append_rate_milli(history: EndHistory | None) -> I64 | None:
    """Records appended per 1000 s over the last ten seconds, aligned to `history.keys`; MISSING
    where unknown."""
    if history is None or len(history.at_ms) < 2:
        return None
    index = _index_before(history, history.at_ms[-1] - RATE_WINDOW_MS) or 0
    span_ms = history.at_ms[-1] - history.at_ms[index]
    grown = _grown(history, index)
    known = grown != MISSING
    return np.where(known, np.where(known, grown, 0) * 1_000_000 // span_ms, MISSING)


def passed_at_ms(history: EndHistory, indexes: I64, offsets: I64) -> tuple[I64, I64]:
    """When each log's end passed an offset: (time, 1 where it was before the oldest sample kept).

    Where the end has not passed it yet, the time is the newest sample's. Between two samples the
    end is taken to have grown evenly. MISSING where the partition's end is not known now.
    """
    times = np.full(len(indexes), history.at_ms[-1], dtype=np.int64)
    older = np.zeros(len(indexes), dtype=np.int64)
    end = history.ends[-1][indexes]
    unknown = end == MISSING
    past = np.flatnonzero(~unknown & (end > offsets))
    if len(past):
        times[past], older[past] = _passed(history, indexes[past], offsets[past])
    times[unknown] = MISSING
    return times, older


def _passed(history: EndHistory, indexes: I64, offsets: I64) -> tuple[I64, I64]:
    """The same where each end lies past its offset now. Tables are [samples, partitions]."""
    at_ms = np.array(history.at_ms, dtype=np.int64)
    oldest = history.ends[0][indexes]
    if np.count_nonzero(oldest > offsets) == len(indexes):  # what is unknown lies past nothing
        return np.full_like(indexes, at_ms[0]), np.ones_like(indexes)
    ends = np.array([column[indexes] for column in history.ends])
    rows, columns = np.arange(len(at_ms))[:, None], np.arange(len(indexes))
    known = ends != MISSING
    # the newest sample that is not past the offset, -1 for none, and the next one that is
    before = np.where(known & (ends <= offsets), rows, -1).max(axis=0)
    after = np.where(known & (rows > before), rows, len(at_ms)).min(axis=0)
    older = before < 0
    low, high = ends[before, columns], ends[after, columns]
    grown = np.where(older, 1, high - low)
    into = (offsets - low) * (at_ms[after] - at_ms[before]) // grown
    return np.where(older, at_ms[after], at_ms[before] + into), older.astype(np.int64)
