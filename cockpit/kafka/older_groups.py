"""Groups of brokers before 2.0, whose consumers may keep members and commits in ZooKeeper.

Such brokers answer for both stores: OffsetFetch version 0 reads ZooKeeper, later versions the
brokers' own offsets topic. Both are read, for the plan's topics (before 0.10.2 each partition has
to be named); of a group of the plan, for the topics that it consumes. ZooKeeper is not asked about
a group with commits whose coordinator knows living members: those commit nowhere else, and every
partition is a look-up of its own for broker and ZooKeeper. A group with commits in one store has
those; in both and equal, the same; in both and different it is unknown, since nobody but its
consumers' own settings says which of them count.

Never takes silence for absence, and never asks for a coordinator where that would create the
offsets topic. Who registers in ZooKeeper is seen by no broker: members are then unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from cockpit.core.observe import GroupSample, GroupState, TopicPartition, partition_text
from cockpit.core.plan import Side
from cockpit.kafka.client import Client, View
from cockpit.kafka.errors import UnsupportedError, code_error
from cockpit.kafka.protocol.commits import OFFSET_FETCH, GroupCommits, fetch_commits
from cockpit.kafka.protocol.groups import (
    DescribedGroup,
    describe_groups,
    find_coordinators,
    list_groups,
)
from cockpit.kafka.protocol.metadata import OFFSETS_TOPIC, all_topics
from cockpit.kafka.protocol.old import IN_KAFKA, IN_ZOOKEEPER, fetch_named
from cockpit.kafka.text import one_line
from cockpit.kafka.zookeeper import Registrations
from cockpit.ports import Clock, PortError

SINCE_2_0: Final = 4
"""Version of OffsetFetch that Kafka 2.0 was the first to have."""
ALL_SINCE: Final = 2
"""Version of OffsetFetch that can ask for all partitions of a group."""
IN_ZOOKEEPER_ONLY: Final = "its consumers may be registered in ZooKeeper, which brokers do not show"
NEVER_REGISTERED: Final = (
    "no consumer of it ever registered in ZooKeeper, where others are not seen"
)

A = TypeVar("A")
Commits = Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is not asked for every time."""

    asked_at_ms: int
    listed: frozenset[str]
    unlisted: str
    """Why groups cannot be listed; empty where they can."""
    described: Mapping[str, DescribedGroup | PortError]
    empty_there: frozenset[str]
    """Groups without a commit in ZooKeeper."""
    registered: Mapping[str, int | PortError | None]
    """Consumers of groups that are registered in ZooKeeper."""


@dataclass(frozen=True, slots=True)
class _InKafka:
    """What the brokers themselves keep of one group."""

    described: DescribedGroup | None
    commits: Commits
    asked: frozenset[TopicPartition]

    @property
    def is_kept_here(self) -> bool:
        """Whether consumers that the coordinator knows are at work, and have committed."""
        return bool(self.commits) and self.described is not None and self.described.members > 0


