"""Connections to brokers before 0.10, which know no ApiVersions.

0.8.2 closes the connection at a request that it does not know; 0.9.0 drops the request and goes on
with the next. Never takes a broker for that old because of one closed connection or one silence: a
dying broker, a stopped one, or one with another security protocol does the same. Believed is only
who answers what every old broker knows and then, on the same connection, closes at ApiVersions or
passes it over.

Which APIs there were is from Kafka's own `RequestKeys` (0.8.2) and `ApiKeys` with `Protocol` (0.9).
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from cockpit.kafka.outgoing import Learning, Offered, Outgoing
from cockpit.kafka.protocol.cluster import api_versions
from cockpit.kafka.protocol.groups import list_groups
from cockpit.kafka.protocol.metadata import MetadataReply, brokers_only
from cockpit.kafka.protocol.offsets import LATEST, list_offsets
from cockpit.kafka.protocol.request import Request

A = TypeVar("A")

CLIENT_ID: Final = "cockpit"
LARGEST_FRAME: Final = 256 * 2**20
FIND_COORDINATOR_KEY: Final = 10

KAFKA_0_8_2: Final = "0.8.2"
KAFKA_0_9: Final = "0.9"
_0_8_2: Final[Offered] = {
    0: (0, 0),
    1: (0, 0),
    2: (0, 0),
    3: (0, 0),
    8: (0, 1),
    9: (0, 1),
    10: (0, 0),
}
OFFERED: Final[dict[str, Offered]] = {
    KAFKA_0_8_2: _0_8_2,
    KAFKA_0_9: {
        **_0_8_2,
        0: (0, 1),
        1: (0, 1),
        8: (0, 2),
        11: (0, 0),
        12: (0, 0),
        13: (0, 0),
        14: (0, 0),
        15: (0, 0),
        16: (0, 0),
    },
}
_PROBES: Final[Offered] = {**OFFERED[KAFKA_0_9], 18: (0, 0)}


class OldConnection(asyncio.Protocol):
    """One connection; requests are answered in the order in which they went out."""

    def __init__(self, address: str, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiting: deque[tuple[int, Outgoing, asyncio.Future[bytes]]] = deque()
        self._number = 0
        self._closed = asyncio.get_running_loop().create_future()
        self.release = ""
        self.offered: Offered = _PROBES

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone: nobody waits on."""
        self._transport = None
        while self._waiting:
            _, _, future = self._waiting.popleft()
            if not future.done():
                future.set_exception(ConnectionResetError(f"{self._address} closed: {exc}"))
        if not self._closed.done():
            self._closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Hand each whole answer to whom it belongs; close at one that belongs to nobody."""
        self._received += data
        while len(self._received) >= 4:
            (size,) = struct.unpack_from(">i", self._received)
            if not 4 <= size <= LARGEST_FRAME:
                self.close()
                return
            if len(self._received) < 4 + size:
                return
            frame = bytes(self._received[4 : 4 + size])
            del self._received[: 4 + size]
            if not self._answered(frame):
                self.close()
                return

    def _answered(self, frame: bytes) -> bool:
        (answers,) = struct.unpack_from(">i", frame)
        while self._waiting:
            number, outgoing, future = self._waiting.popleft()
            # 0.8.2 numbers its first answers about coordinators 0.
            if answers == number or (answers, outgoing.API_KEY) == (0, FIND_COORDINATOR_KEY):
                if not future.done():
                    future.set_result(frame[4:])
                return True
            # Answers come in order: this request was dropped.
            if not future.done():
                future.set_exception(ConnectionAbortedError(f"{self._address} gave no answer"))
        return False

    def connected(self) -> bool:
        """Whether requests can go out."""
        return self._transport is not None and not self._transport.is_closing()

    async def send(self, request: Outgoing | Learning) -> bytes:
        """Send an `Outgoing`; the body of its answer.

        Raises UnsupportedError before anything went out, TimeoutError, ConnectionError.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError(f"no connection to {self._address}")
        outgoing = request.prepare(self.offered, self.release)
        self._number += 1
        header = outgoing.build_request_header(self._number, CLIENT_ID).encode()
        message = header + outgoing.encode()
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._number, outgoing, future))
        self._transport.write(struct.pack(">i", len(message)) + message)
        async with asyncio.timeout(self._timeout_s):
            return await future

    async def ask(self, request: Request[A]) -> A:
        """Send a request and decode its answer. Raises DecodeError besides what `send` does."""
        outgoing = Outgoing(request, self._address)
        body = await self.send(outgoing)
        return request.decode(body, outgoing.API_VERSION)

    def close(self) -> Awaitable[None]:
        """Close; the awaitable is done once the socket is gone."""
        if self._transport is not None:
            self._transport.close()
        return self._closed


Opener = Callable[[], Awaitable[OldConnection]]


async def open_old(
    host: str, port: int, *, tls: ssl.SSLContext | None, timeout_ms: int
) -> OldConnection | None:
    """A connection to a broker before 0.10, or None where this is none.

    Raises what a socket raises, TimeoutError, DecodeError.
    """
    loop = asyncio.get_running_loop()
    address, timeout_s = f"{host}:{port}", timeout_ms / 1000

    async def connect() -> OldConnection:
        _, made = await loop.create_connection(
            lambda: OldConnection(address, timeout_s), host, port, ssl=tls
        )
        return made

    async with asyncio.timeout(timeout_s):
        if not await _refuses(connect, api_versions()):
            return None
        lists = not (
            await _refuses(connect, list_groups()) and await _refuses(connect, list_groups())
        )
        found = await connect()
        try:
            sane = _is_sane(await found.ask(brokers_only()))
        except BaseException:
            found.close()
            raise
    if not sane:
        found.close()
        return None
    found.release = KAFKA_0_9 if lists else KAFKA_0_8_2
    found.offered = OFFERED[found.release]
    return found


async def _refuses(connect: Opener, request: Request[Any]) -> bool:
    """Whether a connection that has just given a right answer is closed at this request, or goes
    on without answering it.

    Raises what a socket raises when there is no right answer in the first place.
    """
    conn = await connect()
    nothing = list_offsets({}, LATEST)
    try:
        if await conn.ask(nothing):
            return False
        async with asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(_is_answered(conn, request), name="old-broker-probe")
            # What tells a request that was passed over from one that takes its time.
            tasks.create_task(_is_answered(conn, nothing), name="old-broker-next")
        return not asked.result()
    finally:
        conn.close()


async def _is_answered(conn: OldConnection, request: Request[Any]) -> bool:
    try:
        await conn.ask(request)
    except ConnectionError:
        return False
    return True


def _is_sane(reply: MetadataReply) -> bool:
    """Whether it may be a broker's metadata; 0.8.2 knows not even itself while it has no topic."""
    brokers = reply.brokers
    return bool(brokers or not reply.topics) and all(
        broker.host and 0 < broker.port < 65536 for broker in brokers
    )
