"""A request as a value: which API, which versions, how to write it and how to read its answer.

Chooses a version from what a broker offers; never sends anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cockpit.kafka.protocol.codec import DecodeError, Reader, Writer

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Api:
    """One API of the protocol, in the versions that are written here."""

    key: int
    name: str
    lowest: int
    highest: int
    flexible_from: int | None = None
    """First version with compact lengths and tagged fields."""

    def flexible(self, version: int) -> bool:
        """Whether this version uses the flexible encoding."""
        return self.flexible_from is not None and version >= self.flexible_from


@dataclass(frozen=True, slots=True)
class Request(Generic[A]):
    """One request; `A` is the value that its answer becomes.

    `since` is the first version that can carry what is asked, `until` the last. `changes` says
    that the request changes the cluster: it is then never sent twice by itself.
    """

    api: Api
    write: Callable[[Writer, int], None]
    read: Callable[[Reader, int], A]
    since: int = 0
    until: int = 32767
    changes: bool = False
    remember: bool = False
    """An answer of the same bytes as the last one becomes the same object, without decoding."""
    aside: bool = False
    """A large answer is decoded in a thread: the event loop has more urgent things to do."""
    _last: dict[int, tuple[bytes, A]] = field(default_factory=dict, repr=False, compare=False)
    _bodies: dict[int, bytes] = field(default_factory=dict, repr=False, compare=False)

    def version(self, offered: Mapping[int, tuple[int, int]]) -> int | None:
        """The highest version that both sides know, or None.

        `offered` maps API keys to the lowest and highest version of a broker.
        """
        if self.api.key not in offered:
            return None
        lowest, highest = offered[self.api.key]
        best = min(highest, self.api.highest, self.until)
        return best if best >= max(lowest, self.api.lowest, self.since) else None

    def encode(self, version: int) -> bytes:
        """The body of the request; encoded once for each version."""
        body = self._bodies.get(version)
        if body is None:
            writer = Writer(flexible=self.api.flexible(version))
            self.write(writer, version)
            body = self._bodies[version] = writer.done()
        return body

    def decode(self, body: bytes, version: int) -> A:
        """The answer; raises DecodeError and nothing else."""
        last = self._last.get(version)
        if last is not None and last[0] == body:
            return last[1]
        try:
            answer = self.read(Reader(body, flexible=self.api.flexible(version)), version)
        except DecodeError:
            raise
        except (ValueError, IndexError, OverflowError, MemoryError) as error:
            raise DecodeError(f"{self.api.name}: {error}") from error
        if self.remember:
            self._last[version] = (body, answer)
        return answer
