"""HTTP with JSON, for Connect and for signals: bounded, direct, verified.

Never follows a redirect, never takes a proxy or credentials from the environment, never puts a body
into a reason unless the server meant it as an error message, and reads four megabytes at most
unless it is told otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from cockpit.kafka.errors import ReplyLostError
from cockpit.kafka.text import one_line, silence
from cockpit.ports import Gate, PortError

BODY_BYTES: Final = 4 << 20
CONNECT_TIMEOUT_S: Final = 3.0
READ_TIMEOUT_MS: Final = 5_000

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and body of an answer."""

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the server says that it did what was asked."""
        return 200 <= self.status < 300

    def json(self, what: str) -> Any:  # noqa: ANN401 - JSON is anything until it is looked at
        """The body as JSON; raises PortError."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise PortError("protocol", one_line(f"{what}: the body is not JSON")) from error

    def said(self) -> str:
        """The error message of a Connect worker, or nothing."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return ""
        message = found.get("message") if isinstance(found, dict) else None
        return f": {one_line(message)}" if isinstance(message, str) else ""


class Http:
    """A pool of connections to whatever the plan names.

    `ca_file` are the authorities to trust instead of the system's, `login` a user name and password
    that every request carries (HTTP Basic).
    """

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        login: tuple[str, str] | None = None,
        gate: Gate | None = None,
    ) -> None:
        """`gate`: what every request passes that is not one to read, right before it leaves."""
        self._gate = gate
        self._ca_file = ca_file
        self._login = login
        self._client: httpx.AsyncClient | None = None

    async def request(  # noqa: PLR0913  # each is one part of an exchange
        self,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        timeout_ms: int = READ_TIMEOUT_MS,
        body_bytes: int = BODY_BYTES,
        changes: bool | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One exchange, whatever its status; `body` goes out as JSON, `form` as a form. `changes`:
        whether it does more than read; None: by its method.

        Reads at most `body_bytes`. Raises PortError; ReplyLostError where the request may have
        reached the server.
        """
        place = where(url)
        timeout = httpx.Timeout(
            timeout_ms / 1000, connect=min(CONNECT_TIMEOUT_S, timeout_ms / 1000)
        )
        try:
            async with (
                asyncio.timeout(timeout_ms / 1000 + CONNECT_TIMEOUT_S),
                self._pool().stream(
                    method,
                    url,
                    json=body,
                    data=form,
                    headers=headers,
                    timeout=timeout,
                    extensions=self._watched(
                        changes=method != "GET" if changes is None else changes
                    ),
                ) as response,
            ):
                return Reply(response.status_code, await _read(response, place, body_bytes))
        except _NOT_SENT as error:
            kind, why = _explain(error)
            raise PortError(kind, one_line(f"{place}: {why}")) from error
        except httpx.InvalidURL as error:
            raise PortError("protocol", one_line(f"{place}: not a usable URL")) from error
        except (httpx.TimeoutException, TimeoutError) as error:
            raise ReplyLostError(
                "slow", f"{place}: no answer within {timeout_ms / 1000:g} s"
            ) from error
        except httpx.HTTPError as error:
            raise ReplyLostError(
                "unreachable", one_line(f"{place}: {type(error).__name__}: {error}")
            ) from error

    def check_gate(self) -> None:
        """For what is changed by other means than a request. Raises PortError."""
        if self._gate is not None:
            self._gate.check()

    def _watched(self, *, changes: bool) -> dict[str, Any]:
        """The gate, asked when the connection stands and before the first byte goes out."""
        gate = self._gate
        if gate is None or not changes:
            return {}

        async def trace(event: str, _: object) -> None:
            if event.endswith("send_request_headers.started"):
                gate.check()

        return {"trace": trace}

    def _pool(self) -> httpx.AsyncClient:
        if self._client is None:
            silence("httpx", "httpcore")
            self._client = httpx.AsyncClient(
                verify=self._trust(),
                auth=self._login,
                trust_env=False,
                follow_redirects=False,
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            )
        return self._client

    def _trust(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except (OSError, ValueError) as error:
            reason = f"cannot use TLS file {self._ca_file}: {error}"
            raise PortError("protocol", one_line(reason)) from error

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(httpx.HTTPError, OSError, RuntimeError):
                await client.aclose()


async def _read(response: httpx.Response, place: str, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > limit:
            raise PortError("protocol", f"{place}: the body is larger than {limit >> 20} MB")
        chunks.append(chunk)
    return b"".join(chunks)


def where(url: str) -> str:
    """Host, port and path of a URL: what may be shown. User names and queries may be secrets."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return "URL"
    port = f":{parsed.port}" if parsed.port else ""
    return one_line(f"{parsed.host}{port}{parsed.path}")


def _explain(error: httpx.HTTPError | httpx.TransportError) -> tuple[Any, str]:
    text = str(error)
    match error:
        case httpx.ConnectTimeout():
            return "slow", f"no connection within {CONNECT_TIMEOUT_S:g} s"
        case httpx.PoolTimeout():
            return "slow", "all connections are busy"
        case _ if "CERTIFICATE" in text.upper():
            return "refused", f"TLS certificate not trusted: {text}"
        case httpx.UnsupportedProtocol():
            return "protocol", "not an http or https URL"
        case _:
            return "unreachable", f"no connection: {text}"
