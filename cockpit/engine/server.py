"""Serves a flight on a Unix socket: snapshots and events out, intents in. Never on a network.

Who connects is asked of the kernel, not of the peer; only the engine's own user may.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from cockpit.core.intents import Attach, Detach
from cockpit.engine.broadcast import Broadcast, Viewer, event_frame
from cockpit.engine.folders import unnamed
from cockpit.engine.loop import Engine
from cockpit.engine.names import Names
from cockpit.engine.shared import open_to_group
from cockpit.wire.frames import (
    INTENT,
    MAX_FROM_PERSON,
    FrameReader,
    decode_intent,
    goodbye,
    hello,
    past,
)
from cockpit.wire.values import WireError

MAX_CLIENTS = 50
MAX_OF_ONE = 25
"""Nobody keeps all others out."""
BURST = 50.0
PER_SECOND = 50.0
"""Intents of one user, from however many connections."""
ARRIVALS = 25.0
ARRIVALS_PER_SECOND = 5.0
"""Connections that one user makes: each is given the whole log."""
STALLED_MS = 10_000
LAST_WORDS_S = 2
"""So long a flight that is over waits until everybody has been told."""
_CREDENTIALS = struct.Struct("3i")


class Pace:
    """Lets a person's keys through as they come, and a flood at a pace that harms nobody; what
    waits stays with whoever sends it."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst = self._left = burst
        self._per_second = per_second
        self._at_s = asyncio.get_running_loop().time()

    async def next(self) -> None:
        """Wait until one more may come."""
        now_s = asyncio.get_running_loop().time()
        self._left = min(self._burst, self._left + (now_s - self._at_s) * self._per_second)
        self._at_s = now_s
        self._left -= 1
        if self._left < 0:
            await asyncio.sleep(-self._left / self._per_second)


def _of(paces: dict[int, Pace], uid: int, burst: float, per_second: float) -> Pace:
    """A user's own, from his first time on."""
    if uid not in paces:
        paces[uid] = Pace(burst, per_second)
    return paces[uid]


@dataclass(frozen=True, slots=True)
class Sitting:
    """Who a connection is."""

    uid: int
    user: str
    seat: str


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end, as the kernel knows it."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return int(uid)


class Server:
    """The socket of one engine."""

    def __init__(self, engine: Engine, path: Path, version: str, *, gid: int | None = None) -> None:
        """`gid`: a Unix group that may reach it; None: only the engine's own user."""
        self._engine = engine
        self._gid = gid
        self._path = path
        self._version = version
        self._clients: set[asyncio.Task[None]] = set()
        self._of: Counter[int] = Counter()
        """Connections by user."""
        self._paces: dict[int, Pace] = {}
        self._arrivals: dict[int, Pace] = {}
        self._names = Names()
        self._seats = 0
        self._broadcast = Broadcast(engine.fanout)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen while the block runs; the socket is 0600 from its first moment, and 0660 only once
        it is the group's."""
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._client, path=self._path)
            if self._gid is not None:
                open_to_group(self._path, self._gid)
        finally:
            os.umask(mask)
        running = self._broadcast.run()
        sending = asyncio.create_task(running, name="broadcast")  # noqa: TID251  # awaited below
        try:
            yield
        finally:
            server.close()
            self._path.unlink(missing_ok=True)
            await asyncio.wait({sending, *self._clients}, timeout=LAST_WORDS_S)
            sending.cancel()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        uid = peer_uid(writer.get_extra_info("socket"))
        task = asyncio.current_task()
        assert task is not None
        why = self._why_no_room(uid)
        self._clients.add(task)
        self._of[uid] += 1
        try:
            user = "" if why else await self._names.of(uid)
            if why := why or self._why_not_in(uid, user):
                writer.write(goodbye(why))
                writer.close()
            else:
                await _of(self._arrivals, uid, ARRIVALS, ARRIVALS_PER_SECOND).next()
                self._seats += 1
                await self._seated(reader, writer, Sitting(uid, user, str(self._seats)))
        finally:
            self._clients.discard(task)
            self._of[uid] -= 1

    async def _seated(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who: Sitting
    ) -> None:
        """From somebody's coming to his leaving."""
        viewer = self._broadcast.join()
        self._engine.fanout.sit(who.seat, lambda event: viewer.tell(event_frame(event)))
        told_all = False
        try:
            session = self._engine.state.session
            writer.write(hello(session=session, engine=self._version, seat=who.seat))
            writer.write(past(self._broadcast.told()))
            await self._engine.submit(Attach(who.user), who.seat)
            async with asyncio.TaskGroup() as group:
                sender = group.create_task(self._send(viewer, writer), name="send")
                group.create_task(self._receive(reader, who, sender), name="receive")
            told_all = not sender.cancelled()
        except* (ConnectionError, WireError, TimeoutError):
            pass  # this client is gone or talks nonsense; the flight does not care
        finally:
            self._engine.fanout.rise(who.seat)
            self._broadcast.leave(viewer)
            if told_all:
                writer.close()
            else:  # what waits for somebody who reads nothing must not be kept for him
                writer.transport.abort()
            # A flight that is over takes nothing in any more; a lost word ends with the lease.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    await self._engine.submit(Detach(who.user), who.seat)

    def _why_no_room(self, uid: int) -> str:
        """Why somebody is one too many; empty: he is not."""
        if self._of[uid] >= MAX_OF_ONE:
            return f"you look on {MAX_OF_ONE} times already"
        return f"{MAX_CLIENTS} look on already" if len(self._clients) >= MAX_CLIENTS else ""

    def _why_not_in(self, uid: int, user: str) -> str:
        """Why somebody stays outside who is neither the engine's own user nor named by the plan;
        empty: he may come in."""
        people = self._engine.state.plan.people
        if uid == os.getuid() or (people is not None and user in people.roles):
            return ""
        if user == unnamed(uid):
            return f"this host does not say what {user} is called: try again, or ask who runs it"
        return f"{user} is not among the plan's people"

    async def _send(self, viewer: Viewer, writer: asyncio.StreamWriter) -> None:
        while (frames := await viewer.frames()) is not None:
            writer.writelines(frames)
            async with asyncio.timeout(STALLED_MS / 1000):
                await writer.drain()
        writer.close()

    async def _receive(
        self, reader: asyncio.StreamReader, who: Sitting, sender: asyncio.Task[None]
    ) -> None:
        frames = FrameReader(MAX_FROM_PERSON)
        pace = _of(self._paces, who.uid, BURST, PER_SECOND)
        while data := await reader.read(65_536):
            for kind, payload in frames.feed(data):
                if kind != INTENT:
                    raise WireError("only intents are taken")
                await pace.next()
                # the kernel says who it is, whatever the frame says
                intent = replace(decode_intent(payload), by=who.user)
                await self._engine.submit(intent, who.seat)
        sender.cancel()
