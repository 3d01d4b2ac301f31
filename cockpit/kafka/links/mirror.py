"""A link behind the Replication port, read only: the same port that MirrorMaker is behind.

Shows what the link says of itself; whether that is true, others find out from the clusters.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.observe import ConnectorState, MirrorSample, SyncsSample, TaskState
from cockpit.kafka.cluster import WITHIN_S
from cockpit.kafka.links.api import PROMOTED, LinkApi, LinkStatus
from cockpit.kafka.patience import Tasks, Unhurried
from cockpit.ports import Clock

_AT_WORK: Final = ("ACTIVE", "PENDING_STOPPED")


class LinkMirror:
    """One link."""

    def __init__(self, name: str, api: LinkApi, clock: Clock) -> None:
        self._name = name
        self._api = api
        self._clock = clock
        self._tasks = Tasks()
        self._reading = Unhurried[MirrorSample]("the link", self._tasks)
        self._syncing = Unhurried[SyncsSample]("the link", self._tasks)

    async def mirror(self) -> MirrorSample:
        """The link as a connector, each topic that it copies as a task. Raises PortError."""
        return await self._reading.read(self._mirror, within_s=WITHIN_S)

    async def _mirror(self) -> MirrorSample:
        asked_at_ms = self._clock.now_ms()
        status = await self._api.status()
        positions = {
            (name, partition): position
            for name, topic in status.topics.items()
            for partition, position in topic.positions.items()
        }
        return MirrorSample(
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
            connectors=(as_connector(self._name, status),),
            positions=positions,
            positions_unknown=status.positions_unknown,
        )

    async def syncs(self) -> SyncsSample:
        """That all numbers are the same, for a link writes no offset-syncs; and one pair for each
        partition, so that growth on both sides can be held against each other. It is the link's
        promise: where a group goes on is found in the records all the same. Raises PortError."""
        return await self._syncing.read(self._syncs, within_s=WITHIN_S)

    async def _syncs(self) -> SyncsSample:
        asked_at_ms = self._clock.now_ms()
        status = await self._api.status()
        return SyncsSample(
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
            slots={
                (name, partition): ((0, 0),)
                for name, topic in status.topics.items()
                if topic.state != PROMOTED
                for partition in topic.positions
            },
            read_to_end=True,
            same_offsets=True,
        )

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        await self._tasks.close()
        await self._api.close()


def as_connector(name: str, status: LinkStatus) -> ConnectorState:
    """In the words that a mirror's connectors and tasks are told in. A promoted topic is no task
    any more."""
    at_work = [
        (topic, one) for topic, one in sorted(status.topics.items()) if one.state != PROMOTED
    ]
    return ConnectorState(
        name=name,
        state="RUNNING" if status.state == "ACTIVE" else status.state,
        tasks=tuple(
            TaskState(
                id=index,
                state="RUNNING" if one.state in _AT_WORK else one.state,
                cause=f"{topic}: {one.reason}" if one.reason else "",
            )
            for index, (topic, one) in enumerate(at_work)
        ),
    )
