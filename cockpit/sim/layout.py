"""The fixed shape of a world: partitions, lanes and groups as indexes and masks.

A lane is one producer's share of one partition: the records of a lane are numbered 0, 1, 2, ..., so
that (lane, number) names a record for good. Never changes after it was made.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cockpit.core.observe import I64, AclBinding, PartitionKeys
from cockpit.core.plan import Plan, Service
from cockpit.sim.acls import allow
from cockpit.sim.faults import EscapingWriter
from cockpit.sim.spec import WorldSpec

F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]

STRANGER = -1
"""The service index of a writer that is not in the plan."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One producer's share of one partition. `service` is STRANGER for an escaping writer."""

    producer: str
    service: int
    partition: int
    rate_per_s: float
    per_consumed: float
    """Records for each record that the service consumes."""
    principal: str
    """Who writes; empty: a super user."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Indexes: P partitions, L lanes, S services, G groups (services that consume)."""

    keys: PartitionKeys
    topics: tuple[str, ...]
    topic_of: I64
    """[P] topic index."""
    leader_of: I64
    """[P] broker index."""
    services: tuple[Service, ...]
    groups: tuple[str, ...]
    group_service: tuple[int, ...]
    """[G] service index."""
    coordinator_of: tuple[int, ...]
    """[G] broker index."""
    reads: Bools
    """[G, P] whether a group reads a partition."""
    lanes: tuple[Lane, ...]
    lane_service: I64
    lane_partition: I64
    lane_group: I64
    """[L] the group whose reading feeds the lane; -1: none."""
    slots: tuple[I64, ...]
    """Lanes in sets within which no partition comes twice."""

    def group_of(self, service: int) -> int | None:
        """The group index of a service."""
        return self.group_service.index(service) if service in self.group_service else None

    def stranger_bindings(self) -> frozenset[AclBinding]:
        """What writers that are not in the plan are allowed, on both sides."""
        return frozenset(
            allow("topic", self.topics[int(self.topic_of[lane.partition])], lane.principal, word)
            for lane in self.lanes
            if lane.service == STRANGER and lane.principal
            for word in ("write", "describe")
        )

    def partitions_of(self, topics: tuple[str, ...]) -> list[int]:
        """Partition indexes of these topics, in key order."""
        return [i for i, (topic, _) in enumerate(self.keys.names) if topic in topics]


def lay_out(plan: Plan, spec: WorldSpec) -> Layout:
    """The shape of a plan's world."""
    topics = plan.topics()
    names = tuple(
        (topic, number)
        for topic in topics
        for number in range(spec.partitions.get(topic, spec.default_partitions))
    )
    topic_of = np.array([topics.index(topic) for topic, _ in names], dtype=np.int64)
    numbers = np.array([number for _, number in names], dtype=np.int64)
    services = plan.services
    consuming = tuple(i for i, s in enumerate(services) if s.group is not None and s.consumes)
    groups = tuple(services[i].group or "" for i in consuming)
    reads = np.array(
        [[topic in services[i].consumes for topic, _ in names] for i in consuming], dtype=np.bool_
    ).reshape(len(consuming), len(names))
    lanes = _lanes(plan, spec, names, consuming)
    lane_group = [
        consuming.index(lane.service) if lane.per_consumed and lane.service in consuming else -1
        for lane in lanes
    ]
    return Layout(
        keys=PartitionKeys.of(names),
        topics=topics,
        topic_of=topic_of,
        leader_of=(topic_of + numbers) % spec.brokers,
        services=services,
        groups=groups,
        group_service=consuming,
        coordinator_of=tuple(zlib.crc32(g.encode()) % spec.brokers for g in groups),
        reads=reads,
        lanes=lanes,
        lane_service=np.array([lane.service for lane in lanes], dtype=np.int64),
        lane_partition=np.array([lane.partition for lane in lanes], dtype=np.int64),
        lane_group=np.array(lane_group, dtype=np.int64),
        slots=_slots(lanes),
    )


def _lanes(
    plan: Plan, spec: WorldSpec, names: tuple[tuple[str, int], ...], consuming: tuple[int, ...]
) -> tuple[Lane, ...]:
    lanes: list[Lane] = []
    for index, service in enumerate(plan.services):
        where = [i for i, (topic, _) in enumerate(names) if topic in service.produces]
        fed = index in consuming
        rate = spec.rates_per_s.get(service.name, spec.default_rate_per_s)
        own = 0.0 if fed else rate / max(len(where), 1)
        per_consumed = spec.output_ratio / max(len(where), 1) if fed else 0.0
        lanes.extend(
            Lane(service.name, index, p, own, per_consumed, service.principal) for p in where
        )
    for fault in spec.faults:
        if isinstance(fault, EscapingWriter):
            where = [i for i, (topic, _) in enumerate(names) if topic in fault.topics]
            rate = fault.rate_per_s / len(where)
            lanes.extend(Lane(fault.name, STRANGER, p, rate, 0.0, fault.principal) for p in where)
    return tuple(lanes)


def _slots(lanes: tuple[Lane, ...]) -> tuple[I64, ...]:
    slots: list[list[int]] = []
    seen: dict[int, int] = {}
    for index, lane in enumerate(lanes):
        slot = seen.get(lane.partition, 0)
        seen[lane.partition] = slot + 1
        if slot == len(slots):
            slots.append([])
        slots[slot].append(index)
    return tuple(np.array(slot, dtype=np.int64) for slot in slots)
