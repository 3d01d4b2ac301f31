"""Open transactions that hold up a drain, with what is known of who has opened them.

Changes nothing: ending somebody's transaction is for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.core.observe import TopicPartition
from cockpit.kafka.client import Client
from cockpit.kafka.effects.offsets import Layout
from cockpit.kafka.protocol.producers import describe_producers
from cockpit.ports import PortError

TO_END_IT: Final = (
    "a transaction ends at its timeout; one that does not is found with kafka-transactions.sh"
    " find-hanging and ended with kafka-transactions.sh abort, by its partition and that offset"
)


async def open_transactions(
    client: Client, layout: Layout, starts: Mapping[TopicPartition, int]
) -> dict[TopicPartition, str]:
    """The open transaction of each partition, in words, by the offset at which the first begins."""
    producers = await _producers(client, layout, starts)
    return {
        tp: f"a transaction is open from offset {start} on{producers.get(tp, '')}"
        for tp, start in starts.items()
    }


async def _producers(
    client: Client, layout: Layout, starts: Mapping[TopicPartition, int]
) -> dict[TopicPartition, str]:
    """Whose they are; nothing of those that no broker tells (before 2.8 none does)."""
    asked: dict[int, dict[str, list[int]]] = {}
    for topic, partition in starts:
        led = asked.setdefault(layout.leader[topic, partition], {})
        led.setdefault(topic, []).append(partition)
    if not asked:
        return {}
    try:
        answers, _ = await client.ask_each(
            {node: describe_producers(parts) for node, parts in asked.items()}
        )
    except PortError:
        return {}
    return {
        (state.topic, state.partition): f", by producer {state.producer_id} epoch {state.epoch}"
        for answer in answers.values()
        for part in answer
        for state in part.producers
        if state.transaction_start == starts.get((state.topic, state.partition))
    }
