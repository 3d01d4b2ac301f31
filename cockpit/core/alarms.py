"""What somebody must look at, each thing one line: derived from facts, with what it stands on.

Never clears a thing that is still so, and never raises one on raw offsets alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from cockpit.core import ahead
from cockpit.core.agreement import Disagreement, disagreements
from cockpit.core.delta import delta_rows
from cockpit.core.drills import MADE_ANEW
from cockpit.core.facts import Facts
from cockpit.core.freshness import why_blind
from cockpit.core.lag import ReplicationLag, made_anew
from cockpit.core.left import Left
from cockpit.core.observe import MISSING, TopicPartition, Unknown
from cockpit.core.ownsurvey import METRICS, RECORDING, WEBHOOK
from cockpit.core.plan import SIDES, Plan
from cockpit.core.skips import overshoot, proved_skip
from cockpit.core.snapshot import AlarmView, StragglerView
from cockpit.core.stragglers import Moved
from cockpit.core.survey import BrokersSurvey
from cockpit.core.trends import Trends, silent
from cockpit.core.unnamed import left_behind

HOLD_MS: Final = 5_000
"""Readings of different moments may disagree for one sample; not for so long."""
STALE_MS: Final = 10_000
"""Older readings of offsets raise nothing: that a side is silent is said elsewhere."""
SHRUNK_SHOWN_MS: Final = 300_000

Level = Literal["warn", "bad"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A thing that is so now; it becomes an alarm once it has been so for `hold_ms`."""

    level: Level
    subject: str
    text: str
    hold_ms: int = 0
    size: int = 0
    """How much of it there is, such as brokers that do not answer: more is worse."""


@dataclass(frozen=True, slots=True)
class Ack:
    """Somebody has seen an alarm as it was then."""

    by: str
    level: Level
    size: int
    since_ms: int

    def holds(self, trouble: Trouble, since_ms: int) -> bool:
        """Whether the same is so still, without a break, and is no worse."""
        worse = (self.level == "warn" and trouble.level == "bad") or trouble.size > self.size
        return since_ms == self.since_ms and not worse


def troubles(
    moved: Moved,
    facts: Facts,
    lag: ReplicationLag | Unknown,
    stragglers: tuple[StragglerView, ...],
    now_ms: int,
) -> tuple[Trouble, ...]:
    """Everything that is wrong by the facts, worst first."""
    plan = moved.plan
    written = frozenset(moved.produced())
    found: list[Trouble] = []
    disagree: tuple[Disagreement, ...] = ()
    if not isinstance(lag, Unknown) and now_ms - lag.at_ms <= STALE_MS:
        every = disagreements(facts, lag)
        # what is no topic of the plan somebody else may have moved, and nobody here knows
        strange = {topic for one in every for topic, _ in one.names} - set(plan.topics())
        others = written | strange
        disagree = tuple(left for one in every if (left := one.without(others)) is not None)
        found.extend(_negative(lag))
    found.extend(_disagreement(disagree))
    found.extend(_ahead(plan, facts, disagree, written, now_ms))
    found.extend(_made_anew(facts, now_ms))
    found.extend(_images(moved, facts))
    found.extend(_stragglers(stragglers))
    found.extend(_unnamed(moved, facts))
    found.extend(_brokers(facts, now_ms))
    found.extend(_recording(facts))
    found.extend(_untold(facts))
    return tuple(sorted(found, key=lambda trouble: trouble.level))


@dataclass(frozen=True, slots=True)
class Raised:
    """The alarms of now, and what must be remembered for the next look."""

    alarms: tuple[AlarmView, ...]
    """Those that nobody has acknowledged first, then the worst first."""
    since: Mapping[str, int]
    """Since when each trouble has been there without a break."""
    acks: Mapping[str, Ack]
    """By subject, as far as they hold."""
    sizes: Mapping[str, int]
    """Of each alarm, as it is now."""


def raised(
    found: Iterable[Trouble], seen: Mapping[str, int], acks: Mapping[str, Ack], now_ms: int
) -> Raised:
    """What has been so for long enough. One subject is one alarm: the first, worst one of it."""
    since: dict[str, int] = {}
    sizes: dict[str, int] = {}
    alarms: list[AlarmView] = []
    held: dict[str, Ack] = {}
    for trouble in found:
        subject = trouble.subject
        if subject in since:
            continue
        begun = since[subject] = seen.get(subject, now_ms)
        if now_ms - begun < trouble.hold_ms:
            continue
        ack = acks.get(subject)
        if ack is not None and ack.holds(trouble, begun):
            held[subject] = ack
        by = held[subject].by if subject in held else ""
        sizes[subject] = trouble.size
        alarms.append(AlarmView(trouble.level, subject, trouble.text, begun, by))
    alarms.sort(key=lambda alarm: (bool(alarm.seen_by), alarm.level))
    return Raised(tuple(alarms), since, held, sizes)


