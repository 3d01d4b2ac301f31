"""What really became of every record, measured from record identities.

Shares no number with the cockpit: neither offsets it reads nor offsets it commits count here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from cockpit.core.observe import I64
from cockpit.core.plan import Side
from cockpit.sim.layout import Layout
from cockpit.sim.logs import COPIED, Piece
from cockpit.sim.mirror import Mirror
from cockpit.sim.shore import Shore
from cockpit.sim.traffic import Traffic


@dataclass(frozen=True, slots=True)
class ServiceTruth:
    """What one consuming service has seen, in records."""

    service: str
    processed: int
    """Every processing counts, the second of a record too."""
    lost: int
    """Accepted by a cluster, never processed, and not ahead of the group either."""
    duplicated: int
    disordered: int
    """Processed for the first time after a later one of the same producer and partition."""
    pending: int
    """Not processed yet, but ahead of the group."""
    excused: int
    """Of those read again, the most that comes of clients that lost their last commit and of a
    mirror that copied again: nobody who moves a group could know of them."""


@dataclass(frozen=True, slots=True)
class TruthReport:
    """Totals over all consuming services, and what was done that must never be done."""

    lost: int
    duplicated: int
    disordered: int
    services: tuple[ServiceTruth, ...]
    violations: tuple[str, ...]
    excused: int
    unsent: int
    """Records that exist in a producer and no cluster has accepted yet."""


class Numbers:
    """A set of record numbers of one lane, as disjoint stretches in rising order."""

    __slots__ = ("_firsts", "_lasts")

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def add(self, first: int, last: int) -> int:
        """Add [first, last); how many of them were there already."""
        firsts, lasts = self._firsts, self._lasts
        if lasts and first >= lasts[-1]:
            if first == lasts[-1]:
                lasts[-1] = last
            else:
                firsts.append(first)
                lasts.append(last)
            return 0
        low = bisect_right(lasts, first - 1)
        high = bisect_right(firsts, last)
        known = 0
        for at in range(low, high):
            known += max(0, min(last, lasts[at]) - max(first, firsts[at]))
        merged_first = min([first, *firsts[low:high]])
        merged_last = max([last, *lasts[low:high]])
        firsts[low:high] = [merged_first]
        lasts[low:high] = [merged_last]
        return known

    def end(self) -> int:
        """One past the greatest number; 0 when empty."""
        return self._lasts[-1] if self._lasts else 0

    def count(self) -> int:
        """How many numbers."""
        return sum(self._lasts) - sum(self._firsts)


class Reader:
    """One group's view of all lanes: what it has seen, in which order."""

    def __init__(self) -> None:
        self.seen: dict[int, Numbers] = {}
        self.duplicated = 0
        self.disordered = 0

    def know(self, pieces: Iterable[Piece]) -> None:
        """These were processed before the world began."""
        for lane, first, count in pieces:
            self.seen.setdefault(lane, Numbers()).add(first, first + count)

    def process(self, pieces: Iterable[Piece]) -> None:
        """These are processed now, in this order."""
        for lane, first, count in pieces:
            seen = self.seen.setdefault(lane, Numbers())
            last, newest = first + count, seen.end()
            known = seen.add(first, last)
            self.duplicated += known
            if first < newest:
                late = min(last, newest) - first
                # Only the part beneath the newest one seen is late; `known` lies all within it.
                self.disordered += late - known

    def counts(self) -> dict[int, int]:
        """Distinct records seen, by lane."""
        return {lane: numbers.count() for lane, numbers in self.seen.items()}


def records(
    shores: Mapping[Side, Shore], side: Side, partition: int, first: int, last: int
) -> Iterator[Piece]:
    """The records at the places [first, last) of a partition, by lane and number."""
    for lane, number, count in shores[side].logs.pieces(partition, first, last):
        if lane == COPIED:
            yield from shores["source"].logs.pieces(partition, number, number + count)
        else:
            yield lane, number, count


def measure(
    layout: Layout,
    shores: Mapping[Side, Shore],
    traffic: Traffic,
    mirror: Mirror,
    *,
    last_sides: tuple[Side, ...],
    begun_at: I64,
    violations: tuple[str, ...],
) -> TruthReport:
    """Follow every record to every group that should have it.

    `last_sides`: where each service runs or ran last. `begun_at` [P]: places of the source that all
    groups had read before the world began.
    """
    services: list[ServiceTruth] = []
    for group, service in enumerate(layout.group_service):
        partitions = [int(p) for p in np.flatnonzero(layout.reads[group])]
        reader = Reader()
        for p in partitions:
            reader.know(records(shores, "source", p, 0, int(begun_at[p])))
        processed = 0
        for s in traffic.stretches(group):
            processed += s.last - s.first
            reader.process(records(shores, s.side, s.partition, s.first, s.last))
        before = reader.counts()
        side = last_sides[service]
        for p in partitions:
            first = traffic.next_place(side, group, p)
            end = int(shores[side].logs.end[p])
            reader.know(records(shores, side, p, first, end))
            if side == "target":
                rest = int(shores["source"].logs.end[p])
                reader.know(records(shores, "source", p, int(mirror.copied[p]), rest))
        reader.know(traffic.destroyed[group])
        after = reader.counts()
        mine = [i for i, lane in enumerate(layout.lanes) if layout.reads[group, lane.partition]]
        lost = sum(int(traffic.next_number[i]) - after.get(i, 0) for i in mine)
        pending = sum(after.values()) - sum(before.values())
        excused = int(traffic.uncommitted[group] + mirror.recopied[layout.reads[group]].sum())
        found = (reader.duplicated, reader.disordered, pending, excused)
        name = layout.services[service].name
        services.append(ServiceTruth(name, processed, lost, *found))
    return TruthReport(
        lost=sum(s.lost for s in services),
        duplicated=sum(s.duplicated for s in services),
        disordered=sum(s.disordered for s in services),
        services=tuple(services),
        violations=violations,
        excused=sum(s.excused for s in services),
        unsent=int(traffic.pending.sum()),
    )
