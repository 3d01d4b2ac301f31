"""A topic of one partition, read from its start and then followed: how MirrorMaker keeps state.

Never joins a group and never commits: plain fetches from a remembered offset.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cockpit.kafka.client import Client
from cockpit.kafka.errors import OFFSET_OUT_OF_RANGE, code_error
from cockpit.kafka.protocol.codec import DecodeError
from cockpit.kafka.protocol.fetch import FetchedPartition, Record, decode_records, fetch
from cockpit.kafka.protocol.offsets import EARLIEST, list_offsets
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

FETCHES_PER_READ: Final = 64


class TopicGoneError(Exception):
    """The topic that was being followed is not there any more."""


@dataclass(slots=True)
class Follower:
    """The topic, and how far it has been read."""

    client: Client
    topic: str
    take: Callable[[Sequence[Record]], None]
    """Called with the next records in order; raises DecodeError before it has used any."""
    forget: Callable[[], None]
    """Called when what was there before is gone: everything is read again."""
    next_offset: int | None = None
    topic_id: str = ""

    async def follow(self) -> bool:
        """Read on; True at the end of the topic, False where more is there than is read at a time.

        Raises PortError and TopicGoneError.
        """
        leader = await self._leader()
        for _ in range(FETCHES_PER_READ):
            part = await self._fetch(leader)
            if part.error == OFFSET_OUT_OF_RANGE:
                self._restart()
                continue
            if part.error:
                raise code_error(part.error, f"reading {self.topic}")
            if self._use(part):
                return True
        return False

    def _restart(self) -> None:
        self.forget()
        self.next_offset = None

    async def _leader(self) -> int:
        view = await self.client.topics([self.topic])
        topic = view.topics.get(self.topic)
        if topic is None:
            raise TopicGoneError
        if self.topic_id and topic.topic_id and topic.topic_id != self.topic_id:
            self._restart()
        self.topic_id = topic.topic_id
        leader = next((part.leader for part in topic.partitions if part.partition == 0), -1)
        if leader < 0:
            raise PortError("protocol", one_line(f"{self.topic} has no leader"))
        return leader

    async def _fetch(self, leader: int) -> FetchedPartition:
        if self.next_offset is None:
            self.next_offset = await self._start(leader)
        request = fetch({(self.topic, 0): self.next_offset}, committed_only=True)
        answer = await self.client.call(leader, request)
        if len(answer) != 1:
            raise PortError("protocol", one_line(f"{self.topic}: no partition in the answer"))
        return answer[0]

    async def _start(self, leader: int) -> int:
        answer = await self.client.call(leader, list_offsets({self.topic: [0]}, EARLIEST))
        for got in answer:
            if got.topic == self.topic and len(got.offsets) == 1:
                if got.errors[0]:
                    raise code_error(int(got.errors[0]), f"start of {self.topic}")
                return int(got.offsets[0])
        raise PortError("protocol", one_line(f"start of {self.topic}: no answer"))

    def _use(self, part: FetchedPartition) -> bool:
        """Hand on what came; True at the end of the topic."""
        begin = self.next_offset or 0
        try:
            decoded = decode_records(part, committed_only=True)
            self.take([record for record in decoded.records if record.offset >= begin])
        except DecodeError as error:
            raise PortError("protocol", one_line(f"{self.topic}: {error}")) from error
        if decoded.next_offset is not None:
            self.next_offset = max(begin, decoded.next_offset)
        return decoded.next_offset is None or decoded.next_offset >= part.stable_end


@dataclass(slots=True)
class StateTopic:
    """A topic of state under the name that its writer gave it, followed until it is gone.

    Never takes a topic that only looks like it: other mirrors keep theirs on the same clusters.
    """

    what: str
    """As it is named in reasons."""
    take: Callable[[Sequence[Record]], None]
    """As of a Follower."""
    forget: Callable[[], None]
    """As of a Follower; called too before a topic that was found is read."""
    _found: Follower | None = field(default=None, init=False)

    async def follow(self, client: Client, topic: str, where: str) -> bool:
        """Read on as a Follower does; `where` is the client's cluster in words.

        Raises PortError.
        """
        found = self._found
        if found is None or found.client is not client or found.topic != topic:
            # What another topic has told is not true of this one.
            self.forget()
            found = self._found = Follower(client, topic, take=self.take, forget=self.forget)
        try:
            return await found.follow()
        except TopicGoneError:
            self._found = None
            reason = f"no {self.what} topic {topic} {where} that may be read"
            raise PortError("protocol", one_line(reason)) from None
