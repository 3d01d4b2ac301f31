"""How each feed answers, and since when: apart from what it said.

Pure bookkeeping over samples and failures; never asks anything itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.core.plan import SIDES
from cockpit.core.snapshot import FeedView, HealthWord

HOT: Final = (*(f"{side}.{word}" for side in SIDES for word in ("logs", "groups")), "mirror",
              "syncs")  # fmt: skip
"""Feeds that are read each second."""
HOT_PACE_MS: Final = 1_000
ALWAYS: Final = (
    *HOT,
    *(f"{side}.{word}" for side in SIDES for word in ("acls", "configs", "info")),
)
"""Feeds that every flight has: known to be silent before their first answer."""


def heard(
    before: FeedView | None,
    *,
    feed: str,
    word: HealthWord,
    reason: str,
    asked_at_ms: int,
    answered_at_ms: int,
) -> FeedView:
    """The feed after an answer or a failure."""
    took_ms = max(0, answered_at_ms - asked_at_ms)
    same = before is not None and before.word == word
    good = asked_at_ms if word == "connected" else (before.asked_at_ms if before else None)
    skipped = before.skipped if before else 0
    if feed in HOT:
        skipped += took_ms // HOT_PACE_MS
    since_ms = before.since_ms if before is not None and same else answered_at_ms
    return FeedView(feed, word, since_ms, good, took_ms, reason, skipped)


def feed_views(feeds: Mapping[str, FeedView]) -> tuple[FeedView, ...]:
    """Every feed that is known of, those that do not answer first."""
    names = dict.fromkeys((*ALWAYS, *sorted(feeds)))
    views = [feeds.get(name) or _silent(name) for name in names]
    return tuple(sorted(views, key=lambda view: view.word == "connected"))


def _silent(name: str) -> FeedView:
    return FeedView(name, "connecting", 0, None, None, "no answer yet", 0)
