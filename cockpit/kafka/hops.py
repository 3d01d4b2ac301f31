"""A mirror of two hops behind the Replication port: something brings the source's records to a
cluster in between, and MirrorMaker 2 brings them from there to the target.

Offsets of the three clusters are numbered apart, so the connector's own positions say nothing of
the source. How far the target has come is found in the records: the place on the source of the
last record of the target that is from there. Never too far: of equal records the earliest counts,
and what is not found is not guessed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from cockpit.core.observe import ConnectorState, MirrorSample, SyncsSample, TaskState
from cockpit.core.observe import TopicPartition as Name
from cockpit.core.plan import FirstHop
from cockpit.kafka.client import Client
from cockpit.kafka.cluster import WITHIN_S
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.effects.drain import same_record
from cockpit.kafka.effects.offsets import lay_out, lay_out_present, offsets_of
from cockpit.kafka.effects.tails import Span, read_tails
from cockpit.kafka.mirror import MirrorMaker
from cockpit.kafka.older_groups import OlderGroupReader
from cockpit.kafka.patience import Tasks, Unhurried
from cockpit.kafka.protocol.fetch import Record
from cockpit.kafka.protocol.offsets import EARLIEST, LATEST
from cockpit.kafka.zookeeper import Registrations
from cockpit.ports import Clock, PortError

NEAR: Final = 16
"""Records before the source's end among which the target's last one is looked for first,"""
FAR: Final = 2_000
"""and then."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A place that was found: every record of the source before it was on the target then."""

    position: int
    target_end: int


class Arrivals:
    """How far the target has the source's records, found in the records of both."""

    def __init__(self, *, source: Client, target: Client, topics: Sequence[str]) -> None:
        self._source = source
        self._target = target
        self._topics = tuple(topics)
        self._known: dict[Name, _Known] = {}

    async def positions(self) -> Mapping[Name, int]:
        """Of each partition the source offset up to which the target has everything, as far as its
        last records prove it; absent where they prove nothing. Raises PortError."""
        theirs = await _spans(self._target, self._topics)
        ours = await _spans(self._source, self._topics)
        both = {name: span for name, span in ours.items() if name in theirs}
        found = await self._found(both, theirs, NEAR)
        if left := {name: span for name, span in both.items() if name not in found}:
            found |= await self._found(left, theirs, FAR)
        for name, position in found.items():
            self._known[name] = _Known(position, theirs[name].end)
        return found | {
            name: known.position
            for name in both.keys() - found.keys()
            if (known := self._still(name, both[name], theirs[name])) is not None
        }

    def _still(self, name: Name, ours: Span, theirs: Span) -> _Known | None:
        """What was found earlier, where both logs have only grown since: the target may be written
        by others by now."""
        known = self._known.get(name)
        if known is None or ours.end < known.position or theirs.end < known.target_end:
            return None
        return known

    async def _found(
        self, ours: Mapping[Name, Span], theirs: Mapping[Name, Span], depth: int
    ) -> dict[Name, int]:
        wanted = dict.fromkeys(ours, depth)
        spans = {name: theirs[name] for name in ours}
        there = await read_tails(self._target, spans, committed_only=True, wanted=wanted)
        here = await read_tails(self._source, ours, committed_only=False, wanted=wanted)
        return {
            name: position
            for name, span in ours.items()
            if (position := _place(here[name], there[name], span)) is not None
        }


def _place(ours: Sequence[Record], theirs: Sequence[Record], span: Span) -> int | None:
    """The source offset after the earliest equal of the newest target record that is from the
    source; the log's start, where nothing has arrived yet."""
    if not theirs:
        return span.start
    for record in reversed(theirs):
        for one in ours:
            if same_record(one, record):
                return one.offset + 1
    return None


