"""A tiny HTTP server on a real socket: answers as a test tells it, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What to send back; `status` 0 closes the connection without a word, None never answers."""

    status: int | None = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def of(value: object, status: int = 200) -> Answer:
        """An answer in JSON."""
        return Answer(status, json.dumps(value).encode())


@dataclass
class HttpServer:
    """The running server."""

    respond: Callable[[Asked], Answer]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request after another."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                first, *lines = head.rstrip().split("\r\n")
                method, target, _ = first.split(" ", 2)
                headers = {k.lower(): v.strip() for k, v in (x.split(":", 1) for x in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                asked = Asked(method, target, headers, body)
                self.asked.append(asked)
                answer = self.respond(asked)
                if answer.status == 0:
                    break
                if answer.status is None:
                    await reader.read()
                    break
                extra = "".join(f"{key}: {value}\r\n" for key, value in answer.headers)
                writer.write(
                    f"HTTP/1.1 {answer.status} x\r\ncontent-length: {len(answer.body)}\r\n"
                    f"{extra}\r\n".encode()
                    + answer.body
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def http_server(
    respond: Callable[[Asked], Answer], *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[HttpServer]:
    """A server on a free port of the loopback interface; with `tls` as https://localhost."""
    server = HttpServer(respond)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    port = listener.sockets[0].getsockname()[1]
    server.url = f"https://localhost:{port}" if tls else f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        listener.close()
        await asyncio.sleep(0)
