"""A stopped reader whose topic was made anew on the source: its commits there are gone.

It begins where the topic does. Left to its reset policy it might pass over what was written while
the cockpit had it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.core.actions import CommitOffsets
from cockpit.core.delta import service_partitions
from cockpit.core.observe import MISSING, TopicPartition, partition_text
from cockpit.core.plan import Service
from cockpit.core.scene import Act, Done, Progress, Scene, Wait, group_on
from cockpit.core.topicids import not_compared


@dataclass(frozen=True, slots=True)
class BeginAnew:
    """Before a service starts on the source again: no topic of its own without a commit that was
    made anew there since the wave began."""

    service: Service
    timeout_ms: int


def begin_anew(task: BeginAnew, scene: Scene) -> Progress:
    """Nothing is looked at where no topic was made anew: nobody waits for this on other days."""
    service, group = task.service, task.service.group
    assert group is not None
    if why := not_compared(scene.facts, "source", service.consumes):
        return Wait(why)
    topics = scene.facts.recreated.get("source", frozenset()) & frozenset(service.consumes)
    if not topics:
        return Done()
    source = group_on(scene, "source", group)
    if isinstance(source, Wait):
        return source
    if source is not None and source.members:
        return Done(f"{group} is at work on the source already")
    logs = scene.facts.newest_logs("source")
    if logs is None or logs.asked_at_ms <= scene.started_at_ms:
        return Wait("reads offsets on source")
    known = source.committed() if source is not None else {}
    offsets: list[tuple[TopicPartition, int]] = []
    for name in service_partitions(scene.facts, service):
        if name[0] not in topics or name in known:
            continue
        start = int(logs.start[logs.keys.position[name]])
        if start == MISSING:
            where = partition_text(name)
            return Wait(f"{group} {where}: where its log on the source begins is not known")
        offsets.append((name, start))
    if not offsets:
        return Done()
    return Act(CommitOffsets("source", group, tuple(offsets)), task.timeout_ms)
