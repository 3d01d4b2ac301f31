"""A topic of one partition, read from its start and then followed: how MirrorMaker keeps state.

Never joins a group and never commits: plain fetches from a remembered offset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
    """A topic of state: looked for on clusters in turn, then followed until it is gone."""

    what: str
    """As it is named in reasons."""
    clients: Sequence[Client]
    where: str
    """These clusters in words."""
    alias_in: Callable[[str], str | None]
    """The cluster alias in a topic's name; None: it is no such name."""
    take: Callable[[Sequence[Record]], None]
    """As of a Follower."""
    forget: Callable[[], None]
    """As of a Follower; called too before a topic that was found is read."""
    _found: Follower | None = field(default=None, init=False)

    async def follow(self, aliases: Iterable[str]) -> bool:
        """Read on as a Follower does. Of several topics the one of these aliases is meant.

        Raises PortError.
        """
        if self._found is None:
            self._found = await self._find(frozenset(aliases))
        try:
            return await self._found.follow()
        except TopicGoneError:
            self._found = None
            raise PortError("protocol", f"the {self.what} topic is gone") from None

    async def _find(self, aliases: frozenset[str]) -> Follower:
        for client in self.clients:
            view = await client.view()
            names = [name for name in view.topics if self.alias_in(name) is not None]
            if len(names) > 1:
                names = [name for name in names if self.alias_in(name) in aliases]
                if len(names) != 1:
                    raise PortError("protocol", f"several {self.what} topics; cannot tell which")
            if names:
                self.forget()
                return Follower(client, names[0], take=self.take, forget=self.forget)
        raise PortError("protocol", f"no {self.what} topic {self.where} that may be read")
