"""Real time for tests that talk over real sockets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


class RealClock:
    """The Clock port over the machine's clock."""

    def now_ms(self) -> int:
        """UTC milliseconds."""
        return int(time.time() * 1000)

    async def sleep(self, duration_ms: int) -> None:
        """Wait."""
        await asyncio.sleep(duration_ms / 1000)


async def until(probe: Callable[[], Awaitable[bool]], *, timeout_s: float) -> None:
    """Poll until it is so; fails the test when it does not become so in time."""
    async with asyncio.timeout(timeout_s):
        while True:
            if await probe():
                return
            await asyncio.sleep(0.05)
