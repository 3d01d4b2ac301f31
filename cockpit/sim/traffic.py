"""Producers and consumers of a world, a step at a time, all partitions at once.

Knows which service instances are at work only by being told; never decides where a service runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cockpit.core.observe import I64, MISSING
from cockpit.core.plan import SIDES, Side
from cockpit.sim.layout import F64, STRANGER, Bools, Layout
from cockpit.sim.logs import Piece
from cockpit.sim.shore import Shore
from cockpit.sim.spec import WorldSpec

NOISE_STEPS = 512


@dataclass(frozen=True, slots=True)
class Stretch:
    """Places [first, last) of one partition that a group has processed, in one go."""

    side: Side
    partition: int
    first: int
    last: int


class Traffic:
    """What services have written and read.

    `pending` [L] are records that exist in a producer and are not acknowledged yet; they are sent
    in order. `errors` [S] counts refused sends, once a step and lane. `processed` has for each
    group its stretches in the order of their processing. `uncommitted` [G] counts records that a
    group had processed and not committed when it left. `destroyed` has for each group records that
    a cluster has lost before it could read them.
    """

    def __init__(
        self,
        layout: Layout,
        spec: WorldSpec,
        shores: Mapping[Side, Shore],
        rng: np.random.Generator,
    ) -> None:
        groups, lanes = len(layout.groups), len(layout.lanes)
        shape = (groups, len(layout.keys))
        self._layout, self._spec, self._shores = layout, spec, shores
        step_s = spec.step_ms / 1000
        self._rate: F64 = np.array([lane.rate_per_s * step_s for lane in layout.lanes])
        self._fed: F64 = np.array([lane.per_consumed for lane in layout.lanes])
        self._noise: F64 = rng.uniform(0.5, 1.5, size=(NOISE_STEPS, lanes))
        self._credit: F64 = rng.uniform(0.0, 1.0, size=lanes)
        readable = np.maximum(layout.reads.sum(axis=1), 1)
        self._speed: F64 = np.floor(spec.consumer_speed_per_s * step_s) / readable
        self.pending: I64 = np.zeros(lanes, dtype=np.int64)
        self.next_number: I64 = np.zeros(lanes, dtype=np.int64)
        self.uncommitted: I64 = np.zeros(groups, dtype=np.int64)
        self.destroyed: list[list[Piece]] = [[] for _ in range(groups)]
        self.errors: I64 = np.zeros(len(layout.services), dtype=np.int64)
        self.processed: list[list[Stretch]] = [[] for _ in range(groups)]
        self.position: dict[Side, I64] = {s: np.zeros(shape, dtype=np.int64) for s in SIDES}
        self._since: dict[Side, I64] = {s: np.zeros(shape, dtype=np.int64) for s in SIDES}
        self.reading: dict[Side, Bools] = {s: np.zeros(groups, dtype=np.bool_) for s in SIDES}
        self.writing: dict[Side, Bools] = {s: np.zeros(lanes, dtype=np.bool_) for s in SIDES}
        self.accepted: dict[Side, Bools] = {s: np.zeros(lanes, dtype=np.bool_) for s in SIDES}
        self._gate: dict[Side, I64] = {}
        self._sends: dict[Side, I64] = {}
        self._refused: dict[Side, Bools] = {}
        self.retune()

    def retune(self) -> None:
        """Take in who is at work, which partitions are up and whose writes are accepted."""
        where = self._layout.lane_partition
        for side in SIDES:
            shore = self._shores[side]
            active = self.reading[side] & ~shore.storming
            reading = self._layout.reads & active[:, None] & shore.up
            self._gate[side] = reading.astype(np.int64)
            able = self.writing[side] & shore.up[where]
            self._sends[side] = (able & shore.permitted).astype(np.int64)
            self._refused[side] = able & ~shore.permitted

    def step(self, number: int) -> None:
        """One step of every instance: first reads, then writes."""
        readers = {side: np.count_nonzero(self.reading[side]) for side in SIDES}
        for side in SIDES:
            consumed = self._consume(side, number) if readers[side] else None
            if np.count_nonzero(self.writing[side]):
                self._produce(side, number, consumed)
        if all(readers.values()):
            both = self.reading["source"] & self.reading["target"]
            for group in np.flatnonzero(both):
                # Two instances read at once: only short stretches keep the order of processing.
                self._settle("source", int(group))
                self._settle("target", int(group))

    def begin_reading(self, side: Side, group: int) -> None:
        """A group joins: it resumes at its commits, or where its reset policy says."""
        shore = self._shores[side]
        for p in np.flatnonzero(self._layout.reads[group]):
            place = self.resume_place(side, group, int(p))
            if shore.generation[p] and shore.committed[group, p] == MISSING:
                # its reset policy passes over what a topic that was made anew has taken meanwhile
                passed = shore.logs.pieces(int(p), int(shore.start[p]), place)
                self.destroyed[group].extend(passed)
            self.position[side][group, p] = self._since[side][group, p] = place
        shore.members[group] = 1
        self.reading[side][group] = True

    def resume_place(self, side: Side, group: int, partition: int) -> int:
        """Where a group would begin to read a partition if it joined now."""
        shore = self._shores[side]
        end = int(shore.logs.end[partition])
        committed = int(shore.committed[group, partition])
        if committed != MISSING:
            place = shore.offset_map.place(partition, committed)
            first = int(shore.start[partition])
            if place >= first and committed <= shore.offset_map.offset(partition, end):
                return place
        earliest = self._spec.auto_offset_reset == "earliest"
        return int(shore.start[partition]) if earliest else end

    def next_place(self, side: Side, group: int, partition: int) -> int:
        """What a group reads next: its position, or where it would resume if it came back."""
        if self.reading[side][group]:
            return int(self.position[side][group, partition])
        return self.resume_place(side, group, partition)

    def skip_to(self, side: Side, group: int, partition: int, place: int) -> None:
        """Let a group that reads go on at another place."""
        self._settle(side, group)
        self.position[side][group, partition] = self._since[side][group, partition] = place

    def end_reading(self, side: Side, group: int, *, commit: bool) -> None:
        """A group leaves, with a last commit or without."""
        if commit:
            self.commit(side, group)
        for p in np.flatnonzero(self._layout.reads[group]):
            resumes = self.resume_place(side, group, int(p))
            self.uncommitted[group] += max(int(self.position[side][group, p]) - resumes, 0)
        self._settle(side, group)
        self._shores[side].members[group] = 0
        self.reading[side][group] = False

    def commit(self, side: Side, group: int) -> None:
        """Commit a group's positions, as far as its coordinator takes them."""
        shore, reads = self._shores[side], self._layout.reads[group]
        if shore.storming[group]:
            return
        reachable = reads & shore.up
        offsets = shore.offset_map.offsets(self.position[side][group])
        shore.committed[group] = np.where(reachable, offsets, shore.committed[group])

    def may_commit(self, side: Side, group: int) -> bool:
        """Whether a commit of everything that a group reads would be taken now."""
        shore = self._shores[side]
        return not shore.storming[group] and bool(shore.up[self._layout.reads[group]].all())

    def set_writing(self, side: Side, service: int, on: bool) -> None:
        """An instance's producers begin or end."""
        lanes = self._layout.lane_service == service
        self.writing[side][lanes] = on
        self.accepted[side][lanes] = False

    def set_strangers(self, producers: frozenset[str]) -> None:
        """Exactly these escaping writers are at work on the source."""
        for index, lane in enumerate(self._layout.lanes):
            if lane.service == STRANGER:
                self.writing["source"][index] = lane.producer in producers

    def stretches(self, group: int) -> list[Stretch]:
        """All that a group has processed up to now, in order."""
        for side in SIDES:
            self._settle(side, group)
        return self.processed[group]

    def refused_share(self, service: int) -> float:
        """The share of a service's writing lanes whose writes are refused now."""
        mine = self._layout.lane_service == service
        writing = sum(int((self.writing[side] & mine).sum()) for side in SIDES)
        refused = sum(int((self._refused[side] & mine).sum()) for side in SIDES)
        return refused / writing if writing else 0.0

    def _settle(self, side: Side, group: int) -> None:
        position, since = self.position[side][group], self._since[side][group]
        if not self.reading[side][group]:
            return
        for p in np.flatnonzero(position > since):
            stretch = Stretch(side, int(p), int(since[p]), int(position[p]))
            self.processed[group].append(stretch)
        since[:] = position

    def _consume(self, side: Side, number: int) -> I64:
        """Read what is there, as fast as each group can; records read by group."""
        cap = np.floor(self._speed * (number + 1)) - np.floor(self._speed * number)
        position = self.position[side]
        count: I64 = np.minimum(
            self._shores[side].readable() - position, cap.astype(np.int64)[:, None]
        )
        np.maximum(count, 0, out=count)
        count *= self._gate[side]
        position += count
        consumed: I64 = count.sum(axis=1)
        return consumed

    def _produce(self, side: Side, number: int, consumed: I64 | None) -> None:
        layout = self._layout
        made = self._rate * self._noise[number % NOISE_STEPS]
        if consumed is not None:
            fed_by = np.append(consumed, 0)[layout.lane_group]
            made = made + self._fed * fed_by
        self._credit += made * self.writing[side]
        whole = np.floor(self._credit)
        self._credit -= whole
        self.pending += whole.astype(np.int64)
        sent = self.pending * self._sends[side]
        logs, numbers = self._shores[side].logs, self.next_number
        for slot in layout.slots:
            logs.append(layout.lane_partition[slot], slot, numbers[slot], sent[slot])
        self.next_number = numbers + sent
        self.pending -= sent
        self.accepted[side] |= sent > 0
        refused = self._refused[side]
        if np.count_nonzero(refused):
            tried = layout.lane_service[refused & (self.pending > 0)]
            known = tried[tried != STRANGER]
            self.errors += np.bincount(known, minlength=len(self.errors))
