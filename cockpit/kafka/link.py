"""One connection to one broker address, reopened when it breaks, at its own pace.

Never retries a request that changes something, never waits longer than its timeout twice, and never
lets the client library write to the terminal.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError

from cockpit.kafka.cutting import CUT
from cockpit.kafka.errors import (
    ReplyLostError,
    UnsupportedError,
    closed_by_peer,
    connect_error,
    slow,
)
from cockpit.kafka.legacy import CLIENT_ID, open_old
from cockpit.kafka.outgoing import Learning, NothingSentError, Offered, Outgoing
from cockpit.kafka.protocol.cluster import API_VERSIONS
from cockpit.kafka.protocol.codec import DecodeError
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.security import Access
from cockpit.kafka.text import one_line, silence
from cockpit.kafka.tokens import create_token_conn
from cockpit.ports import PortError

A = TypeVar("A")
B = TypeVar("B")

BACKOFF_FIRST_S: Final = 0.25
BACKOFF_LAST_S: Final = 5.0
BACKOFF_SOON_S: Final = 0.75
"""Longest pause while nothing listens or a login is refused: a broker that is back, or a password
that is right again, is seen within two seconds."""
CHANGE_MAX_AGE_S: Final = 1.0
"""A change goes out on a connection no older than this where there is a login: a broker that limits
how long a login lasts (KIP-368) closes an older one at the next request, and nobody could tell then
whether that request was carried out."""

HASTY_MS: Final = 1_500
"""How long each step of the first handshake of all may take, before other ways are tried."""

LARGE_REPLY: Final = 50_000
"""Bytes that take so long to decode that the event loop should not wait for it."""

_jitter = secrets.SystemRandom()


class _Connection(Protocol):
    """The part of a connection, the library's or our own, that is used here."""

    def connected(self) -> bool: ...

    def send(self, request: Outgoing | Learning) -> Awaitable[object]: ...

    def close(self) -> Awaitable[None] | None: ...


@dataclass(slots=True, eq=False)
class _Opened:
    """A connection and what hangs on it."""

    conn: _Connection
    since_s: float
    in_flight: int = 0
    given_up: bool = False
    """A request on it had to wait too long."""


