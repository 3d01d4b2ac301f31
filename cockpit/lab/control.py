"""A tiny HTTP server on loopback for the control of one service.

Understands just enough of HTTP/1.1 to read a request line, and answers JSON. Never does the work
that a request asks for.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HEAD_LIMIT = 16 * 1024
READ_TIMEOUT_S = 5.0
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}


@dataclass(frozen=True, slots=True)
class Call:
    """What was asked."""

    path: str
    query: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said back."""

    status: int
    body: dict[str, Any] | str
    """Text is for Prometheus."""


Handler = Callable[[Call], Awaitable[Answer]]


async def serve(port: int, handler: Handler) -> asyncio.Server:
    """Listen on loopback. Raises OSError when the port is taken."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await _answered(reader, handler)
            said, kind = answer.body, "application/json"
            if isinstance(said, str):
                kind = "text/plain; version=0.0.4"
            else:
                said = json.dumps(said)
            body = said.encode()
            reason = REASONS.get(answer.status, "Error" if answer.status >= 500 else "Conflict")
            head = (
                f"HTTP/1.1 {answer.status} {reason}\r\nContent-Type: {kind}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()
        except OSError:
            pass  # the caller went away; what it asked for is done all the same
        finally:
            writer.close()

    return await asyncio.start_server(connection, "127.0.0.1", port, limit=HEAD_LIMIT)


async def _answered(reader: asyncio.StreamReader, handler: Handler) -> Answer:
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            head = await reader.readuntil(b"\r\n\r\n")
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return Answer(400, {"error": "not a request"})
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    if len(words) != 3:
        return Answer(400, {"error": "not a request"})
    method, target, _ = words
    if method not in {"GET", "POST", "PUT"}:
        return Answer(405, {"error": f"{method} is not understood here"})
    parts = urlsplit(target)
    return await handler(Call(parts.path, dict(parse_qsl(parts.query))))
