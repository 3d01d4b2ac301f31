"""How long a lag takes to be worked off: a range, or a word, never a wish.

From readings taken when the follower had just moved (a published position, a commit): between them
a lag is a saw whose teeth say nothing. No number where the lag does not shrink.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor
from typing import Final

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import TimeLeft

WINDOW_MS: Final = 120_000
MIN_POINTS: Final = 4
MIN_SPAN_MS: Final = 5_000
STRETCHES: Final = 3
STANDS_AFTER_MS: Final = 5_000
UNSEEN_MS: Final = 65_000
"""A follower that was never seen to move in so long stands: longer than any usual publication."""


@dataclass(frozen=True, slots=True)
class Point:
    """A lag, and the sum of what its follower has read, at one time."""

    at_ms: int
    lag: int
    follower: int


def time_left(points: Sequence[Point], now: Point) -> TimeLeft | Unknown:
    """`points`: each moment at which the follower had moved, oldest first; `now`: the newest
    reading of all."""
    if now.lag < 0:
        return Unknown("the lag is negative: an anomaly")
    if now.lag == 0:
        return TimeLeft("level")
    if points and _stands(points, now):
        grown = now.lag - points[-1].lag
        return TimeLeft("growing" if grown > 0 else "standing")
    used = _window(points)
    if len(used) < MIN_POINTS or used[-1].at_ms - used[0].at_ms < MIN_SPAN_MS:
        return Unknown("not watched for long enough")
    slopes = [_slope(used[0], used[-1]), *_stretches(used)]
    if min(slopes) > 0:
        return TimeLeft("growing")
    if max(slopes) >= 0:
        return TimeLeft("unsteady" if any(slopes) else "standing")
    fastest, slowest = -min(slopes), -max(slopes)
    return TimeLeft("shrinking", floor(now.lag / fastest), ceil(now.lag / slowest))


def _stands(points: Sequence[Point], now: Point) -> bool:
    """Whether the follower has not moved for longer than it ever rested within the window."""
    used = _window(points)
    rests = [b.at_ms - a.at_ms for a, b in pairwise(used)]
    limit = max(2 * max(rests), STANDS_AFTER_MS) if rests else UNSEEN_MS
    return now.at_ms - used[-1].at_ms > limit


def _window(points: Sequence[Point]) -> Sequence[Point]:
    """The points of the window; where the follower moves seldom, as many as are needed."""
    if not points:
        return ()
    first = bisect_left(points, points[-1].at_ms - WINDOW_MS, key=lambda point: point.at_ms)
    return points[min(first, max(len(points) - MIN_POINTS, 0)) :]


def _slope(first: Point, last: Point) -> float:
    """Records per millisecond."""
    return (last.lag - first.lag) / (last.at_ms - first.at_ms)


def _stretches(points: Sequence[Point]) -> list[float]:
    """Slopes of the window's parts, each at least as long as a third of it."""
    span = points[-1].at_ms - points[0].at_ms
    slopes: list[float] = []
    first = points[0]
    for point in points[1:]:
        if point.at_ms - first.at_ms >= span / STRETCHES:
            slopes.append(_slope(first, point))
            first = point
    return slopes