class Link:
    """A broker address and, while there is one, the connection to it."""

    def __init__(self, host: str, port: int, access: Access, *, timeout_ms: int) -> None:
        self.address = f"{host}:{port}"
        self._host = host
        self._port = port
        self._access = access
        self._timeout_ms = timeout_ms
        self._opened: _Opened | None = None
        self._closed = False
        self.offered: Offered | None = None
        """What the broker offered when it was last connected to; None: never yet."""
        self._answered = False
        """Whether there has ever been an answer: login and protocol are then right."""
        self._was_slow = False
        """Whether a handshake has taken too long before."""
        self._opening = asyncio.Lock()
        self._failures = 0
        self._held_until = 0.0
        self._last_error: PortError | None = None
        self.suspect = False
        """The last request got no answer: others are asked first where there is a choice."""
        access.way.join(self)

    async def call(self, request: Request[A]) -> A:
        """Send a request and decode its answer.

        Raises PortError; ReplyLostError where the request went out and its answer did not come, or
        came to a change and cannot be read: the change may then have been carried out.
        """
        try:
            return await self._exchange(await self._connected(request), request)
        except ReplyLostError as lost:
            if request.changes or lost.kind == "slow":
                raise
        return await self._exchange(await self._connected(request), request)

    async def call_row(self, first: Request[A], rest: Sequence[Request[B]]) -> tuple[A, list[B]]:
        """Reads, one after another on one connection: none meets a broker that has started since
        the first. Raises PortError."""
        for last_try in (False, True):
            opened = await self._connected(first)
            try:
                answer = await self._exchange(opened, first)
                return answer, [await self._exchange(opened, request) for request in rest]
            except ReplyLostError as lost:
                if last_try or lost.kind == "slow":
                    raise
        raise AssertionError

    async def _exchange(self, opened: _Opened, request: Request[A]) -> A:
        outgoing = Outgoing(request, self.address)
        if request.changes and self._access.gate is not None:
            self._access.gate.check()  # nothing is waited for between this and the socket
        body = await self._send(opened, outgoing)
        try:
            if (request.remember or request.aside) and len(body) > LARGE_REPLY:
                return await asyncio.to_thread(request.decode, body, outgoing.API_VERSION)
            return request.decode(body, outgoing.API_VERSION)
        except DecodeError as error:
            reason = one_line(f"{self.address}: {error}")
            if request.changes:
                raise ReplyLostError("protocol", reason) from error
            raise PortError("protocol", reason) from error

    async def _send(self, opened: _Opened, outgoing: Outgoing) -> bytes:
        self.suspect = True
        opened.in_flight += 1
        try:
            body = await opened.conn.send(outgoing)
        except TimeoutError as error:
            opened.given_up = True
            opened.conn.close()
            raise self._late() from error
        except asyncio.CancelledError:
            opened.conn.close()
            raise
        except UnsupportedError:
            self.suspect = False
            raise
        except (KafkaError, OSError, LookupError, ValueError) as error:
            if opened.given_up:
                # Closed under us, because another request on it had waited too long.
                raise self._late() from error
            opened.conn.close()
            raise self._broken(error) from error
        finally:
            opened.in_flight -= 1
            if opened is not self._opened and not opened.in_flight:
                opened.conn.close()
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

    async def _connected(self, request: Request[Any]) -> _Opened:
        async with self._opening:
            if self._access.way.is_cut:
                raise PortError("unreachable", f"{self.address}: {CUT}")
            known = self._opened
            if known is not None and known.conn.connected() and not self._too_old(known, request):
                return known
            self._opened = None
            if known is not None and not known.in_flight:
                known.conn.close()
            if self._last_error is not None and _now() < self._held_until:
                raise PortError(self._last_error.kind, self._last_error.reason)
            conn = await self._open()
            if self._closed:
                conn.close()
                raise PortError("unreachable", f"{self.address}: closed by us while connecting")
            self._opened = _Opened(conn, _now())
            self._failures = 0
            self._last_error = None
            return self._opened

    def _too_old(self, opened: _Opened, request: Request[Any]) -> bool:
        login = self._access.mechanism is not None
        return request.changes and login and _now() - opened.since_s > CHANGE_MAX_AGE_S

    async def _open(self) -> _Connection:
        silence("aiokafka")
        try:
            old = await self._open_old() if self._is_old() else None
            return old or await self._open_new()
        except Exception as error:
            # The library raises KeyError, AssertionError and others besides its own errors.
            failure = connect_error(
                error,
                address=self.address,
                username=self._access.username,
                mechanism=self._access.mechanism,
                timeout_ms=self._timeout_ms,
                worked_before=self._answered,
            )
            self._was_slow = self._was_slow or failure.kind == "slow"
            if self._may_be_old(error):
                with contextlib.suppress(OSError, ValueError):
                    found = await self._open_old()
                    if found is not None:
                        return found
            self._hold(failure)
            raise failure from error

    async def _open_new(self) -> _Connection:
        access = self._access
        create = create_conn if access.tokens is None else create_token_conn
        limit_ms = min(self._timeout_ms, HASTY_MS) if self._hasty() else self._timeout_ms
        conn: Any = await create(
            self._host,
            self._port,
            client_id=CLIENT_ID,
            request_timeout_ms=limit_ms,
            ssl_context=access.tls,
            security_protocol=access.protocol,
            sasl_mechanism=access.mechanism,
            sasl_plain_username=access.username,
            sasl_plain_password=access.password,
            sasl_oauth_token_provider=access.tokens,
        )
        learning = Learning()
        try:
            with contextlib.suppress(NothingSentError):
                await conn.send(learning)
        except BaseException:
            conn.close()
            raise
        self.offered = learning.offered
        # The library has one limit for the handshake and for all that comes after it.
        conn._request_timeout = self._timeout_ms / 1000
        opened: _Connection = conn
        return opened

    def _hasty(self) -> bool:
        """Whether this may be a broker before 0.10: some say nothing to what they do not know."""
        never_met = self.offered is None and self._access.mechanism is None
        return never_met and not self._was_slow

    async def _open_old(self) -> _Connection | None:
        """A connection to a broker before 0.10; None where this is none."""
        old = await open_old(
            self._host, self._port, tls=self._access.tls, timeout_ms=self._timeout_ms
        )
        if old is not None:
            self.offered = old.offered
        return old

    def _is_old(self) -> bool:
        return self.offered is not None and API_VERSIONS.key not in self.offered

    def _may_be_old(self, error: Exception) -> bool:
        """Whether a first connection failed as it does with brokers before 0.10.

        Those have no logins but Kerberos, which nothing here speaks.
        """
        if self.offered is not None or self._access.mechanism is not None:
            return False
        return closed_by_peer(error) or isinstance(error, TimeoutError)

    def _hold(self, failure: PortError) -> None:
        """Keep the next try away for a while; who took its time to fail has had its pause."""
        soon = failure.kind in ("unreachable", "refused")
        longest_s = BACKOFF_SOON_S if soon else BACKOFF_LAST_S
        pause_s = min(longest_s, BACKOFF_FIRST_S * 2**self._failures)
        if failure.kind == "slow":
            pause_s = BACKOFF_FIRST_S
        self._failures = min(self._failures + 1, 10)
        self._held_until = _now() + pause_s * _jitter.uniform(0.5, 1.0)
        self._last_error = failure

    async def close(self) -> None:
        """Close the connection for good and wait until the socket is gone."""
        self._closed = True
        await self.drop()

    async def drop(self) -> None:
        """Close the connection and wait until the socket is gone; the next call opens another."""
        opened, self._opened = self._opened, None
        with contextlib.suppress(KafkaError, OSError, RuntimeError):
            closed = opened.conn.close() if opened is not None else None
            if closed is not None:
                await closed


def _now() -> float:
    return asyncio.get_running_loop().time()
