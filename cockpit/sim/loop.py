"""An event loop and clocks on virtual time: waiting costs nothing and is the same each time.

Never waits for the network; a thread that a task has started is waited for with time standing
still, so that its speed cannot change what happens.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, Final, TypeVar

T = TypeVar("T")

EPOCH_MS: Final = 1_767_578_400_000
"""2026-01-05T02:00:00Z: when every simulated flight begins."""


class VirtualDeadlockError(RuntimeError):
    """Every task waits for something that no timer will ever bring."""


class _JumpSelector(selectors.SelectSelector):
    """A selector that moves the time forward instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.threads = 0
        """Calls in other threads whose results the loop still waits for."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Nothing is ever ready but what threads have sent; time jumps to the next timer."""
        if self.threads:
            return super().select(timeout if timeout is not None and timeout <= 0 else None)
        if timeout is None:
            msg = "virtual time stands still: every task waits and no timer is set"
            raise VirtualDeadlockError(msg)
        if timeout > 0:
            self.now_s += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time()` begins at 0 and jumps from timer to timer.

    Timers, `asyncio.timeout`, queues, locks and executor calls work as ever; sockets do not.
    Raises VirtualDeadlockError out of `run_*` when nothing can ever happen any more.
    """

    def __init__(self) -> None:
        self._jump = _JumpSelector()
        super().__init__(self._jump)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jump.now_s

    def freeze(self, duration_ms: int) -> None:
        """Let virtual time pass in which nothing at all runs, as after a SIGSTOP."""
        self._jump.now_s += duration_ms / 1000

    def run_in_executor(  # type: ignore[override]  # typeshed's own signature is looser still
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run in a thread, while virtual time stands still."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._jump.threads += 1
        future.add_done_callback(self._thread_is_done)
        return future

    async def shutdown_default_executor(
        self,
        timeout: float | None = None,  # noqa: ASYNC109  # the base class's, from Python 3.12 on
    ) -> None:
        """Wait for the threads, in no virtual time."""
        self._jump.threads += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._jump.threads -= 1

    def _thread_is_done(self, _: asyncio.Future[Any]) -> None:
        self._jump.threads -= 1


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a fresh VirtualLoop; its result or its exception."""
    results: list[T] = []

    async def keep() -> None:
        results.append(await main)

    # The runner's own signal handling formats the result of what it runs: it gets none.
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(keep())
    return results[0]


class VirtualClock:
    """`ports.Clock` of the VirtualLoop that runs; before it runs, the epoch."""

    def __init__(self) -> None:
        self.stepped_ms = 0
        """By how much the machine's clock was set, all in all."""

    def now_ms(self) -> int:
        """The epoch plus the loop's virtual time."""
        loop = asyncio._get_running_loop()  # None, where the public one raises
        return EPOCH_MS if loop is None else EPOCH_MS + self.stepped_ms + round(loop.time() * 1000)

    async def sleep(self, duration_ms: int) -> None:
        """Wait in virtual time."""
        await asyncio.sleep(duration_ms / 1000)


class RealtimeClock:
    """`ports.Clock` for a simulation that people watch: the epoch, running `speed` times as fast.

    For ordinary event loops.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            msg = f"speed must be positive, not {speed}"
            raise ValueError(msg)
        self._speed = speed
        self._began_s = self._read_s()

    def now_ms(self) -> int:
        """The epoch plus the time since this clock was made, times its speed."""
        return EPOCH_MS + int((self._read_s() - self._began_s) * 1000 * self._speed)

    async def sleep(self, duration_ms: int) -> None:
        """Wait until the clock has moved on by that much."""
        await asyncio.sleep(duration_ms / 1000 / self._speed)

    @staticmethod
    def _read_s() -> float:
        return time.monotonic()  # noqa: TID251  # this class is the Clock that others must take