class OlderGroupReader:
    """Reads GroupSamples of old brokers; remembers which groups it has seen."""

    def __init__(
        self,
        side: Side,
        client: Client,
        clock: Clock,
        *,
        topics: Iterable[str],
        groups: Iterable[str],
        consumes: Mapping[str, Iterable[str]] | None = None,
        registrations: Registrations | None = None,
    ) -> None:
        """`consumes`: the topics of groups of which these are known; of others all are asked.
        `registrations`: where ZooKeeper itself can be asked who is registered there."""
        self._registrations = registrations
        self._consumes = {name: frozenset(found) for name, found in (consumes or {}).items()}
        self._side: Side = side
        self._client = client
        self._clock = clock
        self._topics = frozenset(topics)
        self._expected = frozenset(groups)
        self._seen: frozenset[str] = frozenset()
        self._all_topics = all_topics()
        self._has_store = False
        self._standing: _Standing | None = None
        self._nodes: dict[str, int] = {}
        """Coordinators, by group."""
        self._mute: set[int] = set()
        """Brokers that failed to read ZooKeeper the last time: others are asked first."""

    async def is_needed(self) -> bool:
        """Whether a broker of the cluster is that old. Raises PortError."""
        if not self._client.has_met():
            await self._client.brokers()
        return self._client.lacks(OFFSET_FETCH.key, SINCE_2_0)

    async def read(self, *, states_max_age_ms: int = 0) -> GroupSample:
        """One sample. States, members, and which groups keep nothing in ZooKeeper may be as old as
        that; commits are read now. Raises PortError when nothing can be asked."""
        asked_at_ms = self._clock.now_ms()
        kept = self._standing
        if kept is not None and asked_at_ms - kept.asked_at_ms >= states_max_age_ms:
            kept = None
        view = await self._client.view()
        self._has_store = self._has_store or OFFSETS_TOPIC in view.topics
        partitions = tuple(
            (topic, part.partition)
            for topic in sorted(self._topics & view.topics.keys())
            for part in view.topics[topic].partitions
        )
        listed, unlisted = (kept.listed, kept.unlisted) if kept else await self._list()
        names = sorted(self._expected | self._seen | listed)
        nodes = await self._coordinators(names, view)
        described = kept.described if kept else await self._described(nodes, listed)
        in_kafka = await self._each_in_kafka(nodes, described, partitions)
        empty_there = kept.empty_there if kept else frozenset()
        unattended = {
            name: self._asked(name, partitions)
            for name, found in in_kafka.items()
            if not isinstance(found, PortError)
            and not found.is_kept_here
            and not (found.commits and name in empty_there)
        }
        zookeeper = await self._in_zookeeper(unattended)
        registered = kept.registered if kept else await self._registered(in_kafka)
        groups: dict[str, GroupState] = {}
        for name, found in in_kafka.items():
            try:
                groups[name] = _merged(name, found, zookeeper.get(name), registered.get(name))
            except PortError as error:
                groups[name] = GroupState(name, "", 0, (), (), unknown=one_line(error.reason))
        self._seen = frozenset(groups)
        if kept is None:
            empty_there = frozenset(n for n, found in zookeeper.items() if _is_empty(found))
            kept = _Standing(asked_at_ms, listed, unlisted, described, empty_there, registered)
        unsure = any(group.unknown is not None for group in groups.values()) or any(
            isinstance(number, PortError) and number.kind != "unsupported"
            for number in registered.values()
        )
        self._standing = None if unsure else kept
        return GroupSample(
            self._side,
            asked_at_ms,
            self._clock.now_ms(),
            {name: groups[name] for name in names},
            states_at_ms=kept.asked_at_ms,
            unlisted=unlisted,
        )

    async def _list(self) -> tuple[frozenset[str], str]:
        """Groups that brokers list, and why they cannot list any."""
        nodes = await self._client.brokers()
        answers, failures = await self._client.ask_each({node: list_groups() for node in nodes})
        names: set[str] = set()
        for node, (error, groups) in answers.items():
            if error:
                failures[node] = code_error(error, f"groups of broker {node}")
            names.update(group.name for group in groups)
        lacking = [f for f in failures.values() if isinstance(f, UnsupportedError)]
        if failures and len(failures) == len(nodes) and not lacking:
            raise failures[min(failures)]
        said = [*lacking, *(failures[node] for node in sorted(failures))]
        return frozenset(names), said[0].reason if said else ""

    async def _each_in_kafka(
        self,
        nodes: Mapping[str, int | PortError | None],
        described: Mapping[str, DescribedGroup | PortError],
        partitions: Sequence[TopicPartition],
    ) -> dict[str, _InKafka | PortError]:
        """What Kafka keeps of each group, or why that cannot be known; in the order of names."""
        groups: dict[str, _InKafka | PortError] = {}

        async def read_one(name: str) -> None:
            try:
                asked = self._asked(name, partitions)
                commits = await self._in_kafka(name, _known(nodes[name]), asked)
                groups[name] = _InKafka(_known(described.get(name)), commits, frozenset(asked))
            except PortError as error:
                groups[name] = error
                self._nodes.pop(name, None)

        async with asyncio.TaskGroup() as tasks:
            for name in nodes:
                tasks.create_task(read_one(name), name=f"older-group-{name}")
        return {name: groups[name] for name in nodes}

    def _asked(self, name: str, partitions: Sequence[TopicPartition]) -> tuple[TopicPartition, ...]:
        """Of these, the partitions that the group can have commits of."""
        topics = self._consumes.get(name, self._topics)
        return tuple(tp for tp in partitions if tp[0] in topics)

    async def _coordinators(
        self, names: Sequence[str], view: View
    ) -> dict[str, int | PortError | None]:
        """The broker that keeps each group's commits; None while no broker keeps any.

        Once found it is asked until it says that it is no longer the one, or says nothing.
        """
        if OFFSETS_TOPIC not in view.topics:
            gone = PortError("slow", f"topic {OFFSETS_TOPIC} is not there at the moment")
            return dict.fromkeys(names, gone if self._has_store else None)
        failed: dict[str, PortError] = {}

        async def find(name: str) -> None:
            try:
                (found,) = await self._client.ask_any(find_coordinators([name]))
                if found.error:
                    raise code_error(found.error, f"coordinator of group {name}")
                self._nodes[name] = found.node
            except PortError as error:
                failed[name] = error

        async with asyncio.TaskGroup() as tasks:
            for name in names:
                if name not in self._nodes:
                    tasks.create_task(find(name), name=f"coordinator-{name}")
        return {name: failed.get(name) or self._nodes[name] for name in names}

    async def _described(
        self, nodes: Mapping[str, int | PortError | None], listed: frozenset[str]
    ) -> dict[str, DescribedGroup | PortError]:
        """State and members of those groups of which their coordinators know anything."""
        by_node: dict[int, list[str]] = {}
        for name, node in nodes.items():
            if isinstance(node, int) and name in listed:
                by_node.setdefault(node, []).append(name)
        answers, failures = await self._client.ask_each(
            {node: describe_groups(names) for node, names in by_node.items()}
        )
        found: dict[str, DescribedGroup | PortError] = {}
        for node, failure in failures.items():
            found.update(dict.fromkeys(by_node[node], failure))
        for one in (one for answer in answers.values() for one in answer):
            if one.error:
                found[one.name] = code_error(one.error, f"group {one.name}")
            elif one.state not in ("", "Dead"):
                found[one.name] = one
        return found

    async def _registered(self, names: Iterable[str]) -> Mapping[str, int | PortError | None]:
        """How many consumers of each group are registered in ZooKeeper, or why nobody knows."""
        if self._registrations is None:
            return dict.fromkeys(names, PortError("unsupported", IN_ZOOKEEPER_ONLY))
        try:
            return await self._registrations.members(names)
        except PortError as error:
            return dict.fromkeys(names, error)

    async def _in_kafka(
        self, name: str, node: int | None, asked: Sequence[TopicPartition]
    ) -> Commits:
        if node is None:
            return {}
        if self._client.lacks(OFFSET_FETCH.key, ALL_SINCE):
            commits = await self._client.call(node, fetch_named(name, asked, IN_KAFKA))
        else:
            (commits,) = await self._client.call(node, fetch_commits([name]))
        return _committed(commits)

    async def _in_zookeeper(
        self, wanted: Mapping[str, Sequence[TopicPartition]]
    ) -> dict[str, GroupCommits | PortError]:
        """Commits in ZooKeeper by group, as the first broker reads them that can.

        Every broker sees the same ZooKeeper: one that does not answer costs time only.
        """
        if not wanted:
            return {}
        failure: PortError | None = None
        for node in sorted(
            await self._client.brokers(), key=lambda node: (node in self._mute, node)
        ):
            try:
                found = await self._as_read_by(node, wanted)
            except UnsupportedError:
                return {}
            except PortError as error:
                self._mute.add(node)
                failure = failure or error
            else:
                self._mute.discard(node)
                return found
        return dict.fromkeys(wanted, failure) if failure else {}

    async def _as_read_by(
        self, node: int, wanted: Mapping[str, Sequence[TopicPartition]]
    ) -> dict[str, GroupCommits | PortError]:
        """Commits in ZooKeeper as a broker that knows all these topics reads them.

        It has no other word for "no commit" than for "unknown topic": hence its metadata first, on
        the same connection. Raises PortError.
        """
        requests = [fetch_named(name, asked, IN_ZOOKEEPER) for name, asked in wanted.items()]
        reply, answers = await self._client.call_row(node, self._all_topics, requests)
        known = {
            (topic.name, part.partition)
            for topic in reply.topics
            if not topic.error
            for part in topic.partitions
        }
        every = (tp for asked in wanted.values() for tp in asked)
        missing = next((tp for tp in every if tp not in known), None)
        if missing is not None:
            raise PortError("slow", f"broker {node} does not know {partition_text(missing)} yet")
        return dict(zip(wanted, answers, strict=True))


