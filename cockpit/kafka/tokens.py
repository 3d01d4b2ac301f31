"""Tokens for SASL/OAUTHBEARER: read anew, asked of an identity provider, or signed for AWS.

Never shows a token or a client's secret, and never hands one out that is about to expire. Every
failure is a PortError, so that the login that needed the token says why there was none.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus

from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import AIOKafkaConnection, OAuthAuthenticator

from cockpit.core.observe import FailureKind
from cockpit.core.plan import SecretRef, TokenSource
from cockpit.kafka.http import Http, Reply, where
from cockpit.kafka.text import one_line
from cockpit.ports import PortError
from cockpit.secrecy import SECRETS

Reveal = Callable[[SecretRef], str]

MARGIN_S: Final = 30.0
"""A token is replaced that long before it expires; a short one after nine tenths of its life."""
LIFE_UNSAID_S: Final = 60.0
"""How long a token is used whose provider does not say how long it lives."""
AWS_SECRETS: Final = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""Where Amazon's package finds credentials in the environment."""
MSK_PACKAGE: Final = "aws_msk_iam_sasl_signer"

_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,65536}")


@dataclass(slots=True)
class _Kept:
    """A token, and when it is to be replaced by the loop's clock."""

    token: str = field(default="", repr=False)
    until_s: float = 0.0


def tokens_of(source: TokenSource, reveal: Reveal) -> AbstractTokenProvider:
    """Where a plan says that tokens come from. Whatever `reveal` raises passes through."""
    if source.token is not None:
        return KeptToken(source.token, reveal)
    return ClientCredentials(source, reveal)


class KeptToken(AbstractTokenProvider):  # type: ignore[misc]  # the library ships no types
    """A token that somebody else renews: read again for each login."""

    def __init__(self, ref: SecretRef, reveal: Reveal) -> None:
        reveal(ref)
        self._ref = ref
        self._reveal = reveal

    async def token(self) -> str:
        """The token as it is now. Raises PortError."""
        return _checked(_revealed(self._reveal, self._ref), "the token")


class _Renewed(AbstractTokenProvider):  # type: ignore[misc]  # the library ships no types
    """Tokens that are used until shortly before they expire."""

    def __init__(self) -> None:
        self._kept = _Kept()
        self._asking = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good for a while yet. Raises PortError."""
        async with self._asking:
            now_s = asyncio.get_running_loop().time()
            if now_s >= self._kept.until_s:
                token, life_s = await self._fetch()
                use_s = life_s - min(MARGIN_S, life_s / 10)
                self._kept = _Kept(token, now_s + use_s)
            return self._kept.token

    async def _fetch(self) -> tuple[str, float]:
        """A new token and how many seconds it lives."""
        raise NotImplementedError


class ClientCredentials(_Renewed):
    """Asks a token endpoint by OAuth 2's client credentials grant (RFC 6749, 4.4)."""

    def __init__(self, source: TokenSource, reveal: Reveal) -> None:
        assert source.client_secret is not None
        super().__init__()
        reveal(source.client_secret)
        self._source = source
        self._secret = source.client_secret
        self._reveal = reveal

    async def _fetch(self) -> tuple[str, float]:
        source = self._source
        # RFC 6749, 2.3.1: both are form-encoded before they become a Basic login.
        secret = _revealed(self._reveal, self._secret)
        http = Http(
            ca_file=source.ca_file, login=(quote_plus(source.client_id), quote_plus(secret))
        )
        form = {"grant_type": "client_credentials"}
        if source.scope:
            form["scope"] = source.scope
        place = f"token endpoint {where(source.endpoint)}"
        try:
            reply = await http.request("POST", source.endpoint, form=form)
        finally:
            await http.close()
        if not reply.ok:
            kind: FailureKind = "refused" if reply.status in (400, 401, 403) else "protocol"
            raise PortError(kind, one_line(f"{place}: HTTP {reply.status}{_said(reply)}"))
        body = reply.json(place)
        token = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str):
            raise PortError("protocol", one_line(f"{place}: no access_token in the answer"))
        life = body.get("expires_in")
        known = isinstance(life, int | float) and not isinstance(life, bool) and life > 0
        return _checked(token, place), float(life) if known else LIFE_UNSAID_S


class MskIam(_Renewed):
    """Signs tokens for Amazon MSK with this machine's AWS credentials, by Amazon's own package."""

    def __init__(self, region: str) -> None:
        super().__init__()
        self._region = region
        for name in AWS_SECRETS:
            SECRETS.add(os.environ.get(name, ""))

    async def _fetch(self) -> tuple[str, float]:
        # Credentials may come over the network: never on the loop.
        try:
            token, life_s = await asyncio.to_thread(self._sign)
        except ImportError as error:
            raise PortError(
                "refused",
                "aws-msk-iam needs a package that is not installed:"
                " pip install 'kafka-cutover-cockpit[msk]'",
            ) from error
        except Exception as error:
            # Amazon's libraries have exceptions of many kinds and no common base.
            reason = f"no AWS token for {self._region}: {type(error).__name__}: {error}"
            raise PortError("refused", one_line(reason)) from error
        return _checked(token, "the AWS token"), life_s

    def _sign(self) -> tuple[str, float]:
        import time

        signer = importlib.import_module(MSK_PACKAGE)
        token, expires_ms = signer.MSKAuthTokenProvider.generate_auth_token(self._region)
        return str(token), expires_ms / 1000 - time.time()  # noqa: TID251 - an expiry by its clock


class _Authenticator(OAuthAuthenticator):  # type: ignore[misc]  # the library ships no types
    """Asks why a token was not taken, where the library believes that it was."""

    _asked_why = False

    async def step(self, payload: bytes | None) -> tuple[bytes, bool] | None:
        """The next message; None: there is none.

        A broker answers a token that it does not take with a reason and no error code; the error
        comes after the client has said that it has read the reason (RFC 7628, 3.2.3).
        """
        if payload and not self._asked_why:
            self._asked_why = True
            return b"\x01", True
        found: tuple[bytes, bool] | None = await super().step(payload)
        return found


class _Connection(AIOKafkaConnection):  # type: ignore[misc]  # the library ships no types
    def authenticator_oauth(self) -> _Authenticator:
        return _Authenticator(sasl_oauth_token_provider=self._sasl_oauth_token_provider)


async def create_token_conn(host: str, port: int, **options: Any) -> AIOKafkaConnection:
    """The library's `create_conn` for logins by token: a token that is refused is an error."""
    conn = _Connection(host, port, **options)
    await conn.connect()
    return conn


def _revealed(reveal: Reveal, ref: SecretRef) -> str:
    try:
        return reveal(ref)
    except Exception as error:
        # Whatever a secret store raises; it names the place of the secret, never the secret.
        raise PortError("refused", one_line(error)) from error


def _checked(token: str, what: str) -> str:
    """The token, if it can stand in a login message as it is (RFC 6750, b64token and more)."""
    if _TOKEN.fullmatch(token) is None:
        raise PortError("protocol", one_line(f"{what}: not a token of visible ASCII characters"))
    SECRETS.add(token, passing=True)
    return token


def _said(reply: Reply) -> str:
    """The error of RFC 6749, 5.2."""
    try:
        body = reply.json("")
    except PortError:
        return ""
    if not isinstance(body, dict):
        return ""
    words = (body.get(key) for key in ("error", "error_description"))
    return "".join(f": {word}" for word in words if isinstance(word, str))
