"""Takes known secrets out of texts that leave this machine, in every form that they are likely in.

A last line behind types that cannot be printed: knows only what was revealed through it. What is
shorter than MIN_CHARS is left alone, for it would be found in every other word.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

from cockpit.core.plan import SecretRef
from cockpit.plan.secrets import resolve_secret

MIN_CHARS: Final = 4
MASK: Final = "***"
_LINE_CHARS: Final = 16
"""A secret of several lines, such as a key, is known by each line that is as long as this."""
_PART_CHARS: Final = 12
"""Of an address that is a secret, each part of its path that is as long as this: shorter ones are
words such as `services`."""


class Redactor:
    """Every secret that was revealed, and what it looks like."""

    def __init__(self, resolve: Callable[[SecretRef], str] | None = None) -> None:
        """`resolve` fetches a secret; from the environment or its file unless told otherwise."""
        self._resolve = resolve or (lambda ref: resolve_secret(ref).reveal())
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def reveal(self, ref: SecretRef) -> str:
        """A secret, known from now on. Whatever fetching it raises passes through."""
        value = self._resolve(ref)
        self.know(value)
        return value

    def know(self, value: str) -> None:
        """Scrub this from now on."""
        found = {form for form in _forms(value) if len(form) >= MIN_CHARS} - self._forms
        if found:
            self._forms |= found
            self._pattern = None

    def scrub(self, text: str) -> str:
        """The text with a mask in the place of each secret."""
        if not self._forms:
            return text
        if self._pattern is None:
            longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
            self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        return self._pattern.sub(MASK, text)


def _forms(value: str) -> Iterator[str]:
    for part in _parts(value):
        yield part
        yield from _spelt(part)
        raw = part.encode("utf-8", "surrogatepass")
        yield raw.hex()
        yield from _base64(raw)


def _parts(value: str) -> Iterator[str]:
    """The secret; its long lines; of an address the parts that a message may have without the
    rest."""
    yield value
    lines = [line.strip() for line in value.splitlines()]
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= _LINE_CHARS)
    if not value.startswith(("http://", "https://")):
        return
    try:
        url = urlsplit(value)
    except ValueError:
        return
    rest = [url.path, url.query, url.password or "", *url.path.split("/")]
    yield from (part for part in rest if len(part) >= _PART_CHARS)


def _spelt(text: str) -> Iterator[str]:
    yield quote(text, safe="", errors="replace")
    yield quote(text, errors="replace")
    yield quote_plus(text, errors="replace")
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]
    yield html.escape(text)


def _base64(raw: bytes) -> Iterator[str]:
    """As it stands in the base64 of any text around it: by itself, and at each of three places."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode()
        for before in range(3):
            whole = encode(b"\0" * before + raw).decode()
            first = -(-before * 8 // 6)  # characters that what stands before has a part in
            last = (before + len(raw)) * 8 // 6
            if last - first >= 2 * MIN_CHARS:
                yield whole[first:last]
