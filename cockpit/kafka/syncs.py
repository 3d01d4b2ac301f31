"""MirrorMaker's offset-syncs topic, read from its start and then followed.

Never joins a group and never commits: plain fetches from a remembered offset.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from cockpit.core.observe import SyncsSample, TopicPartition
from cockpit.core.translate import OffsetSyncStore
from cockpit.kafka.client import Client
from cockpit.kafka.errors import code_error
from cockpit.kafka.protocol.codec import DecodeError, Reader
from cockpit.kafka.protocol.fetch import FetchedPartition, Record, decode_records, fetch
from cockpit.kafka.protocol.offsets import EARLIEST, list_offsets
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

FETCHES_PER_READ: Final = 64
OFFSET_OUT_OF_RANGE: Final = 1

_NAME: Final = re.compile(r"mm2-offset-syncs.+internal")
_OFFSETS: Final = struct.Struct(">qq")


@dataclass(slots=True)
class _Feed:
    """The topic that was found, and how far it has been read."""

    client: Client
    topic: str
    next_offset: int | None = None
    store: OffsetSyncStore = field(default_factory=OffsetSyncStore)


class SyncsReader:
    """Reads SyncsSamples; looks for the topic on the target first, then on the source."""

    def __init__(self, clock: Clock, *, target: Client, source: Client) -> None:
        self._clock = clock
        self._clients = (target, source)
        self._feed: _Feed | None = None

    async def read(self, aliases: Iterable[str] = ()) -> SyncsSample:
        """Everything up to now, or a large part of it with `read_to_end` False.

        `aliases` are the mirror's names of the clusters; they decide between several topics.
        Raises PortError.
        """
        asked_at_ms = self._clock.now_ms()
        if self._feed is None:
            self._feed = await self._find(frozenset(aliases))
        try:
            at_end = await self._follow(self._feed)
        except _TopicGoneError:
            self._feed = None
            raise PortError("protocol", "the offset-syncs topic is gone") from None
        return SyncsSample(
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
            slots=self._feed.store.slots(),
            read_to_end=at_end,
        )

    async def _find(self, aliases: frozenset[str]) -> _Feed:
        for client in self._clients:
            view = await client.view()
            names = sorted(name for name in view.topics if _NAME.fullmatch(name))
            if len(names) > 1:
                names = [name for name in names if _alias(name) in aliases]
                if len(names) != 1:
                    raise PortError("protocol", "several offset-syncs topics; cannot tell which")
            if names:
                return _Feed(client, names[0])
        raise PortError("protocol", "no offset-syncs topic on either cluster that may be read")

    async def _follow(self, feed: _Feed) -> bool:
        leader = await _leader(feed)
        for _ in range(FETCHES_PER_READ):
            part = await self._fetch(feed, leader)
            if part.error == OFFSET_OUT_OF_RANGE:
                feed.store.clear()
                feed.next_offset = None
                continue
            if part.error:
                raise code_error(part.error, f"reading {feed.topic}")
            if _take(feed, part):
                feed.store.reached_end()
                return True
        return False

    async def _fetch(self, feed: _Feed, leader: int) -> FetchedPartition:
        if feed.next_offset is None:
            feed.next_offset = await _start(feed, leader)
        request = fetch({(feed.topic, 0): feed.next_offset}, committed_only=True)
        answer = await feed.client.call(leader, request)
        if len(answer) != 1:
            raise PortError("protocol", one_line(f"{feed.topic}: no partition in the answer"))
        return answer[0]


class _TopicGoneError(Exception):
    """The topic that was being followed is not there any more."""


def _alias(name: str) -> str:
    """The cluster alias in the name of an offset-syncs topic."""
    return name.removeprefix("mm2-offset-syncs").removesuffix("internal")[1:-1]


async def _leader(feed: _Feed) -> int:
    view = await feed.client.topics([feed.topic])
    topic = view.topics.get(feed.topic)
    if topic is None:
        raise _TopicGoneError
    leader = next((part.leader for part in topic.partitions if part.partition == 0), -1)
    if leader < 0:
        raise PortError("protocol", one_line(f"{feed.topic} has no leader"))
    return leader


async def _start(feed: _Feed, leader: int) -> int:
    answer = await feed.client.call(leader, list_offsets({feed.topic: [0]}, EARLIEST))
    for got in answer:
        if got.topic == feed.topic and len(got.offsets) == 1:
            if got.errors[0]:
                raise code_error(int(got.errors[0]), f"start of {feed.topic}")
            return int(got.offsets[0])
    raise PortError("protocol", one_line(f"start of {feed.topic}: no answer"))


def _take(feed: _Feed, part: FetchedPartition) -> bool:
    """Feed the store with what came; True at the end of the topic."""
    begin = feed.next_offset or 0
    try:
        decoded = decode_records(part, committed_only=True)
        syncs = [decode_sync(record) for record in decoded.records if record.offset >= begin]
    except DecodeError as error:
        raise PortError("protocol", one_line(f"{feed.topic}: {error}")) from error
    for sync in syncs:
        if sync is not None:
            feed.store.put(*sync)
    if decoded.next_offset is not None:
        feed.next_offset = max(begin, decoded.next_offset)
    return decoded.next_offset is None or decoded.next_offset >= part.stable_end


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
