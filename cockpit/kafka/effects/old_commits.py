"""Commits of groups on brokers before 0.9: in ZooKeeper, in Kafka, or in both, as the group has it.

Such a broker refuses nobody while the group is alive: that it is empty, others have seen to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cockpit.core.observe import TopicPartition, partition_text
from cockpit.kafka.client import Client
from cockpit.kafka.errors import code_error
from cockpit.kafka.protocol.commits import GroupCommits, PartitionErrors
from cockpit.kafka.protocol.groups import find_coordinators
from cockpit.kafka.protocol.metadata import OFFSETS_TOPIC, all_topics
from cockpit.kafka.protocol.old import IN_KAFKA, IN_ZOOKEEPER, commit_named, fetch_named
from cockpit.kafka.text import one_line
from cockpit.ports import OutcomeUnknownError, PortError


@dataclass(frozen=True, slots=True)
class OldPlaces:
    """Where a group keeps its commits, and those that were asked for."""

    nodes: Mapping[int, int]
    """By store, the broker to ask."""
    stores: tuple[int, ...]
    """Those that it keeps them in; more than one: the same in each."""
    offsets: Mapping[TopicPartition, int]


async def read_old(client: Client, group: str, asked: Sequence[TopicPartition]) -> OldPlaces:
    """A group's commits. Raises PortError, also where its stores say different things."""
    view = await client.view()
    nodes = {IN_ZOOKEEPER: min(await client.brokers())}
    if OFFSETS_TOPIC in view.topics:  # asking for a coordinator would make it
        (found,) = await client.ask_any(find_coordinators([group]))
        if found.error:
            raise code_error(found.error, f"coordinator of {group}")
        nodes[IN_KAFKA] = found.node
    kept = {store: await _read(client, node, store, group, asked) for store, node in nodes.items()}
    stores = tuple(store for store, offsets in kept.items() if offsets)
    if len(stores) > 1 and kept[IN_ZOOKEEPER] != kept[IN_KAFKA]:
        why = f"{group} has other commits in Kafka than in ZooKeeper: which count is not known"
        raise PortError("protocol", one_line(why))
    return OldPlaces(nodes, stores, kept[stores[0]] if stores else {})


async def _read(
    client: Client, node: int, store: int, group: str, asked: Sequence[TopicPartition]
) -> Mapping[TopicPartition, int]:
    """Of a broker that knows all these topics: it has one word for "no commit" and "no topic"."""
    request = fetch_named(group, asked, store)
    reply, (commits,) = await client.call_row(node, all_topics(), [request])
    known = {(t.name, part.partition) for t in reply.topics for part in t.partitions if not t.error}
    missing = next((name for name in asked if name not in known), None)
    if missing is not None:
        raise PortError("slow", f"broker {node} does not know {partition_text(missing)} yet")
    return _offsets(commits)


def _offsets(commits: GroupCommits) -> Mapping[TopicPartition, int]:
    for name, code in commits.failed:
        raise code_error(code, f"commit of {commits.group} for {partition_text(name)}")
    return dict(zip(commits.keys, commits.offsets, strict=True))


async def write_old(
    client: Client,
    group: str,
    places: OldPlaces,
    wanted: Sequence[tuple[TopicPartition, int]],
    metadata: str,
) -> PartitionErrors:
    """Commit where the group keeps its commits; an error code for each partition.

    Raises PortError or OutcomeUnknownError.
    """
    if not places.stores:
        why = f"{group} has no commit in Kafka or ZooKeeper: where it keeps them is not known"
        raise PortError("protocol", one_line(why))
    errors: PartitionErrors = ()
    for store in places.stores:
        request = commit_named(group, wanted, metadata, store)
        errors = await client.call(places.nodes[store], request)
        failed = [code for _, code in errors if code]
        if failed and store != places.stores[0]:
            raise OutcomeUnknownError(one_line(f"{group}: committed in one of two stores only"))
        if failed:
            return errors
    return errors
