"""Errors by class and by the minute: refused logins, missing rights, schemas, the network, time.

Counts what feeds, connector tasks and signals report; never what applications see. Bounded: a place
and a class keep a quarter of an hour of counts and the newest text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, get_args

from cockpit.core.observe import Failure, FailureKind
from cockpit.core.snapshot import ErrorClass, ErrorRateView

MINUTES: Final = 15
MINUTE_MS: Final = 60_000
Where = Literal["source", "target", "replication", "registry", "signals"]

_WORDS: Final[tuple[tuple[ErrorClass, str], ...]] = (
    (
        "authorisation",
        r"authori[sz]ation|not authori[sz]ed|unauthori[sz]ed to|access denied|forbidden"
        r"|\b403\b|\bmissing right|AUTHORIZATION_FAILED",
    ),
    (
        "authentication",
        r"authentication|\bsasl|credential|\blogin|password|unauthori[sz]ed|\b401\b|token"
        r"|certificate|\btls\b|\bssl\b|handshake",
    ),
    (
        "schema",
        r"schema|deseriali[sz]|seriali[sz]ation|\bavro\b|protobuf|data ?exception"
        r"|magic byte|registry",
    ),
    ("timeout", r"time[sd]? ?-?out|no answer in|deadline|too slow"),
    (
        "network",
        r"connect|unreachable|refused|reset|broken pipe|no route|resolve|disconnect|network"
        r"|eof|closed",
    ),
)
_PATTERNS: Final = tuple((kind, re.compile(words, re.IGNORECASE)) for kind, words in _WORDS)
_BY_KIND: Final[Mapping[FailureKind, ErrorClass]] = {
    "slow": "timeout",
    "unreachable": "network",
    "refused": "authentication",
    "protocol": "other",
    "unsupported": "other",
}


def classify(text: str, kind: FailureKind | None = None) -> ErrorClass:
    """The class of an error by its words; `kind` decides where they say nothing, and a connection
    that failed is the network's whatever else its text has in it."""
    if kind in ("slow", "unreachable"):
        return _BY_KIND[kind]
    for word, pattern in _PATTERNS:
        if kind == "refused" and word not in ("authorisation", "authentication"):
            continue
        if pattern.search(text):
            return word
    return _BY_KIND[kind] if kind is not None else "other"


def is_refusal(text: str) -> bool:
    """Whether an error's words say that a login or a right was refused."""
    return classify(text) in ("authentication", "authorisation")


def place_of(feed: str) -> Where:
    """Where a feed's errors belong."""
    side, _, what = feed.partition(".")
    if what == "registry":
        return "registry"
    if side == "signal":
        return "signals"
    if side == "source":
        return "source"
    return "target" if side == "target" else "replication"


@dataclass(frozen=True, slots=True)
class Tally:
    """Errors of one place and class: (minute, count) pairs, oldest first."""

    minutes: tuple[tuple[int, int], ...]
    newest: str
    at_ms: int


Errors = Mapping[tuple[Where, ErrorClass], Tally]


@dataclass(frozen=True, slots=True)
class ErrorLog:
    """Every tally."""

    tallies: Errors = field(default_factory=dict)

    def add(
        self, at_ms: int, where: Where, kind: ErrorClass, text: str, number: int = 1
    ) -> ErrorLog:
        """With one more error, or so many alike."""
        minute = at_ms // MINUTE_MS
        old = self.tallies.get((where, kind))
        minutes = [m for m in (old.minutes if old else ()) if m[0] > minute - MINUTES]
        if minutes and minutes[-1][0] >= minute:
            minutes[-1] = (minutes[-1][0], minutes[-1][1] + number)
        else:
            minutes.append((minute, number))
        tally = Tally(tuple(minutes), text, at_ms)
        return replace(self, tallies={**self.tallies, (where, kind): tally})

    def parts(self, at_ms: int, feed: str, whys: Mapping[str, str]) -> ErrorLog:
        """With the errors of parts of a good answer, by their names: each one counts."""
        by_kind: dict[ErrorClass, list[str]] = {}
        for name, why in whys.items():
            by_kind.setdefault(classify(why), []).append(name)
        log = self
        for kind, names in by_kind.items():
            more = f" (+{len(names) - 1} more)" if len(names) > 1 else ""
            text = f"{feed}: {names[0]}: {whys[names[0]]}{more}"
            log = log.add(at_ms, place_of(feed), kind, text, len(names))
        return log

    def failed(self, failure: Failure) -> ErrorLog:
        """With the failure of a feed; what a version cannot answer is no error."""
        if failure.kind == "unsupported":
            return self
        kind = classify(failure.reason, failure.kind)
        text = f"{failure.feed}: {failure.reason}"
        return self.add(failure.answered_at_ms, place_of(failure.feed), kind, text)


def error_rates(log: ErrorLog, now_ms: int) -> tuple[ErrorRateView, ...]:
    """What went wrong in the last quarter of an hour, the most frequent first."""
    minute = now_ms // MINUTE_MS
    views: list[ErrorRateView] = []
    for (where, kind), tally in log.tallies.items():
        counts = dict(tally.minutes)
        per_minute = tuple(counts.get(m, 0) for m in range(minute - MINUTES + 1, minute + 1))
        if any(per_minute):
            views.append(ErrorRateView(where, kind, per_minute, tally.newest, tally.at_ms))
    order = get_args(ErrorClass)
    return tuple(
        sorted(views, key=lambda v: (-sum(v.per_minute[-2:]), order.index(v.kind), v.where))
    )
