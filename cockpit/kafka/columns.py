"""Offsets asked of every leader at once and put together as one column over a fixed order.

What one broker does not answer is MISSING with a reason, and costs the others nothing. Never
decides when to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cockpit.core.observe import I64, MISSING, PartitionKeys, TopicPartition
from cockpit.kafka.client import Client, Leaders, View
from cockpit.kafka.errors import code_name
from cockpit.kafka.protocol.offsets import (
    EARLIEST,
    LATEST,
    OffsetColumns,
    OffsetsShape,
    offset_columns,
)
from cockpit.ports import PortError

MOVED: Final = frozenset({3, 5, 6, 9, 74, 75, 100})
"""Partition errors that say that leaders or topics are others by now."""


def missing(size: int) -> I64:
    """A column of which nothing is known."""
    return np.full(size, MISSING, dtype=np.int64)


@dataclass(slots=True)
class Answer:
    """One column aligned to keys; `errors` says why for each partition that was asked for and is
    MISSING."""

    values: I64
    errors: dict[TopicPartition, str] = field(default_factory=dict)
    failures: dict[int, PortError] = field(default_factory=dict)
    """Brokers that gave no answer."""
    before_s: float = 0.0
    """How long before this look the oldest of the answers was asked for."""
    moved: bool = False
    """Whether an error says that leaders or topics are others by now."""


class Question:
    """What is asked of one broker again and again, and where its answer belongs."""

    def __init__(
        self, keys: PartitionKeys, wanted: Mapping[str, Sequence[int]], timestamp_ms: int
    ) -> None:
        self.request = offset_columns(wanted, timestamp_ms)
        self._keys = keys
        self._wanted = wanted
        self._shape: OffsetsShape | None = None
        self._good: I64 | slice = slice(None)
        """Entries of the reply that may hold an offset,"""
        self._at = np.zeros(0, dtype=np.int64)
        """and where in the column those belong."""
        self._errors: dict[TopicPartition, str] = {}
        self._failed_at = self._at
        self._moved = False

    def put(self, reply: OffsetColumns, answer: Answer) -> None:
        """Everything in a reply into its place; partitions come in any order."""
        if reply.shape is not self._shape:
            self._place(reply.shape)
        offsets, at = reply.offsets[self._good], self._at
        if len(offsets) and int(offsets.min()) < 0:
            none = offsets < 0
            names = (self._keys.names[i] for i in at[none])
            answer.errors.update(dict.fromkeys(names, "the broker knows no offset"))
            offsets, at = offsets[~none], at[~none]
        answer.values[at] = offsets
        answer.values[self._failed_at] = MISSING
        answer.errors.update(self._errors)
        answer.moved |= self._moved

    def _place(self, shape: OffsetsShape) -> None:
        where = self._keys.position
        topics = np.repeat(np.arange(len(shape.topics)), shape.counts).tolist()
        names = zip((shape.topics[i] for i in topics), shape.partitions.tolist(), strict=True)
        at = np.array([where.get(name, -1) for name in names], dtype=np.int64)
        good = (at >= 0) & (shape.errors == 0)
        failed = np.flatnonzero((at >= 0) & (shape.errors != 0))
        codes = shape.errors[failed].tolist()
        self._shape = shape
        self._good = slice(None) if good.all() else np.flatnonzero(good)
        self._at, self._failed_at = at[good], at[failed]
        self._errors = {
            self._keys.names[i]: code_name(code)
            for i, code in zip(self._failed_at.tolist(), codes, strict=True)
        }
        self._moved = not MOVED.isdisjoint(codes)

    def fail(self, answer: Answer, reason: str) -> None:
        """The broker gave no answer, or none about some partitions."""
        for topic, partitions in self._wanted.items():
            for name in ((topic, partition) for partition in partitions):
                if answer.values[self._keys.position[name]] == MISSING:
                    answer.errors.setdefault(name, reason)


@dataclass(frozen=True, slots=True)
class Questions:
    """What one view of the cluster makes us ask; the same object until the view changes."""

    view: View
    keys: PartitionKeys
    leaderless: Mapping[TopicPartition, str]
    led: Leaders
    ends: Mapping[int, Question]
    starts: Mapping[int, Question]

    def starts_of(self, names: Iterable[TopicPartition]) -> dict[int, Question]:
        """Questions for the log starts of these partitions alone, as far as somebody leads them."""
        wanted = frozenset(names)
        found: dict[int, Question] = {}
        for node, led in self.led.items():
            mine = {t: [p for p in parts if (t, p) in wanted] for t, parts in led.items()}
            mine = {topic: partitions for topic, partitions in mine.items() if partitions}
            if mine:
                found[node] = Question(self.keys, mine, EARLIEST)
        return found


def lay_out(
    view: View,
    topics: Iterable[str],
    keys: PartitionKeys | None,
    kept: Iterable[TopicPartition] = (),
) -> Questions:
    """Questions about these topics; `keys` stays the same object if it still fits.

    Partitions that are `kept` are among the keys, and nobody is asked about them.
    """
    chosen = sorted(topics)
    names = tuple((name, p) for name in chosen for p in range(_count(view, name)))
    names = tuple(sorted({*names, *kept})) if kept else names
    if keys is None or keys.names != names:
        keys = PartitionKeys.of(names)
    led, leaderless = view.leaders(chosen)
    return Questions(
        view=view,
        keys=keys,
        leaderless=leaderless,
        led=led,
        ends={node: Question(keys, wanted, LATEST) for node, wanted in led.items()},
        starts={node: Question(keys, wanted, EARLIEST) for node, wanted in led.items()},
    )


def _count(view: View, topic: str) -> int:
    """Number of partitions: they are numbered from 0 without gaps."""
    return max((part.partition + 1 for part in view.topics[topic].partitions), default=0)


async def ask(client: Client, keys: PartitionKeys, questions: Mapping[int, Question]) -> Answer:
    """One column; brokers are asked at once, or an answer is taken that came late."""
    requests = {node: question.request for node, question in questions.items()}
    found = await client.ask_each_late(requests, late=True)
    answer = Answer(missing(len(keys)), failures=found.failures, before_s=found.before_s)
    for node, reply in found.answers.items():
        questions[node].put(reply, answer)
    for node, failure in found.failures.items():
        questions[node].fail(answer, failure.reason)
    if np.count_nonzero(answer.values == MISSING) > len(answer.errors):
        for node in found.answers:
            questions[node].fail(answer, "missing from the broker's answer")
    return answer
