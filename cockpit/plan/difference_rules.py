"""Rules about approved differences.

Never looks at a cluster: whether a difference is there is for the checks to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.plan.draft import Draft, word
from cockpit.plan.problems import Place, Problems, did_you_mean
from cockpit.plan.text import quoted

_TOPIC_KEYS: Final = ("topic", "partitions", "records")
_KEYS: Final = ("partitions", "records", "acl", "quota", "user", "schema")


def difference_topic_exists(draft: Draft, problems: Problems) -> None:
    """An approved difference is about a topic of the plan, or about all."""
    topics = {t.text for s in draft.services for t in (*s.produces, *s.consumes)}
    if not all(service.whole for service in draft.services):
        return
    differences = draft.root.fields.get("approved_differences")
    for item in differences.items if differences else ():
        for topic in filter(None, (word(item.fields.get(key)) for key in _TOPIC_KEYS)):
            if topic.text != "*" and topic.text not in topics and not problems.full:
                message = f"no service produces or consumes topic {quoted(topic.text)}"
                problems.add(topic.place, message, did_you_mean(topic.text, topics))


def differences_differ(draft: Draft, problems: Problems) -> None:
    """The same difference is approved once."""
    seen: set[tuple[str, str]] = set()
    for key, name, place in _differences(draft):
        if (key, name) in seen:
            of = "" if key in _KEYS else " of topic"
            message = f"{key}{of} {quoted(name)} is approved twice"
            problems.add(place, message, "remove one")
        seen.add((key, name))


CHECKS = (
    ("difference-topic-exists", difference_topic_exists),
    ("differences-differ", differences_differ),
)


def _differences(draft: Draft) -> Iterator[tuple[str, str, Place]]:
    """What differs (a topic config, or a key), whose, and where that is said."""
    differences = draft.root.fields.get("approved_differences")
    for item in differences.items if differences else ():
        topic, config = word(item.fields.get("topic")), word(item.fields.get("config"))
        if topic and config:
            yield config.text, topic.text, topic.place
        for key in _KEYS:
            name = word(item.fields.get(key))
            if name is not None:
                yield key, name.text, name.place
