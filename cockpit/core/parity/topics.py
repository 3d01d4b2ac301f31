"""Topics of the plan: that they exist, their partitions, replicas and effective configs.

What only one Kafka version knows is noted, never called a difference.
"""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.core.facts import Facts
from cockpit.core.observe import ConfigSample, Unknown
from cockpit.core.parity.found import Found
from cockpit.core.plan import SIDES, Plan
from cockpit.core.snapshot import CheckView
from cockpit.core.survey import TopicsSurvey

PER_CLUSTER_CONFIGS = frozenset(
    {
        "follower.replication.throttled.replicas",
        "leader.replication.throttled.replicas",
        "message.format.version",
        "min.insync.replicas",
        "unclean.leader.election.enable",
    }
)
"""Bound to one cluster's brokers or versions: a difference is noted (MirrorMaker leaves them out as
well), unless it makes the target weaker."""

LISTS = frozenset(
    {
        "cleanup.policy",
        "follower.replication.throttled.replicas",
        "leader.replication.throttled.replicas",
    }
)
"""Lists of which the order says nothing."""

REPLICAS = "replication.factor"
"""What an approval calls the number of copies."""

_SMALLER_REFUSES = {
    "max.message.bytes": "larger records stop the mirror and later the producers",
    "message.timestamp.difference.max.ms": "records with other timestamps are refused",
    "message.timestamp.before.max.ms": "records with older timestamps are refused",
    "message.timestamp.after.max.ms": "records stamped further ahead are refused, and stop the "
    "mirror",
}
"""Configs whose smaller value on the target makes it refuse what the source accepts."""


_LIMITED_BY = {
    "message.timestamp.difference.max.ms": (
        "message.timestamp.before.max.ms",
        "message.timestamp.after.max.ms",
    ),
    "message.timestamp.before.max.ms": ("message.timestamp.difference.max.ms",),
    "message.timestamp.after.max.ms": ("message.timestamp.difference.max.ms",),
}
"""The names under which a version without the first one limits the same."""

UNLIMITED = (1 << 63) - 1
"""The default of the limits on timestamps, and what a version without them does."""


def topics(plan: Plan, facts: Facts) -> list[Found] | Unknown:
    """Existence, partition counts, replicas and configs of every topic of the plan."""
    source, target = facts.configs.get("source"), facts.configs.get("target")
    if source is None or target is None:
        side = "source" if source is None else "target"
        failure = facts.failures.get(f"{side}.configs")
        return Unknown(failure.reason if failure else f"configs of {side} not read yet")
    found: list[Found] = []
    for topic in plan.topics():
        found.extend(_topic(topic, source, target))
    return [*found, *_replicas(plan, facts), *_one_version(source, target)]


def _topic(topic: str, source: ConfigSample, target: ConfigSample) -> list[Found]:
    for sample in (source, target):
        if (reason := sample.unknown.get(topic)) is not None:
            why = f"{sample.side}: {reason}"
            return [Found(CheckView("topic", topic, "unknown", "?", "?", why))]
    left, right = source.partitions.get(topic), target.partitions.get(topic)
    if left is None or right is None:
        absent = "source" if left is None else "target"
        words = ["absent" if c is None else _count(c) for c in (left, right)]
        why = f"no such topic on {absent}"
        return [Found(CheckView("topic", topic, "open", words[0], words[1], why))]
    why = "" if left == right else "keys would change partitions"
    if right > left:
        why = "more than on the source: keys would change partitions"
    word = "open" if why else "equal"
    check = CheckView("topic", topic, word, _count(left), _count(right), why)  # type: ignore[arg-type]  # one of two literals
    configs = _configs(topic, source, target)
    return [Found(check, "partitions", (topic,)), *configs, *_set_elsewhere(topic, source, target)]


def _count(partitions: int) -> str:
    return f"{partitions} partition{'' if partitions == 1 else 's'}"


def _configs(topic: str, source: ConfigSample, target: ConfigSample) -> list[Found]:
    left, right = source.topics.get(topic, {}), target.topics.get(topic, {})
    shared = left.keys() & right.keys()
    if not shared:
        blind = [
            f"{sample.side}: {sample.configs_unknown[topic]}"
            for sample in (source, target)
            if topic in sample.configs_unknown
        ]
        reason = "; ".join(blind) or "no config could be read"
        return [Found(CheckView("config", topic, "unknown", "?", "?", reason))]
    found: list[Found] = []
    differing = 0
    for config in sorted(shared):
        if _alike(config, left[config], right[config]):
            continue
        name = f"{topic} {config}"
        weaker = _weaker(config, left[config], right[config])
        if config in PER_CLUSTER_CONFIGS and weaker is None:
            why = "bound to its cluster, not compared"
            found.append(
                Found(CheckView("config", name, "noted", left[config], right[config], why))
            )
            continue
        differing += 1
        why = weaker or _consequence(config, left[config], right[config])
        check = CheckView("config", name, "open", left[config], right[config], why)
        found.append(Found(check, "config", (topic,), config))
    for config in sorted(_LIMITED_BY.keys() & (right.keys() - left.keys())):
        if (refuses := _limits_alone(config, left, right)) is not None:
            differing += 1
            name = f"{topic} {config}"
            check = CheckView("config", name, "open", "absent", right[config], refuses)
            found.append(Found(check, "config", (topic,), config))
    if not differing:
        count = f"{len(shared)} configs"
        found.append(Found(CheckView("config", topic, "equal", count, count, "")))
    return found


