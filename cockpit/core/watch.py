"""What is worked out once each second from all facts: trends, stragglers, alarms.

Kept in the flight's state, for it needs to remember since when. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cockpit.core.alarms import Trouble, raised, remaining, troubles, uncommitted
from cockpit.core.facts import Facts
from cockpit.core.lag import replication_lag
from cockpit.core.left import Left
from cockpit.core.snapshot import AlarmView, StragglerView
from cockpit.core.stragglers import Moved, stragglers
from cockpit.core.trends import Trends, extend_trends


@dataclass(frozen=True, slots=True)
class Watch:
    """The newest of it."""

    trends: Trends = field(default_factory=Trends)
    stragglers: tuple[StragglerView, ...] = ()
    alarms: tuple[AlarmView, ...] = ()
    seen: Mapping[str, int] = field(default_factory=dict)
    """Since when each trouble has been there, those that are not alarms yet among them."""
    at_ms: int = 0


def renew(
    watch: Watch,
    moved: Moved,
    facts: Facts,
    now_ms: int,
    *,
    remains: Left | None = None,
    also: tuple[Trouble, ...] = (),
) -> Watch:
    """The watch after another look at the facts, and at what an earlier attempt has left. `also`:
    what somebody else has found."""
    lag = replication_lag(facts)
    left = stragglers(moved, facts)
    trends = extend_trends(watch.trends, moved.plan, facts, lag)
    found = (
        *troubles(moved, facts, lag, left, now_ms),
        *uncommitted(trends, facts),
        *remaining(remains or Left()),
        *also,
    )
    alarms, seen = raised(found, watch.seen, now_ms)
    return Watch(trends, left, alarms, seen, now_ms)
