"""Newest snapshot and every event, to any number of listeners; a slow one skips, none blocks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Generic, TypeVar

from cockpit.core.flight import Event
from cockpit.core.snapshot import Snapshot

MAX_EVENTS = 10_000
"""A listener that is further behind than this loses the oldest, and is told how many."""


News = tuple[list[Mapping[str, Any]], Snapshot | None]
"""Events since the last time, and the newest snapshot if there is a newer one."""


T = TypeVar("T")


class Waiting(Generic[T]):
    """Events that wait for one reader, in whatever form he takes them: bounded, and what was too
    much is counted."""

    def __init__(self, told: Callable[[Mapping[str, Any]], T]) -> None:
        """`told` makes of an event what the reader takes."""
        self._told = told
        self._events: deque[T] = deque()
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: T) -> None:
        """One more; of too many the oldest goes."""
        if len(self._events) >= MAX_EVENTS:
            self._events.popleft()
            self._dropped += 1
        self._events.append(event)

    def take(self) -> list[T]:
        """All that wait, led by how many were too many."""
        events = list(self._events)
        if self._dropped:
            gap = {"kind": "gap", "text": f"{self._dropped} events were too many"}
            events.insert(0, self._told(gap))
        self._events.clear()
        self._dropped = 0
        return events


class Listener:
    """One listener's view of the stream."""

    def __init__(self, *, inputs: bool = False) -> None:
        """`inputs`: it takes what the core is given as well."""
        self._inputs: list[Event] | None = [] if inputs else None
        self._snapshot: Snapshot | None = None
        self._events = Waiting[Mapping[str, Any]](lambda event: event)
        self._closed = False
        self._news = asyncio.Event()

    def offer(self, snapshot: Snapshot) -> None:
        """A newer snapshot replaces one that was not taken."""
        self._snapshot = snapshot
        self._news.set()

    def observe(self, event: Event) -> None:
        """Something that the core is given; nobody is woken for it."""
        if self._inputs is not None:
            self._inputs.append(event)

    def inputs(self) -> list[Event]:
        """What the core was given since the last time: at most MAX_EVENTS, the oldest are left
        out."""
        found = (self._inputs or [])[-MAX_EVENTS:]
        if self._inputs is not None:
            self._inputs.clear()
        return found

    def tell(self, event: Mapping[str, Any]) -> None:
        """One event; events are not replaced."""
        self._events.add(event)
        self._news.set()

    def close(self) -> None:
        """No more will come."""
        self._closed = True
        self._news.set()

    async def news(self) -> News | None:
        """Wait for something new; None: it is over."""
        while True:
            if self._events or self._snapshot is not None:
                events = self._events.take()
                snapshot, self._snapshot = self._snapshot, None
                self._news.clear()
                return events, snapshot
            if self._closed:
                return None
            await self._news.wait()
            self._news.clear()

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """Snapshots only; events are thrown away."""
        while (news := await self.news()) is not None:
            if news[1] is not None:
                yield news[1]


class Fanout:
    """All listeners of one engine."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._seats: dict[str, Callable[[Mapping[str, Any]], None]] = {}
        self._newest: Snapshot | None = None
        self._closed = False

    @property
    def count(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def join(self, *, inputs: bool = False) -> Listener:
        """A new listener; it gets the newest snapshot at once."""
        listener = Listener(inputs=inputs)
        if self._newest is not None:
            listener.offer(self._newest)
        if self._closed:
            listener.close()
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        self._listeners.discard(listener)

    def observe(self, event: Event) -> None:
        """Give whoever wants it what the core is given."""
        for listener in self._listeners:
            listener.observe(event)

    def offer(self, snapshot: Snapshot) -> None:
        """Give everybody a newer snapshot."""
        self._newest = snapshot
        for listener in self._listeners:
            listener.offer(snapshot)

    def tell(self, event: Mapping[str, Any]) -> None:
        """Give everybody an event."""
        for listener in self._listeners:
            listener.tell(event)

    def sit(self, seat: str, told: Callable[[Mapping[str, Any]], None]) -> None:
        """Somebody who may be told something alone."""
        self._seats[seat] = told

    def rise(self, seat: str) -> None:
        """Forget a seat."""
        self._seats.pop(seat, None)

    def tell_alone(self, seat: str, event: Mapping[str, Any]) -> None:
        """Give one seat an event, if it is still there and there is one."""
        told = self._seats.get(seat)
        if event and told is not None:
            told(event)

    def close(self) -> None:
        """Tell everybody that it is over."""
        self._closed = True
        for listener in self._listeners:
            listener.close()