def uncommitted(trends: Trends, facts: Facts) -> tuple[Trouble, ...]:
    """Groups that read, or seem to, and do not commit: a restart would read all of it again."""
    found = silent(trends, facts)
    if not found:
        return ()
    group, text = next(iter(sorted(found.items())))
    more = f" (+{len(found) - 1} more)" if len(found) > 1 else ""
    return (Trouble("warn", "groups without commits", f"group {group}: {text}{more}"),)


def remaining(left: Left) -> tuple[Trouble, ...]:
    """What an earlier attempt has left standing: bad where it keeps a wave from beginning."""
    return tuple(
        Trouble(
            "bad" if one.harms else "warn",
            f"left over: {one.subject}",
            f"{one.text}; {one.advice()}",
        )
        for one in left.found
    )


def _where(names: tuple[TopicPartition, ...]) -> str:
    topic, partition = names[0]
    if len(names) == 1:
        return f"{topic}/{partition}"
    return f"{len(names)} partitions, worst {topic}/{partition}"


def _negative(lag: ReplicationLag) -> list[Trouble]:
    below = (lag.lag < 0) & (lag.lag != MISSING)
    if not below.any():
        return []
    order = np.argsort(np.where(below, lag.lag, 0), kind="stable")[: int(below.sum())]
    names = tuple(lag.logs.keys.names[i] for i in order.tolist())
    by = -int(lag.lag[order[0]])
    text = (
        f"the mirror is {by:,} past the source's end on {_where(names)}: the log was cut or made "
        "anew, or it is another cluster"
    )
    return [Trouble("bad", "negative lag", text, size=len(names))]


_SAYS: Final = {
    "missing": "the mirror's position claims {by:,} records that the target's log does not have",
    "standing": "the mirror's position is {by:,} behind what the logs have, for longer than a "
    "minute: it is not published, or somebody else writes",
}


def _disagreement(found: Iterable[Disagreement]) -> list[Trouble]:
    troubles: list[Trouble] = []
    for one in found:
        if one.kind in _SAYS:
            text = f"{_SAYS[one.kind].format(by=one.by_records[0])}: {_where(one.names)}"
            level: Level = "bad" if one.kind == "missing" else "warn"
            troubles.append(
                Trouble(
                    level,
                    f"lag readings disagree: {one.kind}",
                    text,
                    HOLD_MS,
                    len(one.names),
                )
            )
    return troubles


def _ahead(
    plan: Plan,
    facts: Facts,
    disagree: tuple[Disagreement, ...],
    written: frozenset[str],
    now_ms: int,
) -> list[Trouble]:
    found: list[Trouble] = []
    names, by = ahead.baseline(disagree)
    if names:
        text = (
            f"target AHEAD by {by:,} since the last offset-sync on {_where(names)}: a foreign "
            "writer, or the mirror repeated itself"
        )
        found.append(Trouble("bad", "target ahead: baseline", text, HOLD_MS, len(names)))
    evidence: tuple[tuple[str, dict[TopicPartition, str], Level], ...] = (
        ("content", ahead.surplus(plan, facts, written, now_ms), "warn"),
        ("writers", ahead.foreign_writers(plan, facts, written), "bad"),
    )
    for word, where, level in evidence:
        if where:
            first = next(iter(where))
            text = f"target AHEAD by its {word} on {_where(tuple(where))}: {where[first]}"
            found.append(Trouble(level, f"target ahead: {word}", text, size=len(where)))
    return found


def _made_anew(facts: Facts, now_ms: int) -> list[Trouble]:
    found = [Trouble("bad", f"{MADE_ANEW} {t}", why) for t, why in sorted(made_anew(facts).items())]
    for side in SIDES:
        history = facts.history.get(side)
        cut = [s for s in (history.shrunk if history else ()) if now_ms - s.at_ms < SHRUNK_SHOWN_MS]
        if cut:
            worst = max(cut, key=lambda s: s.by_records)
            text = (
                f"{side}: the end of {_where(tuple(s.name for s in cut))} went back by "
                f"{worst.by_records:,}: cut, made anew, or another cluster"
            )
            found.append(Trouble("bad", f"{side} end went back", text))
    return found


