"""Servers that know a flight's secrets and say them back wherever they can: brokers that refuse the
login, a Connect worker, a registry, a Prometheus, and programs."""

from __future__ import annotations

import asyncio
import itertools
import json
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.canaries import forms_of
from tests.kafka.http_server import Answer, Asked, http_server

_VERSIONS, _HANDSHAKE, _AUTHENTICATE = 18, 17, 36
_REFUSED = 58

PLAN = """\
cockpit: 1
name: hostile-week
source:
  bootstrap: ["127.0.0.1:{source}"]
  security: {{protocol: sasl_plaintext, mechanism: plain, username: cockpit, password: "{0}"}}
  canary: {{username: canary, password: "{1}"}}
target:
  bootstrap: ["127.0.0.1:{target}"]
  security: {{protocol: sasl_plaintext, mechanism: plain, username: cockpit, password: "{2}"}}
registries:
  source: {{url: "{registry}", username: reader, password: "{3}"}}
  target: {{url: "{registry}/other", username: reader, password: "{4}"}}
replication:
  kind: mirrormaker2
  connect: "{connect}"
  connectors: {{source: mm2-source, checkpoint: mm2-checkpoint}}
signals:
  errors: {{http: "{signal}/status", path: errors.ratio, unit: ratio}}
  latency: {{prometheus: "{signal}", query: up, unit: ms}}
  refunds: {{command: ["{program}"], unit: count}}
services:
  - {{name: ledger, principal: "User:ledger", consumes: [orders], group: ledger,
     stop: {{manual: Scale to 0}}, start: {{manual: To target}}, undo: {{manual: To source}}}}
waves:
  - name: readers
    services: [ledger]
    write_owner: {{before: source, after: source}}
    gates: [{{replication_lag: {{max: 100, for: 60s}}}}, {{parity: {{schemas: all}}}}]
    steps: [stop, offsets, start, {{soak: {{for: 10m}}}}]
"""


@dataclass
class Site:
    """What runs, and what it says."""

    secrets: Sequence[str]
    ports: list[int] = field(default_factory=list)
    connect: str = ""
    registry: str = ""
    signal: str = ""
    said: int = 0
    """How often a secret was said back."""
    forms: Sequence[str] = ()
    """What is said; empty: each secret in each of its forms."""

    def __post_init__(self) -> None:
        forms = (form for value in self.secrets for form in forms_of(value))
        self.forms = self.forms or tuple(dict.fromkeys(forms))
        self._next = itertools.cycle(self.forms)

    def form(self) -> str:
        """The next form of the next secret."""
        self.said += 1
        return next(self._next)

    def plan(self, folder: Path, places: Sequence[str]) -> str:
        """A plan that works on this site; `places` are where the five secrets are kept."""
        program = folder / "refunds"
        words = " ".join(shell_word(form) for form in self.forms[::7])
        program.write_text(
            f"#!/bin/sh\ntr '\\0' '\\n' </proc/$$/environ >{folder}/environ\n"
            f"printf '%s ' {words} >&2\nexit 1\n"
        )
        program.chmod(0o700)
        source, target = self.ports
        return PLAN.format(
            *places, source=source, target=target, registry=self.registry, connect=self.connect,
            signal=self.signal, program=program,
        )  # fmt: skip

    def worker(self, asked: Asked) -> Answer:
        """A Connect worker."""
        path = asked.target.partition("?")[0]
        if path == "/":
            return Answer.of({"version": f"3.7.0 {self.form()}"})
        if path == "/connectors" and "expand" in asked.target:
            return Answer.of({name: self._connector(name) for name in self.forms})
        if path == "/connectors":
            return Answer.of(list(self.forms))
        if path.endswith("/status"):
            if self.said % 2:
                return Answer(302, b"{}", (("location", "http://x:y@z/" + _ascii(self.form())),))
            return Answer.of(self._connector("mm2-source")["status"])
        return self._error(500)

    def _connector(self, name: str) -> dict[str, Any]:
        trace = f"org.example.Failed: x\nCaused by: login with {self.form()} failed"
        task = {"id": 0, "state": f"FAILED {self.form()}", "trace": trace}
        config = {"topics": self.form(), "sync.topic.acls.enabled": self.form()}
        status = {"name": name, "connector": {"state": self.form()}, "tasks": [task]}
        return {"status": status, "info": {"config": config, "tasks": []}}

    def schemas(self, asked: Asked) -> Answer:
        """A schema registry."""
        path = asked.target.partition("?")[0].removeprefix("/other")
        if path == "/subjects":
            return Answer.of([f"subject {form}" for form in self.forms])
        if path == "/config":
            return Answer.of({"compatibilityLevel": self.form()})
        if path.endswith("/versions"):
            return Answer.of([1])
        if "/versions/" in path:
            schema = json.dumps({"type": "string", "doc": self.form()})
            return Answer.of({"subject": "x", "version": 1, "id": 1, "schema": schema})
        return self._error(500)

    def number(self, asked: Asked) -> Answer:
        """A service with a number, or a Prometheus."""
        if "/api/" in asked.target:
            return Answer.of({"status": "error", "error": f"no: {self.form()}"}, 422)
        return Answer.of({"errors": {"ratio": self.form()}})

    def _error(self, status: int) -> Answer:
        said = f"{self.form()} {self.form()}"
        return Answer.of({"error_code": status, "message": f"cannot: {said}"}, status)

    async def broker(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes no login, and says why with the secret in it."""
        try:
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                frame = await reader.readexactly(size)
                key, _, correlation, _ = struct.unpack_from(">hhih", frame)
                answer = self._brokers_answer(key)
                writer.write(struct.pack(">ii", len(answer) + 4, correlation) + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _brokers_answer(self, key: int) -> bytes:
        if key == _VERSIONS:
            spans = ((_VERSIONS, 0, 0), (_HANDSHAKE, 0, 1), (_AUTHENTICATE, 0, 0), (3, 0, 5))
            return struct.pack(">hi", 0, len(spans)) + b"".join(
                struct.pack(">hhh", *span) for span in spans
            )
        if key == _HANDSHAKE:
            return struct.pack(">hi", 0, 1) + _text("PLAIN")
        return struct.pack(">h", _REFUSED) + _text(f"bad login {self.form()}") + b"\0\0\0\0"


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">h", len(raw)) + raw


def _ascii(text: str) -> str:
    return "".join(c for c in text if " " < c < "\x7f")


def shell_word(text: str) -> str:
    """In single quotes, whatever it is."""
    return "'" + text.replace("'", "'\\''").replace("\0", "") + "'"


@asynccontextmanager
async def hostile_site(secrets: Sequence[str], forms: Sequence[str] = ()) -> AsyncIterator[Site]:
    """The servers, on free ports of the loopback interface."""
    site = Site(secrets, forms=forms)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            listener = await asyncio.start_server(site.broker, "127.0.0.1", 0)
            stack.callback(listener.close)
            site.ports.append(listener.sockets[0].getsockname()[1])
        site.connect = (await stack.enter_async_context(http_server(site.worker))).url
        site.registry = (await stack.enter_async_context(http_server(site.schemas))).url
        site.signal = (await stack.enter_async_context(http_server(site.number))).url
        yield site
