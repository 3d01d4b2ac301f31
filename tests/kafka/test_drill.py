"""What a drill breaks on real clusters, and that it is mended; a plan without drills breaks
nothing."""

from __future__ import annotations

import json

import pytest

from cockpit.core.actions import Drill
from cockpit.core.plan import HttpCall, Side
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.cutting import Way
from cockpit.kafka.effects.drill import Calls, Drills
from cockpit.kafka.http import Http
from cockpit.kafka.link import Link
from cockpit.kafka.protocol.metadata import brokers_only
from cockpit.ports import OutcomeUnknownError, PortError
from tests.kafka.fake_broker import FakeCluster, fake_cluster
from tests.kafka.http_server import Answer, Asked, http_server


class Worker:
    """A Connect worker with one connector of one task, which pauses and resumes."""

    def __init__(self) -> None:
        self.state = "RUNNING"
        self.asked: list[tuple[str, str]] = []

    def respond(self, asked: Asked) -> Answer:
        self.asked.append((asked.method, asked.target))
        if asked.method == "PUT":
            self.state = {"pause": "PAUSED", "resume": "RUNNING"}[asked.target.rpartition("/")[2]]
            return Answer(202, b"")
        task = {"id": 0, "state": self.state, "worker_id": "w"}
        connector = {"state": self.state, "worker_id": "w"}
        return Answer.of({"name": "mm2", "connector": connector, "tasks": [task]})


class Lab:
    """Brokers that die and come back."""

    def __init__(self) -> None:
        self.dead: set[tuple[Side, int]] = set()

    async def is_alive(self, side: Side, broker: int) -> bool:
        return (side, broker) not in self.dead

    async def kill(self, side: Side, broker: int) -> None:
        self.dead.add((side, broker))

    async def revive(self, side: Side, broker: int) -> None:
        self.dead.discard((side, broker))


def nowhere() -> ConnectRest:
    return ConnectRest(Http(), "http://127.0.0.1:1")


async def broken(drills: Drills, do: str, on: str) -> bool | None:
    return (await drills.check(Drill(do, on, broken=True))).holds  # type: ignore[arg-type]  # a kind


async def test_a_connector_s_tasks_pause_and_run_again() -> None:
    worker, http = Worker(), Http()
    async with http_server(worker.respond) as server:
        drills = Drills(ConnectRest(http, server.url), {"source": Way()}, None)
        assert await broken(drills, "stop-task", "mm2") is False
        await drills.do(Drill("stop-task", "mm2", broken=True))
        assert await broken(drills, "stop-task", "mm2") is True
        assert (await drills.check(Drill("stop-task", "mm2", broken=False))).holds is False
        await drills.do(Drill("stop-task", "mm2", broken=False))
        assert (await drills.check(Drill("stop-task", "mm2", broken=False))).holds is True
        await http.close()
    changes = [path for method, path in worker.asked if method == "PUT"]
    assert changes == ["/connectors/mm2/pause", "/connectors/mm2/resume"]


async def test_a_broker_dies_by_the_lab_s_hand_and_nobody_else_s() -> None:
    lab = Lab()
    drills = Drills(nowhere(), {"target": Way()}, lab)
    await drills.do(Drill("kill-broker", "target/1", broken=True))
    assert lab.dead == {("target", 1)}
    assert await broken(drills, "kill-broker", "target/1") is True
    await drills.do(Drill("kill-broker", "target/1", broken=False))
    assert lab.dead == set()
    with pytest.raises(PortError, match="only a broker of a lab"):
        await Drills(nowhere(), {"target": Way()}, None).do(
            Drill("kill-broker", "target/1", broken=True)
        )


async def test_a_service_is_broken_and_mended_by_calls_to_its_owner() -> None:
    asked: list[str] = []

    def respond(request: Asked) -> Answer:
        asked.append(f"{request.method} {request.target}")
        return Answer.of({})

    http = Http()
    async with http_server(respond) as server:
        calls = {"audit": (HttpCall(f"{server.url}/stop"), HttpCall(f"{server.url}/start?on=b"))}
        drills = Drills(nowhere(), {"target": Way()}, None, Calls(http, calls))
        assert await broken(drills, "call", "audit") is None, "nobody can read it"
        await drills.do(Drill("call", "audit", broken=True))
        assert await broken(drills, "call", "audit") is True
        await drills.do(Drill("call", "audit", broken=False))
        assert await broken(drills, "call", "audit") is False
        with pytest.raises(PortError, match="no calls for search"):
            await drills.do(Drill("call", "search", broken=True))
        await http.close()
    assert asked == ["POST /stop", "POST /start?on=b"]


async def test_a_service_whose_owner_fails_to_mend_it_is_not_known_to_be_well() -> None:
    http = Http()
    async with http_server(lambda _asked: Answer(503, b"")) as server:
        calls = {"audit": (HttpCall(f"{server.url}/stop"), HttpCall(f"{server.url}/start"))}
        drills = Drills(nowhere(), {"target": Way()}, None, Calls(http, calls))
        with pytest.raises(OutcomeUnknownError):
            await drills.do(Drill("call", "audit", broken=False))
        assert (await drills.check(Drill("call", "audit", broken=False))).holds is None
        await http.close()


async def test_a_cut_drops_the_sockets_of_its_side_and_none_opens_until_it_is_mended() -> None:
    async with fake_cluster(FakeCluster()) as cluster:
        access = cluster.access(1)
        link = Link(*access.bootstrap[0], access, timeout_ms=2_000)
        drills = Drills(nowhere(), {"source": access.way, "target": Way()}, None)
        await link.call(brokers_only())
        before = len(cluster.asked)
        await drills.do(Drill("cut-connection", "source", broken=True))
        assert await broken(drills, "cut-connection", "source") is True
        assert await broken(drills, "cut-connection", "target") is False
        for _ in range(3):
            with pytest.raises(PortError, match="cut by a drill") as caught:
                await link.call(brokers_only())
            assert caught.value.kind == "unreachable"
        assert len(cluster.asked) == before
        await drills.do(Drill("cut-connection", "source", broken=False))
        await link.call(brokers_only())
        assert len(cluster.asked) > before
        await link.close()


@pytest.mark.parametrize(
    ("do", "on"),
    [
        ("stop-task", "mm2"),
        ("kill-broker", "source/1"),
        ("cut-connection", "source"),
        ("call", "audit"),
    ],
)
async def test_a_plan_that_allows_no_drills_breaks_nothing(do: str, on: str) -> None:
    drills = Drills(nowhere(), {}, Lab())
    action = Drill(do, on, broken=True)  # type: ignore[arg-type]  # a kind
    for call in (drills.do, drills.check):
        with pytest.raises(PortError, match="allows no drills"):
            await call(action)


@pytest.mark.parametrize("word", ["source", "source/x", "elsewhere/1", "/1", "target/\u0661"])
async def test_what_names_no_broker_kills_none(word: str) -> None:
    lab = Lab()
    with pytest.raises(PortError, match="is no broker"):
        await Drills(nowhere(), {"source": Way()}, lab).do(Drill("kill-broker", word, broken=True))
    assert lab.dead == set()


def test_a_drill_is_told_and_kept_in_words_that_name_it() -> None:
    from cockpit.core.actions import action_text
    from cockpit.wire.values import to_json

    action = Drill("kill-broker", "target/1", broken=False)
    assert action_text(action) == "drill: mend kill-broker on target/1"
    assert json.loads(json.dumps(to_json(action))) == {
        "do": "kill-broker",
        "on": "target/1",
        "broken": False,
    }
