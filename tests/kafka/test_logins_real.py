"""Logins by certificate and by token at a real broker that asks for one or the other."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cockpit.core.observe import AclSample
from cockpit.core.plan import ClusterSpec, Login, SecretRef, Security, TokenSource
from cockpit.kafka.cluster import KafkaCluster
from cockpit.kafka.security import access
from cockpit.lab.ports import free_ports
from cockpit.lab.versions import Door, broker_of
from cockpit.ports import PortError
from tests.kafka.certificates import Authority, Pem
from tests.kafka.clock import RealClock, until
from tests.kafka.http_server import Answer, Asked, http_server

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
async def every_connection_is_gone() -> AsyncIterator[None]:
    """A refused login over TLS closes in its own time; the next test shall not find its socket."""
    yield
    selector: Any = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]  # asyncio's own

    async def only_the_loop_itself() -> bool:
        return len(selector.get_map()) <= 1

    await until(only_the_loop_itself, timeout_s=5)


OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"


@dataclass(frozen=True)
class Doors:
    """Where the broker listens, and who signs for it."""

    mtls: str
    tokens: str
    authority: Authority


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """A broker with an authorizer: `admin` may do everything, everybody else nothing."""
    folder = tmp_path_factory.mktemp("logins")
    authority = Authority(folder)
    ports = free_ports(("mtls", "tokens"))
    found = Doors(
        mtls=f"localhost:{ports['mtls']}",
        tokens=f"localhost:{ports['tokens']}",
        authority=authority,
    )
    running = broker_of(
        "4.3.1",
        folder / "broker",
        settings=_settings(authority.issue("broker"), authority),
        doors=(
            Door("MTLS", "SSL", f"127.0.0.1:{ports['mtls']}"),
            Door("TOKENS", "SASL_SSL", f"127.0.0.1:{ports['tokens']}"),
        ),
    )
    with asyncio.Runner() as runner:
        runner.run(running.__aenter__())
        try:
            yield found
        finally:
            runner.run(running.__aexit__(None, None, None))


def _settings(mine: Pem, authority: Authority) -> dict[str, str]:
    def inline(pem: str) -> str:
        return pem.strip().replace("\n", "\\n")

    return {
        "super.users": "User:ANONYMOUS;User:admin",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.key": inline(mine.key),
        "ssl.keystore.certificate.chain": inline(mine.certificate),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": inline(authority.certificate),
        "listener.name.mtls.ssl.client.auth": "required",
        "listener.name.mtls.ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
        "listener.name.tokens.sasl.enabled.mechanisms": "OAUTHBEARER",
        "listener.name.tokens.oauthbearer.sasl.jaas.config": (
            f'{OAUTH} required unsecuredLoginStringClaim_sub="admin";'
        ),
        "connections.max.reauth.ms": "0",
    }


async def acls(spec: ClusterSpec, secrets: dict[str, str], login: Login | None = None) -> AclSample:
    """What only `admin` may read."""
    found = access(spec, lambda ref: secrets[ref.name], login=login)
    cluster = KafkaCluster("source", found, RealClock(), topics=(), groups=())
    try:
        return await cluster.acls()
    finally:
        await cluster.close()


async def refusal(
    spec: ClusterSpec, secrets: dict[str, str], login: Login | None = None
) -> PortError:
    with pytest.raises(PortError) as caught:
        await acls(spec, secrets, login)
    return caught.value


# --- certificates ---------------------------------------------------------------------------------


def by_certificate(doors: Doors, mine: Pem | None) -> ClusterSpec:
    security = Security(
        "ssl",
        ca_file=doors.authority.ca_file,
        cert_file=mine.cert_file if mine else None,
        key_file=mine.key_file if mine else None,
    )
    return ClusterSpec((doors.mtls,), security)


async def test_a_client_certificate_is_the_login(doors: Doors) -> None:
    assert (await acls(by_certificate(doors, doors.authority.issue("admin")), {})).bindings == (
        frozenset()
    )


async def test_another_name_in_the_certificate_is_another_principal(doors: Doors) -> None:
    found = await refusal(by_certificate(doors, doors.authority.issue("nobody")), {})
    assert found.kind == "refused"
    assert "authorisation failed" in found.reason


async def test_no_certificate_and_one_of_a_stranger_are_refused(
    doors: Doors, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger").issue("admin")
    for mine in (None, stranger):
        found = await refusal(by_certificate(doors, mine), {})
        assert found.kind in ("refused", "protocol")
        assert "certificate" in found.reason.lower()


async def test_the_broker_s_own_certificate_is_verified(doors: Doors, tmp_path: Path) -> None:
    spec = by_certificate(doors, doors.authority.issue("admin"))
    other = Authority(tmp_path, "other").ca_file
    found = await refusal(replace(spec, security=replace(spec.security, ca_file=other)), {})
    assert found.kind == "refused"
    assert "not trusted" in found.reason


# --- tokens ---------------------------------------------------------------------------------------


def unsecured(subject: str, *, life_s: float = 3_600) -> str:
    """A token without a signature, which this broker is set up to take."""
    now_s = time.time()
    claims = {"sub": subject, "iat": now_s, "exp": now_s + life_s}
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    return ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts) + "."


def by_token(doors: Doors, source: TokenSource) -> ClusterSpec:
    ca_file = doors.authority.ca_file
    security = Security("sasl_ssl", "oauthbearer", oauth=source, ca_file=ca_file)
    return ClusterSpec((doors.tokens,), security)


KEPT = TokenSource(token=SecretRef("env", "TOKEN"))


async def test_a_kept_token_is_the_login(doors: Doors) -> None:
    assert (await acls(by_token(doors, KEPT), {"TOKEN": unsecured("admin")})).bindings == (
        frozenset()
    )
    found = await refusal(by_token(doors, KEPT), {"TOKEN": unsecured("nobody")})
    assert found.kind == "refused"
    assert "authorisation failed" in found.reason


async def test_a_canary_logs_in_with_its_own_token(doors: Doors) -> None:
    secrets = {"TOKEN": unsecured("nobody"), "CANARY": unsecured("admin")}
    login = Login("admin", SecretRef("env", "CANARY"))
    assert (await acls(by_token(doors, KEPT), secrets, login)).bindings == frozenset()


@pytest.mark.parametrize("token", ["no-token-at-all", "expired"])
async def test_a_token_that_the_broker_does_not_take_is_refused_and_not_shown(
    doors: Doors, token: str
) -> None:
    text = unsecured("admin", life_s=-600) if token == "expired" else token
    found = await refusal(by_token(doors, KEPT), {"TOKEN": text})
    assert found.kind == "refused"
    assert "token" in found.reason
    assert text not in found.reason


async def test_a_token_is_asked_of_an_identity_provider_once(doors: Doors) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer.of({"access_token": unsecured("admin"), "expires_in": 3_600})

    async with http_server(answer) as server:
        spec = by_token(doors, _credentials(f"{server.url}/token"))
        found = access(spec, lambda _: "s3cret&more")
        clusters = [
            KafkaCluster("source", found, RealClock(), topics=(), groups=()) for _ in range(3)
        ]
        for cluster in clusters:
            assert (await cluster.acls()).bindings == frozenset()
            await cluster.close()
        assert len(server.asked) == 1


async def test_an_identity_provider_that_refuses_is_named(doors: Doors) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer.of({"error": "invalid_client"}, 401)

    async with http_server(answer) as server:
        found = await refusal(
            by_token(doors, _credentials(f"{server.url}/token")), {"SECRET": "s3cret"}
        )
        assert found.kind == "refused"
        assert "token endpoint 127.0.0.1" in found.reason
        assert "invalid_client" in found.reason
        assert "s3cret" not in found.reason


def _credentials(endpoint: str) -> TokenSource:
    secret: Any = SecretRef("env", "SECRET")
    return TokenSource(endpoint=endpoint, client_id="cockpit", client_secret=secret)


async def test_a_password_where_tokens_are_taken_is_refused(doors: Doors) -> None:
    login = Login("admin", SecretRef("env", "PASSWORD"))
    ca_file = doors.authority.ca_file
    security = Security("sasl_ssl", "scram-sha-512", login, ca_file=ca_file)
    found = await refusal(ClusterSpec((doors.tokens,), security), {"PASSWORD": "p"})
    assert found.kind == "refused"
    assert "SCRAM-SHA-512 not offered" in found.reason
