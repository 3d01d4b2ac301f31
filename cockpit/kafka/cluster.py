"""One real cluster behind the Cluster port, read only.

Never joins a group, never creates a topic, never writes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from typing import Final

from cockpit.core.observe import AclSample, ClusterInfo, ConfigSample, GroupSample, LogSample
from cockpit.core.plan import Side
from cockpit.kafka.any_groups import AnyGroupReader
from cockpit.kafka.client import Client
from cockpit.kafka.configs import read_acls, read_configs
from cockpit.kafka.logs import LogReader
from cockpit.kafka.patience import Tasks, Unhurried
from cockpit.kafka.security import Access
from cockpit.kafka.text import one_line
from cockpit.kafka.zookeeper import Registrations
from cockpit.ports import Clock

FEED_TIMEOUT_MS: Final = 4_000
"""When a connection counts as dead; what takes longer than the next two is late, no more."""
PATIENCE_S: Final = 1.3
"""How long one broker may keep the answers of the others waiting."""
WITHIN_S: Final = 1.8
"""With a second between two looks, a cluster that hangs is known to hang within three."""


class KafkaCluster:
    """A cluster and the plan's interest in it: which topics and groups must not go unnoticed."""

    def __init__(
        self,
        side: Side,
        access: Access,
        clock: Clock,
        *,
        topics: Iterable[str],
        groups: Iterable[str],
        consumes: Mapping[str, Iterable[str]] | None = None,
        registrations: Registrations | None = None,
    ) -> None:
        """`consumes`: the topics of each of these groups, where they are known. `registrations`:
        who knows the members that old brokers do not."""
        self._registrations = registrations
        self._side: Side = side
        self._clock = clock
        self._topics = tuple(topics)
        # Brokers answer one request of a connection after the other: what is hot has its own.
        self._hot_logs, self._hot_groups, self._client = (
            Client(access, timeout_ms=FEED_TIMEOUT_MS, patience_s=PATIENCE_S) for _ in range(3)
        )
        self._logs = LogReader(side, self._hot_logs, clock, self._topics)
        self._groups = AnyGroupReader(
            side,
            self._hot_groups,
            clock,
            topics=self._topics,
            groups=groups,
            consumes=consumes,
            registrations=registrations,
        )
        self._tasks = Tasks()
        self._reading_logs = Unhurried[LogSample](f"the {side}", self._tasks)
        self._reading_groups = Unhurried[GroupSample](f"the {side}", self._tasks)
        self._reading_configs = Unhurried[ConfigSample](f"the {side}", self._tasks)
        self._reading_acls = Unhurried[AclSample](f"the {side}", self._tasks)
        self._reading_info = Unhurried[ClusterInfo](f"the {side}", self._tasks)

    async def info(self) -> ClusterInfo:
        """Cluster id and live brokers. Raises PortError."""
        return await self._reading_info.read(self._info, within_s=WITHIN_S)

    async def _info(self) -> ClusterInfo:
        asked_at_ms = self._clock.now_ms()
        reply = await self._client.describe()
        return ClusterInfo(
            side=self._side,
            asked_at_ms=asked_at_ms,
            cluster_id=one_line(reply.cluster_id),
            brokers=tuple(
                one_line(f"{b.node} {b.host}:{b.port}")
                for b in sorted(reply.brokers, key=lambda broker: broker.node)
            ),
        )

    async def logs(self) -> LogSample:
        """Offsets of all partitions that are not internal, or are the plan's."""
        return await self._reading_logs.read(self._read_logs, within_s=WITHIN_S)

    async def _read_logs(self) -> LogSample:
        self._hot_logs.new_round()
        return await self._logs.read()

    async def groups(self, *, states_max_age_ms: int = 0) -> GroupSample:
        """State, then commits, of all groups."""

        async def read() -> GroupSample:
            self._hot_groups.new_round()
            return await self._groups.read(states_max_age_ms=states_max_age_ms)

        return await self._reading_groups.read(read, within_s=WITHIN_S)

    async def configs(self) -> ConfigSample:
        """Effective configs of the plan's topics."""

        def read() -> Awaitable[ConfigSample]:
            return read_configs(self._side, self._client, self._clock, self._topics)

        return await self._reading_configs.read(read, within_s=WITHIN_S)

    async def acls(self) -> AclSample:
        """All ACLs."""

        def read() -> Awaitable[AclSample]:
            return read_acls(self._side, self._client, self._clock)

        return await self._reading_acls.read(read, within_s=WITHIN_S)

    async def close(self) -> None:
        """Let go of every connection, in two seconds at most."""
        await self._tasks.close()
        async with asyncio.TaskGroup() as tasks:
            for client in (self._hot_logs, self._hot_groups, self._client):
                tasks.create_task(client.close(), name=f"close-{self._side}")
            if self._registrations is not None:
                tasks.create_task(self._registrations.close(), name="close-zookeeper")
