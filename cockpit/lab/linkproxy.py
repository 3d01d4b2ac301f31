"""The producer proxy of the link's stand-in: a listener that speaks Kafka to clients of the target.

What they write to a topic of the link goes to the source until it is promoted, and to the target
from then on; everything else is passed on to the target. One broker on each side, no TLS, no login.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
from typing import Final

from cockpit.lab import linkwire
from cockpit.lab.linkstate import LinkState
from cockpit.lab.linkwire import Head, WireError, head_of

FRAME_BYTES: Final = 16 << 20
HOST: Final = "127.0.0.1"
_log = logging.getLogger(__name__)


class Upstream:
    """One connection to one cluster's broker: asked, answered, asked again."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._at = host, int(port)
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, frame: bytes) -> None:
        """Send a request. Raises OSError."""
        if self._open is None:
            self._open = await asyncio.open_connection(*self._at)
        await write_frame(self._open[1], frame)

    async def ask(self, frame: bytes) -> bytes:
        """Send a request and read its answer. Raises OSError or asyncio.IncompleteReadError."""
        await self.send(frame)
        assert self._open is not None
        return await read_frame(self._open[0])

    def close(self) -> None:
        """Let go of it."""
        if self._open is not None:
            self._open[1].close()


class Client:
    """One connection of a producer. Requests are answered in turn, as a broker does."""

    def __init__(self, state: LinkState, port: int, source: Upstream, target: Upstream) -> None:
        self._state = state
        self._port = port
        self._source = source
        self._target = target

    async def answer(self, frame: bytes) -> bytes | None:
        """The answer to one request; None where none is expected. Raises OSError, WireError or
        asyncio.IncompleteReadError."""
        head = head_of(frame)
        match head.api:
            case linkwire.API_VERSIONS:
                theirs = await self._target.ask(linkwire.API_VERSIONS_REQUEST)
                return linkwire.offered(theirs, head)
            case linkwire.METADATA:
                reply = await self._target.ask(frame)
                return linkwire.redirected(reply, head.version, HOST, self._port)
            case linkwire.PRODUCE:
                return await self._produce(frame, head)
            case _:
                return await self._target.ask(frame)

    async def _produce(self, frame: bytes, head: Head) -> bytes | None:
        request = linkwire.produce_of(frame, head)
        replies: list[bytes] = []
        async with self._state.writing(request.topics):
            theirs = request.part(self._state.on_target)
            ours = request.part(lambda name: not self._state.on_target(name))
            for upstream, part in ((self._source, ours), (self._target, theirs)):
                if part and request.acks == 0:
                    await upstream.send(part)
                elif part:
                    replies.append(await upstream.ask(part))
        return linkwire.merged(replies) if replies else None

    def close(self) -> None:
        """Let go of both clusters."""
        self._source.close()
        self._target.close()


async def serve_proxy(port: int, state: LinkState, source: str, target: str) -> asyncio.Server:
    """Listen on loopback. Raises OSError when the port is taken."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(state, port, Upstream(source), Upstream(target))
        try:
            while True:
                answer = await client.answer(await read_frame(reader))
                if answer is not None:
                    await write_frame(writer, answer)
        except asyncio.IncompleteReadError:
            pass  # one of the three has hung up: the client connects anew
        except (OSError, WireError) as error:
            _log.warning("a client's connection ends: %s", error)
        finally:
            client.close()
            with contextlib.suppress(OSError):
                writer.close()

    return await asyncio.start_server(connection, HOST, port)


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """One message. Raises asyncio.IncompleteReadError, OSError or WireError."""
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    if not 0 <= size <= FRAME_BYTES:
        raise WireError(f"a message of {size} bytes")
    return await reader.readexactly(size)


async def write_frame(writer: asyncio.StreamWriter, frame: bytes) -> None:
    """One message. Raises OSError."""
    writer.write(struct.pack(">i", len(frame)) + frame)
    await writer.drain()
