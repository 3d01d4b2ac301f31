"""Takes secrets out of text, in whatever form somebody sends them back.

Knows every secret that this process has fetched, and the shapes in which foreign ones travel. Never
gives one away. A secret of less than MIN_LENGTH characters is not looked for: words as short as
that stand in names and errors by chance, and each mask over one would tell what the secret is.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, quote_plus, unquote

MASK: Final = "***"
MIN_LENGTH: Final = 6
MIN_LINE: Final = 16
"""Of a secret of several lines each line counts by itself, from this length on."""
MIN_ENCODED: Final = 6
MAX_PASSING: Final = 256
"""Tokens come and go: of so many the oldest is forgotten. What the plan names never is."""
_CACHED: Final = 50_000
_CACHED_LENGTH: Final = 500

_PASSWORDS: Final = (
    re.compile(r"""\bpassword\s*=\s*"((?:[^"\\]|\\.)+)\""""),
    re.compile(r"""\bpassword\s*=\s*'((?:[^'\\]|\\.)+)'"""),
    re.compile(r"://[^/\s@:]*:([^/\s@]+)@"),
    re.compile(r"^(?:Basic|Bearer)\s+(\S+)$", re.IGNORECASE),
)
"""Secrets within a secret: of a JAAS line, of a URL with a login, of a header."""
_PATH: Final = re.compile(r"://[^/\s]+/(([^\s?]*)\??(\S*))")
"""Path and query of a URL that is a secret, together and each by itself."""
MIN_PATH: Final = 12
_KEY: Final = re.compile(r"(?=[^/?&=]*[0-9])[^/?&=\s]{12,}|[A-Za-z0-9]{16,}")
"""What of such a path is a key by itself: a word, such as `services`, has no digit and is short."""
_SHAPES: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|(?<=://)[^/\s@\"'<>]*:[^/\s@\"'<>]+(?=@)"
    r"|(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"
    r"|(?i:(?<=password=\")|(?<=password=\\\"))(?:[^\"\\]|\\[^\"])+"
    r"|(?i:(?<=authorization: basic )|(?<=authorization: bearer ))\S+",
    re.DOTALL,
)
"""How secrets that we do not know travel: private keys, a URL's login, tokens (JWT), JAAS lines,
headers."""


