"""The most that going back would have made read again in the last seconds.

How far a group is past the mirror's newest offset-sync falls to nothing with each sync: the number
of now jumps, and says less than the highest of a few seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import PriceView

Attempt = tuple[str, int]
"""A wave's name, and which attempt at it."""
LATELY_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Rereads:
    """Of one attempt of a wave; oldest first, each lower than the one before."""

    attempt: Attempt = ("", 0)
    seen: tuple[tuple[int, int], ...] = ()
    """(when, how many)."""


def seen(before: Rereads, attempt: Attempt, price: PriceView, now_ms: int) -> Rereads:
    """With what the price is now; unknown adds nothing."""
    kept = before.seen if before.attempt == attempt else ()
    kept = tuple(one for one in kept if now_ms - one[0] <= LATELY_MS)
    if not isinstance(price.reread, Unknown):
        higher = tuple(one for one in kept if one[1] > price.reread)
        kept = (*higher, (now_ms, price.reread))
    return Rereads(attempt, kept)


def lately(known: Rereads, attempt: Attempt, price: PriceView, now_ms: int) -> int | None:
    """The highest; None where it is not known now."""
    if isinstance(price.reread, Unknown):
        return None
    kept = known.seen if known.attempt == attempt else ()
    return max(price.reread, *(n for at_ms, n in kept if now_ms - at_ms <= LATELY_MS), 0)
