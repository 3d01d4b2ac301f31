"""Every topic of a cluster as its metadata has it: TopicsSurvey."""

from __future__ import annotations

from cockpit.core.plan import Side
from cockpit.core.survey import TopicFacts, TopicsSurvey
from cockpit.kafka.client import Client
from cockpit.kafka.protocol.metadata import TopicInfo
from cockpit.ports import Clock


async def read_topics(side: Side, client: Client, clock: Clock) -> TopicsSurvey:
    """One survey of all topics that may be described. Raises PortError."""
    asked_at_ms = clock.now_ms()
    view = await client.view()
    topics = {name: _facts(topic) for name, topic in view.topics.items()}
    return TopicsSurvey(side, asked_at_ms, clock.now_ms(), topics)


def _facts(topic: TopicInfo) -> TopicFacts:
    parts = topic.partitions
    first = min(parts, key=lambda part: part.partition, default=None)
    return TopicFacts(
        id=topic.topic_id,
        partitions=len(parts),
        replicas=len(first.replicas) if first else 0,
        leaderless=sum(part.leader < 0 for part in parts),
        under_replicated=sum(not set(part.replicas) <= set(part.isr) for part in parts),
        internal=topic.internal,
    )