class Scrubber:
    """Every secret that a process knows, each in all its forms."""

    def __init__(self) -> None:
        self._forms_of: dict[str, tuple[str, ...]] = {}
        self._passing: dict[str, None] = {}
        """Those that another one will replace, the oldest first."""
        self._open: tuple[str, ...] = ()
        self._forms: tuple[str, ...] | None = ()
        """The longest first; None: to be put together when they are needed."""
        self._cache: dict[str, str] = {}

    def _needed(self) -> tuple[str, ...]:
        if self._forms is None:
            forms = {form for forms in self._forms_of.values() for form in forms}
            forms -= {form for form in forms if any(form in text for text in self._open)}
            self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))
            self._cache = {}
        return self._forms

    def add(self, value: str, *, passing: bool = False) -> None:
        """From now on this value is a secret; `passing`: a token, which others will follow."""
        if not value:
            return
        if not passing:
            self._passing.pop(value, None)
        elif value in self._passing or value not in self._forms_of:
            self._passing[value] = self._passing.pop(value, None)
            self._forget_oldest()
        if value not in self._forms_of:
            self._forms_of[value] = tuple({*_forms(value)})
            self._forms = None

    def _forget_oldest(self) -> None:
        if len(self._passing) > MAX_PASSING:
            oldest = next(iter(self._passing))
            del self._passing[oldest], self._forms_of[oldest]
            self._forms = None

    def leave(self, *texts: str) -> None:
        """What stands in these texts, as in the plan, is no secret: a name that somebody has taken
        for a password too must not vanish from the screen."""
        self._open = texts
        self._forms = None

    def forget(self) -> None:
        """Know nothing: for tests."""
        self._forms_of, self._passing, self._open, self._forms = {}, {}, (), ()

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to look for."""
        return not self._forms_of

    def known(self, text: str) -> str:
        """The text without the secrets that this process knows."""
        if not self._forms_of or len(text) < MIN_LENGTH:
            return text
        forms = self._needed()
        found = self._cache.get(text)
        if found is None:
            found = text
            for form in forms:
                if form in found:
                    found = found.replace(form, MASK)
            if len(text) < _CACHED_LENGTH:
                if len(self._cache) >= _CACHED:
                    self._cache.clear()
                self._cache[text] = found
        return found

    def cut(self, text: str, length: int) -> str:
        """The beginning of a text, of about so many characters, without known secrets: none is cut
        in two, for its first half would not be found. What is cut off is not searched."""
        end = whole = min(len(text), length)
        while begins := [at for form in self._needed() if (at := _cut_at(text, form, end)) >= 0]:
            end = min(begins)
        return self.known(text[:end]) + (MASK if end < whole else "")

    def text(self, text: str) -> str:
        """Free text, such as an error's: without known secrets, and without what looks like one of
        somebody else."""
        return _SHAPES.sub(MASK, self.known(text))


def _cut_at(text: str, form: str, end: int) -> int:
    """Where a form begins that stands on both sides of a place in a text; -1: it does not."""
    return text.find(form, max(0, end - len(form) + 1), end + len(form) - 1)


def is_too_short(value: str) -> bool:
    """Whether a secret, or a password within it, is not looked for."""
    found = (hit[1] for pattern in _PASSWORDS for hit in pattern.finditer(value))
    return any(len(part) < MIN_LENGTH for part in (value, *found))


def _forms(value: str) -> Iterator[str]:
    """Each form of a secret, and of the secrets within it, in which it may come back."""
    for part in _parts(value):
        if len(part) >= MIN_LENGTH:
            yield from (form for form in _encoded(part) if len(form) >= MIN_LENGTH)


def _parts(value: str) -> Iterator[str]:
    yield value
    if len(lines := value.splitlines()) > 1:
        yield " ".join(value.split())
        # the lines that begin and end a key are the same in all keys
        yield from (x.strip() for x in lines if len(x) >= MIN_LINE and not x.startswith("-----"))
    for pattern in _PASSWORDS:
        for found in pattern.finditer(value):
            yield found[1]
            yield re.sub(r"\\(.)", r"\1", found[1])
            yield unquote(found[1])
    for found in _PATH.finditer(value):
        yield from (part for part in found.groups() if len(part) >= MIN_PATH)
        yield from _KEY.findall(found[1])


def _encoded(text: str) -> Iterator[str]:
    raw = text.encode("utf-8", "surrogatepass")
    yield text
    yield text.upper()
    yield text.lower()
    for plain in (False, True):
        once = json.dumps(text, ensure_ascii=plain)[1:-1]
        yield once
        yield json.dumps(once, ensure_ascii=plain)[1:-1]
        yield once.replace("/", "\\/")
    yield repr(text)[1:-1]
    yield html.escape(text)
    for form in (quote(raw), quote(raw, safe=""), quote_plus(raw), quote(quote(raw, safe=""))):
        yield form
        yield re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), form)
    yield raw.hex()
    yield raw.hex().upper()
    yield from _base64(raw)


def _base64(raw: bytes) -> Iterator[str]:
    """The characters that a text has in Base64 wherever it stands, as behind a user's name: the
    three ways in which it can fall on the groups of three bytes."""
    for before in range(3):
        data = b"\0" * before + raw
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(data).decode().rstrip("=")
            core = whole[(0, 2, 3)[before] : len(whole) - (len(data) % 3 != 0)]
            if len(core) >= MIN_ENCODED:
                yield core
                yield quote(core, safe="")


SECRETS: Final = Scrubber()
"""The one of this process: whoever fetches a secret adds it."""
