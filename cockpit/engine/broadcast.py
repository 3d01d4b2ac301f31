"""One stream for all who look on over a socket: encoded once, however many they are.

Nobody holds it back: whoever takes too little skips, and goes on from a later moment. Events are
not skipped, unless there are more of them than anybody reads.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from cockpit.core.flight import Event
from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.engine.fanout import MAX_EVENTS, Fanout, Waiting
from cockpit.wire.backlog import Payload
from cockpit.wire.frames import BEGIN, EVENT, STREAM, frame, json_bytes
from cockpit.wire.live import LiveEncoder

MAX_PENDING_BYTES: Final = 8 * 1024 * 1024
"""Somebody for whom more than this waits has stopped reading."""


def event_frame(event: Mapping[str, Any]) -> bytes:
    """Something told, as it goes to everybody."""
    return frame(EVENT, json_bytes(event))


class Viewer:
    """What waits for one connection."""

    def __init__(self, max_pending_bytes: int) -> None:
        self._stream: deque[bytes] = deque()
        self._events = Waiting[bytes](event_frame)
        self._pending_bytes = 0
        self._max_pending_bytes = max_pending_bytes
        self._closed = False
        self._news = asyncio.Event()
        self._sending = False
        self.behind = True
        """The stream must begin anew before it is given more of it."""

    @property
    def is_idle(self) -> bool:
        """It has nothing more to send, and waits."""
        return not self._sending

    def begin(self, lead: Sequence[bytes]) -> None:
        """Frames with which the stream can be read on from here."""
        self._stream.clear()
        self._pending_bytes = 0
        self.behind = False
        self.put(lead, over_limit=True)

    def put(self, frames: Sequence[bytes], *, over_limit: bool = False) -> None:
        """The next frames of the stream; all that wait are dropped when they are too many."""
        self._pending_bytes += sum(map(len, frames))
        if self._pending_bytes > self._max_pending_bytes and not over_limit:
            self._stream.clear()
            self._pending_bytes = 0
            self.behind = True
            return
        self._stream.extend(frames)
        self._news.set()

    def tell(self, event: bytes) -> None:
        """A frame of an event."""
        self._events.add(event)
        self._news.set()

    def close(self) -> None:
        """No more will come."""
        self._closed = True
        self._news.set()

    async def frames(self) -> list[bytes] | None:
        """Wait for what is to be sent next; None: it is over."""
        while True:
            found = [*self._events.take(), *self._stream]
            self._stream.clear()
            self._pending_bytes = 0
            self._news.clear()
            if found:
                self._sending = True
                return found
            if self._closed:
                return None
            self._sending = False
            await self._news.wait()


class Broadcast:
    """Takes an engine's news to all viewers. Encodes only while there are any."""

    def __init__(self, fanout: Fanout, *, max_pending_bytes: int = MAX_PENDING_BYTES) -> None:
        self._fanout = fanout
        self._max_pending_bytes = max_pending_bytes
        self._viewers: set[Viewer] = set()
        self._encoder: LiveEncoder | None = None
        self._life = 0
        self._newest: Snapshot | None = None
        self._lines: deque[LogLine] = deque(maxlen=MAX_EVENTS)
        self._over = False

    @property
    def count(self) -> int:
        """How many look on."""
        return len(self._viewers)

    def join(self) -> Viewer:
        """Another viewer; it gets the newest snapshot at once."""
        viewer = Viewer(self._max_pending_bytes)
        self._viewers.add(viewer)
        if self._encoder is None and self._newest is not None:
            self._encode((), self._newest)
        else:
            self._catch_up(viewer)
        if self._over:
            viewer.close()
        return viewer

    def told(self) -> tuple[LogLine, ...]:
        """The log as far back as it is kept: snapshots hold the newest lines only."""
        return tuple(self._lines)

    def _keep_lines(self, snapshot: Snapshot) -> None:
        newest = self._lines[-1].seq if self._lines else 0
        for line in snapshot.log[bisect_right(snapshot.log, newest, key=attrgetter("seq")) :]:
            self._lines.append(line)

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer; without any the stream ends, the next one begins another."""
        self._viewers.discard(viewer)
        if not self._viewers:
            self._encoder = None

    async def run(self) -> None:
        """Until the engine has no more."""
        listener = self._fanout.join(inputs=True)
        try:
            while (news := await listener.news()) is not None:
                events, snapshot = news
                inputs = listener.inputs()
                for event in events:
                    content = event_frame(event)
                    for viewer in self._viewers:
                        viewer.tell(content)
                if snapshot is not None:
                    self._newest = snapshot
                    self._keep_lines(snapshot)
                if snapshot is not None and self._viewers:
                    self._encode(inputs, snapshot)
                elif self._encoder is not None:
                    self._note(inputs)
        finally:
            self._fanout.leave(listener)
            self._over = True
            for viewer in self._viewers:
                viewer.close()

    def _note(self, inputs: Sequence[Event]) -> None:
        assert self._encoder is not None
        for event in inputs:
            self._encoder.observe(event)

    def _encode(self, inputs: Sequence[Event], snapshot: Snapshot) -> None:
        """To everybody. A defect of the stream must end neither it nor the flight: the next
        snapshot begins it anew."""
        if self._encoder is None or self._encoder.worn:
            self._life += 1
            self._encoder = LiveEncoder(self._life)
            for viewer in self._viewers:
                viewer.behind = True
        try:
            self._note(inputs)
            frames = _frames(self._encoder.publish(snapshot))
            for viewer in self._viewers:
                if not viewer.behind:
                    viewer.put(frames)
                elif viewer.is_idle:
                    self._catch_up(viewer)
        except Exception as error:  # noqa: BLE001  # as above
            sys.stderr.write("".join(traceback.format_exception(error)))
            self._encoder = None

    def _catch_up(self, viewer: Viewer) -> None:
        """All that must be read before the next frame."""
        if self._encoder is None:
            return
        head = frame(BEGIN, json_bytes(self._encoder.head.as_tree()))
        viewer.begin([head, *_frames(self._encoder.joining())])


def _frames(payloads: Sequence[Payload]) -> list[bytes]:
    return [frame(STREAM[payload.kind], payload.content) for payload in payloads]