def _images(moved: Moved, facts: Facts) -> list[Trouble]:
    if "images" not in facts.surveys:
        return []
    rows = [
        row
        for service in moved.plan.services
        if service.name not in moved.since_ms and service.name not in moved.returning
        for row in delta_rows(facts, service)
    ]
    found: list[Trouble] = []
    over = [(row, n) for row in rows if (n := overshoot(row)) > 0]
    if over:
        row, by = max(over, key=lambda pair: pair[1])
        text = (
            f"MirrorMaker's translation would skip {by:,} in {row.group} "
            f"{row.topic}/{row.partition} ({len(over)} partitions): it lies past the exact image"
        )
        found.append(Trouble("bad", "translation past the image", text))
    skips = [(row, n) for row in rows if (n := proved_skip(row)) > 0]
    if skips:
        row, by = max(skips, key=lambda pair: pair[1])
        text = (
            f"{row.group} would skip {by:,} records of {row.topic}/{row.partition} by its commit "
            f"on the target ({len(skips)} partitions)"
        )
        found.append(Trouble("bad", "target commit past the image", text))
    return found


def _stragglers(found: tuple[StragglerView, ...]) -> list[Trouble]:
    blind = [s for s in found if s.kind == "unknown" and isinstance(s.rate_milli, Unknown)]
    readers = [s for s in found if s.kind == "reader"]
    writers = [s for s in found if s not in blind and s not in readers]
    troubles: list[Trouble] = []
    if writers:
        more = f" (+{len(writers) - 1} more)" if len(writers) > 1 else ""
        text = f"still writes on the source: {writers[0].name} {writers[0].where}{more}"
        troubles.append(Trouble("bad", "writers left on the source", text, size=len(writers)))
    if readers:
        more = f" (+{len(readers) - 1} more)" if len(readers) > 1 else ""
        who = f" {readers[0].who}" if readers[0].who else ""
        text = f"still reads on the source: group {readers[0].name}{who}{more}"
        troubles.append(Trouble("warn", "readers left on the source", text, size=len(readers)))
    if blind:
        more = f" (+{len(blind) - 1} more)" if len(blind) > 1 else ""
        text = f"whether {blind[0].name} still reads on the source is not known: {blind[0].who}"
        troubles.append(Trouble("warn", "readers not known", text + more))
    return troubles


def _unnamed(moved: Moved, facts: Facts) -> Iterator[Trouble]:
    """Groups that have places on topics which nobody of the plan would move with them."""
    there = {service.group for service in moved.services()}
    left = [one for one in left_behind(moved.plan, facts) if one[0] not in there]
    if left:
        group, topics = left[0]
        more = f" (+{len(left) - 1} more)" if len(left) > 1 else ""
        named = f"{topics[0]} and {len(topics) - 1} more" if len(topics) > 1 else topics[0]
        text = f"group {group} has commits of {named}, which its service does not name{more}"
        yield Trouble("warn", "topics that are not named", text)


def _recording(facts: Facts) -> Iterator[Trouble]:
    failure = facts.failures.get(RECORDING)
    if failure is not None:
        yield Trouble("bad", RECORDING, f"nothing is recorded: {failure.reason}")


def _untold(facts: Facts) -> Iterator[Trouble]:
    """Who is not told outside of the screens."""
    for feed, what in (
        (WEBHOOK, "the webhook takes no notices"),
        (METRICS, "metrics are not handed out"),
    ):
        if (failure := facts.failures.get(feed)) is not None:
            yield Trouble("warn", feed, f"{what}: {failure.reason}")


def _brokers(facts: Facts, now_ms: int) -> list[Trouble]:
    """Brokers that do not answer, and sides of which nobody can tell; what was seen last stays,
    and is called so."""
    found: list[Trouble] = []
    for side in SIDES:
        survey = facts.survey(BrokersSurvey, f"{side}.brokers")
        failure = facts.failures.get(f"{side}.brokers")
        down = [b for b in (survey.brokers if survey else ()) if b.word != "connected"]
        blind = why_blind(facts, f"{side}.brokers", now_ms) if survey or failure else None
        text = ""
        if survey is not None and down:
            text = (
                f"{len(down)} of {len(survey.brokers)} brokers on {side} do not answer: "
                f"{down[0].address} {down[0].word} {down[0].reason}".rstrip()
            )
        if blind is not None and not (failure and failure.kind == "unsupported"):
            text = f"{blind}; seen last: {text or 'all answered' if survey else 'nothing'}"
        if text:
            found.append(Trouble("warn", f"brokers of {side}", text, size=len(down)))
    return found
