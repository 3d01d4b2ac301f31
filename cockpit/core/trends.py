"""How lags move: readings at the moments at which their followers moved, by topic and by group.

Bounded: ever sparser with age, as the history of log ends. Never interprets what it keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.history import kept
from cockpit.core.lag import GroupLag, ReplicationLag, group_lag
from cockpit.core.observe import MISSING, Unknown
from cockpit.core.plan import SIDES, Plan, Side
from cockpit.core.snapshot import TimeLeft
from cockpit.core.timeleft import Point, time_left

ALL_TOPICS: Final = ""
MAX_POINTS: Final = 64
RATE_WINDOW_MS: Final = 30_000
SILENT_MS: Final = 60_000
"""A group with members that has not committed for so long, while records come, is told of."""


@dataclass(frozen=True, slots=True)
class Series:
    """One lag over time. `now` is None while it is not known; `why` then says why."""

    points: tuple[Point, ...] = ()
    now: Point | None = None
    why: str = "not measured yet"
    since_ms: int = 0
    """When the follower was first seen in one piece."""
    width: int = 0
    """How many partitions the sums are over: another number is another sum."""

    def left(self) -> TimeLeft | Unknown:
        """How long the lag takes to be worked off."""
        return Unknown(self.why) if self.now is None else time_left(self.points, self.now)

    def rate_milli(self) -> int | Unknown:
        """What the follower reads per 1000 s, over the last half minute."""
        if self.now is None:
            return Unknown(self.why)
        since = self.now.at_ms - RATE_WINDOW_MS
        older = [p for p in self.points if p.at_ms < self.now.at_ms]
        first = next((p for p in older if p.at_ms >= since), older[-1] if older else None)
        if first is None:
            return Unknown("not watched for long enough")
        read = self.now.follower - first.follower
        return read * 1_000_000 // (self.now.at_ms - first.at_ms)

    def rests_ms(self) -> int | None:
        """For how long the follower has not moved; None: not known."""
        if self.now is None or not self.points:
            return None
        return self.now.at_ms - self.points[-1].at_ms


@dataclass(frozen=True, slots=True)
class Trends:
    """Series of replication by topic (ALL_TOPICS: the plan's together) and of groups by side."""

    topics: Mapping[str, Series] = field(default_factory=dict)
    groups: Mapping[tuple[Side, str], Series] = field(default_factory=dict)


def extend_series(series: Series, point: Point | Unknown, width: int) -> Series:
    """The series with one more reading."""
    if isinstance(point, Unknown):
        return replace(series, now=None, why=point.reason)
    if series.now is not None and point.at_ms <= series.now.at_ms:
        return series
    points = series.points
    anew = width != series.width or (bool(points) and point.follower < points[-1].follower)
    if anew or not points:
        return Series((point,), point, "", point.at_ms, width)
    if point.follower != points[-1].follower:
        points = (*points, point)
        if len(points) > MAX_POINTS:
            keep = kept([p.at_ms for p in points], point.at_ms)[-MAX_POINTS:]
            points = tuple(points[i] for i in keep)
    return Series(points, point, "", series.since_ms, series.width)


def extend_trends(
    trends: Trends, plan: Plan, facts: Facts, lag: ReplicationLag | Unknown
) -> Trends:
    """One reading more of every topic and group of the plan."""
    topics: dict[str, Series] = {}
    for topic, (point, width) in _topics(plan, lag).items():
        topics[topic] = extend_series(trends.topics.get(topic, Series()), point, width)
    groups: dict[tuple[Side, str], Series] = {}
    for service in plan.services:
        if service.group is None:
            continue
        for side in SIDES:
            found = group_lag(facts, side, service.group, service.consumes)
            key: tuple[Side, str] = (side, service.group)
            before = trends.groups.get(key, Series())
            groups[key] = extend_series(before, _group_point(found), _width(found))
    return Trends(topics, groups)


def _group_point(lag: GroupLag | Unknown) -> Point | Unknown:
    return lag if isinstance(lag, Unknown) else Point(lag.at_ms, lag.records, lag.commits)


def _width(lag: GroupLag | Unknown) -> int:
    return 0 if isinstance(lag, Unknown) else lag.committed


def _topics(plan: Plan, lag: ReplicationLag | Unknown) -> dict[str, tuple[Point | Unknown, int]]:
    names = plan.topics()
    if isinstance(lag, Unknown):
        return dict.fromkeys((ALL_TOPICS, *names), (lag, 0))
    found: dict[str, tuple[Point | Unknown, int]] = {}
    total, follower, width = 0, 0, 0
    blind: Unknown | None = None
    at_ms = lag.logs.asked_at_ms
    for topic in names:
        indexes = lag.logs.keys.by_topic.get(topic)
        if indexes is None:
            found[topic] = (Unknown(f"no topic {topic} on the source"), 0)
        else:
            lags, positions = lag.lag[indexes], lag.position[indexes]
            missing = int((lags == MISSING).sum())
            why = lag.blind.get(topic, f"{topic}: {missing} partitions unknown")
            seen = positions[positions != MISSING]
            past = int(((lags < 0) & (lags != MISSING)).sum())
            if past and not missing:
                why = f"{topic}: the mirror is past the source's end on {past} partitions"
            point = Point(at_ms, int(lags.sum()), int(seen.sum()))
            found[topic] = (Unknown(why) if missing or past else point, len(seen))
        one, wide = found[topic]
        if isinstance(one, Unknown):
            blind = blind or one
        else:
            total, follower, width = total + one.lag, follower + one.follower, width + wide
    found[ALL_TOPICS] = (blind or Point(at_ms, total, follower), width)
    return found


def silent(trends: Trends, facts: Facts) -> dict[str, str]:
    """Groups of the plan that have members and more to read than before, and do not commit."""
    found: dict[str, str] = {}
    for (side, group), series in trends.groups.items():
        sample = facts.newest_groups(side)
        state = sample.groups.get(group) if sample else None
        rests = series.rests_ms()
        if state is None or state.unknown is not None or state.members <= 0 or rests is None:
            continue
        grown = series.now is not None and series.now.lag > series.points[-1].lag
        if rests >= SILENT_MS and grown:
            people = f"{state.members} member{'' if state.members == 1 else 's'}"
            found[group] = f"{people} on {side}, no commit for {rests // 1000} s while records come"
    return found
