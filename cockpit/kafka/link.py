"""One connection to one broker address, reopened when it breaks, at its own pace.

Never retries a request that changes something, never waits longer than its timeout twice, and never
lets the client library write to the terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Mapping
from io import BytesIO
from typing import Any, ClassVar, Final, Protocol, TypeVar

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.api import (
    RequestHeader_v1,
    RequestHeader_v2,
    ResponseHeader_v0,
    ResponseHeader_v1,
)

from cockpit.kafka.errors import ReplyLostError, UnsupportedError, connect_error, slow
from cockpit.kafka.protocol.codec import DecodeError
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.security import Access
from cockpit.kafka.text import one_line, silence
from cockpit.ports import PortError

A = TypeVar("A")

CLIENT_ID: Final = "cockpit"
BACKOFF_FIRST_S: Final = 0.25
BACKOFF_LAST_S: Final = 2.0

_jitter = secrets.SystemRandom()


class _Connection(Protocol):
    """The part of the library's connection that is used here."""

    def connected(self) -> bool: ...

    def send(self, request: object) -> Awaitable[object]: ...

    def close(self) -> Awaitable[None] | None: ...


class _RawReply:
    """Stands where the library expects a response type; keeps the bytes, decodes nothing.

    Decoding there would run inside the library's reader, where an error ends the connection.
    """

    @staticmethod
    def decode(buffer: BytesIO) -> bytes:
        return buffer.read()


class _Outgoing:
    """A request in the shape that the library's connection sends."""

    RESPONSE_TYPE: ClassVar[type[_RawReply]] = _RawReply

    def __init__(self, request: Request[Any], address: str) -> None:
        self._request = request
        self._address = address
        self.API_KEY = request.api.key
        self.API_VERSION = -1

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> _Outgoing:
        version = self._request.version(versions)
        if version is None:
            offered = versions.get(self.API_KEY, "none")
            name = self._request.api.name
            raise UnsupportedError(
                "protocol", f"{self._address} has {name} in versions {offered}, none that serves"
            )
        self.API_VERSION = version
        return self

    def build_request_header(self, correlation_id: int, client_id: str) -> object:
        header = RequestHeader_v2 if self._flexible else RequestHeader_v1
        return header(self, correlation_id=correlation_id, client_id=client_id)

    def parse_response_header(self, buffer: BytesIO) -> object:
        header = ResponseHeader_v1 if self._flexible else ResponseHeader_v0
        return header.decode(buffer)

    def encode(self) -> bytes:
        return self._request.encode(self.API_VERSION)

    @property
    def _flexible(self) -> bool:
        return self._request.api.flexible(self.API_VERSION)


class Link:
    """A broker address and, while there is one, the connection to it."""

    def __init__(self, host: str, port: int, access: Access, *, timeout_ms: int) -> None:
        self.address = f"{host}:{port}"
        self._host = host
        self._port = port
        self._access = access
        self._timeout_ms = timeout_ms
        self._conn: _Connection | None = None
        self._given_up: _Connection | None = None
        self._answered = False
        """Whether there has ever been an answer: login and protocol are then right."""
        self._opening = asyncio.Lock()
        self._failures = 0
        self._held_until = 0.0
        self._last_error: PortError | None = None
        self.suspect = False
        """The last request got no answer: others are asked first where there is a choice."""

    async def call(self, request: Request[A]) -> A:
        """Send a request and decode its answer.

        Raises PortError; ReplyLostError where the request went out and its answer did not come, or
        came to a change and cannot be read: the change may then have been carried out.
        """
        outgoing = _Outgoing(request, self.address)
        try:
            body = await self._exchange(outgoing)
        except ReplyLostError as lost:
            if request.changes or lost.kind == "slow":
                raise
            body = await self._exchange(outgoing)
        try:
            return request.decode(body, outgoing.API_VERSION)
        except DecodeError as error:
            reason = one_line(f"{self.address}: {error}")
            if request.changes:
                raise ReplyLostError("protocol", reason) from error
            raise PortError("protocol", reason) from error

    async def _exchange(self, outgoing: _Outgoing) -> bytes:
        self.suspect = True
        conn = await self._connected()
        try:
            body = await conn.send(outgoing)
        except TimeoutError as error:
            self._given_up = conn
            conn.close()
            raise self._late() from error
        except asyncio.CancelledError:
            conn.close()
            raise
        except (KafkaError, OSError, LookupError, ValueError) as error:
            if self._given_up is conn:
                # Closed under us, because another request on it had waited too long.
                raise self._late() from error
            conn.close()
            raise self._broken(error) from error
        if not isinstance(body, bytes):
            raise ReplyLostError("protocol", f"{self.address}: no bytes in the answer")
        self.suspect = False
        self._answered = True
        return body

    def _broken(self, error: Exception) -> ReplyLostError:
        if self._answered:
            reason = one_line(f"connection to {self.address} lost: {error}")
            return ReplyLostError("unreachable", reason)
        reason = f"{self.address} closed the connection at the first request"
        return ReplyLostError("protocol", f"{reason} (security protocol wrong?)")

    def _late(self) -> ReplyLostError:
        late = slow(self.address, self._timeout_ms)
        return ReplyLostError(late.kind, late.reason)

    async def _connected(self) -> _Connection:
        async with self._opening:
            if self._conn is not None and self._conn.connected():
                return self._conn
            self._conn = None
            if self._last_error is not None and _now() < self._held_until:
                raise PortError(self._last_error.kind, self._last_error.reason)
            self._conn = await self._open()
            self._failures = 0
            self._last_error = None
            return self._conn

    async def _open(self) -> _Connection:
        silence("aiokafka")
        access = self._access
        try:
            conn: _Connection = await create_conn(
                self._host,
                self._port,
                client_id=CLIENT_ID,
                request_timeout_ms=self._timeout_ms,
                ssl_context=access.tls,
                security_protocol=access.protocol,
                sasl_mechanism=access.mechanism,
                sasl_plain_username=access.username,
                sasl_plain_password=access.password,
            )
        except Exception as error:
            # The library raises KeyError, AssertionError and others besides its own errors.
            failure = connect_error(
                error,
                address=self.address,
                username=access.username,
                mechanism=access.mechanism,
                timeout_ms=self._timeout_ms,
                worked_before=self._answered,
            )
            self._hold(failure)
            raise failure from error
        else:
            return conn

    def _hold(self, failure: PortError) -> None:
        pause_s = min(BACKOFF_LAST_S, BACKOFF_FIRST_S * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        self._held_until = _now() + pause_s * _jitter.uniform(0.5, 1.0)
        self._last_error = failure

    async def close(self) -> None:
        """Close the connection and wait until the socket is gone."""
        conn, self._conn = self._conn, None
        with contextlib.suppress(KafkaError, OSError, RuntimeError):
            closed = conn.close() if conn is not None else None
            if closed is not None:
                await closed


def _now() -> float:
    return asyncio.get_running_loop().time()
