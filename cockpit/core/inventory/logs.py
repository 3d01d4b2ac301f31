"""Topics and consumer groups of both clusters as items.

Rates are what two looks differ by; what only one look could read has none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from cockpit.core.facts import Facts
from cockpit.core.inventory.decide import Decisions, some
from cockpit.core.inventory.items import TOPIC_CONFIGS, Item, Value
from cockpit.core.lag import group_lag
from cockpit.core.observe import MISSING, ConfigSample, GroupState, LogSample, Unknown
from cockpit.core.plan import SIDES, Plan, Side
from cockpit.core.survey import GroupMembers, MembersSurvey, StorageSurvey, TopicFacts, TopicsSurvey

NOT_READ = Unknown("not read")

# --- topics ---------------------------------------------------------------------------------------


def topics(plan: Plan, facts: Facts, decisions: Decisions) -> Iterator[Item]:
    """Every topic that either side's metadata has."""
    found = {side: facts.survey(TopicsSurvey, f"{side}.topics") for side in SIDES}
    names = {name for survey in found.values() if survey is not None for name in survey.topics}
    readers, sizes = _readers(facts), {side: _sizes(facts, side) for side in SIDES}
    for name in sorted(names | set(plan.topics())):
        here, there = (_topic_of(found[side], name) for side in SIDES)
        source, target = _is_there(here), _is_there(there)
        internal = any(isinstance(one, TopicFacts) and one.internal for one in (here, there))
        verdict = decisions.topic(name, source=source, internal=internal)
        side: Side = "target" if source is False else "source"
        shown = there if side == "target" else here
        values: dict[str, Value] = {
            "partitions": _count(shown, "partitions"),
            "target_partitions": _count(there, "partitions"),
            "replicas": _count(shown, "replicas"),
            "target_replicas": _count(there, "replicas"),
            **_configs(facts.configs.get(side), name),
            "bytes": _bytes(sizes[side], name),
            "offsets": _held(facts, side, name),
            "records_per_s": _rate(facts, side, name),
            "produced_by": _services(plan, name, writes=True),
            "consumed_by": _services(plan, name, writes=False),
            "owner": _owners(plan, name),
            "read_by_groups": ", ".join(readers.get(name, ())) or None,
        }
        if internal:
            values |= dict.fromkeys(("offsets", "records_per_s", *TOPIC_CONFIGS))
        why = verdict.why
        if source is False and verdict.word == "in the plan":
            why = f"{why}; the source has no such topic"
        yield Item("topic", name, source, target, verdict.word, why, values)


def _topic_of(survey: TopicsSurvey | None, name: str) -> TopicFacts | Unknown | None:
    return NOT_READ if survey is None else survey.topics.get(name)


def _is_there(found: object) -> bool | None:
    return None if isinstance(found, Unknown) else found is not None


def _count(topic: TopicFacts | Unknown | None, what: str) -> Value:
    if topic is None or isinstance(topic, Unknown):
        return topic
    return topic.partitions if what == "partitions" else topic.replicas


def _configs(sample: ConfigSample | None, name: str) -> Mapping[str, Value]:
    why = None if sample is None else sample.unknown.get(name) or sample.configs_unknown.get(name)
    if sample is None or why is not None:
        return dict.fromkeys(TOPIC_CONFIGS, NOT_READ if why is None else Unknown(why))
    if name not in sample.topics:
        return dict.fromkeys(TOPIC_CONFIGS, NOT_READ)
    return {key: sample.topics[name].get(key) for key in TOPIC_CONFIGS}


def _sizes(facts: Facts, side: Side) -> Mapping[str, int] | Unknown:
    """Bytes of each topic, of one copy of each partition."""
    survey = facts.survey(StorageSurvey, f"{side}.storage")
    if survey is None:
        return NOT_READ
    if survey.unknown:
        return Unknown(f"{some(f'broker {node}' for node in survey.unknown)} did not answer")
    found: dict[str, int] = defaultdict(int)
    for (topic, _), size in survey.sizes.items():
        found[topic] += size
    return found


