"""`ports.Cluster` over one side of a simulated world. Reads only."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from cockpit.core.observe import (
    I64,
    MISSING,
    AclSample,
    ClusterInfo,
    ConfigSample,
    GroupSample,
    GroupState,
    LogSample,
    PartitionKeys,
    TopicPartition,
)
from cockpit.core.plan import Side
from cockpit.sim.faults import PartialAnswer, StaleLeader, TopicUnknown
from cockpit.sim.line import Line

SideFault = TypeVar("SideFault", PartialAnswer, StaleLeader, TopicUnknown)


class SimCluster:
    """One side. A partition whose leader is down is MISSING, a group whose coordinator is down is
    unknown, as in a real answer."""

    def __init__(self, line: Line, side: Side) -> None:
        self._line = line
        self._side: Side = side
        self._shore = line.world.shores[side]
        self._ends_of: dict[StaleLeader, I64] = {}
        """Ends that old leaders still tell."""
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
        start, end = shore.starts(), self._told_ends()
        errors = self._silent()
        if errors:
            answered = np.array([name not in errors for name in self._keys.names])
            start, end = np.where(answered, start, MISSING), np.where(answered, end, MISSING)
        now_ms, anew = self._line.clock.now_ms(), shore.generation.nonzero()[0]
        recreated = frozenset(self._keys.names[p][0] for p in anew.tolist())
        keys = self._keys
        return LogSample(
            self._side, asked_at_ms, now_ms, keys, start, end, errors, recreated=recreated
        )

    async def groups(self, *, states_max_age_ms: int = 0) -> GroupSample:
        """State and commits of all groups."""
        asked_at_ms = await self._line.cluster(self._side)
        layout = self._line.world.layout
        groups = {}
        for index, name in enumerate(layout.groups):
            coordinator = layout.coordinator_of[index]
            if index % 2 and self._on(PartialAnswer):
                reason = "simulated: the answer left it out"
                groups[name] = GroupState(name, "Dead", 0, (), (), reason)
            elif coordinator in self._shore.brokers_down:
                reason = f"simulated: its coordinator, broker {coordinator}, is down"
                groups[name] = GroupState(name, "Dead", 0, (), (), reason)
            elif self._shore.group_exists(index):
                commits = self._shore.commits(index)
                members = self._shore.present(index)
                groups[name] = GroupState(
                    name,
                    self._shore.state_of(index),
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

    def _on(self, kind: type[SideFault]) -> tuple[SideFault, ...]:
        return tuple(f for f in self._line.world.script.on(kind) if f.side == self._side)

    def _told_ends(self) -> I64:
        """Ends, as the leaders know them that the cockpit asks."""
        ends = self._shore.ends()
        on = self._on(StaleLeader)
        for stale in on:
            old = self._ends_of.setdefault(stale, ends)
            ends = np.where(self._line.world.layout.leader_of == stale.broker, old, ends)
        for over in self._ends_of.keys() - set(on):
            del self._ends_of[over]
        return ends

    def _silent(self) -> dict[TopicPartition, str]:
        """Partitions that an answer says nothing of, and why."""
        layout, names = self._line.world.layout, self._keys.names
        errors: dict[TopicPartition, str] = {}
        if self._on(PartialAnswer):
            errors.update(dict.fromkeys(names[::2], "simulated: the answer left it out"))
        for unknown in self._on(TopicUnknown):
            gone = (name for name in names if name[0] == unknown.topic)
            errors.update(dict.fromkeys(gone, "simulated: UNKNOWN_TOPIC_OR_PARTITION"))
        for p in (~self._shore.up).nonzero()[0].tolist():
            errors[names[p]] = f"simulated: broker {int(layout.leader_of[p])} is down"
        return errors

    async def close(self) -> None:
        """Nothing is held."""
