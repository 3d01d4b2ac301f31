"""Tokens are fresh, kept while they are good, and never shown."""

from __future__ import annotations

import asyncio
import base64
import sys
import time
import types
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from cockpit.core.plan import ClusterSpec, Login, SecretRef, Security, TokenSource
from cockpit.kafka.client import Client
from cockpit.kafka.security import access
from cockpit.kafka.tokens import MSK_PACKAGE, ClientCredentials, KeptToken, MskIam
from cockpit.plan.secrets import SecretUnavailable
from cockpit.ports import PortError
from tests.kafka.clock import until
from tests.kafka.http_server import Answer, Asked, http_server

SECRET = SecretRef("env", "SECRET")


def answered(token: object, **more: object) -> Answer:
    return Answer.of({"access_token": token, "token_type": "Bearer", **more})


def provider(url: str, *, secret: str = "s", **more: Any) -> ClientCredentials:
    source = TokenSource(endpoint=url, client_id="cock pit", client_secret=SECRET, **more)
    return ClientCredentials(source, lambda _: secret)


async def test_client_credentials_are_asked_for_as_the_standard_says() -> None:
    async with http_server(lambda _: answered("t", expires_in=60)) as server:
        tokens = provider(f"{server.url}/token?tenant=a", secret="p:w+d", scope="kafka read")
        assert await tokens.token() == "t"
        (asked,) = server.asked
        assert (asked.method, asked.target) == ("POST", "/token?tenant=a")
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        assert parse_qs(asked.body.decode()) == {
            "grant_type": ["client_credentials"],
            "scope": ["kafka read"],
        }
        login = base64.b64decode(asked.headers["authorization"].removeprefix("Basic "))
        assert login == b"cock+pit:p%3Aw%2Bd"


async def test_a_token_is_kept_while_it_is_good_and_asked_for_once_by_many() -> None:
    async with http_server(lambda _: answered("t", expires_in=3_600)) as server:
        tokens = provider(server.url)
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(tokens.token(), name=f"ask-{n}") for n in range(20)]
        assert {task.result() for task in asking} == {"t"}
        assert len(server.asked) == 1


async def test_a_token_is_replaced_before_it_expires() -> None:
    numbers = iter(range(100))
    async with http_server(lambda _: answered(f"t{next(numbers)}", expires_in=1)) as server:
        tokens = provider(server.url)
        begun = time.perf_counter()
        assert await tokens.token() == "t0"

        async def renewed() -> bool:
            return bool(await tokens.token() == "t1")

        await until(renewed, timeout_s=5)
        assert time.perf_counter() - begun > 0.85


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (
            Answer.of({"error": "invalid_client", "error_description": "no \x1b[2Jsuch"}, 401),
            "refused",
            "HTTP 401: invalid_client: no \ufffd[2Jsuch",
        ),
        (Answer.of({"error": "invalid_scope"}, 400), "refused", "invalid_scope"),
        (Answer(500, b"<html>"), "protocol", "HTTP 500"),
        (Answer(302, b"", (("Location", "http://127.0.0.1:1/"),)), "protocol", "HTTP 302"),
        (Answer(200, b"<html>"), "protocol", "not JSON"),
        (Answer.of({"id_token": "x"}), "protocol", "no access_token"),
        (Answer.of(["x"]), "protocol", "no access_token"),
        (answered(7), "protocol", "no access_token"),
        (answered("a\x01auth=b"), "protocol", "visible ASCII"),
        (answered(""), "protocol", "visible ASCII"),
        (Answer(0), "unreachable", ""),
    ],
    ids=[
        *("401", "400", "500", "302", "no JSON", "no token", "list", "number", "control", "empty"),
        "closed",
    ],
)
async def test_no_token_is_a_failure_that_names_the_endpoint_and_no_secret(
    answer: Answer, kind: str, reason: str
) -> None:
    async with http_server(lambda _: answer) as server:
        with pytest.raises(PortError) as caught:
            await provider(f"{server.url}/token", secret="hunter2").token()
        assert caught.value.kind == kind
        assert reason in caught.value.reason
        assert f"{server.url.removeprefix('http://')}/token" in caught.value.reason
        assert "hunter2" not in caught.value.reason


async def test_a_failure_is_not_kept() -> None:
    answers = iter([Answer(503), answered("t")])
    async with http_server(lambda _: next(answers)) as server:
        tokens = provider(server.url)
        with pytest.raises(PortError):
            await tokens.token()
        assert await tokens.token() == "t"