def _bytes(sizes: Mapping[str, int] | Unknown, name: str) -> Value:
    return sizes if isinstance(sizes, Unknown) else sizes.get(name, NOT_READ)


def _held(facts: Facts, side: Side, name: str) -> Value:
    """Ends less starts of its partitions: as many records as it has at most."""
    sample = facts.newest_logs(side)
    indexes = sample.keys.by_topic.get(name) if sample is not None else None
    if sample is None or indexes is None:
        return NOT_READ
    end, start = sample.end[indexes], sample.start[indexes]
    if (end == MISSING).any() or (start == MISSING).any():
        return _blind(sample, name)
    return int((end - start).sum())


def _blind(sample: LogSample, name: str) -> Unknown:
    whys = [f"{topic}/{p}: {why}" for (topic, p), why in sample.errors.items() if topic == name]
    return Unknown(some(sorted(whys)) or "offsets unknown")


def _rate(facts: Facts, side: Side, name: str) -> Value:
    """Records that were appended a second, from the first look to the last."""
    grown = growth(facts, side, name)
    if isinstance(grown, Unknown):
        return grown
    samples = facts.logs[side]
    return per_second(grown, samples[-1].asked_at_ms - samples[0].asked_at_ms)


def growth(facts: Facts, side: Side, name: str) -> int | Unknown:
    """By how much the ends of a topic grew from the first look to the last."""
    samples = facts.logs.get(side, ())
    if len(samples) < 2:
        return Unknown("looked at once only")
    first, last = samples[0], samples[-1]
    ends: list[int] = []
    for sample in (first, last):
        indexes = sample.keys.by_topic.get(name)
        if indexes is None:
            return NOT_READ
        column = sample.end[indexes]
        if (column == MISSING).any():
            return _blind(sample, name)
        ends.append(int(np.sum(column)))
    if name in last.recreated:
        return Unknown("it was made anew meanwhile")
    return ends[1] - ends[0]


def per_second(count: int, span_ms: int) -> float | Unknown:
    """A count over a time, in tenths."""
    return round(count * 1_000 / span_ms, 1) if span_ms > 0 else Unknown("no time has passed")


def _services(plan: Plan, topic: str, *, writes: bool) -> str | None:
    names = [s.name for s in plan.services if topic in (s.produces if writes else s.consumes)]
    return ", ".join(names) or None


def _owners(plan: Plan, topic: str) -> str | None:
    """Who owns the services that write it; where none does, those that read it."""
    writers = [s.owner for s in plan.services if topic in s.produces and s.owner]
    readers = [s.owner for s in plan.services if topic in s.consumes and s.owner]
    return ", ".join(dict.fromkeys(writers or readers)) or None


def _readers(facts: Facts) -> Mapping[str, tuple[str, ...]]:
    """By topic the groups of the source that have commits on it, or members that are assigned it,
    sorted."""
    found: dict[str, set[str]] = defaultdict(set)
    sample, survey = facts.newest_groups("source"), facts.survey(MembersSurvey, "source.members")
    for group in sample.groups.values() if sample is not None else ():
        for topic, _ in group.keys:
            found[topic].add(group.name)
    for members in survey.groups.values() if survey is not None else ():
        for topic in _assigned(members):
            found[topic].add(members.name)
    return {topic: tuple(sorted(names)) for topic, names in found.items()}


# --- groups ---------------------------------------------------------------------------------------


