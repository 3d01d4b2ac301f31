"""25 planted secrets, every form in which one may come back, and a search that finds them all."""

from __future__ import annotations

import base64
import html
import json
import random
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus

PEM: Final = "\n".join(
    (
        "-----BEGIN PRIVATE KEY-----",
        *("".join(random.Random(n).choices("ABCDEFGHJKMNPQRSTUVWXYZabcdef/+0123456789", k=64))
          for n in range(12)),
        "-----END PRIVATE KEY-----",
    )
)  # fmt: skip
"""No key at all, and the shape of one."""

CANARIES: Final = {
    "password": "cnry-pass-7Kq2vZ",
    "password-symbols": 'cnry-p@ss:w0rd/"quoted"\\&%+=<x>',
    "password-spaces": "cnry pass with spaces and tab\there",
    "password-unicode": "cnry-pässwörd-密码-\U0001f511",
    "password-short": "cnrY6!",
    "password-brackets": "[bold]cnry-markup[/bold]",
    "password-newline": "cnry-first-line-long\ncnry-second-line-long",
    "canary-password": "cnry-of-the-fence-Xw9",
    "target-password": "cnry-target-side-Lm3",
    "jaas": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required"
        ' username="mm2" password="cnry-jaas-inner-5Tg";'
    ),
    "token": "cnry.tok3n-" + "Zx9" * 20,
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjbnJ5In0.cnry-signature-8Hb2",
    "pem": PEM,
    "registry-password": "cnry-registry-q8R",
    "registry-token": "cnry-registry-bearer-c4D",
    "client-secret": "cnry-client-secret-Po1/+=",
    "access-token": "cnry-access-token-from-the-provider-Ee7",
    "connect-userinfo": "http://worker:cnry-userinfo-Bn6@connect.example:8083",
    "registry-userinfo": "https://reg:cnry-userinfo-Gh4@registry.example",
    "prometheus-userinfo": "http://prom:cnry-userinfo-Yt2@prometheus.example:9090",
    "webhook-url": "https://hooks.example/services/T0CNRY/B0CNRY/cnryWebhookKeyAbCdEf123456",
    "webhook-token": "cnry-webhook-bearer-Vf5",
    "ssl-keystore-password": "cnry-keystore-Jk0",
    "aws-secret": "cnryAWSsecretaccesskey/0123456789abcdefg",
    "basic-login": base64.b64encode(b"cockpit:cnry-basic-login-Sd3").decode(),
}
"""Name to value. They have what real ones may have: quotes, blanks, lines, other scripts."""


def inner_of(value: str) -> tuple[str, ...]:
    """What of a canary is the secret itself: all of it, or the password and lines within it."""
    found = re.findall(r'password="([^"]+)"|://[^/:@]+:([^@]+)@', value)
    parts = [part for pair in found for part in pair if part]
    lines = [x for x in value.splitlines() if "-----" not in x]
    return tuple(parts) or (tuple(lines) if len(lines) > 1 else (value,))


def forms_of(value: str) -> Iterator[str]:
    """Every form of a canary and of what is in it; written down here, not taken from what the
    cockpit itself looks for."""
    for text in {value, *inner_of(value)}:
        raw = text.encode()
        once = json.dumps(text)[1:-1]
        yield text
        yield once
        yield json.dumps(once)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield repr(text)[1:-1]
        yield html.escape(text)
        yield quote(text)
        yield quote(text, safe="")
        yield quote_plus(text)
        yield re.sub("%..", lambda hit: hit[0].lower(), quote(text, safe=""))
        yield raw.hex()
        for before in ("", "u:", "cockpit:", "\0cockpit\0"):
            yield base64.b64encode(before.encode() + raw).decode()
            yield base64.urlsafe_b64encode(before.encode() + raw).decode().rstrip("=")
    if "\n" in value:
        yield " ".join(value.split())


def _needles(value: str) -> Iterator[str]:
    """What must not be found: each form whose every character the secret alone decides. Of Base64
    behind something else these are all but the first and last characters."""
    for text in inner_of(value):
        raw = text.encode()
        for before in range(3):
            padded = b"\0" * before + raw
            core = base64.b64encode(padded).decode().rstrip("=")[(0, 2, 3)[before] :]
            core = core[: len(core) - (len(padded) % 3 != 0)]
            yield core
            yield core.replace("+", "-").replace("/", "_")
        yield from forms_of(text)


def leaks(said: str | bytes, values: Iterable[str] = CANARIES.values()) -> list[str]:
    """Every form of a canary in what was said, in whichever encoding of text."""
    data = said if isinstance(said, bytes) else said.encode("utf-8", "surrogatepass")
    needles = {needle for value in values for needle in _needles(value) if len(needle) >= 6}
    return sorted(needle for needle in needles if needle.encode() in data)
