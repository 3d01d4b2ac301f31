"""Signs a request for AWS (Signature Version 4) with credentials from the environment.

Understands requests that only read: no query, no body. Never shows a secret.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from cockpit.ports import PortError
from cockpit.secrecy import SECRETS

ALGORITHM: Final = "AWS4-HMAC-SHA256"
_NOTHING: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    """Of a session that ends by itself."""


def from_environment() -> Credentials:
    """As AWS's own tools find them there. Raises PortError."""
    key_id = os.environ.get("AWS_ACCESS_KEY_ID", "")
    secret = os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    token = os.environ.get("AWS_SESSION_TOKEN", "")
    if not key_id or not secret:
        why = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"
        raise PortError("refused", why)
    for one in (secret, token):
        SECRETS.add(one)
    return Credentials(key_id, secret, token)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a signature counts for."""

    region: str
    service: str
    at_ms: int
    """UTC."""

    def instant(self) -> str:
        """As the request says when it was signed."""
        at = datetime.datetime.fromtimestamp(self.at_ms / 1000, tz=datetime.UTC)
        return f"{at:%Y%m%dT%H%M%SZ}"

    def words(self) -> tuple[str, ...]:
        """Day, region, service, and that it is such a request."""
        return self.instant()[:8], self.region, self.service, "aws4_request"


def signed(host: str, path: str, scope: Scope, credentials: Credentials) -> Mapping[str, str]:
    """The headers of a GET of this path, which is quoted already."""
    headers = {"host": host, "x-amz-date": scope.instant()}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    # a quoted path is quoted once more, but for S3
    request = "\n".join(("GET", quote(path, safe="/-_.~"), "", lines, names, _NOTHING))
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join((ALGORITHM, scope.instant(), "/".join(scope.words()), digest))
    key = f"AWS4{credentials.secret}".encode()
    for word in scope.words():
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    who = f"{credentials.key_id}/{'/'.join(scope.words())}"
    by = f"{ALGORITHM} Credential={who}, SignedHeaders={names}, Signature={signature}"
    return {name: value for name, value in headers.items() if name != "host"} | {
        "authorization": by
    }
