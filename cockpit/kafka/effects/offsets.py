"""Offsets of chosen partitions, all or nothing: what a proof rests on has no holes.

Changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cockpit.core.observe import TopicPartition, partition_text
from cockpit.kafka.client import Client, Leaders, View
from cockpit.kafka.errors import UNKNOWN_TOPIC, code_error
from cockpit.kafka.protocol.offsets import (
    CONSUMER,
    DEBUGGER,
    LATEST,
    TopicOffsets,
    list_offsets,
    list_offsets_at,
)
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.text import one_line
from cockpit.ports import PortError


@dataclass(frozen=True, slots=True)
class Layout:
    """Topics that all exist, and the leader of every partition of them."""

    view: View
    leaders: Leaders
    leader: Mapping[TopicPartition, int]


async def lay_out(client: Client, topics: Sequence[str]) -> Layout:
    """Leaders of all partitions of these topics. Raises PortError, also where one is missing."""
    layout = await lay_out_present(client, topics)
    for topic in topics:
        if topic not in layout.view.topics:
            raise PortError("protocol", one_line(f"no topic {topic}"))
    return layout


async def lay_out_present(client: Client, topics: Sequence[str]) -> Layout:
    """As `lay_out`, for those of these topics that exist."""
    view = await client.topics(topics)
    for topic, code in view.failed.items():
        if code != UNKNOWN_TOPIC:
            raise code_error(code, f"topic {topic}")
    leaders, missing = view.leaders(tuple(view.topics))
    for (topic, partition), why in missing.items():
        absent = await _absent(client, view, topic, partition)
        # Whoever holds it may come back: this is no answer, and no refusal either.
        raise PortError("unreachable", one_line(f"{topic}/{partition}: {why}{absent}"))
    leader = {
        (topic, partition): node
        for node, led in leaders.items()
        for topic, partitions in led.items()
        for partition in partitions
    }
    return Layout(view, leaders, leader)


async def _absent(client: Client, view: View, topic: str, partition: int) -> str:
    """Which brokers that hold a partition are not there, in words; empty: none is missing."""
    live = await client.brokers()
    held = next(p.replicas for p in view.topics[topic].partitions if p.partition == partition)
    gone = [f"broker {node} holds it and is not there" for node in held if node not in live]
    return "".join(f", {words}" for words in gone)


async def offsets_of(
    client: Client,
    layout: Layout,
    timestamp_ms: int,
    *,
    replica_id: int = CONSUMER,
    committed_only: bool = False,
) -> dict[TopicPartition, int]:
    """One offset of every partition of a layout. Raises PortError when any is missing."""
    requests = {
        node: list_offsets(led, timestamp_ms, replica_id=replica_id, committed_only=committed_only)
        for node, led in layout.leaders.items()
    }
    found = await _ask(client, requests)
    for tp in layout.leader:
        if found.get(tp, -1) < 0:
            raise PortError("protocol", one_line(f"{partition_text(tp)}: no offset answered"))
    return found


async def unreplicated(
    client: Client, layout: Layout, ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Records that leaders hold beyond these high watermarks, where there are any.

    Raises PortError.
    """
    log_ends = await offsets_of(client, layout, LATEST, replica_id=DEBUGGER)
    return {tp: log_ends[tp] - end for tp, end in sorted(ends.items()) if log_ends[tp] > end}


async def offsets_at(
    client: Client, layout: Layout, timestamps_ms: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """First offset at or after a time, -1 where there is none. Raises PortError."""
    by_node: dict[int, dict[TopicPartition, int]] = {}
    for tp, timestamp in timestamps_ms.items():
        by_node.setdefault(layout.leader[tp], {})[tp] = timestamp
    return await _ask(client, {node: list_offsets_at(at) for node, at in by_node.items()})


async def _ask(
    client: Client, requests: Mapping[int, Request[tuple[TopicOffsets, ...]]]
) -> dict[TopicPartition, int]:
    answers, failures = await client.ask_each(requests)
    for node in sorted(failures):
        raise PortError(failures[node].kind, one_line(f"broker {node}: {failures[node].reason}"))
    found: dict[TopicPartition, int] = {}
    for got in (topic for answer in answers.values() for topic in answer):
        for partition, error, offset in zip(got.partitions, got.errors, got.offsets, strict=True):
            if error:
                raise code_error(int(error), f"offsets of {got.topic}/{partition}")
            found[got.topic, int(partition)] = int(offset)
    return found
