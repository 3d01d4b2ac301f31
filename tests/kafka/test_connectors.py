"""Every connector with every task; what cannot be read is unknown by name; no config gets out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import ConnectorState, TaskState
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.connectors import NO_STATUS, read_connectors
from cockpit.kafka.http import Http
from cockpit.ports import PortError
from tests.kafka.clock import RealClock
from tests.kafka.http_server import Answer, Asked, http_server
from tests.kafka.real import plan_of

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

ROOT = {"version": "4.1.0", "commit": "x", "kafka_cluster_id": "y"}
TRACE = "org.apache.kafka.connect.errors.ConnectException: x\nCaused by: java.io.IOException: disk"


def status(name: str, *states: str, own: str = "RUNNING") -> dict[str, Any]:
    tasks = [
        {"id": number, "state": state, "worker_id": "w", **({"trace": TRACE} if own else {})}
        for number, state in enumerate(states)
    ]
    return {"name": name, "connector": {"state": own, "worker_id": "w"}, "tasks": tasks}


def entry(name: str, *states: str, tasks: int | None = None) -> dict[str, Any]:
    count = len(states) if tasks is None else tasks
    info = {
        "name": name,
        "config": {"sasl.jaas.config": "password=hunter2"},
        "tasks": [{"connector": name, "task": number} for number in range(count)],
        "type": "source",
    }
    return {"status": status(name, *states), "info": info}


class Connect:
    """A Connect worker; answers by path, `expand` as given."""

    def __init__(self, entries: Mapping[str, Any], *, expands: bool = True) -> None:
        self.answers: dict[str, Answer] = {
            "/": Answer.of(ROOT),
            "/connectors": Answer.of(list(entries)),
        }
        expanded = Answer.of(entries) if expands else self.answers["/connectors"]
        self.answers["/connectors?expand=status&expand=info"] = expanded
        for name, found in entries.items():
            self.answers[f"/connectors/{name}/status"] = Answer.of(found["status"])

    def respond(self, asked: Asked) -> Answer:
        missing = Answer.of({"error_code": 404, "message": "not here"}, 404)
        return self.answers.get(asked.target, missing)


async def read(connect: Connect) -> ConnectSurvey:
    async with http_server(connect.respond) as server:
        http = Http()
        try:
            return await read_connectors(ConnectRest(http, f"{server.url}/"), RealClock())
        finally:
            await http.close()


@pytest.mark.parametrize("expands", [True, False], ids=["expanded", "before 2.3"])
async def test_every_connector_with_every_task(expands: bool) -> None:
    entries = {
        "mirror": entry("mirror", "RUNNING", "FAILED", "PAUSED"),
        "sink": entry("sink"),
        "a b": entry("a b", "UNASSIGNED"),
    }
    connect = Connect(entries, expands=expands)
    connect.answers["/connectors/a%20b/status"] = connect.answers.pop("/connectors/a b/status")
    survey = await read(connect)
    cause = "java.io.IOException: disk"
    assert survey.connectors == (
        ConnectorState("a b", "RUNNING", (TaskState(0, "UNASSIGNED", cause),)),
        ConnectorState(
            "mirror",
            "RUNNING",
            (
                TaskState(0, "RUNNING", cause),
                TaskState(1, "FAILED", cause),
                TaskState(2, "PAUSED", cause),
            ),
        ),
        ConnectorState("sink", "RUNNING", ()),
    )
    assert (survey.version, survey.unknown, survey.feed) == ("4.1.0", {}, "connect")
    assert survey.asked_at_ms <= survey.answered_at_ms
    assert "hunter2" not in repr(survey)


async def test_a_task_that_no_worker_speaks_of_is_there_without_a_status() -> None:
    survey = await read(Connect({"mirror": entry("mirror", "RUNNING", tasks=3)}))
    (mirror,) = survey.connectors
    assert [(task.id, task.state) for task in mirror.tasks] == [
        (0, "RUNNING"),
        (1, NO_STATUS),
        (2, NO_STATUS),
    ]


async def test_a_connector_that_the_expanded_answer_leaves_out_is_asked_for_by_itself() -> None:
    connect = Connect({"mirror": entry("mirror", "RUNNING"), "new": entry("new", "RUNNING")})
    connect.answers["/connectors?expand=status&expand=info"] = Answer.of(
        {"mirror": entry("mirror", "RUNNING"), "new": {"info": {}}}
    )
    assert [c.name for c in (await read(connect)).connectors] == ["mirror", "new"]
    connect.answers["/connectors/new/status"] = Answer.of({"message": "No status found"}, 404)
    survey = await read(connect)
    assert [c.name for c in survey.connectors] == ["mirror"]
    assert survey.unknown == {"new": "Connect, status of new: HTTP 404: No status found"}


@pytest.mark.parametrize("bad", [None, [], {"connector": {}}, {"tasks": []}, "RUNNING"])
async def test_a_status_without_a_sense_is_unknown_for_that_one(bad: object) -> None:
    entries = {"bad": {"status": bad, "info": {}}, "good": entry("good", "RUNNING")}
    survey = await read(Connect(entries))
    assert [c.name for c in survey.connectors] == ["good"]
    assert set(survey.unknown) == {"bad"}


@pytest.mark.parametrize("path", ["/", "/connectors", "/connectors?expand=status&expand=info"])
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(404, b"<html>"), "protocol"),
        (Answer(200, b"<html>booting"), "protocol"),
        (Answer(500, b'{"error_code":500,"message":"starting"}'), "protocol"),
        (Answer(409, b'{"error_code":409,"message":"rebalance"}'), "protocol"),
        (Answer(401), "refused"),
        (Answer(0), "unreachable"),
    ],
    ids=["404", "junk", "500", "409", "401", "closed"],
)
async def test_a_worker_that_is_not_ready_is_a_failure(
    path: str, answer: Answer, kind: str
) -> None:
    connect = Connect({"mirror": entry("mirror", "RUNNING")})
    connect.answers[path] = answer
    with pytest.raises(PortError) as caught:
        await read(connect)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("path", "value"),
    [("/", []), ("/", {"version": None}), ("/connectors", {}), ("/connectors", [1])],
)
async def test_json_of_another_shape_is_a_failure(path: str, value: object) -> None:
    connect = Connect({"mirror": entry("mirror", "RUNNING")})
    connect.answers[path] = Answer.of(value)
    with pytest.raises(PortError):
        await read(connect)


@pytest.mark.broker
async def test_the_lab_s_own_connect(lab: Status) -> None:
    replication = plan_of(lab).replication
    http = Http()
    try:
        survey = await read_connectors(ConnectRest(http, replication.connect), RealClock())
    finally:
        await http.close()
    names = {connector.name for connector in survey.connectors}
    assert names >= {replication.source_connector, replication.checkpoint_connector}
    assert survey.version == "4.3.1"
    assert survey.unknown == {}
    by_name = {connector.name: connector for connector in survey.connectors}
    assert by_name[replication.source_connector].tasks