def _set_elsewhere(topic: str, source: ConfigSample, target: ConfigSample) -> list[Found]:
    """Equal values that are the topic's own on one side and a default of the cluster on the other:
    they part when that default changes."""
    if topic not in source.own or topic not in target.own:
        return []
    left, right = source.topics.get(topic, {}), target.topics.get(topic, {})
    equal = {c for c in left.keys() & right.keys() if _alike(c, left[c], right[c])}
    found: list[Found] = []
    for side, here, there in (("source", source, target), ("target", target, source)):
        names = sorted((here.own[topic] - there.own[topic]) & equal)
        if names:
            words = ("own", "default") if side == "source" else ("default", "own")
            why = f"same value, set on the topic on the {side} only: {', '.join(names)}"
            title = f"{topic} set on {side} only"
            found.append(Found(CheckView("config", title, "noted", *words, why)))
    return found


def _alike(config: str, left: str, right: str) -> bool:
    if config in LISTS:
        here, there = ({item.strip() for item in text.split(",")} for text in (left, right))
        return here == there
    return left == right


def _weaker(config: str, left: str, right: str) -> str | None:
    """What the target no longer promises of records that it has taken; None: nothing."""
    if config == "min.insync.replicas" and left.isdecimal() and right.isdecimal():
        if int(right) < int(left):
            return "weaker durability: writes are acknowledged with fewer copies"
    elif config == "unclean.leader.election.enable" and (left, right) == ("false", "true"):
        return "weaker durability: a replica that is behind may lead, and drop records"
    return None


def _consequence(config: str, left: str, right: str) -> str:
    refuses = _SMALLER_REFUSES.get(config)
    if refuses and left.isdecimal() and right.isdecimal() and int(right) < int(left):
        return f"smaller on the target: {refuses}"
    return "differs"


def _limits_alone(config: str, source: Mapping[str, str], target: Mapping[str, str]) -> str | None:
    """What a limit does that only the target's Kafka has; None where the source has no larger one.

    A version without the name accepts everything, unless an older or newer name limits the same.
    """
    others = [source[name] for name in _LIMITED_BY[config] if name in source]
    limit = max((int(value) for value in others if value.isdecimal()), default=UNLIMITED)
    value = target[config]
    if target.get("message.timestamp.type") == "LogAppendTime" or not value.isdecimal():
        return None
    if int(value) >= limit:
        return None
    than = "none" if limit == UNLIMITED else str(limit)
    return f"smaller on the target (source: {than}): {_SMALLER_REFUSES[config]}"


def _replicas(plan: Plan, facts: Facts) -> list[Found]:
    """Replication factors belong to a cluster: more copies are told, fewer are open."""
    surveys = [facts.survey(TopicsSurvey, f"{side}.topics") for side in SIDES]
    found: list[Found] = []
    for topic in plan.topics():
        pair = [survey.topics.get(topic) if survey else None for survey in surveys]
        left, right = pair
        if left is None or right is None or left.replicas == right.replicas:
            continue
        words = (f"{left.replicas} replicas", f"{right.replicas} replicas")
        fewer = right.replicas < left.replicas
        why = "fewer copies on the target: weaker durability" if fewer else "more copies"
        word = "open" if fewer else "noted"
        check = CheckView("topic", f"{topic} replicas", word, *words, why)  # type: ignore[arg-type]  # one of two literals
        feeds = tuple(f"{side}.topics" for side in SIDES)
        found.append(Found(check, "config", (topic,), REPLICAS, feeds=feeds))
    return found


def _one_version(source: ConfigSample, target: ConfigSample) -> list[Found]:
    """Config names that one side's Kafka does not have, in one line a side."""
    found: list[Found] = []
    for side, here, there in (("source", source, target), ("target", target, source)):
        both = here.topics.keys() & there.topics.keys()
        only = sorted({c for t in both for c in here.topics[t].keys() - there.topics[t].keys()})
        if only and all(there.topics[t] for t in both):
            words = ("present", "absent") if side == "source" else ("absent", "present")
            why = f"only on the {side}: {', '.join(only)}"
            found.append(Found(CheckView("config", f"only on {side}", "noted", *words, why)))
    return found
