"""Clusters read as the engine reads them, with the time of every answer, for tests of faults."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cockpit.core.observe import Failure, Sample, feed_name
from cockpit.core.plan import Side
from cockpit.core.survey import Survey
from cockpit.engine.feeds import cluster_feeds, follow
from cockpit.kafka.cluster import KafkaCluster
from tests.kafka.clock import RealClock

PACE_MS = 1_000


@dataclass(frozen=True)
class Seen:
    """One answer of a feed, and when it came, in seconds of `time.perf_counter`."""

    at_s: float
    feed: str
    what: Sample | Failure


@dataclass
class Watch:
    """Everything that the feeds have said so far."""

    seen: list[Seen] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def put(self, what: Sample | Survey | Failure) -> None:
        """What the engine would take in."""
        assert not isinstance(what, Survey)
        self.seen.append(Seen(time.perf_counter(), feed_name(what), what))
        self.news.set()

    def of(self, feed: str, *, since_s: float = 0.0) -> list[Seen]:
        """What a feed has said since then."""
        return [seen for seen in self.seen if seen.feed == feed and seen.at_s >= since_s]

    async def first(
        self,
        feed: str,
        wanted: Callable[[Sample | Failure], bool],
        *,
        since_s: float,
        within_s: float,
    ) -> Seen:
        """The first such answer; fails the test when it does not come in time."""
        try:
            async with asyncio.timeout(within_s - (time.perf_counter() - since_s)):
                while True:
                    for seen in self.of(feed, since_s=since_s):
                        if wanted(seen.what):
                            return seen
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            told = "\n".join(self._told(since_s - 2.0, since_s))
            raise AssertionError(f"{feed}: not within {within_s:.1f} s:\n{told}") from None

    def _told(self, from_s: float, zero_s: float) -> list[str]:
        """What the feeds said, in seconds around the moment that counts."""
        return [
            f"{seen.at_s - zero_s:6.2f} {seen.feed} {getattr(seen.what, 'reason', 'read')}"
            for seen in self.seen
            if seen.at_s >= from_s
        ]


@contextlib.asynccontextmanager
async def watching(clusters: Mapping[Side, KafkaCluster]) -> AsyncIterator[Watch]:
    """Both clusters at the engine's pace."""
    watch = Watch()
    async with asyncio.TaskGroup() as tasks:
        feeds = [
            tasks.create_task(follow(feed, RealClock(), watch.put), name=feed.name)
            for side, cluster in clusters.items()
            for feed in cluster_feeds(side, cluster, lambda: PACE_MS)
        ]
        yield watch
        for task in feeds:
            task.cancel()


def cpu_s(pid: int) -> float:
    """Processor time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
