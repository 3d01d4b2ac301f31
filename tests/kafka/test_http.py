"""HTTP: bounded, direct, and clear about what may have happened."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from cockpit.kafka.errors import ReplyLostError
from cockpit.kafka.http import BODY_BYTES, Http, where
from cockpit.ports import PortError
from tests.kafka.http_server import Answer, Asked, http_server


@contextlib.asynccontextmanager
async def client() -> AsyncIterator[Http]:
    http = Http()
    try:
        yield http
    finally:
        await http.close()


async def test_a_refused_connection_certainly_did_not_happen() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with client() as http:
        with pytest.raises(PortError) as caught:
            await http.request("POST", f"http://127.0.0.1:{port}/stop")
        assert caught.value.kind == "unreachable"
        assert not isinstance(caught.value, ReplyLostError)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(Answer(None), "slow"), (Answer(0), "unreachable")],
    ids=["hangs", "closes"],
)
async def test_a_request_that_went_out_may_have_happened(answer: Answer, kind: str) -> None:
    async with http_server(lambda _: answer) as server, client() as http:
        with pytest.raises(ReplyLostError) as caught:
            await http.request("POST", f"{server.url}/stop", timeout_ms=300)
        assert caught.value.kind == kind


async def test_redirects_are_not_followed() -> None:
    def respond(asked: Asked) -> Answer:
        return Answer(302, b"", (("location", "/elsewhere"),))

    async with http_server(respond) as server, client() as http:
        assert (await http.request("GET", f"{server.url}/here")).status == 302
        assert [asked.target for asked in server.asked] == ["/here"]


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with http_server(lambda _: Answer()) as server, client() as http:
        assert (await http.request("GET", server.url)).ok


async def test_a_body_that_is_too_large_is_refused() -> None:
    big = Answer(200, b"x" * (BODY_BYTES + 1))
    async with http_server(lambda _: big) as server, client() as http:
        with pytest.raises(PortError) as caught:
            await http.request("GET", server.url)
        assert "larger than 4 MB" in caught.value.reason


@pytest.mark.parametrize("url", ["ftp://a/b", "nonsense", "http://[", "http://a:b"])
async def test_a_url_that_cannot_be_used_is_a_port_error(url: str) -> None:
    async with client() as http:
        with pytest.raises(PortError):
            await http.request("GET", url)


def test_reasons_never_show_user_names_passwords_or_queries() -> None:
    assert where("http://bob:hunter2@host:81/a?token=x") == "host:81/a"
