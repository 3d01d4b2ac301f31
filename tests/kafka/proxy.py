"""A link that a test can make slow, narrow or dead: a TCP proxy on the loopback interface."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass


@dataclass
class Proxy:
    """What happens to bytes on their way; both ways alike. Tests change it while it runs."""

    port: int = 0
    upstream: int = 0
    delay_s: float = 0.0
    """How long each piece is under way."""
    bytes_per_s: float = 0.0
    """0: as fast as it goes."""
    dead: bool = False
    """Connections stay open and nothing gets through."""

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One direction of one connection."""
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                while self.dead:  # noqa: ASYNC110  # a test changes it
                    await asyncio.sleep(0.05)
                narrow = len(data) / self.bytes_per_s if self.bytes_per_s else 0.0
                await asyncio.sleep(self.delay_s + narrow)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, both directions."""
        try:
            there = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.close()
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.carry(reader, there[1]), name="proxy-up")
                tasks.create_task(self.carry(there[0], writer), name="proxy-down")
        finally:
            writer.close()
            there[1].close()


@contextlib.asynccontextmanager
async def proxy_on(port: int) -> AsyncIterator[Proxy]:
    """A proxy that listens at this port; where it leads to is set later."""
    proxy = Proxy(port)
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await proxy.accept(reader, writer)
        serving.discard(task)

    listener = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield proxy
    finally:
        listener.close()
        for task in tuple(serving):
            task.cancel()
        await asyncio.sleep(0.05)
