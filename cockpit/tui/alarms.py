"""What deserves attention now, the worst first that nobody has acknowledged, one line each: what
the core raised, and what the snapshot's other parts say. Never remembers and never clears anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import GateView, SideView, Snapshot
from cockpit.core.subjects import DEADLINE, FAILED, HOLDS, MIRROR, SIDE, TRIGGER
from cockpit.tui.format import clock, quantity, unit_word


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong; many partitions with one trouble are one thing."""

    level: Literal["bad", "warn"]
    subject: str
    text: str
    since_ms: int | None = None
    """None: the engine has not raised it, or not yet."""
    seen_by: str = ""
    """Who has acknowledged it."""

    def words(self) -> str:
        """As it is listed."""
        return f"{self.text} [seen by {self.seen_by}]" if self.seen_by else self.text


def standing(snapshot: Snapshot) -> tuple[Alarm, ...]:
    """Every alarm, each subject once. What is drawn elsewhere in numbers is said in these."""
    raised = {alarm.subject: alarm for alarm in snapshot.alarms}
    found: list[Alarm] = []
    for subject, text in _derived(snapshot):
        known = raised.get(subject)
        since, by = (known.since_ms, known.seen_by) if known else (None, "")
        found.append(Alarm("bad", subject, text, since, by))
    named = {alarm.subject for alarm in found}
    others = [
        Alarm(one.level, one.subject, one.text, one.since_ms, one.seen_by)
        for one in snapshot.alarms
        if one.subject not in named
        and one.subject != MIRROR
        and not one.subject.startswith(HOLDS)  # it holds no longer: the engine's is a second old
    ]
    found.extend(alarm for alarm in others if alarm.level == "bad")
    if snapshot.mirror not in {"running", ""}:
        known = raised.get(MIRROR)
        since, by = (known.since_ms, known.seen_by) if known else (None, "")
        found.append(Alarm("warn", MIRROR, f"mirror {snapshot.mirror}", since, by))
    found.extend(alarm for alarm in others if alarm.level == "warn")
    return tuple(sorted(found, key=lambda alarm: bool(alarm.seen_by)))


def alarms(snapshot: Snapshot) -> tuple[str, ...]:
    """The same, a line each."""
    return tuple(alarm.words() for alarm in standing(snapshot))


def unseen(snapshot: Snapshot) -> tuple[Alarm, ...]:
    """Those that nobody has acknowledged."""
    return tuple(alarm for alarm in standing(snapshot) if not alarm.seen_by)


def _derived(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    status = snapshot.status
    deadline, blocked = status.deadline_ms, status.blocked_since_ms
    if deadline is not None and blocked is not None and snapshot.at_ms >= deadline:
        yield DEADLINE, f"the fence's deadline passed {clock(snapshot.at_ms - deadline)} ago"
    for wave in snapshot.waves:
        if wave.word == "failed":
            why = wave.detail or "going back did not succeed"
            yield f"{FAILED}{wave.name}", f"wave {wave.name} failed: {why}"
        if wave.word == "holding":
            yield (
                f"{HOLDS}{wave.name}",
                f"wave {wave.name} holds{_ways_on(snapshot)}: {wave.detail}",
            )
    for trigger in snapshot.triggers:
        if trigger.verdict == "FAIL":
            yield f"{TRIGGER}{trigger.name}", _fired(trigger)
    for side in (snapshot.source, snapshot.target):
        if _is_down(side):
            yield f"{SIDE}{side.side}", f"{side.side} {side.health}: {side.reason}"


def _ways_on(snapshot: Snapshot) -> str:
    """What the person can do who decides, by the keys that are open."""
    verbs = {"advance": "A tries again", "rollback": "R goes back"}
    told = [text for verb, text in verbs.items() if snapshot.action(verb).enabled]
    return f" ({', '.join(told)})" if told else ""


def _is_down(side: SideView) -> bool:
    return side.health not in {"connected", "connecting"}


def _fired(trigger: GateView) -> str:
    limit = quantity(trigger.limit, trigger.unit)
    value = (
        "unknown" if isinstance(trigger.value, Unknown) else quantity(trigger.value, trigger.unit)
    )
    unit = unit_word(trigger.unit)
    return f"trigger {trigger.name} fired: {value} over {limit} {unit}".rstrip()