async def test_a_kept_token_is_read_again_for_each_login() -> None:
    store = {"SECRET": "first"}
    tokens = KeptToken(SECRET, lambda ref: store[ref.name])
    assert await tokens.token() == "first"
    store["SECRET"] = "second"
    assert await tokens.token() == "second"


async def test_a_secret_that_goes_away_later_is_a_refusal_that_names_its_place() -> None:
    found: Callable[[], str] = lambda: "t"  # noqa: E731  # exchanged below

    def reveal(_: SecretRef) -> str:
        return found()

    def gone() -> str:
        raise SecretUnavailable("secret file /run/token does not exist")

    tokens = KeptToken(SECRET, reveal)
    found = gone
    with pytest.raises(PortError) as caught:
        await tokens.token()
    assert (caught.value.kind, caught.value.reason) == (
        "refused",
        "secret file /run/token does not exist",
    )


def test_a_secret_that_is_missing_is_said_at_once() -> None:
    def reveal(_: SecretRef) -> str:
        raise SecretUnavailable("environment variable SECRET is not set")

    for source in (
        TokenSource(token=SECRET),
        TokenSource(endpoint="http://a", client_id="b", client_secret=SECRET),
    ):
        security = Security("sasl_ssl", "oauthbearer", oauth=source)
        with pytest.raises(SecretUnavailable):
            access(ClusterSpec(("a:1",), security), reveal)


async def test_neither_a_token_nor_where_it_is_kept_shows_in_an_access() -> None:
    async with http_server(lambda _: answered("tok3n")) as server:
        source = TokenSource(endpoint=server.url, client_id="c", client_secret=SECRET)
        security = Security("sasl_plaintext", "oauthbearer", oauth=source)
        found = access(ClusterSpec(("a:1",), security), lambda _: "hunter2")
        assert found.tokens is not None
        await found.tokens.token()
        assert (found.mechanism, found.username, found.password) == ("OAUTHBEARER", None, None)
        for shown in (repr(found), repr(found.tokens), repr(vars(found.tokens))):
            assert "tok3n" not in shown
            assert "hunter2" not in shown


# --- AWS ------------------------------------------------------------------------------------------


def msk(region: str = "eu-west-1") -> ClusterSpec:
    return ClusterSpec(("127.0.0.1:1",), Security("sasl_ssl", "aws-msk-iam", region=region))


async def test_without_amazon_s_package_the_login_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, MSK_PACKAGE, None)
    with pytest.raises(PortError) as caught:
        await MskIam("eu-west-1").token()
    assert caught.value.kind == "refused"
    assert "pip install 'kafka-cutover-cockpit[msk]'" in caught.value.reason


async def test_amazon_s_package_signs_and_its_token_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    regions: list[str] = []

    class Signer:
        @staticmethod
        def generate_auth_token(region: str) -> tuple[str, int]:
            regions.append(region)
            return f"signed-{len(regions)}", int((time.time() + 900) * 1000)

    package = types.ModuleType(MSK_PACKAGE)
    package.MSKAuthTokenProvider = Signer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, MSK_PACKAGE, package)
    found = access(msk(), lambda _: "")
    assert found.mechanism == "OAUTHBEARER"
    assert found.tokens is not None
    assert [await found.tokens.token(), await found.tokens.token()] == ["signed-1", "signed-1"]
    assert regions == ["eu-west-1"]


async def test_missing_aws_credentials_are_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Signer:
        @staticmethod
        def generate_auth_token(region: str) -> tuple[str, int]:
            raise ValueError("No Credentials Found")

    package = types.ModuleType(MSK_PACKAGE)
    package.MSKAuthTokenProvider = Signer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, MSK_PACKAGE, package)
    with pytest.raises(PortError) as caught:
        await MskIam("eu-west-1").token()
    assert caught.value.kind == "refused"
    assert "no AWS token for eu-west-1: ValueError: No Credentials Found" in caught.value.reason


def test_a_canary_does_not_log_in_by_aws() -> None:
    with pytest.raises(PortError):
        access(msk(), lambda _: "", login=Login("canary", SECRET))


async def test_a_login_without_a_token_says_why_there_is_none() -> None:
    def answer(_: Asked) -> Answer:
        return Answer.of({"error": "invalid_client"}, 401)

    async with http_server(answer) as server:
        source = TokenSource(endpoint=server.url, client_id="c", client_secret=SECRET)
        security = Security("sasl_plaintext", "oauthbearer", oauth=source)
        client = Client(access(ClusterSpec(("127.0.0.1:1",), security), lambda _: "s"))
        with pytest.raises(PortError) as caught:
            await client.describe()
        assert caught.value.kind == "unreachable"  # no token is asked for before there is a broker
        assert server.asked == []
        await client.close()
