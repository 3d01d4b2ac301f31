"""Who still reads and writes on the source after its service has moved.

Only what changed after the move counts: brokers remember producers for a day, and a group keeps its
commits. Never names a writer that no broker lists: it says that there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.history import EndHistory, grown_between, grown_since
from cockpit.core.observe import MISSING, GroupSample, TopicPartition, Unknown
from cockpit.core.plan import Plan, Service
from cockpit.core.snapshot import StragglerView
from cockpit.core.survey import (
    MembersSurvey,
    ProducersSurvey,
    ProducerState,
    TransactionsSurvey,
)

SEQUENCES: Final = 2**31
"""Sequence numbers begin again at 0 after 2**31 - 1."""
UNLISTED: Final = "a producer without idempotence: not listed by any broker"
NAMES_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Moved:
    """Services that run on the target, and since when."""

    plan: Plan
    since_ms: Mapping[str, int]
    """By service name."""
    returning: frozenset[str] = frozenset()
    """Services that are on their way back: what their groups' commits say changes step by step."""
    promoted_ms: Mapping[str, int] = field(default_factory=dict)
    """Of a link, by topic: since when it is an ordinary topic of the target."""

    def services(self) -> tuple[Service, ...]:
        """Those that have moved, in the plan's order."""
        return tuple(s for s in self.plan.services if s.name in self.since_ms)

    def produced(self) -> dict[str, int]:
        """Topics that are written on the target by now, and since when; 0: since before. Until a
        topic of a link is promoted, all that is written to it goes to the source."""
        if self.plan.replication.kind == "link":
            return dict(self.promoted_ms)
        found: dict[str, int] = dict.fromkeys(self.plan.late_topics(), 0)
        for service in self.services():
            for topic in service.produces:
                since = self.since_ms[service.name]
                found[topic] = max(found.get(topic, 0), since)
        return found


def stragglers(moved: Moved, facts: Facts) -> tuple[StragglerView, ...]:
    """Writers first: they lose records."""
    if not moved.since_ms:
        return ()
    return (*_writers(moved, facts), *_readers(moved, facts))


# --- readers --------------------------------------------------------------------------------------


def _readers(moved: Moved, facts: Facts) -> list[StragglerView]:
    samples = facts.groups.get("source", ())
    if not samples:
        return []
    newest = samples[-1]
    by_group = {s.group: s for s in moved.services() if s.group}
    assigned = _assigned(moved, facts)
    found: list[StragglerView] = []
    for name in dict.fromkeys((*newest.groups, *assigned)):
        service = by_group.get(name)
        if service is not None:
            one = _own_reader(service, moved.since_ms[service.name], samples, facts)
        else:
            one = _other_reader(name, assigned.get(name, {}), moved, samples, facts)
        if one is not None:
            found.append(one)
    return found


def _own_reader(
    service: Service, since_ms: int, samples: tuple[GroupSample, ...], facts: Facts
) -> StragglerView | None:
    """The group of a service that has moved, where it is still at work or nobody can tell."""
    newest = samples[-1]
    group = service.group or ""
    state = newest.groups.get(group)
    if state is None or newest.asked_at_ms <= since_ms:
        return None
    topics = sorted({topic for topic, _ in state.keys} or set(service.consumes))
    if state.unknown is not None:
        why = Unknown("not known")
        return StragglerView("unknown", group, state.unknown, _some(topics), why, service.name,
                             newest.asked_at_ms)  # fmt: skip
    members = state.members > 0 and newest.states_asked_at_ms() > since_ms
    rate = _commit_rate(samples, group, since_ms)
    if not members and not (isinstance(rate, int) and rate > 0):
        return None
    return StragglerView("reader", group, _members(facts, group), _some(topics), rate, service.name,
                         newest.asked_at_ms)  # fmt: skip


def _other_reader(
    group: str,
    assigned: Mapping[str, int],
    moved: Moved,
    samples: tuple[GroupSample, ...],
    facts: Facts,
) -> StragglerView | None:
    """A group of no moved service that reads what is written on the target by now: by its commits,
    or by what its members are `assigned`, seen at that time."""
    gone, newest = moved.produced(), samples[-1]
    state = newest.groups.get(group)
    readable = state is not None and state.unknown is None
    committed = {topic for topic, _ in state.keys} & gone.keys() if state and readable else set()
    if not (committed or assigned) or _waits(moved, group):
        return None
    since_ms = max((gone[topic] for topic in committed), default=0)
    members = bool(assigned)
    rate: int | Unknown = Unknown("it has made no commits there")
    if state is not None and committed:
        members |= state.members > 0 and newest.states_asked_at_ms() > since_ms
        rate = _commit_rate(samples, group, since_ms)
    if not members and not (isinstance(rate, int) and rate > 0):
        return None
    where = _some(sorted(committed | assigned.keys()))
    at_ms = newest.asked_at_ms if committed else min(assigned.values())
    return StragglerView("reader", group, _members(facts, group), where, rate, "", at_ms)


