"""A Session on an engine in another process, over its Unix socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cockpit.core.intents import Drive, Intent
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
        self._reader = reader
        self._writer = writer
        self._frames = FrameReader(MAX_FROM_ENGINE)
        self._unread = b""
        self._decoder: LiveDecoder | None = None

    @staticmethod
    async def connect(path: Path, *, drive: str = "", again: bool = False) -> RemoteSession:
        """Attach to the engine behind a socket, to look on; `drive`: the user who asks for the
        controls at once; `again`: no person asks, it is a connection after another. Raises OSError,
        WireError."""
        reader, writer = await asyncio.open_unix_connection(path)
        session = RemoteSession(reader, writer, path.stem)
        if drive:
            await session.submit(Drive(drive, again=again))
        return session

    async def greeted(self) -> None:
        """Wait until the engine has let this user in; what comes after its greeting is news. Raises
        WireError (NotLetInError where it does not), ConnectionError."""
        while not any(True for _ in self._greeting()):
            data = await self._reader.read(1 << 20)
            if not data:
                raise ConnectionError("the engine is gone")
            self._unread += data

    def _greeting(self) -> Iterator[Mapping[str, Any]]:
        for kind, payload in FrameReader(MAX_FROM_ENGINE).feed(self._unread):
            if kind != HELLO:
                raise WireError("the engine does not greet")
            yield check_hello(payload)

    async def news(self) -> News | None:
        """Events and the newest snapshot, as they come; None when the engine is gone. Raises
        WireError."""
        while True:
            data, self._unread = self._unread, b""
            try:
                data = data or await self._reader.read(1 << 20)
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
            if events or snapshot is not None:
                return events, snapshot

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
