"""Where a webhook's notices go, and where they never go: real sockets, real TLS."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cockpit.notify.addresses import networks
from cockpit.notify.transport import NotSentError, Post, Resolve, destination, resolve_here
from tests.kafka.certificates import Authority
from tests.kafka.http_server import Answer, Asked, HttpServer, http_server
from tests.notify.trap import trap

HERE = networks(("127.0.0.1",))
SPELLINGS = (
    "localhost", "LOCALHOST", "127.0.0.1", "127.0.0.2", "127.1", "2130706433", "0x7f000001",
    "0x7f.0.0.1", "017700000001", "0.0.0.0", "0", "::1", "::", "::ffff:127.0.0.1",
    "::ffff:7f00:1", "0:0:0:0:0:0:0:1",
)  # fmt: skip
"""How somebody may write this machine."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def receiver(
    authority: Authority, respond: Callable[[Asked], Answer] = lambda _asked: Answer()
) -> AsyncIterator[HttpServer]:
    pem = authority.issue("receiver")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem.cert_file, pem.key_file)
    async with http_server(respond, tls=context) as server:
        yield server


def post(server: HttpServer, authority: Authority, *, resolve: Resolve = resolve_here) -> Post:
    to = destination(f"{server.url}/services/T0/B0?x=1", ("localhost",))
    return Post(to, ca_file=authority.ca_file, allowed=HERE, resolve=resolve)


async def why(one: Post) -> NotSentError:
    with pytest.raises(NotSentError) as error:
        await one.send(b"{}")
    await one.close()
    return error.value


async def test_a_notice_arrives_as_it_is_over_verified_tls(authority: Authority) -> None:
    async with receiver(authority) as server:
        one = post(server, authority)
        await one.send(b'{"text": "hello"}')
        await one.send(b'{"text": "again"}')
        await one.close()
        first, second = server.asked
    assert (first.method, first.target) == ("POST", "/services/T0/B0?x=1")
    assert first.headers["content-type"] == "application/json"
    assert first.headers["host"] == server.url.removeprefix("https://")
    assert (first.body, second.body) == (b'{"text": "hello"}', b'{"text": "again"}')


@pytest.mark.parametrize("spelling", SPELLINGS)
async def test_this_machine_is_not_reached_however_it_is_written(spelling: str) -> None:
    """Even where the plan names that host: only leave for the address counts."""
    async with trap() as caught:
        host = f"[{spelling}]" if ":" in spelling else spelling
        to = destination(f"https://{host}:{caught.port}/", (spelling,))
        error = await why(Post(to))
        assert caught.connections == 0, error
    assert "allow" in str(error) or "cannot be resolved" in str(error)


FORBIDDEN = (
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.2.1",
    "::1", "::", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:7f00:1::", "not an address",
)  # fmt: skip


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_a_name_that_leads_inside_is_not_followed(address: str) -> None:
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return [address]

    async with trap() as caught:
        to = destination(f"https://chat.example:{caught.port}/", ("chat.example",))
        await why(Post(to, resolve=resolve))
        assert (asked, caught.connections) == (["chat.example"], 0)


