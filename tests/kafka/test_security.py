"""TLS is verified, files are named when they cannot be used, and secrets do not show."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.core.plan import ClusterSpec, Login, SecretRef, Security
from cockpit.kafka.client import Client
from cockpit.kafka.security import Access, access, host_port
from cockpit.ports import PortError
from tests.kafka.fake_broker import FakeCluster, fake_cluster

TLS = Path(__file__).parent / "tls"
LOGIN = Login("alice", SecretRef("env", "X"))


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem")
    return context


def tls_access(cluster: FakeCluster, *, host: str, ca_file: Path | None) -> Access:
    security = Security("ssl", ca_file=str(ca_file) if ca_file else None)
    return access(ClusterSpec((f"{host}:{cluster.ports[1]}",), security), lambda _: "")


async def ask(client: Client) -> PortError | None:
    try:
        await client.describe()
    except PortError as error:
        return error
    finally:
        await client.close()
    return None


async def test_a_trusted_certificate_with_the_right_name_connects() -> None:
    async with fake_cluster(FakeCluster(), tls=server_context()) as cluster:
        assert (
            await ask(Client(tls_access(cluster, host="localhost", ca_file=TLS / "ca.pem"))) is None
        )


async def test_an_untrusted_certificate_is_refused_with_the_reason() -> None:
    async with fake_cluster(FakeCluster(), tls=server_context()) as cluster:
        error = await ask(Client(tls_access(cluster, host="localhost", ca_file=None)))
        assert error is not None
        assert error.kind == "refused"
        assert "not trusted" in error.reason


async def test_a_certificate_for_another_name_is_refused() -> None:
    async with fake_cluster(FakeCluster(), tls=server_context()) as cluster:
        error = await ask(Client(tls_access(cluster, host="127.0.0.1", ca_file=TLS / "ca.pem")))
        assert error is not None
        assert error.kind == "refused"
        assert "127.0.0.1" in error.reason


async def test_a_required_client_certificate_that_is_missing_is_said() -> None:
    context = server_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(TLS / "ca.pem")
    async with fake_cluster(FakeCluster(), tls=context) as cluster:
        found = tls_access(cluster, host="localhost", ca_file=TLS / "ca.pem")
        error = await ask(Client(found))
        assert error is not None
        assert error.kind in ("refused", "protocol")
        mine = ClusterSpec(
            (f"localhost:{cluster.ports[1]}",),
            Security("ssl", ca_file=str(TLS / "ca.pem"), cert_file=str(TLS / "server.pem")),
        )
        assert await ask(Client(access(mine, lambda _: ""))) is None


async def test_tls_spoken_to_a_plain_listener_is_a_failure_not_a_hang() -> None:
    async with fake_cluster(FakeCluster()) as cluster:
        found = tls_access(cluster, host="localhost", ca_file=TLS / "ca.pem")
        error = await ask(Client(found, timeout_ms=1_000))
        assert error is not None
        assert error.kind in ("protocol", "slow")


def test_a_tls_file_that_cannot_be_used_is_named() -> None:
    spec = ClusterSpec(("a:1",), Security("ssl", ca_file="/no/such/ca.pem"))
    with pytest.raises(PortError) as caught:
        access(spec, lambda _: "")
    assert "/no/such/ca.pem" in caught.value.reason


def test_every_protocol_of_the_plan_has_its_name_in_the_client() -> None:
    security = Security("sasl_plaintext", "scram-sha-512", LOGIN)
    found = access(ClusterSpec(("a:1", "b:2"), security), lambda ref: f"secret of {ref.name}")
    assert found == Access(
        (("a", 1), ("b", 2)), "SASL_PLAINTEXT", "SCRAM-SHA-512", "alice", "secret of X"
    )
    canary = access(
        ClusterSpec(("a:1",), security), lambda ref: ref.name, login=replace(LOGIN, username="bob")
    )
    assert canary.username == "bob"


def test_a_password_does_not_show() -> None:
    found = Access((), "SASL_PLAINTEXT", "PLAIN", "alice", "hunter2")
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a:1", ("a", 1)), ("a", ("a", 9092)), ("[::1]:7", ("::1", 7)), ("[::1]", ("::1", 9092))],
)
def test_addresses_are_split(text: str, parts: tuple[str, int]) -> None:
    assert host_port(text) == parts


def test_an_address_without_a_number_is_refused() -> None:
    with pytest.raises(PortError):
        host_port("a:b")
