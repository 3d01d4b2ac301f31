"""Start and end offsets of all partitions of a cluster, as columns over a fixed order.

A partition that did not answer is MISSING with a reason; it never becomes zero, and never takes the
rest of the sample with it. Ends are read each time. Topics and leaders are read now and then, and
at once when an answer tells that they have changed; starts likewise, at once where one is missing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from cockpit.core.observe import I64, MISSING, LogSample, PartitionKeys, TopicPartition
from cockpit.core.plan import Side
from cockpit.kafka.client import Client, View
from cockpit.kafka.columns import Answer, Question, Questions, ask, lay_out, missing
from cockpit.kafka.vanished import look_for
from cockpit.ports import Clock

VIEW_EVERY_MS: Final = 5_000
VIEW_EVERY_LEADERLESS_MS: Final = 1_000
STARTS_EVERY_MS: Final = 30_000
VANISHED_FOR_MS: Final = 15_000
"""How long topics that have vanished are looked for as often as leaders are: a broker that has just
started may not know all topics yet."""

_INTERNAL: Final = re.compile(r"__.*|mm2-.*|.*[.-]internal|(.*[.])?heartbeats")


def is_internal(topic: str) -> bool:
    """Whether a topic belongs to Kafka, Connect or MirrorMaker by its name."""
    return _INTERNAL.fullmatch(topic) is not None


class LogReader:
    """Reads LogSamples; keeps keys, starts and encoded requests while the topics stay the same."""

    def __init__(self, side: Side, client: Client, clock: Clock, topics: Iterable[str]) -> None:
        self._side: Side = side
        self._client = client
        self._clock = clock
        self._wanted = frozenset(topics)
        self._questions: Questions | None = None
        self._view: View | None = None
        """As the cluster gave it."""
        self._viewed_at_ms = 0
        self._doubted = True
        """An answer has told that leaders or topics are others, or a broker gave none."""
        self._ends: I64 | None = None
        """Ends of the last sample, aligned to the keys."""
        self._starts = missing(0)
        self._no_start: dict[TopicPartition, str] = {}
        self._started_at_ms: int | None = None
        self._vanished_at_ms: int | None = None
        self._ids: dict[str, str] = {}
        self._recreated: frozenset[str] = frozenset()
        self._gone: frozenset[str] = frozenset()
        """Topics that are not there, and of which only a name would tell if they came back."""
        self._searched = False
        """Some topics had to be asked for by name: this is done again at each look."""
        self._unseen: dict[str, str] = {}
        """Topics of the plan that are not shown, and why nobody can say that they are gone."""

    async def read(self) -> LogSample:
        """One sample. Raises PortError when no partition could be asked."""
        asked_at_ms = self._clock.now_ms()
        questions = self._questions
        looked = questions is None or self._view_is_old(questions, asked_at_ms)
        if questions is None or looked:
            questions = await self._look(asked_at_ms)
        starts = self._starts
        ends = await self._ask(questions, asked_at_ms)
        shrunk = _went_back(self._ends, ends.values)
        if shrunk and not looked:
            # Truncated, or by now another topic of the same name: topic ids tell.
            before, questions = questions, await self._look(asked_at_ms)
            if questions is not before:
                starts = self._starts
                ends = await self._ask(questions, asked_at_ms)
        self._ends = ends.values
        self._doubted = shrunk or ends.moved or bool(ends.failures)
        self._replace(questions.keys, (starts > ends.values) & (ends.values != MISSING))
        await self._complete_starts(questions, ends.values)
        unseen = {name: self._unseen[name[0]] for name in self._kept(questions.keys)}
        return LogSample(
            side=self._side,
            asked_at_ms=asked_at_ms - round(1000 * ends.before_s),
            answered_at_ms=self._clock.now_ms(),
            keys=questions.keys,
            start=self._starts,
            starts_at_ms=asked_at_ms if self._started_at_ms is None else self._started_at_ms,
            end=ends.values,
            errors={**self._no_start, **questions.leaderless, **ends.errors, **unseen},
            recreated=self._recreated,
        )

    def _view_is_old(self, questions: Questions, now_ms: int) -> bool:
        vanished_at_ms = self._vanished_at_ms
        some_vanished = vanished_at_ms is not None and now_ms - vanished_at_ms < VANISHED_FOR_MS
        hurried = bool(questions.leaderless) or some_vanished
        every_ms = VIEW_EVERY_LEADERLESS_MS if hurried else VIEW_EVERY_MS
        return self._doubted or now_ms - self._viewed_at_ms >= every_ms

    async def _look(self, now_ms: int) -> Questions:
        """Topics and leaders as they are now."""
        shown = await self._client.view()
        self._viewed_at_ms, self._doubted = now_ms, False
        before = self._questions
        if before is not None and shown is self._view and not self._searched:
            return before
        view = await self._search(shown, now_ms)
        topics = [name for name in view.topics if name in self._wanted or not is_internal(name)]
        keys = before.keys if before else None
        after = lay_out(view, topics, keys, self._kept(keys))
        new = self._renewed(view)
        if keys is not after.keys or new:
            self._starts = _carry(self._starts, keys, after.keys, new)
            self._no_start = {
                n: why for n, why in self._no_start.items() if n in after.keys.position
            }
            self._ends = None
        self._view, self._questions = shown, after
        return after

    async def _search(self, shown: View, now_ms: int) -> View:
        """The view with those topics that it has lost and that are there if asked for by name."""
        if self._questions is None:
            return shown
        if self._view is not None and self._view.topics.keys() - shown.topics.keys():
            self._vanished_at_ms = now_ms
        before = {topic for topic, _ in self._questions.keys.names}
        found = await look_for(self._client, before - shown.topics.keys())
        self._gone |= found.gone
        self._searched = bool(found.topics or found.unseen)
        self._unseen = {
            name: f"not in the cluster's metadata any more: {why}"
            for name, why in found.unseen.items()
            if name in self._wanted
        }
        return View({**shown.topics, **found.topics}) if found.topics else shown

    def _kept(self, keys: PartitionKeys | None) -> list[TopicPartition]:
        """Partitions known before of topics of the plan that are not shown."""
        names = keys.names if keys and self._unseen else ()
        return [name for name in names if name[0] in self._unseen]

    def _renewed(self, view: View) -> frozenset[str]:
        """Topics that are not the ones that bore their names in an earlier view.

        Below Kafka 2.8 topics have no ids: one that was gone in between is another one.
        """
        ids = {name: topic.topic_id for name, topic in view.topics.items() if topic.topic_id}
        new = frozenset(n for n, known in self._ids.items() if ids.get(n, known) != known)
        new |= (self._gone & view.topics.keys()) - ids.keys()
        self._gone -= view.topics.keys()
        self._ids |= ids
        self._recreated |= new
        return new

    def _replace(self, keys: PartitionKeys, short: npt.NDArray[np.bool_]) -> None:
        """Topics without ids that end before they began are other ones: their starts are new."""
        topics = {keys.names[i][0] for i in np.flatnonzero(short)} - self._ids.keys()
        if topics:
            self._recreated |= topics
            mine = np.array([topic in topics for topic, _ in keys.names])
            self._starts = np.where(mine, MISSING, self._starts)

    async def _ask(self, questions: Questions, now_ms: int) -> Answer:
        """Ends, and starts when it is time for them. Raises PortError when nobody answers."""
        due = self._started_at_ms is None or now_ms - self._started_at_ms >= STARTS_EVERY_MS
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(
                ask(self._client, questions.keys, questions.ends), name=f"{self._side}-ends"
            )
            if due:
                starting = self._ask_starts(questions, questions.starts)
                tasks.create_task(starting, name=f"{self._side}-starts")
        ends = asking.result()
        if ends.failures and len(ends.failures) == len(questions.ends):
            self._doubted = True
            raise next(iter(ends.failures.values()))
        if due:
            self._started_at_ms = now_ms
        return ends

    async def _ask_starts(self, questions: Questions, asked: Mapping[int, Question]) -> None:
        """Put what is answered into the column of starts, and why where nothing is."""
        starts = await ask(self._client, questions.keys, asked)
        column = self._starts.copy()
        known = starts.values != MISSING
        column[known] = starts.values[known]
        for name in starts.errors:
            column[questions.keys.position[name]] = MISSING
        self._starts = column
        answered = {questions.keys.names[i] for i in np.flatnonzero(known)} & self._no_start.keys()
        kept = {name: why for name, why in self._no_start.items() if name not in answered}
        self._no_start = kept | starts.errors

    async def _complete_starts(self, questions: Questions, ends: I64) -> None:
        """Ask for starts of partitions that answer and of which none is known, or one too late."""
        answered = ends != MISSING
        late = (self._starts > ends) & answered
        if late.any():
            self._starts = np.where(late, MISSING, self._starts)
        lacking = np.flatnonzero(answered & (self._starts == MISSING))
        if not len(lacking):
            return
        names = [questions.keys.names[i] for i in lacking]
        await self._ask_starts(questions, questions.starts_of(names))
        ahead = (self._starts > ends) & answered
        for i in np.flatnonzero(ahead):
            self._no_start[questions.keys.names[i]] = "the log's start moved while it was read"
        self._starts = np.where(ahead, MISSING, self._starts)


def _went_back(before: I64 | None, after: I64) -> bool:
    """Whether a log is shorter than it was."""
    return before is not None and bool(((after < before) & (after != MISSING)).any())


def _carry(
    column: I64, before: PartitionKeys | None, after: PartitionKeys, new: frozenset[str]
) -> I64:
    """A column in another order; MISSING for partitions and topics that are new."""
    carried = missing(len(after))
    if before is not None:
        for i, name in enumerate(after.names):
            at = before.position.get(name)
            if at is not None and name[0] not in new:
                carried[i] = column[at]
    return carried
