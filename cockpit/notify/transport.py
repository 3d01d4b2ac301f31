"""Posts JSON to one address over verified TLS: no redirect is followed, no proxy or credential is
taken from the environment, and where a connection really leads is judged when it is made.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore

from cockpit.notify.addresses import Network, why_refused

CONNECT_S: Final = 3.0
WHOLE_S: Final = 10.0
MAX_REPLY_BYTES: Final = 65_536
MAX_PAUSE_S: Final = 300

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host; raises OSError."""


class NotSentError(Exception):
    """It was not taken. The text is fit for a person and has nothing of the address's path."""

    def __init__(self, reason: str, *, retry: bool = True, pause_s: float = 0.0) -> None:
        super().__init__(reason)
        self.retry = retry
        """Whether the same may be taken later; if not, the receiver will never take it."""
        self.pause_s = pause_s
        """How long the receiver wants to be left alone."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A checked address."""

    host: str
    port: int
    target: bytes
    """Path and query: a secret."""


def destination(url: str, hosts: Iterable[str]) -> Destination:
    """Where an address leads, if the plan's hosts have it. Raises ValueError, whose text repeats
    nothing but the host."""
    try:
        parsed = httpcore.URL(url)
        place = urlsplit(url).netloc
        host = parsed.host.decode("ascii").lower().strip("[]").rstrip(".")
        port = parsed.port or 443
    except (ValueError, TypeError) as error:
        raise ValueError("it is no usable address") from error
    if parsed.scheme != b"https":
        raise ValueError("it is not https")
    if "@" in place:
        raise ValueError("it has a user name; only its path may be secret")
    if not host or not parsed.target.isascii() or any(byte <= 0x20 for byte in parsed.target):
        raise ValueError("it is no usable address")
    if host not in {one.lower() for one in hosts}:
        msg = f"{host} is not one of its hosts in the plan"
        raise ValueError(msg)
    return Destination(host, port, parsed.target)


async def resolve_here(host: str, port: int) -> list[str]:
    """Every address that this machine knows of a host, in the order in which to try them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(where[4][0]) for where in found))


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were judged, never to a name."""

    def __init__(self, allowed: tuple[Network, ...], resolve: Resolve) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # httpcore's own signature
        local_address: str | None = None,
        socket_options: Any = None,  # noqa: ANN401  # httpcore's own signature
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._resolve(host, port)
        except (OSError, TimeoutError) as error:
            why = getattr(error, "strerror", None) or "no answer in time"
            raise NotSentError(f"the name {host} cannot be resolved: {why}") from error
        if not addresses:
            raise NotSentError(f"the name {host} has no address")
        # One bad address among good ones is somebody's trick: then none is taken.
        for address in addresses:
            if why := why_refused(address, self._allowed):
                raise NotSentError(f"{host}: {why}")
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def connect_unix_socket(self, *_args: Any, **_kw: Any) -> httpcore.AsyncNetworkStream:
        raise NotSentError("not over a Unix socket")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class Post:
    """One receiver."""

    def __init__(
        self,
        to: Destination,
        *,
        ca_file: str | None = None,
        allowed: tuple[Network, ...] = (),
        resolve: Resolve = resolve_here,
    ) -> None:
        """Raises ValueError where the authorities' file cannot be used."""
        for name in ("httpcore", "httpcore.connection", "httpcore.http11"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            trust = ssl.create_default_context(cafile=ca_file)
        except (OSError, ValueError) as error:
            msg = f"cannot use TLS file {ca_file}: {error}"
            raise ValueError(msg) from error
        self._to = to
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=1,
            # each notice has its place judged anew
            max_keepalive_connections=0,
            network_backend=_Guarded(allowed, resolve),
        )

    async def send(self, body: bytes) -> None:
        """Hand it over; returns once the receiver has said that it has it. Raises NotSentError."""
        host = self._to.host if ":" not in self._to.host else f"[{self._to.host}]"
        url = httpcore.URL(
            scheme=b"https", host=self._to.host.encode(), port=self._to.port, target=self._to.target
        )
        authority = host if self._to.port == 443 else f"{host}:{self._to.port}"
        headers = [
            ("Host", authority),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("User-Agent", "cockpit"),
        ]
        limits = {"connect": CONNECT_S, "read": WHOLE_S, "write": WHOLE_S, "pool": WHOLE_S}
        try:
            async with (
                asyncio.timeout(WHOLE_S),
                self._pool.stream(
                    "POST", url, headers=headers, content=body, extensions={"timeout": limits}
                ) as response,
            ):
                await _drain(response)
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise NotSentError(f"{self._to.host}: no answer within {WHOLE_S:g} s") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError, OSError) as error:
            what = "its TLS certificate is not trusted" if _is_tls(error) else "no connection"
            raise NotSentError(f"{self._to.host}: {what}: {_short(error)}") from error
        _judge(self._to.host, response)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._pool.aclose()


async def _drain(response: httpcore.Response) -> None:
    """Read a reply as far as anybody needs it."""
    size = 0
    async for chunk in response.aiter_stream():
        size += len(chunk)
        if size > MAX_REPLY_BYTES:
            return


def _is_tls(error: BaseException) -> bool:
    return "CERTIFICATE" in str(error).upper() or isinstance(error, ssl.SSLCertVerificationError)


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text[:160] or type(error).__name__


def _judge(host: str, response: httpcore.Response) -> None:
    status = response.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise NotSentError(f"{host} answers with a redirect ({status}), and none is followed")
    # what is wrong with this one notice is wrong with it for ever
    forever = status in (400, 405, 411, 413, 415, 422)
    raise NotSentError(f"{host} answers {status}", retry=not forever, pause_s=_pause_s(response))


def _pause_s(response: httpcore.Response) -> float:
    """What `Retry-After` asks for, in seconds; a date is left alone."""
    found = [value for name, value in response.headers if name.lower() == b"retry-after"]
    if not found or not found[0].strip().isdigit():
        return 0.0
    return float(min(int(found[0][:9]), MAX_PAUSE_S))
