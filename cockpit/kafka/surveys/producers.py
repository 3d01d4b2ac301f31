"""Idempotent and transactional producers of the plan's topics: ProducersSurvey."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cockpit.core.observe import TopicPartition
from cockpit.core.plan import Side
from cockpit.core.survey import ProducersSurvey, ProducerState
from cockpit.kafka.client import Client
from cockpit.kafka.errors import code_name
from cockpit.kafka.protocol.producers import PartitionProducers, describe_producers
from cockpit.kafka.surveys.age import plain, too_old
from cockpit.kafka.text import one_line
from cockpit.ports import Clock

_TOO_OLD: Final = too_old("2.8", "does not list producers")


async def read_producers(
    side: Side, client: Client, clock: Clock, topics: Iterable[str]
) -> ProducersSurvey:
    """One survey of those of these topics that exist. Raises PortError when every broker that
    leads one of them failed."""
    asked_at_ms = clock.now_ms()
    view = await client.view()
    leaders, errors = view.leaders([name for name in topics if name in view.topics])
    answers, failures = await client.ask_each(
        {node: describe_producers(parts) for node, parts in leaders.items()}
    )
    if failures and not answers:
        raise plain(failures[min(failures)], _TOO_OLD)
    producers: list[ProducerState] = []
    for node, led in leaders.items():
        asked = {(topic, partition) for topic, parts in led.items() for partition in parts}
        if node in failures:
            errors.update(dict.fromkeys(asked, plain(failures[node], _TOO_OLD).reason))
            continue
        errors.update(_take(answers[node], asked, producers))
    return ProducersSurvey(side, asked_at_ms, clock.now_ms(), tuple(producers), errors)


def _take(
    answer: tuple[PartitionProducers, ...],
    asked: set[TopicPartition],
    producers: list[ProducerState],
) -> dict[TopicPartition, str]:
    """Collect what one broker told; partitions that it refused or left out, and why."""
    errors = dict.fromkeys(asked, "not answered")
    for part in answer:
        tp = (part.topic, part.partition)
        if part.error:
            errors[tp] = one_line(code_name(part.error))
        elif errors.pop(tp, None) is not None:
            producers.extend(part.producers)
    return errors
