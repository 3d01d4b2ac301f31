"""Service controls over HTTP: done, refused, or nobody can say."""

from __future__ import annotations

import socket

import pytest

from cockpit.core.actions import CallService
from cockpit.core.plan import ClusterSpec, HttpCall, Manual, Plan, Replication, Security, Service
from cockpit.kafka.effects.service import ServiceCalls
from cockpit.kafka.http import Http
from cockpit.ports import OutcomeUnknownError, PortError
from tests.kafka.http_server import Answer, http_server

STOP = CallService("checkout", "stop")


def plan(url: str) -> Plan:
    cluster = ClusterSpec(("127.0.0.1:1",), Security())
    call = HttpCall(url, timeout_ms=300)
    service = Service("checkout", "User:checkout", stop=call, start=call, undo=Manual("by hand"))
    return Plan("p", cluster, cluster, Replication("http://127.0.0.1:1", "s", "c"), (service,), ())


async def call(answer: Answer) -> dict[str, object]:
    async with http_server(lambda _: answer) as server:
        http = Http()
        try:
            return dict(await ServiceCalls(plan(f"{server.url}/stop"), http).do(STOP))
        finally:
            await http.close()


async def test_a_2xx_is_done() -> None:
    assert await call(Answer(204, b"")) == {"status": 204}


async def test_a_4xx_did_not_happen_and_says_why() -> None:
    with pytest.raises(PortError) as caught:
        await call(Answer.of({"message": "not\x07 now"}, 409))
    assert caught.value.reason.endswith("HTTP 409: not\ufffd now")


@pytest.mark.parametrize(
    "answer", [Answer(500, b""), Answer(0), Answer(None)], ids=["500", "cut", "silent"]
)
async def test_everything_after_sending_is_unknown(answer: Answer) -> None:
    with pytest.raises(OutcomeUnknownError):
        await call(answer)


async def test_a_service_that_does_not_listen_was_not_reached() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    http = Http()
    with pytest.raises(PortError) as caught:
        await ServiceCalls(plan(f"http://127.0.0.1:{port}/"), http).do(STOP)
    assert caught.value.kind == "unreachable"
    await http.close()


async def test_a_control_cannot_be_read() -> None:
    calls = ServiceCalls(plan("http://127.0.0.1:1/"), Http())
    assert (await calls.check(STOP)).holds is None


async def test_what_a_person_does_is_never_called() -> None:
    calls = ServiceCalls(plan("http://127.0.0.1:1/"), Http())
    with pytest.raises(PortError) as caught:
        await calls.do(CallService("checkout", "undo"))
    assert "by a person" in caught.value.reason
    with pytest.raises(PortError):
        await calls.do(CallService("other", "stop"))
