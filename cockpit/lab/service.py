"""Services of the lab's workload: `python -m cockpit.lab.service --folder F --name N --port P`,
with a name and a port for each.

Runs until SIGTERM. None moves by itself: HTTP calls start and stop it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import time
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiokafka.errors import KafkaError

from cockpit.lab.batch import NowAndThen
from cockpit.lab.clusters import Login
from cockpit.lab.control import Answer, Call, serve
from cockpit.lab.layout import Layout
from cockpit.lab.ledger import note_call
from cockpit.lab.logins import login_at
from cockpit.lab.meter import Meter
from cockpit.lab.metrics import exposition, failing
from cockpit.lab.profiles import profile_named
from cockpit.lab.schemaids import SchemaIds
from cockpit.lab.workers import Worker, worker_for
from cockpit.lab.workload import SIDES, Side

OPEN_TIMEOUT_S = 15.0
MAX_FAULT = 0.9
"""With more, a retry would hardly ever succeed."""


class Service:
    """One service: stopped, or running on one of the two clusters."""

    def __init__(self, name: str, folder: Path, tasks: asyncio.TaskGroup) -> None:
        self._name = name
        self._layout = Layout(folder)
        self._tasks = tasks
        self._meter = Meter()
        written = self._written()
        self._profile = profile_named(written["profile"])
        workload = self._profile.workload
        work = workload.work_of(name)
        registries = written.get("registries")
        schemas = SchemaIds(registries, workload.with_schemas) if registries else None
        self._worker: Worker = worker_for(work, workload, folder, self._meter, schemas)
        if work.batch is not None:
            now_s = asyncio.get_running_loop().time
            self._worker = NowAndThen(self._worker, work.batch, self._meter, now_s)
        self._cluster: str | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()

    async def handle(self, call: Call) -> Answer:
        """Do what an HTTP call asks for."""
        match call.path:
            case "/status":
                return Answer(200, self.status())
            case "/metrics":
                return Answer(200, self._metrics())
            case "/start":
                return await self._noted("start", self._start(call.query.get("cluster", "")))
            case "/stop":
                return await self._noted("stop", self.stop())
            case "/fault":
                return self._fault(call.query.get("ratio", ""))
            case _:
                return Answer(404, {"error": "try /status, /start?cluster=, /stop, /fault?ratio="})

    async def _noted(self, verb: str, doing: Coroutine[Any, Any, Answer]) -> Answer:
        """Do it, and write down when it was asked for and answered."""
        asked_at_ms, before = time.time_ns() // 1_000_000, self._cluster
        answer = await doing
        path = self._layout.calls / f"{self._name}.jsonl"
        cluster = before if verb == "stop" else self._cluster
        note_call(path, verb, cluster, asked_at_ms, good=answer.status == HTTPStatus.OK)
        return answer

    def status(self) -> dict[str, Any]:
        """The service as it is now."""
        produced, consumed = self._worker.produced, self._worker.consumed
        return {
            "service": self._name,
            "running": self._cluster is not None,
            "cluster": self._cluster,
            "produced": produced.count if produced is not None else None,
            "consumed": consumed.count if consumed is not None else None,
            "errors": self._meter.errors,
            "error_ratio": self._meter.ratio(asyncio.get_running_loop().time()),
            "last_error": self._meter.last_error,
            "latency_ms": self._meter.latency_ms(asyncio.get_running_loop().time()),
        }

    def _metrics(self) -> str:
        ratio = self._meter.ratio(asyncio.get_running_loop().time())
        return exposition({"client_error_ratio": ratio, "client_failing": failing(ratio)})

    def attempts(self) -> tuple[int, int]:
        """Attempts and errors of the last ten seconds."""
        return self._meter.counts(asyncio.get_running_loop().time())

    async def stop(self) -> Answer:
        """Finish what is under way, commit, disconnect. Stopping a stopped service is fine."""
        async with self._turn:
            if self._task is None:
                return Answer(200, self.status())
            self._stopping.set()
            await asyncio.wait({self._task})
            failure = await self._worker.close()
            self._task, self._cluster = None, None
            if failure is not None:
                return Answer(500, self.status() | {"error": f"stopped, but {failure}"})
            return Answer(200, self.status())

    async def _start(self, cluster: str) -> Answer:
        if cluster not in SIDES:
            return Answer(400, {"error": "cluster must be source or target"})
        side: Side = "target" if cluster == "target" else "source"
        async with self._turn:
            if self._cluster == cluster:
                return Answer(200, self.status())
            if self._cluster is not None:
                error = f"{self._name} runs on the {self._cluster}; stop it first"
                return Answer(409, self.status() | {"error": error})
            try:
                async with asyncio.timeout(OPEN_TIMEOUT_S):
                    await self._worker.open(cluster, self._login(side))
            except (KafkaError, TimeoutError, OSError) as failure:
                error = f"cannot reach the {cluster}: {type(failure).__name__}: {failure}"
                return Answer(503, self.status() | {"error": error})
            self._cluster = cluster
            self._stopping.clear()
            self._task = self._tasks.create_task(self._run(), name=f"{self._name}-work")
            return Answer(200, self.status())

    async def _run(self) -> None:
        """Work until told to stop, whatever happens: a load that ends by itself proves nothing."""
        while not self._stopping.is_set():
            try:
                await self._worker.run(self._stopping)
            except Exception as error:
                logging.getLogger(__name__).exception("unexpected")
                self._meter.error(asyncio.get_running_loop().time(), repr(error))
                await asyncio.sleep(0.5)

    def _fault(self, text: str) -> Answer:
        try:
            ratio = float(text)
        except ValueError:
            ratio = -1.0
        if not 0.0 <= ratio <= MAX_FAULT:
            return Answer(400, {"error": f"ratio must be a number from 0 to {MAX_FAULT}"})
        self._meter.set_fault(ratio)
        return Answer(200, self.status())

    def _login(self, cluster: Side) -> Login:
        written = self._written()
        at = written["bootstrap"][cluster]
        if self._profile.workload.work_of(self._name).produces:
            # behind a link's proxy, where the lab has one
            at = written["producers"].get(cluster, at)
        login = login_at(at, self._name, cluster, self._layout, self._profile)
        is_old = self._profile.cluster(cluster).is_before_groups
        return replace(login, zookeeper=written["zookeeper"]) if is_old else login

    def _written(self) -> dict[str, Any]:
        """The workload as the lab has written it down."""
        found: dict[str, Any] = json.loads(self._layout.workload.read_text(encoding="utf-8"))
        return found


class _Quiet(logging.Filter):
    """Lets a few lines a second through: a client without a broker writes hundreds."""

    def __init__(self) -> None:
        super().__init__()
        self._second = 0
        self._lines = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this line is written."""
        if int(record.created) != self._second:
            self._second, self._lines = int(record.created), 0
        self._lines += 1
        return self._lines <= 3


