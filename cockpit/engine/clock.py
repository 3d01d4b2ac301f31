"""Real time: UTC that never runs backwards."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """UTC as it was when the engine began, carried on by the monotonic clock.

    A step of the machine's clock moves no deadline and no age.
    """

    def __init__(self) -> None:
        self._offset_ms = int(time.time() * 1000) - _monotonic_ms()  # noqa: TID251  # this is the Clock

    def now_ms(self) -> int:
        """UTC milliseconds."""
        return self._offset_ms + _monotonic_ms()

    async def sleep(self, duration_ms: int) -> None:
        """Wait."""
        await asyncio.sleep(duration_ms / 1000)


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def all_clocks() -> tuple[int, ...]:
    """What every clock of this host says, in milliseconds: one goes on while the process is held
    up, one while the host sleeps, and one is set right from outside after it slept unawares."""
    boot = time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
    wall = int(time.time() * 1000)  # noqa: TID251  # this is the Clock
    return _monotonic_ms(), boot, wall
