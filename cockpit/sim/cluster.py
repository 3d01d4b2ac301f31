"""`ports.Cluster` over one side of a simulated world. Reads only."""

from __future__ import annotations

import numpy as np

from cockpit.core.observe import (
    MISSING,
    AclSample,
    ClusterInfo,
    ConfigSample,
    GroupSample,
    GroupState,
    LogSample,
    PartitionKeys,
)
from cockpit.core.plan import Side
from cockpit.sim.line import Line


class SimCluster:
    """One side. A partition whose leader is down is MISSING, a group whose coordinator is down is
    unknown, as in a real answer."""

    def __init__(self, line: Line, side: Side) -> None:
        self._line = line
        self._side: Side = side
        self._shore = line.world.shores[side]
        # The same object in every sample of this side: `is` tells that nothing changed.
        self._keys = PartitionKeys.of(line.world.layout.keys.names)

    async def info(self) -> ClusterInfo:
        """Cluster id and brokers, both of which say that they are simulated."""
        asked_at_ms = await self._line.cluster(self._side)
        brokers = tuple(
            f"{number} simulated-{self._side}-{number}:0"
            for number in range(self._line.world.spec.brokers)
            if number not in self._shore.brokers_down
        )
        return ClusterInfo(self._side, asked_at_ms, f"simulated-{self._side}", brokers)

    async def logs(self) -> LogSample:
        """Start and end offsets."""
        asked_at_ms = await self._line.cluster(self._side)
        shore = self._shore
        start, end = shore.offset_map.base.copy(), shore.ends()
        errors = {}
        if shore.brokers_down:
            start, end = np.where(shore.up, start, MISSING), np.where(shore.up, end, MISSING)
            leaders = self._line.world.layout.leader_of
            errors = {
                self._keys.names[int(p)]: f"simulated: broker {int(leaders[p])} is down"
                for p in np.flatnonzero(~shore.up)
            }
        return LogSample(
            self._side, asked_at_ms, self._line.clock.now_ms(), self._keys, start, end, errors
        )

    async def groups(self, *, states_max_age_ms: int = 0) -> GroupSample:
        """State and commits of all groups."""
        asked_at_ms = await self._line.cluster(self._side)
        layout = self._line.world.layout
        groups = {}
        for index, name in enumerate(layout.groups):
            coordinator = layout.coordinator_of[index]
            if coordinator in self._shore.brokers_down:
                reason = f"simulated: its coordinator, broker {coordinator}, is down"
                groups[name] = GroupState(name, "Dead", 0, (), (), reason)
            elif self._shore.group_exists(index):
                commits = self._shore.commits(index)
                members = int(self._shore.members[index])
                groups[name] = GroupState(
                    name,
                    "Stable" if members else "Empty",
                    members,
                    tuple(commits),
                    tuple(commits.values()),
                )
        return GroupSample(self._side, asked_at_ms, self._line.clock.now_ms(), groups)

    async def configs(self) -> ConfigSample:
        """Configs and partition counts of the plan's topics."""
        asked_at_ms = await self._line.cluster(self._side)
        topics = {topic: dict(config) for topic, config in self._shore.configs.items()}
        counts = dict.fromkeys(topics, 0)
        for topic, _ in self._keys.names:
            counts[topic] += 1
        answered_at_ms = self._line.clock.now_ms()
        return ConfigSample(self._side, asked_at_ms, answered_at_ms, topics, counts)

    async def acls(self) -> AclSample:
        """All ACLs."""
        asked_at_ms = await self._line.cluster(self._side)
        bindings = self._shore.acls.bindings
        return AclSample(self._side, asked_at_ms, self._line.clock.now_ms(), bindings)

    async def close(self) -> None:
        """Nothing is held."""
