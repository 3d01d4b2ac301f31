"""One partition's records around an offset, read as fingerprints or as they are.

Fetches what is asked for and no more than an allowance; never waits for records that are not there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from cockpit.core.image import Item, Piece, fingerprint
from cockpit.core.observe import TopicPartition, partition_text
from cockpit.kafka.client import Client
from cockpit.kafka.errors import UnsupportedError, code_error
from cockpit.kafka.protocol.codec import DecodeError
from cockpit.kafka.protocol.fetch import FetchedPartition, Record, decode_records, fetch
from cockpit.kafka.protocol.offsets import EARLIEST, LATEST, list_offsets_at
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

T = TypeVar("T")

AT_ONCE: Final = 6
"""Partitions that are looked at together: most of the time is spent waiting for brokers."""

FIRST_BYTES: Final = 32 << 10
MOST_BYTES: Final = 4 << 20
BYTES_GROWTH: Final = 4


class TooMuchError(Exception):
    """The allowance is used up."""


@dataclass(slots=True)
class Allowance:
    """What may still be spent on one question."""

    requests: int
    offsets: int

    def request(self) -> None:
        """Take one request. Raises TooMuchError."""
        self.requests -= 1
        if self.requests < 0:
            raise TooMuchError

    def read(self, offsets: int) -> None:
        """Take so many offsets to be read. Raises TooMuchError."""
        self.offsets -= offsets
        if self.offsets < 0:
            raise TooMuchError


class Log(Protocol):
    """A partition's log, as far as a mirror or a careful consumer may read it."""

    async def bounds(self) -> tuple[int, int]:
        """Where it begins and ends, asked for now. Raises PortError."""

    async def at_time(self, time_ms: int) -> int:
        """First offset whose record has this time or a later one, -1: there is none."""

    async def read(self, begin: int, end: int) -> Piece:
        """Everything from `begin` up to `end`, within the bounds. Raises PortError."""


@dataclass(frozen=True, slots=True)
class Place:
    """A partition, who leads it, and how it is read."""

    client: Client
    name: TopicPartition
    leader: int
    committed_only: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Records of a partition, and the offsets in between that hold none."""

    records: tuple[Record, ...]
    left_out: tuple[int, ...]


async def read_records(place: Place, begin: int, end: int, allowance: Allowance) -> Stretch:
    """Every data record from `begin` up to `end`. Raises PortError and TooMuchError."""
    records: list[Record] = []
    left_out: list[int] = []
    cursor, size = begin, FIRST_BYTES
    while cursor < end:
        part = await _fetch(place, cursor, size, allowance)
        try:
            found = decode_records(
                part, committed_only=place.committed_only, begin=cursor, until=end
            )
        except DecodeError as error:
            raise PortError("protocol", one_line(error)) from error
        records.extend(r for r in found.records if cursor <= r.offset < end)
        left_out.extend(o for o in found.left_out if cursor <= o < end)
        if found.next_offset is not None:
            cursor = max(cursor, found.next_offset)
        elif not part.records and size >= FIRST_BYTES:
            # Nothing from here to the end: cleaning took it.
            break
        elif size >= MOST_BYTES:
            why = f"{partition_text(place.name)}: the batch at {cursor} is too large to be read"
            raise PortError("protocol", one_line(why))
        size = min(MOST_BYTES, size * BYTES_GROWTH)
    return Stretch(tuple(records), tuple(left_out))


async def _fetch(place: Place, offset: int, size: int, allowance: Allowance) -> FetchedPartition:
    allowance.request()
    request = fetch({place.name: offset}, committed_only=place.committed_only, partition_bytes=size)
    answer = await place.client.call(place.leader, request)
    if len(answer) != 1 or (answer[0].topic, answer[0].partition) != place.name:
        raise PortError(
            "protocol", one_line(f"{partition_text(place.name)}: another partition in the answer")
        )
    if answer[0].error:
        raise code_error(answer[0].error, f"records of {partition_text(place.name)}")
    return answer[0]


class PartitionLog:
    """`Log` of a real partition; bounds are those of the last time they were asked for.

    `bounds`: they were asked for just now, with those of others.
    """

    def __init__(
        self,
        place: Place,
        allowance: Allowance,
        *,
        headers: bool = True,
        bounds: tuple[int, int] | None = None,
    ) -> None:
        self._place = place
        self._allowance = allowance
        self._headers = headers
        self._known = bounds
        self._start = 0
        self._end = 0

    async def bounds(self) -> tuple[int, int]:
        """Log start, and the end: the last stable offset where aborted records are skipped."""
        if self._known is not None:
            self._start, self._end = self._known
            return self._known
        end = await self._ask(LATEST, committed_only=self._place.committed_only)
        start = await self._ask(EARLIEST)
        if start < 0 or end < start:
            raise PortError(
                "protocol", one_line(f"{partition_text(self._place.name)}: no bounds answered")
            )
        self._start, self._end = start, end
        return start, end

    async def at_time(self, time_ms: int) -> int:
        """First offset whose record has this time or a later one, -1: there is none."""
        return await self._ask(time_ms)

    async def read(self, begin: int, end: int) -> Piece:
        """Everything from `begin` up to `end`, within the bounds. Raises PortError."""
        lower, upper = max(begin, self._start), min(end, self._end)
        upper = max(lower, upper)
        self._allowance.read(upper - lower)
        stretch = await read_records(self._place, lower, upper, self._allowance)
        return Piece(
            begin=lower,
            end=upper,
            items=tuple(item_of(r, headers=self._headers) for r in stretch.records),
            left_out=frozenset(stretch.left_out),
            first=lower <= self._start,
            last=upper >= self._end,
        )

    async def _ask(self, time_ms: int, *, committed_only: bool = False) -> int:
        self._allowance.request()
        place = self._place
        request = list_offsets_at({place.name: time_ms}, committed_only=committed_only)
        try:
            answer = await place.client.call(place.leader, request)
        except UnsupportedError:
            if not committed_only:
                raise
            # Before 0.11 there are no transactions: everything is committed.
            return await self._ask(time_ms)
        for got in answer:
            if got.topic == place.name[0] and got.partitions.tolist() == [place.name[1]]:
                if got.errors[0]:
                    raise code_error(int(got.errors[0]), f"offsets of {partition_text(place.name)}")
                return int(got.offsets[0])
        raise PortError("protocol", one_line(f"{partition_text(place.name)}: no offset answered"))


def item_of(record: Record, *, headers: bool) -> Item:
    """A record as it is compared; without its headers where the mirror does not keep them."""
    content = fingerprint(record.key, record.value, record.headers if headers else ())
    return Item(record.offset, record.timestamp_ms, record.append_time, content)


async def in_turn(
    things: Iterable[T],
    look: Callable[[T], Awaitable[None]],
    clock: Clock,
    *,
    deadline_ms: int,
) -> None:
    """Look at one thing after the other, a few at once, until time is up; at one at least."""
    left = iter(things)

    async def work() -> None:
        for thing in left:
            await look(thing)
            if clock.now_ms() > deadline_ms:
                return

    async with asyncio.TaskGroup() as tasks:
        for number in range(AT_ONCE):
            tasks.create_task(work(), name=f"look-{number}")


async def leaders_of(client: Client, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """Who leads each partition of those of these topics that are there. Raises PortError."""
    if not topics:
        return {}
    view = await client.topics(topics)
    return {
        (topic.name, part.partition): part.leader
        for topic in view.topics.values()
        for part in topic.partitions
    }
