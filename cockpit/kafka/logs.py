"""Start and end offsets of all partitions of a cluster, as columns over a fixed order.

A partition that did not answer is MISSING with a reason; it never becomes zero, and never takes the
rest of the sample with it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cockpit.core.observe import I64, MISSING, LogSample, PartitionKeys, TopicPartition
from cockpit.core.plan import Side
from cockpit.kafka.client import Client, View
from cockpit.kafka.errors import code_name
from cockpit.kafka.protocol.offsets import EARLIEST, LATEST, TopicOffsets, list_offsets
from cockpit.kafka.protocol.request import Request
from cockpit.ports import Clock

_INTERNAL: Final = re.compile(r"__.*|mm2-.*|.*[.-]internal|(.*[.])?heartbeats")

_Offsets = Request[tuple[TopicOffsets, ...]]


def is_internal(topic: str) -> bool:
    """Whether a topic belongs to Kafka, Connect or MirrorMaker by its name."""
    return _INTERNAL.fullmatch(topic) is not None


@dataclass(frozen=True, slots=True)
class _Layout:
    """What one view of the cluster asks for: the same object serves until the view changes."""

    view: View
    keys: PartitionKeys
    first: Mapping[str, int]
    """Position of partition 0 of each topic."""
    counts: Mapping[str, int]
    led: Mapping[int, Mapping[str, Sequence[int]]]
    leaderless: Mapping[TopicPartition, str]
    ends: Mapping[int, _Offsets]
    starts: Mapping[int, _Offsets]


@dataclass(slots=True)
class _Columns:
    start: I64
    end: I64
    errors: dict[TopicPartition, str] = field(default_factory=dict)


class LogReader:
    """Reads LogSamples; keeps keys and encoded requests while the topics stay the same."""

    def __init__(self, side: Side, client: Client, clock: Clock, topics: Iterable[str]) -> None:
        self._side: Side = side
        self._client = client
        self._clock = clock
        self._wanted = frozenset(topics)
        self._layout: _Layout | None = None

    async def read(self) -> LogSample:
        """One sample. Raises PortError when no partition could be asked."""
        asked_at_ms = self._clock.now_ms()
        layout = self._lay_out(await self._client.view())
        columns = _Columns(_missing(len(layout.keys)), _missing(len(layout.keys)))
        columns.errors.update(layout.leaderless)
        async with asyncio.TaskGroup() as tasks:
            asking_starts = tasks.create_task(
                self._client.ask_each(layout.starts), name=f"{self._side}-starts"
            )
            asking_ends = tasks.create_task(
                self._client.ask_each(layout.ends), name=f"{self._side}-ends"
            )
        starts, no_start = asking_starts.result()
        ends, no_end = asking_ends.result()
        failures = no_start | no_end
        if failures and not ends:
            raise next(iter(failures.values()))
        for node, failure in failures.items():
            for topic, partitions in layout.led[node].items():
                columns.errors.update(((topic, p), failure.reason) for p in partitions)
        _fill(columns.start, starts.values(), layout, columns.errors)
        _fill(columns.end, ends.values(), layout, columns.errors)
        return LogSample(
            side=self._side,
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
            keys=layout.keys,
            start=columns.start,
            end=columns.end,
            errors=columns.errors,
        )

    def _lay_out(self, view: View) -> _Layout:
        if self._layout is not None and self._layout.view is view:
            return self._layout
        topics = tuple(
            sorted(name for name in view.topics if name in self._wanted or not is_internal(name))
        )
        counts = {name: _count(view, name) for name in topics}
        names = tuple((name, p) for name in topics for p in range(counts[name]))
        keys = self._layout.keys if self._layout is not None else None
        if keys is None or keys.names != names:
            keys = PartitionKeys.of(names)
        led, leaderless = view.leaders(topics)
        self._layout = _Layout(
            view=view,
            keys=keys,
            first={name: keys.position[name, 0] for name in topics if counts[name]},
            counts=counts,
            led=led,
            leaderless=leaderless,
            ends={node: list_offsets(wanted, LATEST) for node, wanted in led.items()},
            starts={node: list_offsets(wanted, EARLIEST) for node, wanted in led.items()},
        )
        return self._layout


def _count(view: View, topic: str) -> int:
    """Number of partitions: they are numbered from 0 without gaps."""
    return max((part.partition + 1 for part in view.topics[topic].partitions), default=0)


def _missing(size: int) -> I64:
    return np.full(size, MISSING, dtype=np.int64)


def _fill(
    column: I64,
    answers: Iterable[tuple[TopicOffsets, ...]],
    layout: _Layout,
    errors: dict[TopicPartition, str],
) -> None:
    """Put what brokers answered into its place; answers come in any order."""
    for answer in answers:
        for got in answer:
            if got.topic not in layout.first:
                continue
            fits = (got.partitions >= 0) & (got.partitions < layout.counts[got.topic])
            good = fits & (got.errors == 0) & (got.offsets >= 0)
            column[layout.first[got.topic] + got.partitions[good]] = got.offsets[good]
            for i in np.flatnonzero(fits & ~good):
                code = int(got.errors[i])
                errors[got.topic, int(got.partitions[i])] = (
                    code_name(code) if code else "the broker knows no offset"
                )
