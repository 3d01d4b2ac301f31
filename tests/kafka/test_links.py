"""A link behind the ports that MirrorMaker is behind: the stand-in's interface, over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cockpit.core.actions import ExcludeGroups, PromoteTopics
from cockpit.kafka.effects.linking import LinkGroups, NoPromotion, Promotion
from cockpit.kafka.http import Http
from cockpit.kafka.links.mirror import LinkMirror
from cockpit.kafka.links.standin import StandIn
from cockpit.kafka.links.unnamed import UnnamedLink
from cockpit.lab.control import Answer, Call, serve
from cockpit.ports import OutcomeUnknownError, PortError
from tests.kafka.clock import RealClock

NAME = "old-to-new"


class Link:
    """Answers as the lab's stand-in does, and remembers who asked for what."""

    def __init__(self) -> None:
        self.topics: dict[str, dict[str, Any]] = {
            "scores": self.topic("ACTIVE", {"0": 7, "1": None}),
            "matches": self.topic("STOPPED", {"0": 3}),
        }
        self.excluded: set[str] = set()
        self.asked: list[str] = []
        self.refuses = ""
        self.body: dict[str, Any] | None = None

    @staticmethod
    def topic(state: str, positions: dict[str, int | None], reason: str = "") -> dict[str, Any]:
        rows = {number: {"position": position} for number, position in positions.items()}
        return {"state": state, "reason": reason, "partitions": rows}

    async def handle(self, call: Call) -> Answer:
        match call.path.strip("/").split("/"):
            case ["links", "old-to-new"]:
                return Answer(200, self.body if self.body is not None else self._status())
            case ["links", "old-to-new", "topics", topic, "promote"]:
                self.asked.append(topic)
                if self.refuses:
                    return Answer(409, {"error": self.refuses})
                self.topics[topic]["state"] = "STOPPED"
            case ["links", "old-to-new", "groups", group, verb]:
                (self.excluded.add if verb == "exclude" else self.excluded.discard)(group)
            case _:
                return Answer(404, {"error": "no such path"})
        return Answer(200, {})

    def _status(self) -> dict[str, Any]:
        groups = {"excluded": sorted(self.excluded)}
        return {"state": "ACTIVE", "reason": "", "topics": self.topics, "groups": groups}


@contextlib.asynccontextmanager
async def running(link: Link) -> AsyncIterator[StandIn]:
    server = await serve(0, link.handle)
    port = server.sockets[0].getsockname()[1]
    api = StandIn(Http(), f"http://127.0.0.1:{port}/", NAME)
    try:
        yield api
    finally:
        await api.close()
        server.close()


async def test_a_link_is_told_as_a_connector_with_a_task_for_each_topic_that_it_copies() -> None:
    link = Link()
    link.topics["payments"] = link.topic("FAILED", {"0": 5}, "a hole: after 4 comes 9")
    async with running(link) as api:
        port = LinkMirror(NAME, api, RealClock())
        sample, syncs = await asyncio.gather(port.mirror(), port.syncs())
        (connector,) = sample.connectors
        assert (connector.name, connector.state) == (NAME, "RUNNING")
        assert [(task.state, task.cause) for task in connector.tasks] == [
            ("FAILED", "payments: a hole: after 4 comes 9"),
            ("RUNNING", ""),
        ]
        assert sample.positions == {("scores", 0): 7, ("matches", 0): 3, ("payments", 0): 5}
        # offset 0 is offset 0; of a promoted topic the two sides have nothing to do any more
        assert syncs.same_offsets
        assert syncs.slots == {("scores", 0): ((0, 0),), ("payments", 0): ((0, 0),)}
        await port.close()


async def test_topics_are_promoted_and_only_those_that_are_not() -> None:
    link = Link()
    async with running(link) as api:
        promotion = Promotion(api, RealClock())
        both = PromoteTopics(("matches", "scores"))
        assert (await promotion.precheck(both)).holds is False
        assert await promotion.do(both) == {"asked": ["scores"]}
        assert link.asked == ["scores"]
        assert (await promotion.verify(both)).holds is True
        with pytest.raises(PortError, match="not of this link: unheard"):
            await promotion.precheck(PromoteTopics(("unheard",)))


async def test_a_refusal_says_why_and_is_no_unknown_outcome() -> None:
    link = Link()
    link.refuses = "not promoted: \x1b[31mlate"
    async with running(link) as api:
        with pytest.raises(PortError, match="409: not promoted") as refused:
            await Promotion(api, RealClock()).do(PromoteTopics(("scores",)))
        assert "\x1b" not in refused.value.reason


async def test_a_lost_answer_is_an_unknown_outcome() -> None:
    link = Link()

    async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if line.startswith(b"GET"):
            body = (
                b'{"state": "ACTIVE", "topics": {"scores": {"state": "ACTIVE", "partitions": {}}}}'
            )
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(hangs_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    api = StandIn(Http(), f"http://127.0.0.1:{port}", NAME)
    try:
        with pytest.raises(OutcomeUnknownError):
            await Promotion(api, RealClock()).do(PromoteTopics(("scores",)))
    finally:
        await api.close()
        server.close()
    assert not link.asked


async def test_groups_are_left_alone_and_given_back() -> None:
    link = Link()
    async with running(link) as api:
        groups = LinkGroups(api)
        for excluded in (True, False):
            action = ExcludeGroups(("app-board", "app-ledger"), excluded)
            assert (await groups.precheck(action)).holds is False
            await groups.do(action)
            assert (await groups.verify(action)).holds is True
            assert link.excluded == (set(action.groups) if excluded else set())


@pytest.mark.parametrize("body", [{}, {"state": "ACTIVE", "topics": {"scores": 3}}, {"topics": []}])
async def test_a_status_without_sense_is_an_error_and_no_state(body: dict[str, Any]) -> None:
    link = Link()
    link.body = body
    async with running(link) as api:
        with pytest.raises(PortError, match="makes no sense"):
            await api.status()


async def test_where_there_is_no_link_nothing_is_promoted() -> None:
    with pytest.raises(PortError, match="there is no link"):
        await NoPromotion().do(PromoteTopics(("scores",)))


async def test_a_link_that_names_no_interface_is_unknown_and_is_asked_for_nothing() -> None:
    link = UnnamedLink("old-to-new")
    mirror = LinkMirror("old-to-new", link, RealClock())
    for asked in (mirror.mirror(), link.promote("orders"), link.left_alone()):
        with pytest.raises(PortError, match="link old-to-new: its api is not named in the plan"):
            await asked
    await link.close()
