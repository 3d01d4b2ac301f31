"""Whether what a feed told may still be believed: its newest try was good, and is not too old.

Pure bookkeeping over facts and the time that it is now; never guesses why a feed is silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.core.facts import Facts

MAX_AGE_MS: Final[Mapping[str, int]] = {
    "acls": 15_000,
    "brokers": 25_000,
    "checkpoints": 25_000,
    "configs": 60_000,
    "connect": 25_000,
    "marks": 105_000,
    "members": 25_000,
    "mirror": 10_000,
    "producers": 25_000,
    "quotas": 105_000,
    "registry": 105_000,
    "topics": 60_000,
    "users": 105_000,
    "windows": 120_000,
}
"""By the last word of a feed's name: three times its pace, and ten to fifteen seconds for a slow
answer; windows are read many a round."""


def asked_at_ms(facts: Facts, feed: str) -> int | None:
    """When the newest good answer of a feed was asked for; None: there is none."""
    view = facts.feeds.get(feed)
    return view.asked_at_ms if view else None


def why_blind(facts: Facts, feed: str, now_ms: int) -> str | None:
    """Why the newest answer of a feed says nothing about now; None: it does."""
    failure = facts.failures.get(feed)
    if failure is not None:
        return f"{feed}: {failure.reason}"
    asked = asked_at_ms(facts, feed)
    if asked is None:
        return f"{feed}: not read yet"
    limit_ms = MAX_AGE_MS[feed.rpartition(".")[2]]
    if now_ms - asked > limit_ms:
        return f"{feed}: not read for more than {limit_ms // 1000} s"
    return None
