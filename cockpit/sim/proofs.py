"""Fence and drain on a simulated source: how they are made and how they are proved.

Believes no acknowledgement: a fence stands when every broker refuses the canary and no log grows; a
partition is drained when both sides end with the same record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from cockpit.core.actions import Fence, Finding, ProveShut, Unfence
from cockpit.core.observe import I64, AclBinding, partition_text
from cockpit.core.plan import SIDES, Side
from cockpit.ports import PortError
from cockpit.sim.acls import allows, canary_principal, fence_bindings, is_denied
from cockpit.sim.line import Line
from cockpit.sim.truth import records

SAMPLES: Final = 5
SAMPLE_PAUSE_MS: Final = 110


class SimFence:
    """DENY WRITE on the simulated source."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._shore = line.world.shores["source"]
        self._canary = canary_principal(line.world.plan)

    async def precheck(self, fence: Fence) -> Finding:
        """Whether the fence stands already. Raises PortError where it could not be proved."""
        await self._line.cluster("source")
        self.survey(fence)
        left = self._unfenced(fence)
        if left:
            return Finding(False, f"not fenced: {', '.join(left)}")
        return await self.verify(fence)

    def make(self, fence: Fence) -> Mapping[str, Any]:
        """Create the bindings."""
        left, world = self._unfenced(fence), self._line.world
        made = fence_bindings(fence.topics, fence.principals)
        self._shore.acls.change(world.now_ms, add=made)
        world.fence_happened("fence", fence.topics)
        return {
            "bindings": sorted(f"deny write {b.principal} on {b.resource_name}" for b in made),
            "already_there": [topic for topic in fence.topics if topic not in left],
        }

    async def verify(self, fence: Fence) -> Finding:
        """Every broker refuses the canary, nothing grows in five samples of 0.5 s, and every
        broker refuses it still."""
        try:
            return await self._proved(fence)
        except PortError as error:
            return Finding(None, error.reason)

    async def _proved(self, fence: Fence) -> Finding:
        refused = await self.refused(fence)
        if not refused.holds:
            return refused
        flat = await self._flat(fence.topics)
        if not flat.holds:
            return flat
        still = await self.refused(fence)
        return flat if still.holds else still

    async def refused(self, fence: Fence) -> Finding:
        """Every broker refuses the canary. Raises PortError."""
        await self._line.cluster("source")
        return self._canary_finding(fence.topics, may_write=False)

    async def silent(self, topics: tuple[str, ...]) -> Finding:
        """Nothing grows, though nothing refuses a write."""
        try:
            await self._line.cluster("source")
            self._all_brokers()
            return await self._flat(topics)
        except PortError as error:
            return Finding(None, error.reason)

    async def precheck_open(self, fence: Unfence) -> Finding:
        """Whether no fence stands on these topics. Raises PortError."""
        await self._line.cluster("source")
        unfenced = self._unfenced(fence)
        fenced = [topic for topic in fence.topics if topic not in unfenced]
        if fenced:
            return Finding(False, f"fenced: {', '.join(fenced)}")
        return Finding(True, f"no fence on {', '.join(fence.topics)}")

    def remove(self, fence: Unfence) -> Mapping[str, Any]:
        """Remove exactly the fence's bindings."""
        world, bindings = self._line.world, fence_bindings(fence.topics, fence.principals)
        removed = len(bindings & self._shore.acls.bindings)
        self._shore.acls.change(world.now_ms, remove=bindings)
        world.fence_happened("unfence", fence.topics)
        return {"removed": removed}

    async def verify_open(self, fence: Unfence) -> Finding:
        """No binding of the fence is left and every broker lets the canary write."""
        try:
            gone = await self.precheck_open(fence)
            return self._canary_finding(fence.topics, may_write=True) if gone.holds else gone
        except PortError as error:
            return Finding(None, error.reason)

    def _unfenced(self, fence: Fence | Unfence) -> list[str]:
        bindings, denied = self._shore.acls.bindings, fence.principals
        return [t for t in fence.topics if not fence_bindings((t,), denied) <= bindings]

    def survey(self, fence: Fence) -> None:
        """Raise PortError unless a fence on these topics can be set and proved."""
        known = self._line.world.layout.topics
        for topic in fence.topics:
            if topic not in known:
                raise PortError("protocol", f"simulated: no topic {topic}")
        self._all_brokers()
        if self._canary is None:
            raise PortError("protocol", "the plan names no canary: no fence could be proved")
        for topic in self._unfenced(fence):
            if not all(self._may_write(view, topic) for view in self._shore.acls.views):
                why = f"simulated: the canary may not write {topic} now: it could prove no fence"
                raise PortError("protocol", why)

    def _all_brokers(self) -> None:
        for broker in sorted(self._shore.brokers_down):
            raise PortError("unreachable", f"simulated: broker {broker} of source is down")

    def _may_write(self, view: Iterable[AclBinding], topic: str) -> bool:
        assert self._canary is not None
        return allows(view, self._canary, "write", topic)

    def _canary_finding(self, topics: tuple[str, ...], *, may_write: bool) -> Finding:
        """Whether every broker gives the canary just this answer for every topic."""
        self._all_brokers()
        if self._canary is None:
            return Finding(None, "the plan names no canary")
        for broker, view in enumerate(self._shore.acls.views):
            for topic in topics:
                if self._may_write(view, topic) != may_write:
                    word = "still refuses" if may_write else "still accepts"
                    return Finding(False, f"broker {broker} {word} writes to {topic}")
        return Finding(True, "every broker agrees")

    async def _flat(self, topics: tuple[str, ...]) -> Finding:
        where = self._line.world.layout.partitions_of(topics)
        first = self._ends(where)
        for _ in range(SAMPLES - 1):
            await self._line.wait(SAMPLE_PAUSE_MS)
            self._all_brokers()
            grown = np.flatnonzero(self._ends(where) != first)
            if len(grown):
                topic, partition = self._line.world.layout.keys.names[where[int(grown[0])]]
                return Finding(False, f"somebody still writes: {topic}/{partition} grew")
        text = f"every broker refuses writes; {len(where)} partitions flat for 0.5 s"
        names = self._line.world.layout.keys.names
        still_open = self._shore.stable
        shown = {
            partition_text(names[p]): int(end)
            for p, end in zip(where, first.tolist(), strict=True)
            if p not in still_open
        }
        return Finding(True, text, shows={"source_end": shown})

    def _ends(self, where: list[int]) -> I64:
        return self._shore.ends()[where]


