"""Finds where an offset is on the other cluster: lays out the topics, then searches both logs.

Reads only, joins no group, and spends no more on one search than it is given.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Final

from cockpit.core.image import Verdict, none
from cockpit.core.observe import TopicPartition
from cockpit.core.plan import Side
from cockpit.kafka.client import Client, View
from cockpit.kafka.content import Allowance, Log, PartitionLog, Place
from cockpit.kafka.errors import UNKNOWN_TOPIC, code_error
from cockpit.kafka.finding import Limits, find, find_origin
from cockpit.kafka.habits import Habits, HabitsReader
from cockpit.kafka.protocol.offsets import EARLIEST, LATEST, list_offsets
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

Spent = tuple[int, int]
"""Requests and offsets that one search may take."""

ROUND: Final = Limits()
ROUND_ALLOWANCE: Final = (600, 60_000)
"""For one search of many."""
THOROUGH: Final = Limits(near=50_000, chunk=10_000, probes=4_000)
THOROUGH_ALLOWANCE: Final = (10_000, 600_000)
"""For one that is asked for by itself, or must be answered."""

UNSURE: Final = "the mirror's isolation level is not known, and aborted records are near"


def modes(habits: Habits) -> tuple[bool, ...]:
    """How the source may have to be read: with both answers where the mirror's way is not known."""
    known = habits.committed_only
    return (False, True) if known is None else (known,)


class Finder:
    """Searches between two clusters: only in topics that were laid out before."""

    def __init__(self, source: Client, target: Client, habits: HabitsReader) -> None:
        self._source = source
        self._target = target
        self._habits = habits
        self._views: dict[Side, View] = {}
        self._bounds: dict[tuple[Side, bool], dict[TopicPartition, tuple[int, int]]] = {}

    async def lay_out(self, topics: list[str]) -> None:
        """Learn who leads the partitions of these topics. Raises PortError."""
        self._bounds = {}
        self._views = {
            "source": await self._source.named(topics) if topics else View({}),
            "target": await self._target.named(topics) if topics else View({}),
        }

    async def measure(self, names: Iterable[TopicPartition]) -> None:
        """Ask for the bounds of many logs at once: searches that follow soon need not.

        The target's ends first, as each search would. What is not answered is asked for there.
        """
        habits = await self._habits.read()
        asked = tuple(names)
        await self._measure("target", asked, committed_only=True)
        for committed_only in modes(habits):
            await self._measure("source", asked, committed_only=committed_only)

    async def _measure(
        self, side: Side, names: tuple[TopicPartition, ...], *, committed_only: bool
    ) -> None:
        by_leader: dict[int, dict[str, list[int]]] = {}
        for name in names:
            with contextlib.suppress(PortError):
                led = by_leader.setdefault(self._leader(side, name), {})
                led.setdefault(name[0], []).append(name[1])
        ends = await self._ask(side, by_leader, LATEST, committed_only=committed_only)
        starts = await self._ask(side, by_leader, EARLIEST)
        self._bounds[side, committed_only] = {
            name: (starts[name], end)
            for name, end in ends.items()
            if 0 <= starts.get(name, -1) <= end
        }

    async def _ask(
        self,
        side: Side,
        by_leader: Mapping[int, Mapping[str, list[int]]],
        timestamp_ms: int,
        *,
        committed_only: bool = False,
    ) -> dict[TopicPartition, int]:
        requests = {
            node: list_offsets(led, timestamp_ms, committed_only=committed_only)
            for node, led in by_leader.items()
        }
        answers, _ = await self._client(side).ask_each(requests)
        return {
            (got.topic, int(partition)): int(offset)
            for answer in answers.values()
            for got in answer
            for partition, error, offset in zip(
                got.partitions, got.errors, got.offsets, strict=True
            )
            if not error
        }

    def _client(self, side: Side) -> Client:
        return self._source if side == "source" else self._target

    async def find(
        self,
        name: TopicPartition,
        offset: int,
        limits: Limits,
        spend: Spent,
        *,
        inverse: bool = False,
    ) -> Verdict:
        """The image of a source offset; `inverse`: the origin of a target one. Raises PortError."""
        habits = await self._habits.read()
        verdicts: list[Verdict] = []
        for committed_only in modes(habits):
            allowance = Allowance(*spend)
            source = self.log("source", name, allowance, habits, committed_only=committed_only)
            target = self.log("target", name, allowance, habits)
            if inverse:
                verdicts.append(await find_origin(offset, target, source, limits))
            else:
                verdicts.append(await find(offset, source, target, limits))
        first, last = verdicts[0], verdicts[-1]
        if (first.word, first.low, first.high) != (last.word, last.low, last.high):
            return none(UNSURE)
        return first

    def log(
        self,
        side: Side,
        name: TopicPartition,
        allowance: Allowance,
        habits: Habits,
        *,
        committed_only: bool = True,
    ) -> Log:
        """One partition's log. Raises PortError where nobody leads it."""
        leader = self._leader(side, name)
        place = Place(self._client(side), name, leader, committed_only=committed_only)
        bounds = self._bounds.get((side, committed_only), {}).get(name)
        return PartitionLog(place, allowance, headers=habits.headers, bounds=bounds)

    def _leader(self, side: Side, name: TopicPartition) -> int:
        """Raises PortError where there is none, or none is shown."""
        topic, partition = name
        view = self._views[side]
        code = view.failed.get(topic, UNKNOWN_TOPIC)
        if topic not in view.topics and code != UNKNOWN_TOPIC:
            raise code_error(code, f"topic {topic} on the {side}")
        parts = view.topics[topic].partitions if topic in view.topics else ()
        leader = next((part.leader for part in parts if part.partition == partition), None)
        if leader is None:
            raise PortError("protocol", one_line(f"no {topic}/{partition} on the {side}"))
        if leader < 0:
            raise PortError(
                "protocol", one_line(f"{topic}/{partition} has no leader on the {side}")
            )
        return leader
