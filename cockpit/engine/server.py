"""Serves a flight on a Unix socket: snapshots and events out, intents in. Never on a network.

Who connects is asked of the kernel, not of the peer; only the engine's own user may.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from cockpit.engine.fanout import Listener
from cockpit.engine.folders import user_name
from cockpit.engine.loop import Engine
from cockpit.wire.frames import (
    EVENT,
    INTENT,
    MAX_FROM_PERSON,
    FrameReader,
    decode_intent,
    frame,
    hello,
    json_bytes,
)
from cockpit.wire.snapshots import SnapshotEncoder
from cockpit.wire.values import WireError

MAX_CLIENTS = 50
STALLED_MS = 10_000
_CREDENTIALS = struct.Struct("3i")


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end, as the kernel knows it."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return int(uid)


class Server:
    """The socket of one engine."""

    def __init__(self, engine: Engine, path: Path, version: str) -> None:
        self._engine = engine
        self._path = path
        self._version = version
        self._clients = 0

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen while the block runs; the socket is 0600 from its first moment."""
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._client, path=self._path)
        finally:
            os.umask(mask)
        try:
            yield
        finally:
            server.close()
            self._path.unlink(missing_ok=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        uid = peer_uid(writer.get_extra_info("socket"))
        if uid != os.getuid() or self._clients >= MAX_CLIENTS:
            writer.close()
            return
        self._clients += 1
        listener = self._engine.fanout.join()
        try:
            writer.write(hello(session=self._engine.state.session, engine=self._version))
            async with asyncio.TaskGroup() as group:
                sender = group.create_task(self._send(listener, writer), name="send")
                group.create_task(self._receive(reader, user_name(uid), sender), name="receive")
        except* (ConnectionError, WireError, TimeoutError):
            pass  # this client is gone or talks nonsense; the flight does not care
        finally:
            self._clients -= 1
            self._engine.fanout.leave(listener)
            writer.close()

    async def _send(self, listener: Listener, writer: asyncio.StreamWriter) -> None:
        encoder = SnapshotEncoder()
        while (news := await listener.news()) is not None:
            events, snapshot = news
            for event in events:
                writer.write(frame(EVENT, json_bytes(event)))
            if snapshot is not None:
                writer.write(encoder.encode(snapshot))
            async with asyncio.timeout(STALLED_MS / 1000):
                await writer.drain()
        writer.close()

    async def _receive(
        self, reader: asyncio.StreamReader, user: str, sender: asyncio.Task[None]
    ) -> None:
        frames = FrameReader(MAX_FROM_PERSON)
        while data := await reader.read(65_536):
            for kind, payload in frames.feed(data):
                if kind != INTENT:
                    raise WireError("only intents are taken")
                # the kernel says who it is, whatever the frame says
                await self._engine.submit(replace(decode_intent(payload), by=user))
        sender.cancel()
