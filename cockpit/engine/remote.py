"""A Session on an engine in another process, over its Unix socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cockpit.core.intents import Beat, Drive, Intent
from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.engine.fanout import News
from cockpit.wire.frames import (
    BEGIN,
    EVENT,
    HELLO,
    MAX_FROM_ENGINE,
    PAST,
    FrameReader,
    check_hello,
    encode_intent,
    read_json,
    read_past,
)
from cockpit.wire.live import LiveDecoder
from cockpit.wire.state import read_head
from cockpit.wire.values import WireError

BEAT_S: Final = 3.0
"""How often a driver's screen that works says so: several times in the shortest lease."""


class RemoteSession:
    """What a screen in its own process holds. Losing it changes nothing for the flight."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: str
    ) -> None:
        self.session = session
        self.seat = ""
        """The connection's name, once the engine has greeted."""
        self.past: Sequence[LogLine] = ()
        """The log before this connection."""
        self._beaten_s = 0.0
        self._reader = reader
        self._writer = writer
        self._frames = FrameReader(MAX_FROM_ENGINE)
        self._decoder: LiveDecoder | None = None

    @staticmethod
    async def connect(path: Path, *, drive: str = "") -> RemoteSession:
        """Attach to the engine behind a socket, to look on; `drive`: the user who asks for the
        controls at once. Raises OSError, WireError."""
        reader, writer = await asyncio.open_unix_connection(path)
        session = RemoteSession(reader, writer, path.stem)
        if drive:
            await session.submit(Drive(drive))
        return session

    async def news(self) -> News | None:
        """Events and the newest snapshot, as they come; None when the engine is gone. Raises
        WireError."""
        while True:
            try:
                data = await self._reader.read(1 << 20)
            except ConnectionError:
                return None
            if not data:
                return None
            events: list[Mapping[str, Any]] = []
            is_new = False
            for kind, payload in self._frames.feed(data):
                if kind == HELLO:
                    greeting = check_hello(payload)
                    self.session = str(greeting["session"])
                    self.seat = str(greeting.get("seat", ""))
                elif kind == PAST:
                    self.past = read_past(payload)
                elif kind == EVENT:
                    events.append(read_json(payload))
                elif kind == BEGIN:
                    self._decoder = LiveDecoder(read_head(read_json(payload)))
                    is_new = False
                elif self._decoder is None:
                    raise WireError("the stream has not begun")
                else:
                    is_new |= self._decoder.take(kind[0], payload)
            snapshot = self._decoder.snapshot() if is_new and self._decoder else None
            if snapshot is not None:
                await self._beat(snapshot)
            if events or snapshot is not None:
                return events, snapshot

    async def _beat(self, snapshot: Snapshot) -> None:
        """Whoever drives and still takes snapshots in is there."""
        now_s = asyncio.get_running_loop().time()
        if snapshot.crew.seat != self.seat or not self.seat or now_s - self._beaten_s < BEAT_S:
            return
        self._beaten_s = now_s
        with contextlib.suppress(ConnectionError):
            await self.submit(Beat(snapshot.crew.driver))

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """Newest snapshots; ends when the engine is gone."""
        while (news := await self.news()) is not None:
            if news[1] is not None:
                yield news[1]

    async def submit(self, intent: Intent) -> None:
        """Send an intent; raises ConnectionError."""
        self._writer.write(encode_intent(intent))
        await self._writer.drain()

    async def close(self) -> None:
        """Leave."""
        self._writer.close()