async def _spans(client: Client, topics: Sequence[str]) -> dict[Name, Span]:
    layout = await lay_out_present(client, topics)
    starts = await offsets_of(client, layout, EARLIEST)
    ends = await offsets_of(client, layout, LATEST)
    return {name: Span(node, starts[name], ends[name]) for name, node in layout.leader.items()}


class HopPositions:
    """How far both hops say that they have come, in source offsets: what the first one has read,
    less what the second one has not read of that. That it was read, not that it was delivered."""

    def __init__(
        self,
        spec: FirstHop,
        clock: Clock,
        *,
        source: Client,
        between: Client,
        rest: ConnectRest,
        connector: str,
        topics: Sequence[str],
    ) -> None:
        self._spec = spec
        self._topics = tuple(topics)
        self._between = between
        self._rest = rest
        self._connector = connector
        self._groups = OlderGroupReader(
            "source", source, clock, topics=self._topics, groups=(spec.group,)
        )

    async def read(self) -> Mapping[Name, int]:
        """By partition; absent where one of the hops tells nothing. Raises PortError."""
        group = (await self._groups.read()).groups[self._spec.group]
        if group.unknown is not None:
            raise PortError("protocol", f"{self._spec.group}: {group.unknown}")
        layout = await lay_out(self._between, self._topics)
        ends = await offsets_of(self._between, layout, LATEST)
        second = await self._rest.positions(self._connector)
        return {
            name: committed - max(0, ends[name] - second.get(name, 0))
            for name, committed in group.committed().items()
            if name in ends
        }

    async def close(self) -> None:
        """Let go of the cluster in between. Never raises."""
        await self._between.close()


class TwoHops:
    """The Replication port over both hops."""

    def __init__(
        self,
        inner: MirrorMaker,
        spec: FirstHop,
        clock: Clock,
        *,
        arrivals: Arrivals,
        clients: Sequence[Client],
        registrations: Registrations | None = None,
    ) -> None:
        """`clients` are those of `arrivals`, closed with this."""
        self._inner = inner
        self._spec = spec
        self._clock = clock
        self._arrivals = arrivals
        self._clients = tuple(clients)
        self._registrations = registrations
        self._tasks = Tasks()
        self._reading = Unhurried[MirrorSample]("the mirror", self._tasks)

    async def mirror(self) -> MirrorSample:
        """Both hops as connectors, and the target's positions by content. Raises PortError."""
        return await self._reading.read(self._mirror, within_s=WITHIN_S)

    async def _mirror(self) -> MirrorSample:
        sample = await self._inner.mirror()
        unknown, positions = "", {}
        try:
            positions = dict(await self._arrivals.positions())
        except PortError as error:
            unknown = f"by content: {error.reason}"
        return replace(
            sample,
            answered_at_ms=self._clock.now_ms(),
            connectors=(*sample.connectors, *await self._first_hop()),
            positions=positions,
            positions_unknown=unknown,
        )

    async def _first_hop(self) -> tuple[ConnectorState, ...]:
        """The first hop as a connector, where ZooKeeper tells whether it is there."""
        if self._registrations is None:
            return ()
        name = self._spec.group
        try:
            members = (await self._registrations.members([name])).get(name)
        except PortError as error:
            return (ConnectorState(name, "UNKNOWN", (TaskState(0, "UNKNOWN", error.reason),)),)
        if members:
            return (ConnectorState(name, "RUNNING", (TaskState(0, "RUNNING"),)),)
        return (ConnectorState(name, "ABSENT", ()),)

    async def syncs(self) -> SyncsSample:
        """None: MirrorMaker's are about the cluster in between. No place is translated by them."""
        now_ms = self._clock.now_ms()
        return SyncsSample(now_ms, now_ms, {}, read_to_end=True)

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        await self._tasks.close()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._inner.close(), name="close-mirror")
            for client in self._clients:
                tasks.create_task(client.close(), name="close-hop-client")
            if self._registrations is not None:
                tasks.create_task(self._registrations.close(), name="close-zookeeper")
