"""A sink connector as a service of the lab: `python -m cockpit.lab.sink`, with folder, name, port.

Its controls are those of every service: behind them are two Connects, each with the connector, of
which one runs. What the connector has written becomes the ledger of what was
processed. Never reads from Kafka, and never writes to the warehouse.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import httpx

from cockpit.lab.control import Answer, Call, serve
from cockpit.lab.layout import Layout
from cockpit.lab.ledger import Ledger, note_call
from cockpit.lab.metrics import exposition, failing
from cockpit.lab.mirror import patiently
from cockpit.lab.sinkconfig import CONNECTS
from cockpit.lab.sinkrows import Warehouse
from cockpit.lab.state import load
from cockpit.lab.workload import SIDES, Side

POLL_S: Final = 0.2
SETTLES_WITHIN_S: Final = 20.0


class Sink:
    """The connector, wherever it runs."""

    def __init__(self, name: str, folder: Path, http: httpx.AsyncClient) -> None:
        self._name = name
        self._layout = Layout(folder)
        self._http = http
        ledger = self._layout.consumed / f"{name}.jsonl"
        self._warehouse = Warehouse(self._layout.sink(name), Ledger(ledger), ledger)
        self._side: Side | None = None
        self._failing: float | None = None
        self._last_error: str | None = None
        self._turn = asyncio.Lock()

    async def handle(self, call: Call) -> Answer:
        """Do what an HTTP call asks for."""
        match call.path:
            case "/status":
                return Answer(200, self.status())
            case "/metrics":
                return Answer(200, self._metrics())
            case "/dedupe":
                self._warehouse.dedupe()
                return Answer(200, self.status())
            case "/start":
                return await self._noted("start", call.query.get("cluster", ""))
            case "/stop":
                return await self._noted("stop", "")
            case _:
                return Answer(404, {"error": "try /status, /start?cluster=, /stop, /dedupe"})

    def status(self) -> dict[str, Any]:
        """As of any service; `duplicates`: records that are in the warehouse more than once."""
        return {
            "service": self._name,
            "running": self._side is not None,
            "cluster": self._side,
            "produced": None,
            "consumed": self._warehouse.rows,
            "duplicates": self._warehouse.duplicates,
            "errors": int(self._failing or 0),
            "error_ratio": self._failing,
            "last_error": self._last_error,
            "latency_ms": None,
        }

    def _metrics(self) -> str:
        return exposition(
            {
                "client_error_ratio": self._failing,
                "client_failing": failing(self._failing),
                "sink_rows": float(self._warehouse.rows),
                "sink_duplicates": float(self._warehouse.duplicates),
            }
        )

    async def watch(self) -> None:
        """Take down what was written, and see how the connector is, for ever."""
        while True:
            self._warehouse.read()
            if self._side is not None and not self._turn.locked():
                await self._look(self._side)
            await asyncio.sleep(POLL_S)

    async def _look(self, side: Side) -> None:
        """A connector counts as failing when it, or its task, is not at work."""
        try:
            states = await self._states(side)
        except (httpx.HTTPError, ValueError) as error:
            self._failing, self._last_error = 1.0, f"{type(error).__name__}: {error}"
            return
        self._failing = float(states != ["RUNNING", "RUNNING"])
        if self._failing:
            self._last_error = f"connector and task: {', '.join(states)}"

    async def _noted(self, verb: str, cluster: str) -> Answer:
        asked_at_ms = time.time_ns() // 1_000_000
        async with self._turn:
            before = self._side
            try:
                answer = await (self._start(cluster) if verb == "start" else self._stop())
            except (httpx.HTTPError, ValueError, TimeoutError) as error:
                text = f"Connect does not do it: {type(error).__name__}: {error}"
                answer = Answer(503, self.status() | {"error": text})
        path = self._layout.calls / f"{self._name}.jsonl"
        where = before if verb == "stop" else self._side
        note_call(path, verb, where, asked_at_ms, good=answer.status == HTTPStatus.OK)
        return answer

    async def _start(self, cluster: str) -> Answer:
        if cluster not in SIDES:
            return Answer(400, {"error": "cluster must be source or target"})
        side: Side = "target" if cluster == "target" else "source"
        if self._side not in (None, side):
            error = f"{self._name} runs on the {self._side}; stop it first"
            return Answer(409, self.status() | {"error": error})
        await self._order(side, "resume")
        await self._becomes(side, ["RUNNING", "RUNNING"])
        self._side = side
        return Answer(200, self.status())

    async def _stop(self) -> Answer:
        """On both: wherever it was, nothing of it runs afterwards."""
        for side in SIDES:
            await self._order(side, "stop")
        for side in SIDES:
            await self._becomes(side, ["STOPPED"])
        self._side, self._failing = None, None
        return Answer(200, self.status())

    async def _order(self, side: Side, verb: str) -> None:
        url = f"{self._url(side)}/{verb}"
        (await patiently(lambda: self._http.put(url))).raise_for_status()

    async def _becomes(self, side: Side, wanted: list[str]) -> None:
        async with asyncio.timeout(SETTLES_WITHIN_S):
            while await self._states(side) != wanted:  # noqa: ASYNC110  # Connect tells nobody
                await asyncio.sleep(POLL_S)

    async def _states(self, side: Side) -> list[str]:
        """Of the connector, then of its tasks."""
        url = f"{self._url(side)}/status"
        reply = await patiently(lambda: self._http.get(url))
        body: dict[str, Any] = reply.raise_for_status().json()
        return [str(part["state"]) for part in (body["connector"], *body["tasks"])]

    def _url(self, side: Side) -> str:
        record = load(self._layout.folder)
        assert record is not None  # who has started us has written it
        return f"{record.url(CONNECTS[side])}/connectors/{self._name}"


async def run(folder: Path, name: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT. The connector goes on: Connect runs it, not we."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
        sink = Sink(name, folder, http)
        server = await serve(port, sink.handle)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(sink.watch(), name="watch")
            await ended.wait()
            server.close()
            watching.cancel()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="cockpit.lab.sink")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    asyncio.run(run(options.folder, options.name, options.port))


if __name__ == "__main__":
    main()