def _assigned(moved: Moved, facts: Facts) -> dict[str, dict[str, int]]:
    """By group the topics that its members are assigned although they are written on the target by
    now, and when that was asked for."""
    survey = facts.survey(MembersSurvey, "source.members")
    if survey is None:
        return {}
    late = {topic for topic, at_ms in moved.produced().items() if survey.asked_at_ms > at_ms}
    found: dict[str, dict[str, int]] = {}
    for name, group in survey.groups.items():
        topics = {topic for member in group.members for topic, _ in member.assigned} & late
        if topics and group.unknown is None:
            found[name] = dict.fromkeys(topics, survey.asked_at_ms)
    return found


def _waits(moved: Moved, group: str) -> bool:
    """Whether the group belongs to a service of the plan that has not moved yet."""
    return any(s.group == group and s.name not in moved.since_ms for s in moved.plan.services)


def _commit_rate(samples: tuple[GroupSample, ...], group: str, since_ms: int) -> int | Unknown:
    """What the group's commits grew by per 1000 s since it should be gone."""
    seen = [s for s in samples if s.asked_at_ms > since_ms and group in s.groups]
    usable = [s for s in seen if s.groups[group].unknown is None]
    if len(usable) < 2:
        return Unknown("not watched for long enough")
    first, last = usable[0], usable[-1]
    before, now = first.groups[group].committed(), last.groups[group].committed()
    grown = sum(max(0, now[name] - before[name]) for name in now.keys() & before.keys())
    return grown * 1_000_000 // (last.asked_at_ms - first.asked_at_ms)


def _members(facts: Facts, group: str) -> str:
    survey = facts.survey(MembersSurvey, "source.members")
    members = survey.groups.get(group) if survey else None
    if members is None or members.unknown is not None:
        return ""
    return _some([f"{m.client_id}@{m.host.lstrip('/')}" for m in members.members])


# --- writers --------------------------------------------------------------------------------------


def _writers(moved: Moved, facts: Facts) -> list[StragglerView]:
    topics = moved.produced()
    if not topics:
        return []
    pair = facts.surveys.get("source.producers", ())
    surveys = [s for s in pair if isinstance(s, ProducersSurvey)]
    history = facts.history.get("source")
    listed: list[StragglerView] = []
    explained: dict[TopicPartition, Explained] = {}
    fresh: set[str] = set()
    since: Mapping[str, int] = topics
    if len(surveys) == 2:
        since = {t: max(at, surveys[0].asked_at_ms) for t, at in topics.items()}
        active = active_producers(surveys[0], surveys[1])
        fresh = {t for t, at in topics.items() if surveys[0].asked_at_ms > at}
        listed = _listed(moved, surveys, active, fresh)
        explained = _explained(facts, active, fresh)
    grown = _grown(history, since)
    quiet = {name: by for name, by in grown.items() if name not in explained}
    if len(surveys) == 2:
        quiet |= _beyond(facts, (surveys[0], surveys[1]), explained)
    errors = surveys[-1].errors if surveys else {}
    blind = dict.fromkeys(set(topics) - fresh, "producers were not read twice since the move")
    blind |= {name[0]: errors[name] for name in quiet if name in errors}
    return [*listed, *_unlisted(moved, quiet, blind, history)]


def active_producers(
    before: ProducersSurvey, now: ProducersSurvey
) -> dict[ProducerState, int | None]:
    """Producers whose epoch or sequence changed from one survey to the next, with the records that
    they wrote; None: cannot be told."""
    old = {(p.topic, p.partition, p.producer_id): p for p in before.producers}
    found: dict[ProducerState, int | None] = {}
    for state in now.producers:
        name = (state.topic, state.partition)
        was = old.get((*name, state.producer_id))
        if was is None:
            if name not in before.errors:
                found[state] = None
        elif was.epoch != state.epoch:
            found[state] = None
        elif was.last_sequence != state.last_sequence:
            found[state] = (state.last_sequence - was.last_sequence) % SEQUENCES
    return found


