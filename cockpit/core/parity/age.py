"""What was compared long ago, or of a feed that fails now, is unknown: no answer is no equality.

Never works out a difference, and never forgets what was seen last: the reason tells it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cockpit.core.facts import Facts
from cockpit.core.freshness import asked_at_ms, why_blind
from cockpit.core.parity.found import Found
from cockpit.core.snapshot import CheckView

Standing = frozenset[tuple[str, int | None, str | None]]
"""Feeds with the time of their newest answer, and why that says nothing any more."""


def standing(found: Sequence[Found], feeds: Sequence[str], facts: Facts, now_ms: int) -> Standing:
    """How the feeds stand that these findings, or `feeds` where they name none, stand on."""
    names = {*feeds, *(feed for item in found for feed in item.feeds)}
    return frozenset((n, asked_at_ms(facts, n), why_blind(facts, n, now_ms)) for n in names)


def aged(found: Sequence[Found], feeds: Sequence[str], stands: Standing) -> tuple[CheckView, ...]:
    """Every finding with its time; unknown where one of its feeds says nothing about now."""
    times = {feed: at_ms for feed, at_ms, _ in stands}
    blind = {feed: why for feed, _, why in stands if why is not None}
    checks: list[CheckView] = []
    for item in found:
        mine = item.feeds or tuple(feeds)
        known = [at_ms for feed in mine if (at_ms := times[feed]) is not None]
        check = item.check
        if check.at_ms is None:
            check = replace(check, at_ms=min(known, default=None))
        why = next((blind[feed] for feed in mine if feed in blind), None)
        checks.append(check if why is None else unknown(check, why))
    return tuple(checks)


def unknown(check: CheckView, why: str) -> CheckView:
    """A check that says nothing any more; what was open stays before the rest."""
    if check.word == "unknown":
        return replace(check, why=f"{why}; {check.why}" if check.why else why)
    was = f"{check.word}, {check.source} | {check.target}"
    text = f"{why}; seen last: {was}" + (f", {check.why}" if check.why else "")
    rank = check.rank if check.word == "open" else 2
    return replace(check, word="unknown", source="?", target="?", why=text, rank=rank)
