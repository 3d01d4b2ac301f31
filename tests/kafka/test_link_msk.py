"""MSK Replicator: AWS's own example of a signature, and an exchange that was written from the
documentation and not recorded from a real service."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from cockpit.core.observe import ConnectorState, TaskState
from cockpit.kafka.links.msk import MskReplicator
from cockpit.kafka.links.sigv4 import Credentials, Scope, signed
from cockpit.ports import PortError
from tests.kafka.clock import RealClock

FIXTURE = Path(__file__).parents[1] / "fixtures" / "links" / "msk-replicator.json"
AWS_EXAMPLE = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
"""Of `get-vanilla` in the test suite that AWS has published for Signature Version 4."""


def test_a_signature_is_that_of_aws_s_own_example() -> None:
    who = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    scope = Scope("us-east-1", "service", 1_440_938_160_000)
    assert scope.instant() == "20150830T123600Z"
    headers = signed("example.amazonaws.com", "/", scope, who)
    assert headers["authorization"].endswith(f"Signature={AWS_EXAMPLE}")
    assert "wJalr" not in f"{who} {headers}"


@pytest.fixture
async def service() -> AsyncIterator[tuple[str, dict[str, Any], list[str]]]:
    """Base URL, the exchange, and what was asked."""
    known = json.loads(FIXTURE.read_text())
    assert "NOT recorded from a real service" in known["where_from"]
    heads: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        body = json.dumps(known["answer"]).encode()
        status = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(status.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", known, heads
    server.close()


async def test_its_state_is_told_and_what_it_does_not_tell_is_unknown(
    service: tuple[str, dict[str, Any], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, known, heads = service
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-real-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "not-a-real-token")
    port = MskReplicator(known["arn"], "eu-west-1", RealClock(), base=base)
    sample = await port.mirror()
    with pytest.raises(PortError, match="to itself"):
        await port.syncs()
    await port.close()
    info = known["answer"]["stateInfo"]
    task = TaskState(0, "FAILED", f"{info['code']} {info['message']}")
    assert sample.connectors == (ConnectorState(known["arn"], "FAILED", (task,)),)
    assert not sample.positions
    assert "does not tell" in sample.positions_unknown
    (head,) = heads
    assert head.startswith(f"GET {known['path']} HTTP/1.1")
    assert "x-amz-security-token: not-a-real-token" in head
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token" in head
    assert "not-a-real-secret" not in head


async def test_without_credentials_nothing_is_asked(
    service: tuple[str, dict[str, Any], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    base, known, heads = service
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    port = MskReplicator(known["arn"], "eu-west-1", RealClock(), base=base)
    with pytest.raises(PortError, match="not set"):
        await port.mirror()
    await port.close()
    assert not heads
