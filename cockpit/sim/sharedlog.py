"""SharedLog in memory: a topic that can be lost, and taken by another, at a chosen moment.

Keeps to what a real one promises: all or none of what is handed in, in order, by one writer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cockpit.ports import Clock, Piece, PortError, SharedSession, SupersededError

Moment = Literal["before commit", "after commit"]
COMMIT_MS = 8
TIMEOUT_MS = 3_000


def _nothing(_: Moment, __: Sequence[Piece]) -> None:
    """Nothing happens."""


@dataclass
class SimTopic:
    """The topic itself: what hosts see of each other."""

    clock: Clock
    lost: bool = False
    """Nobody is answered."""
    replies_lost: bool = False
    """What is handed in is taken, and nobody hears of it."""
    writer: dict[str, int] = field(default_factory=dict)
    """By flight, the number of its one writer."""
    sessions: dict[str, SharedSession] = field(default_factory=dict)
    on_write: Callable[[Moment, Sequence[Piece]], None] = _nothing
    """Called around each commit that has something in it; it may lose the topic or take it."""

    def take(self, flight: str) -> int:
        """Become the flight's one writer."""
        self.writer[flight] = self.writer.get(flight, 0) + 1
        return self.writer[flight]


class SimLog:
    """One flight's log, as one host has it."""

    def __init__(
        self, topic: SimTopic, *, flight: str, session: str, head: Mapping[str, Any]
    ) -> None:
        self._topic = topic
        self._flight = flight
        self._session = session
        self._head = {**head, "flight": flight, "session": session}
        self._number: int | None = None

    async def open(self) -> None:
        """Become the one writer."""
        await self._answered()
        self._number = self._topic.take(self._flight)

    async def write(self, pieces: Sequence[Piece]) -> None:
        """Commit these. The same once more changes nothing."""
        await self._answered()
        if pieces:
            self._topic.on_write("before commit", pieces)
        await self._answered()
        if self._number != self._topic.writer.get(self._flight):
            raise SupersededError("another writer has come")
        found = self._topic.sessions.get(self._session)
        journal, whole = (found.journal, found.whole) if found else (b"", True)
        for piece in pieces:
            if piece.at == len(journal):
                journal += piece.data
            elif not journal[piece.at :].startswith(piece.data):
                whole = False
        if pieces:
            known = SharedSession(self._session, self._head, journal, whole)
            self._topic.sessions[self._session] = known
            self._topic.on_write("after commit", pieces)
        if self._topic.replies_lost:
            raise PortError("slow", "the answer was lost")

    async def read(self, *, settled: bool = False) -> tuple[SharedSession, ...]:
        """Everything: here all is decided at once."""
        await self._answered()
        return tuple(self._topic.sessions.values())

    async def _answered(self) -> None:
        if self._topic.lost:
            await self._topic.clock.sleep(TIMEOUT_MS)
        else:
            await self._topic.clock.sleep(COMMIT_MS)
        if self._topic.lost:
            raise PortError("slow", "no broker answers")

    async def close(self) -> None:
        """Nothing is held."""
