"""Every broker of a cluster, asked by itself: BrokersSurvey.

A broker that has answered once is not forgotten the moment it leaves the metadata: that is how a
dead broker looks. Never fails as a whole: that nobody answers is what it has to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from cockpit.core.observe import Unknown
from cockpit.core.plan import Side
from cockpit.core.survey import BrokerHealth, BrokersSurvey
from cockpit.kafka.client import Client
from cockpit.kafka.errors import UnsupportedError, code_error
from cockpit.kafka.protocol.cluster import DESCRIBE_QUORUM, VersionsReply, api_versions
from cockpit.kafka.surveys.release import BEFORE_API_VERSIONS, release_of
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

REMEMBERED_MS: Final = 600_000
"""How long a broker that has left the metadata is still asked."""
NO_NODE: Final = -1
"""Number of a bootstrap address that is no broker's own."""

Address = tuple[str, int]


class BrokersReader:
    """Reads BrokersSurveys; remembers brokers that it has seen."""

    def __init__(
        self, side: Side, client: Client, clock: Clock, bootstrap: Iterable[Address]
    ) -> None:
        self._side: Side = side
        self._client = client
        self._clock = clock
        self._bootstrap = tuple(bootstrap)
        self._seen: dict[int, tuple[Address, int]] = {}

    async def read(self) -> BrokersSurvey:
        """One survey."""
        asked_at_ms = self._clock.now_ms()
        controller = await self._look_up(asked_at_ms)
        addresses = {node: address for node, (address, _) in self._seen.items()}
        named = set(addresses.values())
        strangers = [address for address in self._bootstrap if address not in named]
        found: list[tuple[BrokerHealth, bool]] = []

        async def ask(node: int, address: Address) -> None:
            found.append(await self._ask(node, address))

        async with asyncio.TaskGroup() as tasks:
            for node, address in addresses.items():
                tasks.create_task(ask(node, address), name=f"broker-{node}")
            for address in dict.fromkeys(strangers):
                tasks.create_task(ask(NO_NODE, address), name=f"broker-{address[0]}")
        brokers = tuple(sorted((health for health, _ in found), key=_place))
        if any(kraft for _, kraft in found):
            controller = Unknown("brokers without ZooKeeper do not name their controller")
        return BrokersSurvey(self._side, asked_at_ms, self._clock.now_ms(), brokers, controller)

    async def _look_up(self, now_ms: int) -> int | Unknown:
        """Take in the live brokers; the controller's number."""
        try:
            reply = await self._client.describe()
        except PortError as error:
            return Unknown(error.reason)
        live = {b.node: ((b.host, b.port), now_ms) for b in reply.brokers}
        addresses = {address for address, _ in live.values()}
        gone = {
            node: (address, seen_ms)
            for node, (address, seen_ms) in self._seen.items()
            if address not in addresses and now_ms - seen_ms < REMEMBERED_MS
        }
        self._seen = gone | live
        return reply.controller if reply.controller >= 0 else Unknown("no controller is elected")

    async def _ask(self, node: int, address: Address) -> tuple[BrokerHealth, bool]:
        """How a broker does, and whether it works without ZooKeeper."""
        begun_ms = self._clock.now_ms()
        try:
            reply = await self._client.call_at(address, api_versions())
            if reply.error:
                raise code_error(reply.error, "ApiVersions")
        except UnsupportedError:
            return self._health(node, address, begun_ms, release=BEFORE_API_VERSIONS), False
        except PortError as error:
            return self._health(node, address, begun_ms, error=error), False
        return (
            self._health(node, address, begun_ms, release=release_of(reply.versions)),
            _without_zookeeper(reply),
        )

    def _health(
        self,
        node: int,
        address: Address,
        begun_ms: int,
        *,
        release: str = "",
        error: PortError | None = None,
    ) -> BrokerHealth:
        return BrokerHealth(
            node=node,
            address=one_line(f"{address[0]}:{address[1]}"),
            word=error.kind if error else "connected",
            reason=error.reason if error else "",
            took_ms=self._clock.now_ms() - begun_ms,
            release=release,
        )


def _without_zookeeper(reply: VersionsReply) -> bool:
    return DESCRIBE_QUORUM in reply.versions


def _place(health: BrokerHealth) -> tuple[bool, int, str]:
    return health.node < 0, health.node, health.address
