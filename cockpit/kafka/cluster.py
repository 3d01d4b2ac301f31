"""One real cluster behind the Cluster port, read only.

Never joins a group, never creates a topic, never writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cockpit.core.observe import AclSample, ClusterInfo, ConfigSample, GroupSample, LogSample
from cockpit.core.plan import Side
from cockpit.kafka.any_groups import AnyGroupReader
from cockpit.kafka.client import Client
from cockpit.kafka.configs import read_acls, read_configs
from cockpit.kafka.logs import LogReader
from cockpit.kafka.security import Access
from cockpit.kafka.text import one_line
from cockpit.ports import Clock

FEED_TIMEOUT_MS: Final = 1_700
"""With a second between two looks, a broker that hangs is known to hang within three."""


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
    ) -> None:
        self._side: Side = side
        self._clock = clock
        self._topics = tuple(topics)
        self._client = Client(access, timeout_ms=FEED_TIMEOUT_MS)
        self._logs = LogReader(side, self._client, clock, self._topics)
        self._groups = AnyGroupReader(side, self._client, clock, topics=self._topics, groups=groups)

    async def info(self) -> ClusterInfo:
        """Cluster id and live brokers. Raises PortError."""
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
        return await self._logs.read()

    async def groups(self, *, states_max_age_ms: int = 0) -> GroupSample:
        """State, then commits, of all groups; of old brokers always both."""
        return await self._groups.read(states_max_age_ms=states_max_age_ms)

    async def configs(self) -> ConfigSample:
        """Effective configs of the plan's topics."""
        return await read_configs(self._side, self._client, self._clock, self._topics)

    async def acls(self) -> AclSample:
        """All ACLs."""
        return await read_acls(self._side, self._client, self._clock)

    async def close(self) -> None:
        """Let go of every connection, in two seconds at most."""
        await self._client.close()