async def test_one_bad_address_among_good_ones_is_enough(authority: Authority) -> None:
    async with receiver(authority) as server:

        async def both(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1", "169.254.169.254"]

        error = await why(post(server, authority, resolve=both))
        assert server.asked == []
    assert "169.254.169.254 is a link-local address" in str(error)


async def test_a_resolver_that_changes_its_mind_gains_nothing(authority: Authority) -> None:
    """What was judged is what is connected to: there is no second look at the name in between."""
    answers = iter((["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"], ["127.0.0.2"]))
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    async with receiver(authority) as server, trap() as caught:
        one = post(server, authority, resolve=rebinding)
        await one.send(b"1")
        with pytest.raises(NotSentError, match=r"127\.0\.0\.2 is a loopback address"):
            await one.send(b"2")
        await one.send(b"3")
        await one.close()
        assert [one.body for one in server.asked] == [b"1", b"3"]
        assert caught.connections == 0
    assert asked == ["localhost"] * 3  # once for each, and never by name to a socket


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(authority: Authority, status: int) -> None:
    async with trap() as caught:
        places = iter(
            (f"https://127.0.0.1:{caught.port}/", "http://169.254.169.254/latest/meta-data/")
        )

        def elsewhere(_asked: Asked) -> Answer:
            return Answer(status, b"", (("location", next(places)),))

        async with receiver(authority, elsewhere) as server:
            for _ in range(2):
                error = await why(post(server, authority))
                assert "redirect" in str(error)
                assert error.retry
            assert len(server.asked) == 2
        assert caught.connections == 0


async def test_the_environment_names_no_proxy_and_no_certificates(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trap() as caught, receiver(authority) as server:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{caught.port}")
        one = post(server, authority)
        await one.send(b"{}")
        await one.close()
        assert (len(server.asked), caught.connections) == (1, 0)


async def test_another_authority_a_wrong_name_and_no_tls_at_all_get_nothing(
    authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    async with receiver(authority) as server:
        error = await why(post(server, other))
        assert "TLS certificate is not trusted" in str(error)
        error = await why(Post(destination(f"{server.url}/", ("localhost",)), allowed=HERE))
        assert "TLS certificate is not trusted" in str(error)

        async def here(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        port = server.url.rpartition(":")[2]
        to = destination(f"https://chat.example:{port}/", ("chat.example",))
        error = await why(Post(to, ca_file=authority.ca_file, allowed=HERE, resolve=here))
        assert "TLS certificate is not trusted" in str(error)
        assert server.asked == []
    async with http_server(lambda _asked: Answer()) as plain:
        port = plain.url.rpartition(":")[2]
        to = destination(f"https://localhost:{port}/", ("localhost",))
        await why(Post(to, ca_file=authority.ca_file, allowed=HERE))
        assert plain.asked == []


@pytest.mark.parametrize(
    ("answer", "retry", "pause_s"),
    [
        (Answer(200), None, 0),
        (Answer(204, b""), None, 0),
        (Answer(400), False, 0),
        (Answer(403), True, 0),
        (Answer(404), True, 0),
        (Answer(413), False, 0),
        (Answer(429, b"", (("Retry-After", "7"),)), True, 7),
        (Answer(429, b"", (("Retry-After", "9" * 30),)), True, 300),
        (Answer(503, b"", (("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"),)), True, 0),
        (Answer(0), True, 0),
        (Answer(200, b"x" * 10_000_000), None, 0),
    ],
)
async def test_what_the_receiver_says_decides_whether_it_has_it(
    authority: Authority, answer: Answer, retry: bool | None, pause_s: int
) -> None:
    async with receiver(authority, lambda _asked: answer) as server:
        one = post(server, authority)
        if retry is None:
            await one.send(b"{}")
            await one.close()
        else:
            error = await why(one)
            assert (error.retry, error.pause_s) == (retry, pause_s)
            assert "/services" not in str(error)


async def test_a_receiver_that_never_answers_is_left(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.notify.transport.WHOLE_S", 0.3)
    async with receiver(authority, lambda _asked: Answer(None)) as server:
        error = await why(post(server, authority))
        assert "no answer within" in str(error)


async def test_a_name_server_that_hangs_or_fails_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cockpit.notify.transport.CONNECT_S", 0.2)

    async def hangs(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    async def fails(_host: str, _port: int) -> list[str]:
        raise OSError(8, "no such name")

    async def nothing(_host: str, _port: int) -> list[str]:
        return []

    to = destination("https://chat.example/", ("chat.example",))
    for resolve in (hangs, fails, nothing):
        error = await why(Post(to, resolve=resolve))
        assert "chat.example" in str(error)


GOOD = "https://chat.example/services/T0"


@pytest.mark.parametrize(
    "url",
    [
        "http://chat.example/services",
        "ftp://chat.example/",
        "https://chat.example.evil.example/",
        "https://evil.example/chat.example",
        "https://chat.example@evil.example/",
        "https://user:hunter2hunter2@chat.example/",
        "https://chat.example:x/",
        "https://chat.example:99999999/",
        "https://evil.example\\@chat.example/",
        "https://chat.example\\@evil.example/",
        "https:///services",
        "https:chat.example",
        "//chat.example/",
        "chat.example",
        "",
        "https://[::1",
        "https://chat.example/a b",
        "https://chat.example/a\r\nX-Injected: 1",
        "https://chät.example/",
        "https://chat.example/\x00",
    ],
)
def test_an_address_that_the_plan_does_not_allow_is_refused_unseen(url: str) -> None:
    with pytest.raises(ValueError, match=r"it is|it has|not one of its hosts") as error:
        destination(url, ("chat.example",))
    assert "hunter2" not in str(error.value)


def test_an_allowed_address_is_taken_apart() -> None:
    to = destination(GOOD, ("Chat.Example",))
    assert (to.host, to.port, to.target) == ("chat.example", 443, b"/services/T0")
    assert destination("https://CHAT.example.:8443", ("chat.example",)).port == 8443
