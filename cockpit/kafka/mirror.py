"""MirrorMaker 2 on Connect behind the Replication port, read only.

Shows what the mirror says of itself; whether that is true, others find out from the clusters.
"""

from __future__ import annotations

import asyncio
from typing import Final

from cockpit.core.observe import MirrorSample, SyncsSample
from cockpit.core.plan import Replication
from cockpit.kafka.client import Client
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.http import Http
from cockpit.kafka.security import Access
from cockpit.kafka.syncs import SyncsReader
from cockpit.ports import Clock, PortError

_ALIASES: Final = ("source.cluster.alias", "target.cluster.alias")


class Aliases:
    """The mirror's own names of the clusters, as its connector's config has them."""

    def __init__(self, rest: ConnectRest, connector: str) -> None:
        self._rest = rest
        self._connector = connector
        self._known: tuple[str, ...] | None = None

    async def read(self) -> tuple[str, ...]:
        """Source and target alias; empty while Connect does not answer. Never raises."""
        if self._known is None:
            try:
                config = await self._rest.config(self._connector)
            except PortError:
                return ()
            self._known = tuple(config[key] for key in _ALIASES if key in config)
        return self._known


class MirrorMaker:
    """The plan's source and checkpoint connectors, and the offset-syncs topic."""

    def __init__(self, spec: Replication, clock: Clock, *, source: Access, target: Access) -> None:
        self._spec = spec
        self._clock = clock
        self._http = Http()
        self._rest = ConnectRest(self._http, spec.connect)
        self._clients = (Client(target), Client(source))
        self._syncs = SyncsReader(clock, target=self._clients[0], source=self._clients[1])
        self._aliases = Aliases(self._rest, spec.source_connector)

    async def mirror(self) -> MirrorSample:
        """Connectors, tasks and positions. Raises PortError."""
        asked_at_ms = self._clock.now_ms()
        names = dict.fromkeys((self._spec.source_connector, self._spec.checkpoint_connector))
        positions = await self._rest.positions(self._spec.source_connector)
        connectors = tuple([await self._rest.state(name) for name in names])
        return MirrorSample(
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
            connectors=connectors,
            positions=positions,
        )

    async def syncs(self) -> SyncsSample:
        """The offset-syncs topic, read to its end. Raises PortError."""
        return await self._syncs.read(await self._aliases.read())

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._http.close(), name="close-connect")
            for client in self._clients:
                tasks.create_task(client.close(), name="close-mirror-client")
