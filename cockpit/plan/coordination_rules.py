"""Rules about the topic that a flight's journal is written to as well.

Never asks whether the topic exists: the engine looks, and makes it.
"""

from __future__ import annotations

from cockpit.plan.draft import Draft, word
from cockpit.plan.problems import Problems
from cockpit.plan.text import quoted


def coordination_topic_apart(draft: Draft, problems: Problems) -> None:
    """The topic of `coordination` is none that a service reads or writes, and none of Kafka's
    own (`__...`)."""
    coordination = draft.root.fields.get("coordination")
    topic = word(coordination.fields.get("topic")) if coordination is not None else None
    if topic is None:
        return
    if topic.text.startswith("__"):
        problems.add(topic.place, "topics that begin with __ are Kafka's own", "choose another")
        return
    for service in draft.services:
        if topic.text in {one.text for one in (*service.produces, *service.consumes)}:
            message = f"{quoted(topic.text)} is a topic of {service.label}"
            problems.add(topic.place, message, "give the journal a topic of its own")
            return


CHECKS = (("coordination-topic-apart", coordination_topic_apart),)
