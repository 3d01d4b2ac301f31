"""A sink connector as a service: two stand-ins for Connect, of which one may run it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from cockpit.lab.control import Call
from cockpit.lab.layout import Layout
from cockpit.lab.profiles import BYOC
from cockpit.lab.sink import Sink
from cockpit.lab.sinkconfig import CONNECTS
from cockpit.lab.state import new_state, ports_of, save
from cockpit.lab.workload import SIDES, Side
from tests.kafka.http_server import Answer, Asked, http_server


@dataclass
class FakeConnect:
    """Stands in for one worker with one connector."""

    state: str = "STOPPED"
    ordered: list[str] = field(default_factory=list)
    away: bool = False

    def respond(self, asked: Asked) -> Answer:
        """As Connect does, but at once."""
        if self.away:
            return Answer(0)
        verb = asked.target.rpartition("/")[2]
        if asked.method == "PUT":
            self.ordered.append(verb)
            self.state = {"stop": "STOPPED", "resume": "RUNNING"}[verb]
            return Answer(204, b"")
        tasks = [{"state": "RUNNING"}] if self.state == "RUNNING" else []
        return Answer.of({"connector": {"state": self.state}, "tasks": tasks})


@dataclass
class Scene:
    """The sink, both workers, and where it writes."""

    sink: Sink
    connects: dict[Side, FakeConnect]
    layout: Layout

    async def call(self, path: str, **query: str) -> tuple[int, dict[str, object]]:
        """One of its controls."""
        answer = await self.sink.handle(Call(path, query))
        assert isinstance(answer.body, dict)
        return answer.status, answer.body


@asynccontextmanager
async def a_sink(folder: Path) -> AsyncIterator[Scene]:
    layout = Layout(folder)
    for needed in (layout.consumed, layout.calls, layout.sinks):
        needed.mkdir()
    ports = {name: 20_000 + index for index, name in enumerate(ports_of(1, BYOC))}
    connects: dict[Side, FakeConnect] = {side: FakeConnect() for side in SIDES}
    async with AsyncExitStack() as stack:
        for side in SIDES:
            server = await stack.enter_async_context(http_server(connects[side].respond))
            ports[CONNECTS[side]] = urlsplit(server.url).port or 0
        save(folder, new_state(ports, BYOC))
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=2.0))
        yield Scene(Sink("warehouse", folder, http), connects, layout)


async def test_it_starts_on_one_side_and_stops_on_both(tmp_path: Path) -> None:
    async with a_sink(tmp_path) as scene:
        status, body = await scene.call("/start", cluster="target")
        assert (status, body["cluster"]) == (HTTPStatus.OK, "target")
        assert scene.connects["target"].ordered == ["resume"]
        assert scene.connects["source"].ordered == []
        status, body = await scene.call("/stop")
        assert (status, body["running"]) == (HTTPStatus.OK, False)
        assert {connect.state for connect in scene.connects.values()} == {"STOPPED"}
        calls = (scene.layout.calls / "warehouse.jsonl").read_text().splitlines()
        told = [json.loads(line) for line in calls]
        assert [(call["verb"], call["cluster"], call["good"]) for call in told] == [
            ("start", "target", True),
            ("stop", "target", True),
        ]


async def test_it_never_runs_on_both_sides(tmp_path: Path) -> None:
    async with a_sink(tmp_path) as scene:
        await scene.call("/start", cluster="source")
        status, body = await scene.call("/start", cluster="target")
        assert status == HTTPStatus.CONFLICT
        assert "stop it first" in str(body["error"])
        assert scene.connects["target"].ordered == []


async def test_without_connect_it_says_so_and_a_stop_is_no_success(tmp_path: Path) -> None:
    async with a_sink(tmp_path) as scene:
        await scene.call("/start", cluster="source")
        scene.connects["source"].away = True
        status, body = await scene.call("/stop")
        assert status == HTTPStatus.SERVICE_UNAVAILABLE
        assert body["running"], "as far as anybody knows"
