"""A simulated MirrorMaker 2: copies records, syncs offsets, groups and ACLs, asynchronously.

Its numbers are as late and as coarse as the real one's. Never copies from target to source.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping

import numpy as np

from cockpit.core.observe import I64, MISSING, ConnectorState, TaskState, TopicPartition, Unknown
from cockpit.core.plan import Plan, Side
from cockpit.core.translate import OffsetSyncStore, Sync
from cockpit.sim.acls import mirrored
from cockpit.sim.faults import (
    MirrorLoops,
    MirrorSlow,
    MirrorStalled,
    MirrorTaskFailed,
    StalePositions,
)
from cockpit.sim.layout import Layout
from cockpit.sim.logs import COPIED
from cockpit.sim.script import Script
from cockpit.sim.shore import Shore
from cockpit.sim.spec import WorldSpec

EXCLUDE_KEY = "groups.exclude"
NEVER_MS = 10**15
DEFAULT_EXCLUDES = "console-consumer-.*,connect-.*,__.*"
"""What MirrorMaker leaves out while the key is not set."""


class Mirror:
    """Source to target, for every partition of the plan.

    `copied` [P] are places of the source up to which records were copied, `farthest` [P] up to
    which they ever were, `recopied` [P] how many were copied once more. Times are world ms.
    Call `copy_everything` before the first `step`.
    """

    def __init__(
        self,
        plan: Plan,
        spec: WorldSpec,
        layout: Layout,
        shores: Mapping[Side, Shore],
        rng: np.random.Generator,
    ) -> None:
        size = len(layout.keys)
        self._spec, self._layout, self._rng = spec.mirror, layout, rng
        self._source, self._target = shores["source"], shores["target"]
        self._source_name = plan.replication.source_connector
        self._checkpoint_name = plan.replication.checkpoint_connector
        self.configs: dict[str, dict[str, str]] = {
            self._source_name: {
                "sync.topic.acls.enabled": "true",
                "sync.topic.configs.enabled": "true",
                "offset.lag.max": str(spec.mirror.offset_lag_max),
            },
            self._checkpoint_name: {"sync.group.offsets.enabled": "true"},
        }
        self._all = np.arange(size, dtype=np.int64)
        self._lane = np.full(size, COPIED, dtype=np.int64)
        self._visible: deque[I64] = deque(maxlen=max(1, spec.mirror.latency_ms // spec.step_ms))
        self.copied: I64 = np.zeros(size, dtype=np.int64)
        self.farthest: I64 = np.zeros(size, dtype=np.int64)
        self.recopied: I64 = np.zeros(size, dtype=np.int64)
        self._positions: dict[TopicPartition, int] = {}
        self._flushed: I64 = np.zeros(size, dtype=np.int64)
        self._synced: I64 = np.full(size, MISSING, dtype=np.int64)
        self._synced_down: I64 = np.zeros(size, dtype=np.int64)
        self._landed: I64 = np.zeros(size, dtype=np.int64)
        self._store = OffsetSyncStore()
        self._store.reached_end()
        self._slots: Mapping[TopicPartition, tuple[Sync, ...]] | None = None
        self._checkpoints: dict[tuple[int, int], tuple[int, int]] = {}
        self._busy_until_ms = dict.fromkeys(self.configs, -(10**9))
        self._failed: MirrorTaskFailed | None = None
        self.halted: set[str] = set()
        """Connectors whose tasks somebody lets stand still."""
        self._due_ms = {"flush": 0, "groups": 0, "acls": 0}

    def copy_everything(self) -> None:
        """What was there long ago has been copied long ago."""
        self._visible.append(self._source.logs.end.copy())
        self._copy(self._source.logs.end - self.copied)
        self._flush()

    def step(self, now_ms: int, script: Script) -> None:
        """One step: copy what is old enough, and publish what is due."""
        old_enough = np.minimum(self._visible[0], self._source.readable())
        self._fail(script)
        running = self._failed is None and now_ms >= self._busy_until_ms[self._source_name]
        if running and not script.on(MirrorStalled):
            able = self._source.up & self._target.up
            most = min((f.records_per_step for f in script.on(MirrorSlow)), default=None)
            most = self._spec.records_per_step if most is None else most
            count = np.minimum(old_enough - self.copied, most) * able
            self._copy(np.maximum(count, 0))
        self._visible.append(self._source.logs.end.copy())
        publishing = running and not script.on(StalePositions)
        if publishing and self._due("flush", self._spec.flush_ms, now_ms):
            self._flush()
            for looping in script.on(MirrorLoops):
                again = np.minimum(looping.records, self.copied - self._source.start)
                self.copied -= again
                self.recopied += again
        if running and self._due("acls", self._spec.acl_sync_ms, now_ms):
            self._sync_acls(now_ms)
        if now_ms >= self._busy_until_ms[self._checkpoint_name] and self._due(
            "groups", self._spec.group_sync_ms, now_ms
        ):
            self._sync_groups()

    def skip_to(self, partition: int, place: int) -> None:
        """Go on at another place of a source partition."""
        for places in (self.copied, self.farthest, self._flushed, self._synced):
            places[partition] = place

    def patch(
        self, connector: str, settings: tuple[tuple[str, str | None], ...], now_ms: int
    ) -> dict[str, str | None]:
        """Change keys of a connector's config; the former values. KeyError: no such connector.

        A real change restarts the connector's tasks, which publish what they had first.
        """
        config = self.configs[connector]
        previous = {key: config.get(key) for key, _ in settings}
        if previous == dict(settings):
            return previous
        for key, value in settings:
            if value is None:
                config.pop(key, None)
            else:
                config[key] = value
        if connector == self._source_name and self._failed is None:
            self._flush()
        if connector not in self.halted:
            self._busy_until_ms[connector] = now_ms + self._spec.reconfigure_ms
        return previous

    def exclude(
        self, groups: tuple[str, ...], *, excluded: bool, now_ms: int
    ) -> dict[str, str | None]:
        """Put groups on, or take them off, the list of those not synced; the former value."""
        kept = [word for word in self._excludes() if word not in map(re.escape, groups)]
        text = ",".join([*kept, *map(re.escape, groups)] if excluded else kept)
        value = None if text == DEFAULT_EXCLUDES else text
        return self.patch(self._checkpoint_name, ((EXCLUDE_KEY, value),), now_ms)

    def is_listed(self, group: str) -> bool:
        """Whether the list names a group; one may be left out by a pattern of it, too."""
        return re.escape(group) in self._excludes()

    def is_excluded(self, group: str) -> bool:
        """Whether a group is left out of the group sync."""
        return any(re.fullmatch(word, group) for word in self._excludes())

    def halt(self, connector: str, *, halted: bool, now_ms: int) -> None:
        """Let a connector's tasks stand still, or come back. KeyError: no such connector."""
        if halted:
            if connector == self._source_name and self._failed is None:
                self._flush()
            self.halted.add(connector)
            self._busy_until_ms[connector] = NEVER_MS
        elif connector in self.halted:
            self.halted.discard(connector)
            self._busy_until_ms[connector] = now_ms + self._spec.reconfigure_ms

    def settled(self, connector: str, now_ms: int) -> bool:
        """Whether a connector's tasks are back after its last change."""
        return now_ms >= self._busy_until_ms[connector]

    def connectors(self, now_ms: int) -> tuple[ConnectorState, ...]:
        """Every connector and its task, as Connect shows them."""
        states = []
        for name in self.configs:
            state, cause = "RUNNING", ""
            if name in self.halted:
                state = "PAUSED"
            elif now_ms < self._busy_until_ms[name]:
                state = "UNASSIGNED"
            elif name == self._source_name and self._failed is not None:
                state, cause = "FAILED", self._failed.cause
            states.append(ConnectorState(name, "RUNNING", (TaskState(0, state, cause),)))
        return tuple(states)

    def positions(self) -> Mapping[TopicPartition, int]:
        """Published positions: the next source offset, by partition."""
        return self._positions

    def slots(self) -> Mapping[TopicPartition, tuple[Sync, ...]]:
        """The offset-syncs, as `SyncsSample.slots` has them."""
        if self._slots is None:
            self._slots = self._store.slots()
        return self._slots

    def _excludes(self) -> list[str]:
        text = self.configs[self._checkpoint_name].get(EXCLUDE_KEY, DEFAULT_EXCLUDES)
        return [word for word in (part.strip() for part in text.split(",")) if word]

    def _due(self, what: str, every_ms: int, now_ms: int) -> bool:
        if now_ms < self._due_ms[what]:
            return False
        # No two clocks keep step for long: a reader must not meet the same moment each time.
        self._due_ms[what] = now_ms + int(every_ms * self._rng.uniform(0.85, 1.15))
        return True

    def _fail(self, script: Script) -> None:
        failed = next(iter(script.on(MirrorTaskFailed)), None)
        if failed is None and self._failed is not None and self._failed.replays:
            self.recopied += self.copied - self._flushed
            self.copied = self._flushed.copy()
        self._failed = failed

    def _copy(self, count: I64) -> None:
        if not np.count_nonzero(count):
            return
        before = self.copied
        self._target.logs.append(self._all, self._lane, before, count)
        self.copied = before + count
        self.farthest = np.maximum(self.farthest, self.copied)
        self._landed = np.where(count > 0, self._target.logs.end - 1, self._landed)
        due = (count > 0) & (
            (self._synced == MISSING)
            | (self._landed - self._synced_down >= self._spec.offset_lag_max)
            | (self.copied < self._synced)
        )
        every = self._source.offset_map.marker_every
        if every:  # a hole in the source's offsets makes MirrorMaker write a sync at once
            due |= (count > 0) & ((before - 1) // (every - 1) != (self.copied - 1) // (every - 1))
        if np.count_nonzero(due):
            self._sync(np.flatnonzero(due))

    def _sync(self, partitions: I64) -> None:
        """Write a sync of the last copied record of each of these partitions."""
        names = self._layout.keys.names
        for index in partitions:
            p = int(index)
            up = self._source.offset_map.offset(p, int(self.copied[p]) - 1)
            down = self._target.offset_map.offset(p, int(self._landed[p]))
            self._store.put(names[p], up, down)
        self._synced[partitions] = self.copied[partitions]
        self._synced_down[partitions] = self._landed[partitions]
        self._slots = None

    def _flush(self) -> None:
        late = (self.copied > 0) & (self._synced != self.copied)
        if np.count_nonzero(late):
            self._sync(np.flatnonzero(late))
        self._flushed = self.copied.copy()
        after = self._source.offset_map.after(self.copied)
        names = self._layout.keys.names
        self._positions = {names[int(p)]: int(after[p]) for p in np.flatnonzero(self.copied > 0)}

    def _sync_groups(self) -> None:
        if self.configs[self._checkpoint_name].get("sync.group.offsets.enabled") != "true":
            return
        for group, name in enumerate(self._layout.groups):
            if not self.is_excluded(name):
                self._sync_group(group)

    def _sync_group(self, group: int) -> None:
        """Write checkpoints, and commit them on the target where nobody is: never lower."""
        names, commits = self._layout.keys.names, self._source.committed[group]
        known = self._target.group_exists(group)
        for index in np.flatnonzero(commits != MISSING):
            p, up = int(index), int(commits[index])
            down = self._store.translate(names[p], up)
            before = self._checkpoints.get((group, p))
            if isinstance(down, Unknown):
                continue
            if before is None or up < before[0] or down > before[1]:
                self._checkpoints[group, p] = (up, down)
        if self._target.present(group):
            return
        row = self._target.committed[group]
        for (at, p), (_, down) in self._checkpoints.items():
            if at == group and (not known or down > row[p]):
                row[p] = down

    def _sync_acls(self, now_ms: int) -> None:
        if self.configs[self._source_name].get("sync.topic.acls.enabled") == "true":
            copied = mirrored(self._source.acls.bindings, self._layout.topics)
            self._target.acls.change(now_ms, add=copied)
