"""What is worked out once each second from all facts: trends, stragglers, alarms.

Kept in the flight's state, for it needs to remember since when. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cockpit.core.alarms import Ack, Trouble, raised, remaining, troubles, uncommitted
from cockpit.core.facts import Facts
from cockpit.core.lag import replication_lag
from cockpit.core.left import Left
from cockpit.core.past import extend_past
from cockpit.core.pastview import PastView
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
    acks: Mapping[str, Ack] = field(default_factory=dict)
    """By subject, of alarms that stand."""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """How much of each alarm there is."""
    past: PastView = field(default_factory=PastView)


def renew(
    watch: Watch,
    moved: Moved,
    facts: Facts,
    now_ms: int,
    *,
    remains: Left | None = None,
    also: tuple[Trouble, ...] = (),
    topics: tuple[str, ...] = (),
) -> Watch:
    """The watch after another look at the facts, and at what an earlier attempt has left. `also`:
    what somebody else has found. `topics`: whose writes are counted."""
    lag = replication_lag(facts)
    left = stragglers(moved, facts)
    trends = extend_trends(watch.trends, moved.plan, facts, lag)
    found = (
        *troubles(moved, facts, lag, left, now_ms),
        *uncommitted(trends, facts),
        *remaining(remains or Left()),
        *also,
    )
    now = raised(found, watch.seen, watch.acks, now_ms)
    past = extend_past(watch.past, topics, facts, lag, now_ms, plan=moved.plan)
    return Watch(trends, left, now.alarms, now.since, now_ms, now.acks, now.sizes, past)


def acknowledge(watch: Watch, subject: str, since_ms: int | None, by: str) -> Watch | str:
    """The watch with an alarm that somebody has seen, or why it is not. `since_ms`: of the alarm
    that was shown; None: whichever stands."""
    alarm = next((one for one in watch.alarms if one.subject == subject), None)
    if alarm is None:
        return f"there is no alarm about {subject} now"
    if since_ms not in (None, alarm.since_ms):
        return f"the alarm about {subject} is another one than was shown"
    ack = Ack(by, alarm.level, watch.sizes.get(subject, 0), alarm.since_ms)
    alarms = [replace(one, seen_by=by) if one is alarm else one for one in watch.alarms]
    alarms.sort(key=lambda one: (bool(one.seen_by), one.level))
    return replace(watch, alarms=tuple(alarms), acks={**watch.acks, subject: ack})