class SimDrain:
    """Whether the target's last record is the source's, for every partition of some topics."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def verify(self, topics: tuple[str, ...]) -> Finding:
        """Compare the last records' identities; None where a side could not be read."""
        try:
            return await self._look(topics)
        except PortError as error:
            return Finding(None, error.reason)

    async def do(self, topics: tuple[str, ...]) -> Mapping[str, Any]:
        """The ends at which it holds. Raises PortError, also where something has not arrived."""
        found = await self._look(topics)
        if not found.holds:
            raise PortError("protocol", f"simulated: not drained: {found.detail}")
        where = self._line.world.layout.partitions_of(topics)
        data: dict[str, Any] = {}
        for side, shore in self._line.world.shores.items():
            ends = shore.ends()
            data[f"{side}_end"] = {self._name(p): int(ends[p]) for p in where}
        return data

    async def _look(self, topics: tuple[str, ...]) -> Finding:
        for side in SIDES:
            await self._line.cluster(side)
        world = self._line.world
        behind = []
        where = world.layout.partitions_of(topics)
        for p in where:
            if not (world.shores["source"].up[p] and world.shores["target"].up[p]):
                raise PortError("unreachable", f"simulated: no leader for {self._name(p)}")
            if self._last("source", p) != self._last("target", p):
                behind.append(p)
        if not behind:
            return Finding(True, f"{len(where)} partitions end with the same record on both sides")
        rest = f" and {len(behind) - 1} more" if len(behind) > 1 else ""
        return Finding(False, f"{self._name(behind[0])} ends with another record{rest}")

    def _name(self, partition: int) -> str:
        topic, number = self._line.world.layout.keys.names[partition]
        return f"{topic}/{number}"

    def _last(self, side: Side, partition: int) -> tuple[int, int] | None:
        shores = self._line.world.shores
        place = shores[side].last_record(partition)
        if place is None:
            return None
        lane, number, _ = next(records(shores, side, partition, place, place + 1))
        return lane, number


async def prove_shut(shut: ProveShut, fence: SimFence, line: Line) -> Finding:
    """What the release of producers stands on is so still; None where a side could not be read."""
    try:
        await line.cluster("target")
        for topic in shut.topics:
            for who in shut.writers:
                if any(
                    is_denied(view, who, topic) for view in line.world.shores["target"].acls.views
                ):
                    return Finding(False, f"an ACL on the target denies {who} to write {topic}")
        await line.cluster("source")
        if shut.denied:
            stands = await fence.refused(Fence(shut.topics, shut.denied))
            if not stands.holds:
                return stands
        return _same_ends(shut, line)
    except PortError as error:
        return Finding(None, error.reason)


def _same_ends(shut: ProveShut, line: Line) -> Finding:
    world = line.world
    ends = world.shores["source"].ends()
    where = {world.layout.keys.names[p]: p for p in world.layout.partitions_of(shut.topics)}
    for name, end in shut.ends:
        now = int(ends[where[name]])
        if now != end:
            text = f"{partition_text(name)} ended at {end} on the source, now at {now}"
            return Finding(False, text)
    return Finding(True, f"{len(shut.ends)} partitions end where they did")
