"""Where an engine tells of its flight besides its own socket: a webhook's receiver over TLS, and a
reader of its metrics. Both keep every byte."""

from __future__ import annotations

import asyncio
import itertools
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cockpit.lab.ports import free_ports
from tests.kafka.certificates import Authority
from tests.kafka.http_server import Answer, Asked, HttpServer, http_server

KEY: Final = "cnryOwnWebhookKey0123456789aBcD"
PATH: Final = f"/services/T0CNRYOWN/B0CNRYOWN/{KEY}"

PLAN: Final = """\
notify:
  webhook:
    {{url: "${{file:webhook-url}}", hosts: [localhost], addresses: [127.0.0.1], ca: "{ca}",
      heads_every: 10s}}
  metrics: {{listen: "127.0.0.1:{port}"}}
"""


@dataclass
class Outside:
    """What was told there."""

    server: HttpServer
    ca_file: str
    port: int
    metrics: bytes = b""

    @property
    def asked(self) -> list[Asked]:
        """Every request of the webhook."""
        return self.server.asked

    @property
    def secrets(self) -> tuple[str, ...]:
        """The webhook's address, and what is secret in it."""
        return (self.server.url + PATH, PATH, KEY)

    def plan(self) -> str:
        """The part of a plan that names both."""
        return PLAN.format(ca=self.ca_file, port=self.port)

    async def read_metrics(self) -> None:
        """Ask as a Prometheus does."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
        self.metrics += await asyncio.wait_for(reader.read(), 60)
        writer.close()

    async def until_told(self, text: re.Pattern[bytes]) -> None:
        """Wait until some notice has it; every other one has to be sent again."""
        for _ in range(600):
            if any(text.search(one.body) for one in self.asked):
                return
            await asyncio.sleep(0.1)

    def sinks(self) -> dict[str, bytes]:
        """All that came but for the path in each request's first line, where its place is."""
        lines = [
            [one.method, one.target.replace(PATH, "", 1), *map(": ".join, one.headers.items())]
            for one in self.asked
        ]
        return {
            "webhook, bodies": b"\n".join(one.body for one in self.asked),
            "webhook, requests": "\n\n".join(map("\n".join, lines)).encode(),
            "metrics": self.metrics,
        }


@asynccontextmanager
async def outside(folder: Path) -> AsyncIterator[Outside]:
    """Both, for the one flight whose plan is in a folder."""
    authority = Authority(folder)
    pem = authority.issue("receiver")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem.cert_file, pem.key_file)
    # every other notice has to be sent once more
    answers = itertools.cycle((Answer(200, b"ok"), Answer(503, b"later")))
    async with http_server(lambda _asked: next(answers), tls=context) as server:
        port = free_ports(["metrics"])["metrics"]
        url = folder / "webhook-url"
        url.touch(0o600)
        url.write_text(server.url + PATH)
        yield Outside(server, authority.ca_file, port)
