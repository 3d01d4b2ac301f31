"""Connect's REST interface: states and positions as values, passwords kept in."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from cockpit.core.actions import ExcludeGroups, PatchConnector
from cockpit.core.exclusions import DEFAULT_GROUPS, literal, with_names, without_names
from cockpit.kafka.connect import ConnectRest, last_cause
from cockpit.kafka.effects.connector import (
    ConnectorPatches,
    GroupExclusions,
)
from cockpit.kafka.errors import ReplyLostError
from cockpit.kafka.http import Http
from cockpit.ports import OutcomeUnknownError, PortError
from tests.kafka.clock import RealClock
from tests.kafka.http_server import Answer, Asked, HttpServer, http_server

TRACE = """org.apache.kafka.connect.errors.ConnectException: Task failed
\tat x.Y(Z.java:1)
Caused by: java.io.IOException: first
\tat x.Y(Z.java:2)
Caused by: org.apache.kafka.common.errors.InvalidTimestampException: Timestamp \x1b[31m of message
\t... 12 more
"""


class Worker:
    """A Connect worker with one connector; `patch` False is a worker before 3.8."""

    def __init__(self, config: dict[str, str], *, patch: bool = True) -> None:
        self.config = config
        self.patch = patch
        self.states = ["RUNNING"]
        self.assigned = ""
        self.failing: Callable[[Asked], Answer | None] = lambda _: None

    def respond(self, asked: Asked) -> Answer:
        failure = self.failing(asked)
        if failure is not None:
            return failure
        _, _, name, what = asked.target.split("/")
        if name != "mm2":
            return Answer.of({"error_code": 404, "message": f"Connector {name} not found"}, 404)
        match asked.method, what:
            case "GET", "config":
                return Answer.of(self.config)
            case "PATCH", "config" if self.patch:
                merged: dict[str, Any] = {**self.config, **asked.json()}
                self.config = {key: value for key, value in merged.items() if value is not None}
                return Answer.of({})
            case "PUT", "config":
                self.config = asked.json()
                return Answer.of({})
            case "GET", "tasks":
                return Answer.of([{"id": {}, "config": {"task.assigned.groups": self.assigned}}])
            case "GET", "status":
                state = self.states[0] if len(self.states) == 1 else self.states.pop(0)
                tasks = [{"id": 0, "state": state, "worker_id": "x", "trace": TRACE}]
                return Answer.of({"connector": {"state": "RUNNING"}, "tasks": tasks})
            case _:
                return Answer(405, b"")


@contextlib.asynccontextmanager
async def connected(
    respond: Callable[[Asked], Answer],
) -> AsyncIterator[tuple[ConnectRest, HttpServer]]:
    async with http_server(respond) as server:
        http = Http()
        try:
            yield ConnectRest(http, f"{server.url}/"), server
        finally:
            await http.close()


async def test_every_task_and_its_last_cause_is_read() -> None:
    worker = Worker({})
    worker.states = ["FAILED"]
    async with connected(worker.respond) as (rest, _):
        state = await rest.state("mm2")
        assert state.state == "RUNNING"
        assert [(task.id, task.state) for task in state.tasks] == [(0, "FAILED")]
        assert state.tasks[0].cause == (
            "org.apache.kafka.common.errors.InvalidTimestampException:"
            " Timestamp \ufffd[31m of message"
        )


def test_a_cause_is_one_short_line() -> None:
    assert last_cause("Caused by: " + "x" * 500) == "x" * 199 + "\u2026"
    assert last_cause("just a line\n\tat y") == "just a line"
    assert last_cause(None) == last_cause("") == ""


async def test_a_position_is_the_next_offset_and_a_reset_one_is_absent() -> None:
    body = {
        "offsets": [
            {
                "partition": {"cluster": "source", "topic": "orders", "partition": 0},
                "offset": {"offset": 41},
            },
            {"partition": {"topic": "orders", "partition": 1}, "offset": None},
        ]
    }
    async with connected(lambda _: Answer.of(body)) as (rest, server):
        assert await rest.positions("a b/c") == {("orders", 0): 42}
        assert server.asked[0].target == "/connectors/a%20b%2Fc/offsets"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, b""),
        Answer.of({"error_code": 409, "message": "rebalance"}, 409),
        Answer(500, b"<html>"),
        Answer(200, b"booting"),
        Answer.of([]),
        Answer.of({"connector": {}}),
        Answer.of({"connector": {"state": "RUNNING"}, "tasks": [{"id": "x"}]}),
        Answer.of(None),
    ],
)
async def test_a_worker_that_boots_or_rebalances_is_a_port_error(answer: Answer) -> None:
    async with connected(lambda _: answer) as (rest, _):
        for call in (rest.state, rest.positions):
            with pytest.raises(PortError) as caught:
                await call("mm2")
            assert caught.value.kind == "protocol"


REBALANCING = (
    Answer.of({"error_code": 409, "message": "rebalance"}, 409),
    Answer.of(
        {
            "error_code": 500,
            "message": "Request cannot be completed because a rebalance is expected",
        },
        500,
    ),
)
"""A worker says either, by what it was asked and when."""


@pytest.mark.parametrize("busy", REBALANCING)
async def test_a_config_is_asked_again_while_the_workers_rebalance(busy: Answer) -> None:
    worker = Worker({"a": "1"})
    left = [3]

    def failing(_: Asked) -> Answer | None:
        left[0] -= 1
        return busy if left[0] >= 0 else None

    worker.failing = failing
    async with connected(worker.respond) as (rest, server):
        assert await rest.config("mm2") == {"a": "1"}
        assert len(server.asked) == 4


async def test_a_rebalance_without_end_is_told_and_another_failure_at_once() -> None:
    async with connected(lambda _: REBALANCING[1]) as (rest, _):
        with pytest.raises(PortError, match="rebalance is expected"):
            await rest.config("mm2")
    broken = Answer.of({"error_code": 500, "message": "broken"}, 500)
    async with connected(lambda _: broken) as (rest, server):
        with pytest.raises(PortError, match="broken"):
            await rest.config("mm2")
        assert len(server.asked) == 1


@pytest.mark.parametrize("patch", [True, False], ids=["PATCH", "GET and PUT"])
async def test_a_patch_changes_its_keys_and_no_other(patch: bool) -> None:
    worker = Worker({"a": "1", "b": "2", "sasl.jaas.config": "hunter2"}, patch=patch)
    async with connected(worker.respond) as (rest, _):
        patches = ConnectorPatches(rest, RealClock())
        action = PatchConnector("mm2", (("a", "9"), ("b", None), ("c", "3")))
        assert (await patches.precheck(action)).holds is False
        result = await patches.do(action)
        assert result == {"previous": {"a": "1", "b": "2", "c": None}}
        assert worker.config == {"a": "9", "c": "3", "sasl.jaas.config": "hunter2"}
        assert (await patches.verify(action)).holds is True
        back = PatchConnector("mm2", tuple(result["previous"].items()))
        await patches.do(back)
        assert worker.config == {"a": "1", "b": "2", "sasl.jaas.config": "hunter2"}


async def test_a_patch_that_is_already_so_sends_nothing() -> None:
    worker = Worker({"a": "1"})
    async with connected(worker.respond) as (rest, server):
        await ConnectorPatches(rest, RealClock()).do(PatchConnector("mm2", (("a", "1"),)))
        assert {asked.method for asked in server.asked} == {"GET"}


async def test_verification_waits_until_the_tasks_run_again() -> None:
    worker = Worker({"a": "1"})
    worker.states = ["RUNNING", "UNASSIGNED", "RESTARTING", "RUNNING"]
    async with connected(worker.respond) as (rest, _):
        found = await ConnectorPatches(rest, RealClock()).verify(
            PatchConnector("mm2", (("a", "1"),))
        )
        assert found.holds is True
        assert worker.states == ["RUNNING"]


@pytest.mark.parametrize(
    "key", ["source.cluster.sasl.jaas.config", "ssl.keystore.password", "my.Secret", "api.key"]
)
async def test_keys_that_look_like_secrets_are_refused(key: str) -> None:
    worker = Worker({key: "hunter2"})
    async with connected(worker.respond) as (rest, server):
        patches = ConnectorPatches(rest, RealClock())
        action = PatchConnector("mm2", ((key, "x"),))
        for call in (patches.precheck, patches.do, patches.verify):
            with pytest.raises(PortError) as caught:
                await call(action)
            assert "hunter2" not in caught.value.reason
        assert not server.asked


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer.of({"message": "bad value"}, 400), PortError),
        (Answer.of({"message": "timed out"}, 500), OutcomeUnknownError),
        (Answer(0), OutcomeUnknownError),
    ],
    ids=["400", "500", "cut"],
)
async def test_a_lost_or_broken_answer_to_a_change_is_an_unknown_outcome(
    answer: Answer, error: type[Exception]
) -> None:
    worker = Worker({"a": "1"})
    worker.failing = lambda asked: answer if asked.method == "PATCH" else None
    async with connected(worker.respond) as (rest, _):
        with pytest.raises(error) as caught:
            await ConnectorPatches(rest, RealClock()).do(PatchConnector("mm2", (("a", "2"),)))
        assert not isinstance(caught.value, ReplyLostError)


async def test_a_change_waits_for_a_rebalance_and_gives_up_in_time() -> None:
    busy = Answer.of({"error_code": 409, "message": "rebalance"}, 409)
    worker = Worker({"a": "1"})
    left = [2]

    def failing(asked: Asked) -> Answer | None:
        if asked.method != "PATCH" or not left[0]:
            return None
        left[0] -= 1
        return busy

    worker.failing = failing
    async with connected(worker.respond) as (rest, _):
        patches = ConnectorPatches(rest, RealClock())
        await patches.do(PatchConnector("mm2", (("a", "2"),)))
        assert worker.config == {"a": "2"}
        left[0] = 1000
        with pytest.raises(PortError) as caught:
            await patches.do(PatchConnector("mm2", (("a", "3"),)))
        assert "rebalance" in caught.value.reason


@pytest.mark.parametrize("old", [None, "", "my-.*", " x , y ", DEFAULT_GROUPS + ",x"])
async def test_excluding_groups_and_giving_them_back_leaves_the_config_as_it_was(
    old: str | None,
) -> None:
    before = {"groups": ".*"} | ({} if old is None else {"groups.exclude": old})
    worker = Worker(dict(before))
    async with connected(worker.respond) as (rest, _):
        exclusions = GroupExclusions("mm2", rest, ConnectorPatches(rest, RealClock()))
        for groups in (("svc.a", "b"), ("c",)):
            result = await exclusions.do(ExcludeGroups(groups, excluded=True))
            assert set(result["previous"]) == {"groups.exclude"}
        assert (await exclusions.verify(ExcludeGroups(("svc.a", "b", "c"), True))).holds is True
        assert "svc\\.a" in worker.config["groups.exclude"]
        await exclusions.do(ExcludeGroups(("b",), excluded=False))
        await exclusions.do(ExcludeGroups(("svc.a", "c"), excluded=False))
        assert (await exclusions.verify(ExcludeGroups(("b",), excluded=False))).holds is True
        assert worker.config == before


async def test_an_exclusion_holds_only_when_no_task_has_the_group_any_more() -> None:
    worker = Worker({"groups.exclude": "b"})
    worker.assigned = "a,b"
    async with connected(worker.respond) as (rest, _):
        exclusions = GroupExclusions("mm2", rest, ConnectorPatches(rest, RealClock()))
        found = await exclusions.verify(ExcludeGroups(("b",), excluded=True))
        assert found.holds is False
        assert found.detail == "a task of mm2 still syncs b"


async def test_the_old_name_of_the_key_is_refused_rather_than_shadowed() -> None:
    worker = Worker({"groups.blacklist": "x"})
    async with connected(worker.respond) as (rest, _):
        exclusions = GroupExclusions("mm2", rest, ConnectorPatches(rest, RealClock()))
        with pytest.raises(PortError):
            await exclusions.do(ExcludeGroups(("b",), excluded=True))


def test_groups_are_excluded_by_a_pattern_for_exactly_their_name() -> None:
    assert literal("svc-a_1") == "svc-a_1"
    assert literal("a.b") == "a\\.b"
    assert literal("a,b*$ é") == "a\\x{2c}b\\x{2a}\\x{24}\\x{20}\\x{e9}"


def test_the_defaults_stay_when_the_key_was_not_set() -> None:
    assert with_names(None, DEFAULT_GROUPS, ["a"]) == DEFAULT_GROUPS + ",a"
    assert without_names(DEFAULT_GROUPS + ",a", DEFAULT_GROUPS, ["a"]) is None
    assert without_names(None, DEFAULT_GROUPS, ["a"]) is None
    assert json.dumps(with_names("x", DEFAULT_GROUPS, ["a", "a"])) == '"x,a"'
