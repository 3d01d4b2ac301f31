"""MirrorMaker's offset-syncs topic, read from its start and then followed.

Never joins a group and never commits.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Final

from cockpit.core.observe import SyncsSample, TopicPartition
from cockpit.core.plan import Side
from cockpit.core.rights import MirrorNames
from cockpit.core.translate import OffsetSyncStore
from cockpit.kafka.client import Client
from cockpit.kafka.following import StateTopic
from cockpit.kafka.protocol.codec import DecodeError, Reader
from cockpit.kafka.protocol.fetch import Record
from cockpit.ports import Clock

_OFFSETS: Final = struct.Struct(">qq")


class SyncsReader:
    """Reads SyncsSamples from the topic that the mirror's own config names."""

    def __init__(self, clock: Clock, *, target: Client, source: Client) -> None:
        self._clock = clock
        self._clients: Mapping[Side, Client] = {"source": source, "target": target}
        self._store = OffsetSyncStore()
        self._topic = StateTopic("offset-syncs", take=self._take, forget=self._store.clear)

    async def read(self, names: MirrorNames) -> SyncsSample:
        """Everything up to now, or a large part of it with `read_to_end` False.

        Raises PortError.
        """
        asked_at_ms = self._clock.now_ms()
        side = names.syncs_on
        where = f"on the {side}"
        at_end = await self._topic.follow(self._clients[side], names.syncs_topic(), where)
        if at_end:
            self._store.reached_end()
        return SyncsSample(
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
            slots=self._store.slots(),
            read_to_end=at_end,
        )

    def _take(self, records: Sequence[Record]) -> None:
        for sync in [decode_sync(record) for record in records]:
            if sync is not None:
                self._store.put(*sync)


def decode_sync(record: Record) -> tuple[TopicPartition, int, int] | None:
    """Source partition, source offset and target offset of a sync; None for a tombstone.

    The key is an int16 length, the topic and an int32 partition; the value two int64 without a
    version (Kafka's `OffsetSync`). Raises DecodeError.
    """
    if record.value is None or record.key is None:
        return None
    key = Reader(record.key, flexible=False)
    topic, partition = key.string(), key.int32()
    if len(record.value) != _OFFSETS.size:
        raise DecodeError(f"offset sync of {len(record.value)} bytes")
    source_offset, target_offset = _OFFSETS.unpack(record.value)
    return (topic, partition), source_offset, target_offset
