"""What befalls a simulated world's logs and groups: truncation, recreation, retention, strays.

Carries out faults that are on; which ones are on is the script's to say.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cockpit.core.observe import MISSING
from cockpit.core.plan import Side
from cockpit.sim.faults import (
    LogStartMoves,
    OpenTransaction,
    RebalanceStorm,
    StrayMember,
    TopicRecreated,
    Truncation,
)
from cockpit.sim.layout import Layout
from cockpit.sim.mirror import Mirror
from cockpit.sim.script import Script
from cockpit.sim.shore import Shore
from cockpit.sim.traffic import Traffic


class Mishaps:
    """Mishaps of one world, most of them on its source."""

    def __init__(
        self, layout: Layout, shores: Mapping[Side, Shore], traffic: Traffic, mirror: Mirror
    ) -> None:
        self._layout, self._shores = layout, shores
        self._source, self._traffic, self._mirror = shores["source"], traffic, mirror
        self._strays: frozenset[StrayMember] = frozenset()
        self._done: set[Truncation | TopicRecreated] = set()

    def begin_and_end(self, script: Script) -> None:
        """Take in which faults are on, whenever that has changed."""
        self._disturb_groups(script)
        self._hold_back(script)
        for cut in script.on(Truncation):
            if cut not in self._done:
                self._done.add(cut)
                for p in range(len(self._layout.keys)):
                    self._truncate(p)
        for recreated in script.on(TopicRecreated):
            if recreated not in self._done:
                self._done.add(recreated)
                for p in self._layout.partitions_of((recreated.topic,)):
                    self._recreate(p)

    def step(self, script: Script) -> None:
        """What goes on all the time."""
        if script.on(LogStartMoves):
            self._retain()

    def _disturb_groups(self, script: Script) -> None:
        """Strays join and leave; storms begin and end."""
        groups = self._layout.groups
        joined = frozenset(script.on(StrayMember))
        for stray in sorted(joined ^ self._strays, key=repr):
            shore, group = self._shores[stray.side], groups.index(stray.group)
            shore.strays[group] += 1 if stray in joined else -1
            if stray in joined and not shore.members[group]:
                self._rewind(shore, group, stray.records)
        self._strays = joined
        for side, shore in self._shores.items():
            names = {f.group for f in script.on(RebalanceStorm) if f.side == side}
            shore.storming = np.array([name in names for name in groups], dtype=np.bool_)

    def _rewind(self, shore: Shore, group: int, records: int) -> None:
        """Commit a place so many records before what is committed."""
        for index in np.flatnonzero(shore.committed[group] != MISSING):
            p = int(index)
            place = shore.offset_map.place(p, int(shore.committed[group, p]))
            older = max(place - records, int(shore.start[p]))
            if older < place:
                shore.committed[group, p] = shore.offset_map.offset(p, older)
                self._traffic.uncommitted[group] += place - older

    def _hold_back(self, script: Script) -> None:
        """Who reads committed records only reads nothing past the begin of an open transaction."""
        held = {
            p for f in script.on(OpenTransaction) for p in self._layout.partitions_of((f.topic,))
        }
        stable = self._source.stable
        for p in held - stable.keys():
            stable[p] = int(self._source.logs.end[p])
        for p in stable.keys() - held:
            del stable[p]

    def _retain(self) -> None:
        """Forget what neither the mirror nor any group on the source will read again."""
        for p in range(len(self._layout.keys)):
            start = int(self._source.start[p])
            # a group that has no commit has read nothing, wherever its reset policy would begin
            read = [start if self._is_new(g, p) else at for g, at in self._places(p).items()]
            self._source.start[p] = max(start, min([int(self._mirror.copied[p]), *read]))

    def _truncate(self, p: int) -> None:
        """A new leader does not have the last records, which nobody has read yet."""
        logs, readers = self._source.logs, self._places(p)
        end = int(logs.end[p])
        keep = max([int(self._mirror.farthest[p]), *readers.values()])
        if keep < end:
            self._lose(p, keep, end, readers)
            logs.truncate(p, keep)

    def _recreate(self, p: int) -> None:
        """The topic was deleted and made anew: no record, no commit, and offsets begin at 0."""
        source, logs = self._source, self._source.logs
        end, readers = int(logs.end[p]), self._places(p)
        for group, place in readers.items():
            self._lose(p, place, end, {group: place})
            self._traffic.skip_to("source", group, p, end)
            source.committed[group, p] = MISSING
        self._mirror.skip_to(p, end)
        source.offset_map.begin_anew(p, end)
        source.start[p] = end
        source.generation[p] += 1

    def _places(self, p: int) -> dict[int, int]:
        """By group that reads a partition: its next place on the source."""
        groups = [int(g) for g in np.flatnonzero(self._layout.reads[:, p])]
        return {group: self._traffic.next_place("source", group, p) for group in groups}

    def _is_new(self, group: int, p: int) -> bool:
        """Whether a group is not at work on the source and has never committed there."""
        at_work = bool(self._traffic.reading["source"][group])
        return not at_work and int(self._source.committed[group, p]) == MISSING

    def _lose(self, p: int, first: int, last: int, groups: Mapping[int, int]) -> None:
        """Records that are no more, for these groups."""
        pieces = tuple(self._source.logs.pieces(p, first, last))
        for group in groups:
            self._traffic.destroyed[group].extend(pieces)
