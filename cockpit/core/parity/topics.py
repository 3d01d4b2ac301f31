"""Topics of the plan: that they exist, their partitions, replicas and effective configs.

What only one Kafka version knows is noted, never called a difference.
"""

from __future__ import annotations

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
well)."""

_SMALLER_REFUSES = {
    "max.message.bytes": "larger records stop the mirror and later the producers",
    "message.timestamp.difference.max.ms": "records with other timestamps are refused",
    "message.timestamp.before.max.ms": "records with older timestamps are refused",
    "message.timestamp.after.max.ms": "records with later timestamps are refused",
}
"""Configs whose smaller value on the target makes it refuse what the source accepts."""


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
    return [Found(check, "partitions", (topic,)), *_configs(topic, source, target)]


def _count(partitions: int) -> str:
    return f"{partitions} partition{'' if partitions == 1 else 's'}"


def _configs(topic: str, source: ConfigSample, target: ConfigSample) -> list[Found]:
    left, right = source.topics.get(topic, {}), target.topics.get(topic, {})
    shared = left.keys() & right.keys()
    if not shared:
        reason = "no config could be read"
        return [Found(CheckView("config", topic, "unknown", "?", "?", reason))]
    found: list[Found] = []
    differing = 0
    for config in sorted(shared):
        if left[config] == right[config]:
            continue
        name = f"{topic} {config}"
        if config in PER_CLUSTER_CONFIGS:
            why = "bound to its cluster, not compared"
            found.append(
                Found(CheckView("config", name, "noted", left[config], right[config], why))
            )
            continue
        differing += 1
        why = _consequence(config, left[config], right[config])
        check = CheckView("config", name, "open", left[config], right[config], why)
        found.append(Found(check, "config", (topic,), config))
    if not differing:
        count = f"{len(shared)} configs"
        found.append(Found(CheckView("config", topic, "equal", count, count, "")))
    return found


def _consequence(config: str, left: str, right: str) -> str:
    refuses = _SMALLER_REFUSES.get(config)
    if refuses and left.isdecimal() and right.isdecimal() and int(right) < int(left):
        return f"smaller on the target: {refuses}"
    return "differs"


def _replicas(plan: Plan, facts: Facts) -> list[Found]:
    """Replication factors belong to a cluster: told, not judged."""
    surveys = [facts.survey(TopicsSurvey, f"{side}.topics") for side in SIDES]
    found: list[Found] = []
    for topic in plan.topics():
        pair = [survey.topics.get(topic) if survey else None for survey in surveys]
        left, right = pair
        if left is None or right is None or left.replicas == right.replicas:
            continue
        words = (f"{left.replicas} replicas", f"{right.replicas} replicas")
        why = "fewer copies on the target" if right.replicas < left.replicas else "more copies"
        found.append(Found(CheckView("topic", f"{topic} replicas", "noted", *words, why)))
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
