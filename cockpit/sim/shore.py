"""One simulated cluster: its logs, offsets, groups, ACLs and configs.

Passive: traffic and mirror change it, ports read it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cockpit.core.observe import I64, MISSING, TopicPartition
from cockpit.core.plan import Plan, Side
from cockpit.sim.acls import Acls, allows, plan_bindings
from cockpit.sim.layout import Bools, Layout
from cockpit.sim.logs import Logs, OffsetMap
from cockpit.sim.spec import WorldSpec

SOURCE_CONFIGS: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "compression.type": "producer",
    "max.message.bytes": "1048588",
    "min.insync.replicas": "2",
    "retention.ms": "604800000",
    "segment.bytes": "1073741824",
}


class Shore:
    """A cluster of a world.

    `committed` is an int64 column [G, P] of offsets, MISSING where a group has no commit.
    `members` counts each group's members of the plan's services, `strays` all others; `storming`
    says which groups rebalance without end. `start` [P] are places at which logs begin,
    `generation` [P] counts how often they were made anew; `stable` has, by partition, the place at
    which an open transaction begins. `up` says which partitions have a leader. `permitted` [L] says
    whose writes the partitions' leaders accept.
    """

    def __init__(
        self, side: Side, plan: Plan, spec: WorldSpec, layout: Layout, rng: np.random.Generator
    ) -> None:
        size = len(layout.keys)
        self.side: Side = side
        self._layout = layout
        self._super_users = spec.super_users
        self.logs = Logs(size)
        spread = spec.base_spread if side == "source" else 0
        base = rng.integers(0, spread + 1, size=size, dtype=np.int64)
        source = side == "source"
        markers = spec.source_marker_every if source else spec.target_marker_every
        self.offset_map = OffsetMap(base, markers)
        self.committed: I64 = np.full((len(layout.groups), size), MISSING, dtype=np.int64)
        self.members: I64 = np.zeros(len(layout.groups), dtype=np.int64)
        self.strays: I64 = np.zeros(len(layout.groups), dtype=np.int64)
        self.storming: Bools = np.zeros(len(layout.groups), dtype=np.bool_)
        self.start: I64 = np.zeros(size, dtype=np.int64)
        self.generation: I64 = np.zeros(size, dtype=np.int64)
        self.stable: dict[int, int] = {}
        self.up: Bools = np.ones(size, dtype=np.bool_)
        self.brokers_down: frozenset[int] = frozenset()
        without = () if source else spec.without_target_acls
        bindings = plan_bindings(plan, without=without) | layout.stranger_bindings()
        self.acls = Acls(bindings, spec.brokers, rng, spec.acl_delay_ms)
        self.permitted: Bools = np.ones(len(layout.lanes), dtype=np.bool_)
        self.judge_writers()
        differing = {} if source else spec.target_configs
        self.configs = {
            topic: {**SOURCE_CONFIGS, **differing.get(topic, {})} for topic in layout.topics
        }

    def judge_writers(self) -> None:
        """Decide anew whose writes each partition's leader accepts."""
        layout, known = self._layout, {}
        for index, lane in enumerate(layout.lanes):
            if not lane.principal or lane.producer in self._super_users:
                continue
            topic = layout.topics[int(layout.topic_of[lane.partition])]
            broker = int(layout.leader_of[lane.partition])
            key = (lane.principal, topic, broker)
            if key not in known:
                known[key] = allows(self.acls.views[broker], lane.principal, "write", topic)
            self.permitted[index] = known[key]

    def lose_brokers(self, down: frozenset[int]) -> None:
        """Only these brokers are gone."""
        self.brokers_down = down
        self.up = ~np.isin(self._layout.leader_of, sorted(down))

    def ends(self) -> I64:
        """High watermarks, [P] offsets: past a trailing marker."""
        return self.offset_map.offsets(self.logs.end)

    def readable(self) -> I64:
        """Places, [P], up to which those read who read committed records only."""
        if not self.stable:
            return self.logs.end
        end = self.logs.end.copy()
        for p, place in self.stable.items():
            end[p] = min(end[p], place)
        return end

    def starts(self) -> I64:
        """Log start offsets, [P]."""
        if not np.count_nonzero(self.start):
            return self.offset_map.base.copy()
        return np.where(self.start > 0, self.offset_map.offsets(self.start), self.offset_map.base)

    def present(self, group: int) -> int:
        """How many members a group has."""
        return int(self.members[group] + self.strays[group])

    def state_of(self, group: int) -> str:
        """A group's state, in Kafka's words."""
        if not self.present(group):
            return "Empty"
        return "PreparingRebalance" if self.storming[group] else "Stable"

    def group_exists(self, group: int) -> bool:
        """Whether the cluster knows a group."""
        return bool(self.present(group)) or bool(np.count_nonzero(self.committed[group] != MISSING))

    def commits(self, group: int) -> dict[TopicPartition, int]:
        """A group's committed offsets, in key order."""
        row, names = self.committed[group].tolist(), self._layout.keys.names
        return {name: at for name, at in zip(names, row, strict=True) if at != MISSING}

    def last_record(self, partition: int) -> int | None:
        """The place of a partition's last data record; None where it has none."""
        end = int(self.logs.end[partition])
        return end - 1 if end else None
