"""Hands out metrics to whoever asks on this machine: a Unix socket, or a port of the loopback.

Refuses any other address, answers `GET /metrics` and nothing else, and takes no more from anybody
than one short request. A web page that has its name changed to this machine is sent away.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

MAX_REQUEST_BYTES: Final = 8_192
ANSWER_WITHIN_S: Final = 5
MAX_CONNECTIONS: Final = 20
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class ListenError(Exception):
    """Nothing can be handed out there. The text is fit for a person."""


class _Office:
    """Answers one request a connection."""

    def __init__(self, text: Callable[[], str], *, has_hosts: bool) -> None:
        """`has_hosts`: browsers can reach it, so the host that they name counts."""
        self._text = text
        self._has_hosts = has_hosts
        self._open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection. Never raises for what the other end does."""
        self._open += 1
        try:
            if self._open <= MAX_CONNECTIONS:
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    request = await reader.readuntil(b"\r\n\r\n")
                    writer.write(self._answer(request.decode("latin-1")))
                    await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever it was is gone, slow, or talks nonsense
        finally:
            self._open -= 1
            writer.close()

    def _answer(self, request: str) -> bytes:
        first, *lines = request.split("\r\n")
        words = first.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return _reply("400 Bad Request", "not HTTP")
        hosts = [line[5:].strip() for line in lines if line[:5].lower() == "host:"]
        if self._has_hosts and not (len(hosts) == 1 and _is_here(hosts[0])):
            return _reply("403 Forbidden", "ask for localhost")
        if words[0] != "GET":
            return _reply("405 Method Not Allowed", "GET only")
        if words[1].partition("?")[0] != "/metrics":
            return _reply("404 Not Found", "/metrics is all there is")
        return _reply("200 OK", self._text())


def _is_here(host: str) -> bool:
    """Whether a Host header names this machine by an address or as localhost."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
    if name.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _reply(status: str, text: str) -> bytes:
    body = text.encode("utf-8", "replace")
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n"
        "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


@contextlib.asynccontextmanager
async def on_port(listen: str, text: Callable[[], str]) -> AsyncIterator[int]:
    """Hand out on `address:port` while the block runs; the port. Raises ListenError, also for an
    address that is not loopback."""
    host, _, port = listen.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        number = int(port)
    except ValueError as error:
        raise ListenError(f"{listen} is no address with a port") from error
    if not address.is_loopback:
        raise ListenError(f"{address} is not loopback: metrics are never on a network")
    office = _Office(text, has_hosts=True)
    try:
        server = await asyncio.start_server(
            office.serve, str(address), number, limit=MAX_REQUEST_BYTES
        )
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ListenError(f"{listen}: {why}") from error
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


@contextlib.asynccontextmanager
async def on_socket(path: Path, text: Callable[[], str]) -> AsyncIterator[None]:
    """Hand out on a Unix socket, 0600 from its first moment, while the block runs. Raises
    ListenError, also where something else than an old socket of this user is in its place."""
    _make_way(path)
    office = _Office(text, has_hosts=False)
    mask = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(office.serve, path, limit=MAX_REQUEST_BYTES)
    except (OSError, ValueError) as error:
        raise ListenError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    finally:
        os.umask(mask)
    try:
        yield
    finally:
        server.close()
        _remove(path)


def _make_way(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise ListenError(f"{path}: {error.strerror}") from error
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.getuid():
        raise ListenError(f"{path}: something else is there already")
    _remove(path)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
