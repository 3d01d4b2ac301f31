"""A job that is at work now and then only: it connects, works for a while, and leaves again.

Between two runs it has no member in its group and no connection, so that nobody sees it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from aiokafka.errors import KafkaError

from cockpit.lab.clusters import Login
from cockpit.lab.ledger import Ledger
from cockpit.lab.meter import Meter
from cockpit.lab.workers import Worker
from cockpit.lab.workload import Batch


class NowAndThen:
    """Another worker, let in for a while again and again; the first time at once."""

    def __init__(
        self, worker: Worker, batch: Batch, meter: Meter, now_s: Callable[[], float]
    ) -> None:
        self._worker = worker
        self._batch = batch
        self._meter = meter
        self._now_s = now_s
        self._where: tuple[str, Login] | None = None
        self._is_open = False
        self._begun_s = 0.0
        self.consumed: Ledger | None = worker.consumed
        self.produced: Ledger | None = worker.produced

    async def open(self, cluster: str, login: Login) -> None:
        """Begin the first run. Raises KafkaError or TimeoutError."""
        self._where = (cluster, login)
        await self._begin()

    async def run(self, stopping: asyncio.Event) -> None:
        """Run after run until asked to stop."""
        while not stopping.is_set():
            if self._is_open:
                await self._one_run(stopping)
                self._failed(await self.close())
            due_s = self._begun_s + self._batch.every_s
            await _wait(due_s - self._now_s(), stopping)
            if not stopping.is_set():
                await self._try_to_begin()

    async def close(self) -> str | None:
        """End the run that is under way, if there is one; why its last commit failed."""
        if not self._is_open:
            return None
        self._is_open = False
        return await self._worker.close()

    async def _begin(self) -> None:
        assert self._where is not None
        self._begun_s = self._now_s()
        await self._worker.open(*self._where)
        self._is_open = True

    async def _try_to_begin(self) -> None:
        """A run that could not connect is left out, as a scheduler would."""
        try:
            await self._begin()
        except (KafkaError, TimeoutError, OSError) as error:
            self._failed(f"{type(error).__name__}: {error}")

    async def _one_run(self, stopping: asyncio.Event) -> None:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._worker.run(over), name="batch-run")
            await _wait(self._batch.for_s, stopping)
            over.set()

    def _failed(self, why: str | None) -> None:
        if why is not None:
            self._meter.error(self._now_s(), why)


async def _wait(duration_s: float, stopping: asyncio.Event) -> None:
    """Wait, but not beyond a request to stop."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(duration_s, 0.0)):
            await stopping.wait()
