"""MirrorMaker 2 on Connect behind the Replication port, read only.

Shows what the mirror says of itself; whether that is true, others find out from the clusters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from cockpit.core.observe import ConnectorState, MirrorSample, SyncsSample, TopicPartition
from cockpit.core.plan import Replication
from cockpit.kafka.client import Client
from cockpit.kafka.cluster import WITHIN_S
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.http import Http
from cockpit.kafka.names import NamesReader
from cockpit.kafka.patience import Tasks, Unhurried
from cockpit.kafka.security import Access
from cockpit.kafka.syncs import SyncsReader
from cockpit.ports import Clock, PortError


class MirrorMaker:
    """The plan's source and checkpoint connectors, and the offset-syncs topic."""

    def __init__(
        self,
        spec: Replication,
        clock: Clock,
        *,
        source: Access,
        target: Access,
        reverse: tuple[str, ...] = (),
    ) -> None:
        self._spec = spec
        self._reverse = reverse
        self._clock = clock
        self._http = Http()
        self._rest = ConnectRest(self._http, spec.connect)
        self._tasks = Tasks()
        self._reading = Unhurried[MirrorSample]("Connect", self._tasks)
        self._clients = (Client(target), Client(source))
        self._syncs = SyncsReader(clock, target=self._clients[0], source=self._clients[1])
        self._names = NamesReader(clock, self._rest, spec.source_connector)

    async def mirror(self) -> MirrorSample:
        """Connectors, tasks and positions. Raises PortError."""
        return await self._reading.read(self._mirror, within_s=WITHIN_S)

    async def _mirror(self) -> MirrorSample:
        asked_at_ms = self._clock.now_ms()
        names = dict.fromkeys((self._spec.source_connector, self._spec.checkpoint_connector))
        unknown = ""
        positions: Mapping[TopicPartition, int] = {}
        try:
            positions = await self._rest.positions(self._spec.source_connector)
        except PortError as error:
            if error.kind in ("slow", "unreachable"):
                raise
            # Who cannot tell the one may still tell the other.
            unknown = error.reason
        connectors = [await self._rest.state(name) for name in names]
        back, back_unknown = await self._back(connectors)
        return MirrorSample(
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
            connectors=tuple(connectors),
            positions=positions,
            positions_unknown=unknown,
            reverse_positions=back,
            reverse_unknown=back_unknown,
        )

    async def _back(
        self, connectors: list[ConnectorState]
    ) -> tuple[Mapping[TopicPartition, int], str]:
        """Places of the mirrors in the other direction, and why not; those at work join the
        connectors. Raises PortError only where Connect itself is away."""
        found: dict[TopicPartition, int] = {}
        try:
            for name in self._reverse:
                state = await self._rest.state(name)
                if state.state == "STOPPED":
                    continue  # it waits for its step
                connectors.append(state)
                found |= await self._rest.positions(name)
        except PortError as error:
            if error.kind in ("slow", "unreachable"):
                raise
            return {}, error.reason
        return found, ""

    async def syncs(self) -> SyncsSample:
        """The offset-syncs topic, read to its end. Raises PortError."""
        return await self._syncs.read(await self._names.read())

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        await self._tasks.close()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._http.close(), name="close-connect")
            for client in self._clients:
                tasks.create_task(client.close(), name="close-mirror-client")