def groups(facts: Facts, decisions: Decisions) -> Iterator[Item]:
    """Every group that either side lists, and those of the plan."""
    samples = {side: facts.newest_groups(side) for side in SIDES}
    names = {name for sample in samples.values() if sample is not None for name in sample.groups}
    for name in sorted(names | set(decisions.plan.groups())):
        here, there = (
            NOT_READ if sample is None else sample.groups.get(name) for sample in samples.values()
        )
        source, target = _group_is_there(facts, "source", here), _is_there(there)
        read = read_by(facts, "source" if source is not False else "target", name)
        verdict = decisions.group(name, read, source=source)
        shown: Side = "target" if source is False else "source"
        values = _group_values(facts, shown, name, there if source is False else here)
        service = next((s for s in decisions.plan.services if s.group == name), None)
        values["service"] = service.name if service is not None else None
        values["owner"] = (service.owner or None) if service is not None else None
        values["target_state"] = _state(there)
        values["target_committed_partitions"] = _committed(there)
        yield Item("group", name, source, target, verdict.word, verdict.why, values)


def _group_is_there(facts: Facts, side: Side, found: GroupState | Unknown | None) -> bool | None:
    """A cluster that cannot list its groups may have any."""
    sample = facts.newest_groups(side)
    if found is None and sample is not None and sample.unlisted:
        return None
    return _is_there(found)


def _group_values(
    facts: Facts, side: Side, name: str, state: GroupState | Unknown | None
) -> dict[str, Value]:
    members = _members(facts, side, name)
    lag = group_lag(facts, side, name, None) if isinstance(state, GroupState) else None
    return {
        "state": _state(state),
        "members": _member_count(state, members),
        "clients": _clients(members),
        "topics": ", ".join(read_by(facts, side, name)) or None,
        "committed_partitions": _committed(state),
        "lag": lag if lag is None or isinstance(lag, Unknown) else lag.records,
        "commits_per_s": _commit_rate(facts, side, name),
    }


def read_by(facts: Facts, side: Side, group: str) -> tuple[str, ...]:
    """Topics that a group has commits on, or members that are assigned; sorted."""
    sample = facts.newest_groups(side)
    state = sample.groups.get(group) if sample is not None else None
    committed = {topic for topic, _ in state.keys} if state is not None else set()
    members = _members(facts, side, group)
    return tuple(sorted(committed | (_assigned(members) if members is not None else set())))


def _members(facts: Facts, side: Side, group: str) -> GroupMembers | None:
    survey = facts.survey(MembersSurvey, f"{side}.members")
    return survey.groups.get(group) if survey is not None else None


def _assigned(group: GroupMembers) -> set[str]:
    return {topic for member in group.members for topic, _ in member.assigned}


def _state(state: GroupState | Unknown | None) -> Value:
    if state is None or isinstance(state, Unknown):
        return state
    why = state.unknown or state.members_unknown
    return state.state if why is None else Unknown(why)


def _member_count(state: GroupState | Unknown | None, members: GroupMembers | None) -> Value:
    if members is not None and members.unknown is None:
        return len(members.members)
    if state is None or isinstance(state, Unknown):
        return state
    why = state.unknown or state.members_unknown
    return state.members if why is None else Unknown(why)


def _clients(group: GroupMembers | None) -> Value:
    if group is None:
        return NOT_READ
    if group.unknown is not None:
        return Unknown(group.unknown)
    found = {f"{m.client_id}@{m.host.lstrip('/')}" for m in group.members}
    return ", ".join(sorted(found)) or None


def _committed(state: GroupState | Unknown | None) -> Value:
    if state is None or isinstance(state, Unknown):
        return state
    return len(state.keys) if state.unknown is None else Unknown(state.unknown)


def _commit_rate(facts: Facts, side: Side, group: str) -> Value:
    """What its commits grew by a second, over the partitions that both looks have."""
    samples = [s for s in facts.groups.get(side, ()) if group in s.groups]
    if len(samples) < 2:
        return Unknown("looked at once only")
    first, last = samples[0].groups[group], samples[-1].groups[group]
    for state in (first, last):
        if state.unknown is not None:
            return Unknown(state.unknown)
    before, now = first.committed(), last.committed()
    grown = sum(now[name] - before[name] for name in now.keys() & before.keys())
    return per_second(grown, samples[-1].asked_at_ms - samples[0].asked_at_ms)
