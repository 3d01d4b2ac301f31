"""Taking the measure of coroutines: CPU, stalls of the event loop, memory. Never decides on
limits."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cockpit.ports import PortError

Work = Callable[[], Awaitable[object]]


class StepClock:
    """The Clock port over a number: time goes by only as far as it is told to."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        """The number."""
        return self.ms

    async def sleep(self, duration_ms: int) -> None:
        """Time goes by at once."""
        self.ms += duration_ms


async def cpu_ms(work: Work) -> float:
    """CPU milliseconds of this process, every thread of it."""
    began = time.process_time()
    await work()
    return (time.process_time() - began) * 1000


def children_ms() -> float:
    """CPU milliseconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


async def longest_stall_ms(work: Work) -> float:
    """The most CPU that the event loop's thread used between two of its turns.

    CPU, not wall time: a neighbour that takes the processor away is not our doing.
    """
    longest, last, going = 0.0, time.thread_time(), True
    loop = asyncio.get_running_loop()

    def beat() -> None:
        nonlocal longest, last
        now = time.thread_time()
        longest, last = max(longest, now - last), now
        if going:
            loop.call_soon(beat)

    loop.call_soon(beat)
    await asyncio.sleep(0)
    longest = 0.0
    await work()
    going = False
    await asyncio.sleep(0)
    return longest * 1000


class Requests(logging.Handler):
    """Counts the requests that leave through the Kafka library, by API key."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.asked: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        """The library logs each request with the object that encodes it."""
        if record.msg.startswith("Request to") and isinstance(record.args, tuple):
            self.asked.append(getattr(record.args[-1], "API_KEY", -1))

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count until the block ends."""
        logger = logging.getLogger("aiokafka.conn")
        level = logger.level
        logger.addHandler(self)
        logger.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            logger.removeHandler(self)
            logger.setLevel(level)


def resident_kb() -> float:
    """Resident memory of this process in kB."""
    gc.collect()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return float(line.split()[1])


async def growth_kb(work: Work, *, rounds: int, warm: int) -> float:
    """Resident memory after these rounds, less that after the first few. Failures are expected."""

    async def go(times: int) -> float:
        for _ in range(times):
            with suppress(PortError):
                await work()
        return resident_kb()

    before = await go(warm)
    return await go(rounds) - before
