"""What somebody who joins a running stream must be given to read on: a sync point, and the frames
that predictions may still look back at. Never more than that.
"""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.wire.guess import MAX_REACH
from cockpit.wire.records import CHANGE, DELTA, KEY, TABLE


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload of a stream, with the kind of its record."""

    kind: int
    content: bytes


class Backlog:
    """The end of one life's stream, as long as it must be."""

    def __init__(self) -> None:
        self._tables: list[Payload] = []
        self._key: Payload | None = None
        self._syncs: list[tuple[int, tuple[Payload, ...]]] = [(0, ())]
        """(frames before it, its payloads), oldest first."""
        self._frames: list[Payload] = []
        self._count = 0

    def put(self, kind: int, content: bytes) -> None:
        """The next payload of the stream; records of other kinds are passed over."""
        payload = Payload(kind, content)
        if kind == TABLE:
            self._tables.append(payload)
        elif kind == DELTA:
            self._frames.append(payload)
            self._count += 1
        elif kind == KEY:
            self._key = payload
            self._syncs.append((self._count, (payload,)))
        elif kind == CHANGE and self._key is not None:
            self._syncs.append((self._count, (self._key, payload)))
        self._forget()

    def _forget(self) -> None:
        begin = self._count - len(self._frames)
        while len(self._syncs) > 1 and self._syncs[1][0] <= self._count - MAX_REACH:
            del self._syncs[0]
        if (more := self._syncs[0][0] - begin) > 0:
            del self._frames[:more]

    def joining(self) -> tuple[Payload, ...]:
        """What is to be sent, in order: tables, a sync point unless the life has just begun, frames
        with the key frames that come between them."""
        first, sync = self._syncs[0]
        found = [*self._tables, *sync]
        keys = {count: one[0] for count, one in self._syncs[1:] if len(one) == 1}
        for number, frame in enumerate(self._frames, first):
            if number in keys:
                found.append(keys[number])
            found.append(frame)
        if self._count in keys:
            found.append(keys[self._count])
        return tuple(found)