def together(services: Iterable[Service]) -> Answer:
    """Errors per attempt of all of them; null when nothing was attempted."""
    counts = [service.attempts() for service in services]
    attempts, errors = (sum(column) for column in zip(*counts, strict=True))
    return Answer(200, {"error_ratio": errors / attempts if attempts else None})


async def run(folder: Path, ports: Mapping[str, int], port: int | None = None) -> None:
    """Serve each service's control port until SIGTERM or SIGINT, then stop them gracefully.

    `port`: where the errors of all of them are told together.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with asyncio.TaskGroup() as tasks:
        services = {name: Service(name, folder, tasks) for name in ports}
        servers = [await serve(ports[name], service.handle) for name, service in services.items()]

        async def all_of_them(_call: Call) -> Answer:
            return together(services.values())

        if port is not None:
            servers.append(await serve(port, all_of_them))
        try:
            await ended.wait()
        finally:
            for server in servers:
                server.close()
            async with asyncio.TaskGroup() as stopping:
                for name, service in services.items():
                    stopping.create_task(service.stop(), name=f"stop-{name}")


def main() -> None:
    """Command line of one process."""
    parser = argparse.ArgumentParser(prog="cockpit.lab.service")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--name", required=True, action="append")
    parser.add_argument("--port", type=int, required=True, action="append")
    parser.add_argument("--together", type=int, metavar="PORT")
    options = parser.parse_args()
    handler = logging.StreamHandler()
    handler.addFilter(_Quiet())
    logging.basicConfig(
        level=logging.WARNING, handlers=[handler], format="%(asctime)s %(name)s %(message)s"
    )
    ports = dict(zip(options.name, options.port, strict=True))
    asyncio.run(run(options.folder, ports, options.together))


if __name__ == "__main__":
    main()