def _is_empty(found: GroupCommits | PortError) -> bool:
    """Whether ZooKeeper was read and has no commit."""
    return not isinstance(found, PortError) and not (found.error or found.failed or found.keys)


def _known(found: A | PortError) -> A:
    """What was found. Raises the PortError that was found in its place."""
    if isinstance(found, PortError):
        raise found
    return found


def _committed(commits: GroupCommits) -> Commits:
    """Commits by partition. Raises PortError where one could not be read."""
    if commits.error:
        raise code_error(commits.error, f"commits of group {commits.group}")
    if commits.failed:
        (topic, partition), code = commits.failed[0]
        raise code_error(code, f"commit of {topic}/{partition}")
    return dict(zip(commits.keys, commits.offsets, strict=True))


def _merged(
    name: str,
    kafka: _InKafka | PortError,
    zookeeper: GroupCommits | PortError | None,
    registered: int | PortError | None,
) -> GroupState:
    """One group. Raises PortError where it cannot be known."""
    for failed in (kafka, zookeeper):
        if isinstance(failed, PortError):
            raise failed
    assert isinstance(kafka, _InKafka)
    assert not isinstance(zookeeper, PortError)
    there = _committed(zookeeper) if zookeeper else {}
    commits = _chosen(kafka.commits, there, kafka.asked)
    keys, offsets = tuple(commits), tuple(commits.values())
    described = kafka.described
    if described is not None and not there:
        return GroupState(name, described.state, described.members, keys, offsets)
    if not isinstance(registered, int):
        why = one_line(registered.reason) if registered is not None else NEVER_REGISTERED
        return GroupState(name, "Unknown", -1, keys, offsets, members_unknown=why)
    members = registered + (described.members if described is not None else 0)
    return GroupState(name, "Stable" if members else "Empty", members, keys, offsets)


def _chosen(kafka: Commits, zookeeper: Commits, asked: frozenset[TopicPartition]) -> Commits:
    """The commits that count. Raises PortError where the stores contradict each other."""
    if not zookeeper:
        return kafka
    if not kafka:
        return zookeeper
    for name in sorted(asked):
        here, there = kafka.get(name), zookeeper.get(name)
        if here != there:
            words = ["none" if offset is None else str(offset) for offset in (here, there)]
            raise PortError(
                "protocol",
                f"{partition_text(name)}: {words[0]} committed in Kafka, {words[1]} in ZooKeeper:"
                " its consumers' settings decide which counts",
            )
    return kafka
