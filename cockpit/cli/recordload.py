"""A made-up flight to record: 60 % of its partitions idle, the others at Zipf rates.

Made by numpy from a seed; nothing here is measured, nothing is read from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cockpit.core.flight import Event, FlightState, Observed, Ticked, begin
from cockpit.core.history import EndHistory, append_rate_milli, extend
from cockpit.core.machine import step
from cockpit.core.observe import (
    I64,
    ConnectorState,
    GroupSample,
    GroupState,
    LogSample,
    MirrorSample,
    OffsetColumn,
    PartitionKeys,
    TaskState,
)
from cockpit.core.project import project
from cockpit.core.snapshot import PartitionTable, Snapshot
from cockpit.sim.demo import demo_plan

BEGIN_MS = 1_750_000_000_000
TOPIC_PARTITIONS = 50
GROUP_PARTITIONS = 200
COMMIT_EVERY = 5
FLUSH_EVERY = 60
"""Seconds between two offset flushes of a Connect worker, its default."""
_CONNECTORS = (ConnectorState("mm2-source", "RUNNING", (TaskState(0, "RUNNING"),)),)


@dataclass(frozen=True, slots=True)
class Second:
    """All columns at one second."""

    at_ms: int
    start: I64
    end: I64
    committed: I64
    target_end: I64
    position: I64


class Load:
    """Records as they are written, copied in batches, and read by groups that commit each 5 s."""

    def __init__(self, partitions: int, records_per_s: int, seed: int = 1) -> None:
        self._rng = np.random.default_rng(seed)
        active = partitions * 4 // 10
        weights = 1.0 / np.arange(1, active + 1)
        rates = np.zeros(partitions)
        rates[self._rng.permutation(partitions)[:active]] = weights / weights.sum() * records_per_s
        self._active = np.flatnonzero(rates)
        self._rates = rates[self._active]
        self.partitions = partitions
        self._second = 0
        self._end: I64 = self._rng.integers(0, 10**9, partitions)
        self._start: I64 = self._end // 2
        self._target = self._end.copy()
        self._committed = self._end.copy()
        self._position = self._end.copy()
        self._commit_phase = self._rng.integers(0, COMMIT_EVERY, partitions // GROUP_PARTITIONS + 1)

    def __next__(self) -> Second:
        rng, active = self._rng, self._active
        before = self._end[active]
        grown = rng.poisson(self._rates)
        end = self._end.copy()
        end[active] = before + grown
        # one batch in ten is late by a second; the others hold what was there when they were asked
        target = self._target.copy()
        reached = before + (grown * rng.random(len(active))).astype(np.int64)
        late = rng.random(len(active)) < 0.1
        target[active] = np.where(late, target[active], np.maximum(reached, target[active]))
        groups = np.arange(self.partitions) // GROUP_PARTITIONS
        due = self._commit_phase[groups] == self._second % COMMIT_EVERY
        committed = np.where(due, self._end, self._committed)
        if self._second % FLUSH_EVERY == 0:
            self._position = target
        if self._second % 30 == 29:
            cut = active[rng.integers(0, len(active), max(1, len(active) // 50))]
            self._start = self._start.copy()
            self._start[cut] += 1_000
        self._second += 1
        self._end, self._target, self._committed = end, target, committed
        at_ms = BEGIN_MS + self._second * 1_000 + int(rng.integers(0, 12))
        return Second(at_ms, self._start, end, committed, target, self._position)


class Samples:
    """A second as the samples that feeds would bring."""

    def __init__(self, partitions: int) -> None:
        names = tuple(
            (f"topic-{n // TOPIC_PARTITIONS:04d}", n % TOPIC_PARTITIONS) for n in range(partitions)
        )
        self.keys = PartitionKeys.of(names)
        self._runs = [
            (f"group-{n // GROUP_PARTITIONS:03d}", n, names[n : n + GROUP_PARTITIONS])
            for n in range(0, partitions, GROUP_PARTITIONS)
        ]
        self._target_start: I64 = np.zeros(partitions, dtype=np.int64)

    def of(self, now: Second) -> list[Event]:
        """In the order in which the engine would take them."""
        at_ms = now.at_ms
        groups = {
            name: GroupState(
                name, "Stable", 3, keys, OffsetColumn(now.committed[begin : begin + len(keys)])
            )
            for name, begin, keys in self._runs
        }
        positions = dict(zip(self.keys.names, now.position.tolist(), strict=True))
        jitter = at_ms % 7
        samples = (
            MirrorSample(at_ms - 120, at_ms - 80 + jitter, _CONNECTORS, positions),
            LogSample("target", at_ms - 70, at_ms - 40 + jitter, self.keys, self._target_start,
                      now.target_end),
            GroupSample("source", at_ms - 65, at_ms - 30 + jitter, groups),
            LogSample("source", at_ms - 60, at_ms - 20 + jitter, self.keys, now.start, now.end),
        )  # fmt: skip
        events: list[Event] = [Observed(s.answered_at_ms + 1, s) for s in samples]
        return [*events, Ticked(at_ms)]


@dataclass(frozen=True, slots=True)
class Moment:
    """What one frame of a recording holds."""

    inputs: list[Event]
    snapshot: Snapshot


def flown(load: Load) -> Iterator[Moment]:
    """The load through the core itself, second by second, without end."""
    samples = Samples(load.partitions)
    state: FlightState = begin(demo_plan(), session="bench", simulated=True, at_ms=BEGIN_MS)
    number = 0
    while True:
        inputs = samples.of(next(load))
        for event in inputs:
            state, _ = step(state, event)
        number += 1
        yield Moment(inputs, project(state, number))


def drawn(load: Load) -> Iterator[Moment]:
    """The same at a tenth of the cost: the snapshot's columns follow the load, its documents are
    those that the core made after twenty seconds, with times of their own."""
    core = flown(load)
    for _ in range(19):
        yield next(core)
    last = next(core).snapshot
    yield Moment([], last)
    samples = Samples(load.partitions)
    histories: dict[str, EndHistory | None] = {"source": None, "target": None}
    while True:
        now = next(load)
        inputs = samples.of(now)
        for event in inputs:
            if isinstance(event, Observed) and isinstance(event.sample, LogSample):
                side = event.sample.side
                histories[side] = extend(histories[side], event.sample)
        rates = {side: append_rate_milli(found) for side, found in histories.items()}
        unknown = np.full(load.partitions, -(2**63), dtype=np.int64)
        table = PartitionTable(
            keys=samples.keys,
            source_start=now.start,
            source_end=now.end,
            target_start=np.zeros(load.partitions, dtype=np.int64),
            target_end=now.target_end,
            mirror_position=now.position,
            lag=now.end - now.position,
            lag_by_logs=unknown,
            source_rate_milli=unknown if (s := rates["source"]) is None else s,
            target_rate_milli=unknown if (t := rates["target"]) is None else t,
            source_at_ms=now.at_ms - 60,
            target_at_ms=now.at_ms - 70,
            mirror_at_ms=now.at_ms - 120,
            wave=last.partitions.wave,
            source_starts_at_ms=now.at_ms - 60,
            target_starts_at_ms=now.at_ms - 70,
        )
        last = replace(last, seq=last.seq + 1, at_ms=now.at_ms, partitions=table)
        yield Moment(inputs, last)
