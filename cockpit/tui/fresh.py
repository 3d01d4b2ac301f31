"""Whether a value may be drawn as a number: unknown and stale ones may not.

Ages are counted from the snapshot's own time; what a feed told last is stale as soon as that feed
fails. Never turns a missing value into zero, and never shows a stale digit outside brackets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import MISSING, Unknown
from cockpit.core.snapshot import Snapshot
from cockpit.tui.format import brief, count, quantity
from cockpit.tui.text import Chunk, Token

STALE_MS: Final = 5_000
"""Oldest age at which offsets, groups and mirror positions are still drawn as numbers."""


def is_stale(at_ms: int | None, now_ms: int, limit_ms: int = STALE_MS) -> bool:
    """Whether a sample of `at_ms` is too old to be believed; one that never came is."""
    return at_ms is None or now_ms - at_ms > limit_ms


@dataclass(frozen=True, slots=True)
class Fresh:
    """What may be believed of one snapshot."""

    now_ms: int = 0
    failed: frozenset[str] = frozenset()
    """Feeds whose newest try was no good answer."""

    @staticmethod
    def of(snapshot: Snapshot) -> Fresh:
        """By the snapshot's time and its feeds."""
        silent = (feed.feed for feed in snapshot.feeds if feed.word != "connected")
        return Fresh(snapshot.at_ms, frozenset(silent))

    def stale(self, at_ms: int | None, *feeds: str) -> bool:
        """Whether values of that time, told by these feeds, are too old or told by nobody now."""
        return is_stale(at_ms, self.now_ms) or self.fails(*feeds)

    def fails(self, *feeds: str) -> bool:
        """Whether one of these feeds is told by nobody now."""
        return not self.failed.isdisjoint(feeds)


def whole(value: int | Unknown, *, stale: bool, style: Token = "text") -> Chunk:
    """A count as a chunk: `1,234`, `?` when unknown, `-- (1,234)` when stale."""
    if isinstance(value, Unknown) or value == MISSING:
        return ("?", "unknown")
    if stale:
        return (f"-- ({count(int(value))})", "stale")
    return (count(int(value)), style)


def measured(
    value: float | Unknown, unit: str, *, stale: bool = False, style: Token = "text"
) -> Chunk:
    """A value with its unit as a chunk, by the same rules as `whole`."""
    if isinstance(value, Unknown) or math.isnan(value):
        return ("--", "unknown")
    if stale:
        return (f"-- ({quantity(value, unit)})", "stale")
    return (quantity(value, unit), style)


LAG_CELLS: Final = 14
"""How wide a column of lags is."""


def lag(value: int, *, stale: bool, limit: float | None = None, width: int | None = None) -> Chunk:
    """A replication lag as a chunk: signed, an ANOMALY when negative, `!` when over `limit`. Where
    `width` would cut off digits, or what is said of them, the number is a short one."""
    if value == MISSING:
        return ("?", "unknown")
    if stale:
        return (_fitting("-- ({})", value, width), "stale")
    if value < 0:
        return (_fitting("{} ANOMALY", value, width), "bad")
    if limit is not None and value > limit:
        return (_fitting("{} !", value, width), "bad")
    return (_fitting("{}", value, width), "text")


def _fitting(form: str, value: int, width: int | None) -> str:
    text = form.format(count(value))
    return text if width is None or len(text) <= width else form.format(brief(value))