def _listed(
    moved: Moved,
    surveys: list[ProducersSurvey],
    active: Mapping[ProducerState, int | None],
    fresh: set[str],
) -> list[StragglerView]:
    span_ms = max(1, surveys[1].asked_at_ms - surveys[0].asked_at_ms)
    by_id: dict[int, list[tuple[ProducerState, int | None]]] = {}
    for state, wrote in active.items():
        if state.topic in fresh:
            by_id.setdefault(state.producer_id, []).append((state, wrote))
    found: list[StragglerView] = []
    for producer, states in sorted(by_id.items()):
        known = [wrote for _, wrote in states if wrote is not None]
        rate: int | Unknown = sum(known) * 1_000_000 // span_ms
        if len(known) < len(states):
            rate = Unknown("it has begun anew since the last look")
        found.append(
            StragglerView(
                kind="writer",
                name=f"producer {producer}",
                who="",
                where=_some(sorted(f"{s.topic}/{s.partition}" for s, _ in states)),
                rate_milli=rate,
                service=_owners(moved, {s.topic for s, _ in states}),
                at_ms=surveys[1].asked_at_ms,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Explained:
    """What the listed producers of a partition wrote from one look to the next."""

    records: int | None
    """None: one of them has begun anew, and how much it wrote cannot be told."""
    transactional: bool
    """One of them may have appended transaction markers as well."""


def _explained(
    facts: Facts, active: Mapping[ProducerState, int | None], fresh: set[str]
) -> dict[TopicPartition, Explained]:
    survey = facts.survey(TransactionsSurvey, "source.transactions")
    known = {t.producer_id for t in survey.transactions} if survey else set()
    found: dict[TopicPartition, Explained] = {}
    for state, wrote in active.items():
        if state.topic not in fresh:
            continue
        name = (state.topic, state.partition)
        before = found.get(name, Explained(0, transactional=False))
        total = None if wrote is None or before.records is None else before.records + wrote
        marks = state.transaction_start >= 0 or state.producer_id in known
        found[name] = Explained(total, before.transactional or marks)
    return found


def _grown(history: EndHistory | None, since: Mapping[str, int]) -> dict[TopicPartition, int]:
    """Partitions whose ends grew after their topic should be silent, and records per 1000 s."""
    if history is None:
        return {}
    found: dict[TopicPartition, int] = {}
    for topic, at_ms in since.items():
        column = grown_since(history, at_ms + 1)
        indexes = history.keys.by_topic.get(topic)
        if column is None or indexes is None:
            continue
        span_ms = max(1, history.at_ms[-1] - at_ms)
        for i in indexes.tolist():
            if column[i] != MISSING and column[i] > 0:
                found[history.keys.names[i]] = int(column[i]) * 1_000_000 // span_ms
    return found


def _beyond(
    facts: Facts,
    surveys: tuple[ProducersSurvey, ProducersSurvey],
    explained: Mapping[TopicPartition, Explained],
) -> dict[TopicPartition, int]:
    """Partitions that grew by more than their listed producers wrote, and the rest per 1000 s.

    Growth is counted well within the time from one look to the next, what producers wrote over all
    of it: the rest is somebody else's for sure. A transaction appends a marker beside its records.
    """
    before, now = surveys
    within = grown_between(facts.history.get("source"), before.answered_at_ms, now.asked_at_ms)
    if within is None:
        return {}
    column, span_ms = within
    keys = facts.history["source"].keys
    found: dict[TopicPartition, int] = {}
    for name, by in explained.items():
        index = keys.position.get(name)
        if index is None or by.records is None or column[index] == MISSING:
            continue
        rest = int(column[index]) - by.records * (2 if by.transactional else 1)
        if rest > by.transactional:
            found[name] = rest * 1_000_000 // max(1, span_ms)
    return found


def _unlisted(
    moved: Moved,
    grown: Mapping[TopicPartition, int],
    blind: Mapping[str, str],
    history: EndHistory | None,
) -> list[StragglerView]:
    """Growth (records per 1000 s) that no listed producer explains, a line for each topic; `blind`
    are topics whose producers are not known, and why."""
    found: list[StragglerView] = []
    for topic in sorted({topic for topic, _ in grown}):
        names = sorted(name for name in grown if name[0] == topic)
        assert history is not None
        why = blind.get(topic)
        found.append(
            StragglerView(
                kind="unlisted writer" if why is None else "unknown",
                name="a writer",
                who=UNLISTED if why is None else f"producers not known: {why}",
                where=_some([f"{topic}/{partition}" for _, partition in names]),
                rate_milli=sum(grown[n] for n in names),
                service=_owners(moved, {topic}),
                at_ms=history.at_ms[-1],
            )
        )
    return found


def _owners(moved: Moved, topics: set[str]) -> str:
    """The services that used to write these topics."""
    return ", ".join(s.name for s in moved.services() if topics & set(s.produces))


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more
