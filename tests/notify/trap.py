"""A listener that nobody may reach: it counts whoever connects, whatever he says then."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass
class Trap:
    """The running listener."""

    port: int = 0
    connections: int = 0
    has_v6: bool = False

    async def serve(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Somebody came."""
        self.connections += 1
        writer.close()


@contextlib.asynccontextmanager
async def trap() -> AsyncIterator[Trap]:
    """On one port of every loopback address of this machine, IPv6 too where there is any."""
    found = Trap()
    four = await asyncio.start_server(found.serve, "0.0.0.0", 0)
    found.port = four.sockets[0].getsockname()[1]
    servers = [four]
    with contextlib.suppress(OSError):
        servers.append(
            await asyncio.start_server(found.serve, "::", found.port, family=socket.AF_INET6)
        )
        found.has_v6 = True
    try:
        yield found
    finally:
        for server in servers:
            server.close()
        await asyncio.sleep(0)
