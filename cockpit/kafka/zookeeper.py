"""Names under a path of ZooKeeper, where consumers of old Kafkas register: no broker shows them.

Reads only: all that it leaves is a session, which ends with the connection or some seconds later.
Sets no watches. No TLS and no login: ZooKeeper of that time is reached without.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cockpit.core.plan import ZooKeeperSpec
from cockpit.kafka.security import host_port
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

TIMEOUT_S: Final = 3.0
SESSION_MS: Final = 10_000
LARGEST_FRAME: Final = 4 * 2**20
NO_NODE: Final = -101
_GET_CHILDREN: Final = 8
_CLOSE_SESSION: Final = -11
_REPLY_HEADER: Final = struct.Struct(">iqi")
_CONNECT_TEXT: Final = struct.Struct(">iqiqi16s")


class ZooKeeper:
    """One connection, opened when it is first needed and again after it has failed."""

    def __init__(self, spec: ZooKeeperSpec) -> None:
        self._servers = tuple(host_port(server) for server in spec.servers)
        self._root = spec.root
        self._turn = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._number = 0

    async def children(self, paths: Sequence[str]) -> dict[str, tuple[str, ...] | None]:
        """The names under each path; None: there is no such path. Raises PortError."""
        async with self._turn:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    if self._streams is None:
                        self._streams = await self._connected()
                    reader, writer = self._streams
                    return {path: await self._children(reader, writer, path) for path in paths}
            except (OSError, TimeoutError, EOFError, struct.error, UnicodeError) as error:
                await self._drop()
                why = one_line(f"ZooKeeper: {str(error) or type(error).__name__}")
                raise PortError("unreachable", why) from error
            except BaseException:
                await self._drop()
                raise

    async def close(self) -> None:
        """End the session. Never raises, never takes long."""
        streams, self._streams = self._streams, None
        if streams is None:
            return
        with contextlib.suppress(OSError, TimeoutError, EOFError):
            async with asyncio.timeout(0.5):
                streams[1].write(_framed(struct.pack(">ii", self._number + 1, _CLOSE_SESSION)))
                await streams[1].drain()
        await _closed(streams[1])

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A session with the first server that gives one. Raises what the last one raised."""
        failure: Exception = OSError("no server")
        for host, port in self._servers:
            try:
                async with asyncio.timeout(TIMEOUT_S / len(self._servers)):
                    return await _session(host, port)
            except (OSError, TimeoutError, EOFError) as error:
                failure = error
        raise failure

    async def _children(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str
    ) -> tuple[str, ...] | None:
        self._number += 1
        name = f"{self._root}{path}".encode()
        header = struct.pack(">iii", self._number, _GET_CHILDREN, len(name))
        writer.write(_framed(header + name + b"\0"))
        body = await _frame(reader)
        number, _, error = _REPLY_HEADER.unpack_from(body)
        if number != self._number:
            raise OSError(f"answer {number} to question {self._number}")
        if error == NO_NODE:
            return None
        if error:
            raise OSError(f"error {error} at {path}")
        return _names(body, _REPLY_HEADER.size)

    async def _drop(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            await _closed(streams[1])


async def _session(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection with a session. Raises what a socket does; nothing stays open then."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_framed(_CONNECT_TEXT.pack(0, 0, SESSION_MS, 0, 16, bytes(16))))
        _refuse_none(await _frame(reader))
    except BaseException:
        writer.close()
        raise
    return reader, writer


def _refuse_none(answer: bytes) -> None:
    """Raises OSError where the answer grants no session."""
    _, granted_ms, _ = struct.unpack_from(">iiq", answer)
    if granted_ms <= 0:
        raise OSError("refused a session")


async def _closed(writer: asyncio.StreamWriter) -> None:
    """Close and see it gone, or leave it after half a second."""
    writer.close()
    with contextlib.suppress(OSError, TimeoutError, EOFError):
        async with asyncio.timeout(0.5):
            await writer.wait_closed()


def _framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    if not 0 <= size <= LARGEST_FRAME:
        raise OSError(f"a frame of {size} bytes")
    return await reader.readexactly(size)


def _names(body: bytes, at: int) -> tuple[str, ...]:
    (count,) = struct.unpack_from(">i", body, at)
    at += 4
    found: list[str] = []
    for _ in range(count):
        (size,) = struct.unpack_from(">i", body, at)
        if not 0 <= size <= len(body) - at - 4:
            raise OSError(f"a name of {size} bytes")
        found.append(body[at + 4 : at + 4 + size].decode())
        at += 4 + size
    return tuple(found)


class Registrations:
    """How many consumers of a group are registered, as the consumers of Kafka 0.8 do it."""

    def __init__(self, zookeeper: ZooKeeper) -> None:
        self._zookeeper = zookeeper

    async def members(self, groups: Iterable[str]) -> Mapping[str, int | None]:
        """By group; None: no consumer of it has ever registered, so silence says nothing of it.

        Raises PortError.
        """
        paths = {name: f"/consumers/{name}/ids" for name in groups if "/" not in name}
        found = await self._zookeeper.children(tuple(paths.values()))
        return {
            name: None if (ids := found[path]) is None else len(ids) for name, path in paths.items()
        }

    async def close(self) -> None:
        """End the session. Never raises."""
        await self._zookeeper.close()
