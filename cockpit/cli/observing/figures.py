"""The figures of `cockpit bench --only observe`, in the order in which they are known.

What is measured is what the product calls: `KafkaCluster.groups()`, then `KafkaCluster.logs()`.
CPU is this process's; rounds of ours and of the peers take turns. Never runs without a broker of
its own, which it starts and stops.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from cockpit.cli.figures import Figure
from cockpit.cli.observing import peers
from cockpit.cli.observing.content import (
    PARTITIONS,
    TOPICS,
    Content,
    filled,
    synthetic_broker,
)
from cockpit.cli.observing.measure import Requests, StepClock, cpu_ms, growth_kb, longest_stall_ms
from cockpit.kafka.cluster import KafkaCluster
from cockpit.kafka.security import Access
from cockpit.kafka.text import one_line
from cockpit.lab.home import LabError
from cockpit.lab.versions import Broker, broker_of
from cockpit.ports import PortError

VERSION: Final = "4.3.1"
SETTINGS: Final = {"log.index.size.max.bytes": "65536"}
"""The default would reserve 10 MB of index files for each partition."""
ROUNDS: Final = 7
TURNS: Final = 6
"""Refreshes of ours to one of a peer."""
STATES_MAX_AGE_MS: Final = 2_000
CALM_MS: Final = 3_600_000
"""States this old will do: none is asked for again while calm refreshes are measured."""
TOOL_RUNS: Final = 2
PEERS: Final = ("aiokafka_admin", "confluent_admin")


def figures() -> Iterator[Figure]:
    """Every figure, as soon as it is known."""
    found = _figures()

    async def following() -> Figure | None:
        return await anext(found, None)

    with asyncio.Runner() as runner:
        try:
            while (figure := runner.run(following())) is not None:
                yield figure
        finally:
            runner.run(found.aclose())


def _progress(text: str) -> None:
    sys.stderr.write(f"  {text}\n")


def _count(read: int) -> str:
    return f"{read} offsets and commits"


class Observer:
    """One cluster as the product watches it, on a clock that we move."""

    def __init__(self, access: Access) -> None:
        self.clock = StepClock()
        self.cluster = KafkaCluster("source", access, self.clock, topics=(), groups=())
        self.read = 0

    async def refresh(self, *, states_max_age_ms: int = CALM_MS) -> None:
        """Commits of all groups, then ends of all partitions, as the engine asks for them."""
        groups = await self.cluster.groups(states_max_age_ms=states_max_age_ms)
        logs = await self.cluster.logs()
        self.read = len(logs.keys) - len(logs.errors)
        self.read += sum(len(group.keys) for group in groups.groups.values())

    async def second(self) -> None:
        """One second of watching, with whatever is due then."""
        self.clock.ms += 1_000
        await self.refresh(states_max_age_ms=STATES_MAX_AGE_MS)

    async def settle(self) -> None:
        """A few refreshes: everything is connected, encoded and learnt."""
        for _ in range(4):
            await self.refresh()


@asynccontextmanager
async def observing(access: Access) -> AsyncIterator[Observer]:
    """An observer, until the block ends."""
    observer = Observer(access)
    try:
        yield observer
    finally:
        await observer.cluster.close()


async def _figures() -> AsyncGenerator[Figure]:
    # Growth first, and the largest last: memory that was once used hides what grows after it.
    async for figure in _failing_figures():
        yield figure
    try:
        async for figure in _real_figures():
            yield figure
    except (LabError, PortError) as error:
        yield Figure("observe_refresh_10k_cpu", None, "ms", 6, note=f"no broker: {error}")
    async for figure in _large_figures():
        yield figure


async def _real_figures() -> AsyncGenerator[Figure]:
    """Everything that takes a real broker. Raises LabError, or PortError where it gives out."""
    with tempfile.TemporaryDirectory(prefix="cockpit-bench-") as folder:
        _progress(f"starting a broker {VERSION}, {TOPICS} topics of {PARTITIONS} partitions")
        async with AsyncExitStack() as stack:
            starting = broker_of(
                VERSION, Path(folder) / "broker", settings=SETTINGS, heap="1g", progress=_progress
            )
            broker = await stack.enter_async_context(starting)
            content = await stack.enter_async_context(filled(broker.access()))
            observer = await stack.enter_async_context(observing(broker.access()))
            async for figure in _pace_figures(observer, broker.access()):
                yield figure
            async for figure in _refresh_figures(observer, content, broker):
                yield figure


async def _failing_figures() -> AsyncGenerator[Figure]:
    _progress("1,000 refreshes answered by errors, 1,000 refused; synthetic")
    async with AsyncExitStack() as stack:
        async with synthetic_broker(topics=20, groups=20, failing=True) as access:
            observer = await stack.enter_async_context(observing(access))
            grown = await growth_kb(observer.second, rounds=1_000, warm=200)
            yield Figure("observe_growth_1000_errors", grown, "kB", 1_000)
        grown = await growth_kb(observer.second, rounds=1_000, warm=200)
        yield Figure("observe_growth_1000_refused", grown, "kB", 1_000)


async def _large_figures() -> AsyncGenerator[Figure]:
    _progress("100,000 partitions and 100,000 commits, synthetic")
    async with synthetic_broker(topics=2_000, groups=2_000) as access, observing(access) as large:
        await large.settle()
        taken = [await cpu_ms(large.refresh) for _ in range(15)]
        median = statistics.median(taken)
        yield Figure("observe_refresh_100k_cpu", median, "ms", 40, note=_count(large.read))
        stall = await longest_stall_ms(large.refresh)
        yield Figure("observe_refresh_100k_stall", stall, "ms")


class _Peer:
    """Another client and what its refreshes took. What goes wrong in it is its own affair."""

    def __init__(self) -> None:
        self.taken: list[float] = []
        self.note = "not installed"
        self._refresh: peers.Peer | None = None

    async def begin(self, refresh: peers.Peer) -> None:
        """Once without measure, to see what it reads."""
        try:
            self.note = _count(await refresh())
        except Exception as error:  # noqa: BLE001  # whatever another client raises
            self.note = one_line(f"failed: {error!r}")
        else:
            self._refresh = refresh

    async def turn(self) -> None:
        """One measured refresh; after a failure there are no more."""
        if self._refresh is None:
            return
        try:
            self.taken.append(await cpu_ms(self._refresh))
        except Exception as error:  # noqa: BLE001  # whatever another client raises
            self.note = one_line(f"failed: {error!r}")
            self._refresh = None


async def _refresh_figures(
    observer: Observer, content: Content, broker: Broker
) -> AsyncGenerator[Figure]:
    """Ours and the peers', in turns."""
    ours: list[float] = []
    stalls: list[float] = []
    theirs: dict[str, _Peer] = {name: _Peer() for name in PEERS}
    async with AsyncExitStack() as stack:
        found = {"aiokafka_admin": peers.aiokafka_admin(broker.address, content.node)}
        if peers.confluent_module() is not None:
            found["confluent_admin"] = peers.confluent_admin(broker.address)
        for name, opening in found.items():
            await theirs[name].begin(await stack.enter_async_context(opening))
        for number in range(ROUNDS):
            _progress(f"round {number + 1} of {ROUNDS}")
            for _ in range(TURNS):
                await content.stir(groups=2)
                ours.append(await cpu_ms(observer.refresh))
            stalls.append(await longest_stall_ms(observer.refresh))
            for peer in theirs.values():
                await peer.turn()
    own = statistics.median(ours)
    yield Figure("observe_refresh_10k_cpu", own, "ms", 6, note=_count(observer.read))
    yield Figure("observe_refresh_10k_stall", max(stalls), "ms", 15)
    for name, peer in theirs.items():
        median = statistics.median(peer.taken) if peer.taken else None
        yield Figure(f"peer_{name}_cpu", median, "ms", note=peer.note)
        if median is not None:
            yield Figure(f"observe_share_of_{name}", own / median, "x", 0.2)
    _progress("kafka-consumer-groups")
    tool = [await peers.consumer_groups_tool(broker) for _ in range(TOOL_RUNS)]
    runs = [taken for taken in tool if taken is not None]
    if not runs:
        yield Figure("peer_kafka_consumer_groups_cpu", None, "ms", note="not among the jars")
        return
    yield Figure("peer_kafka_consumer_groups_cpu", min(runs), "ms", note="its start included")
    yield Figure("observe_share_of_kafka_consumer_groups", own / min(runs), "x", 0.2)


async def _pace_figures(observer: Observer, access: Access) -> AsyncGenerator[Figure]:
    """The first look, then a minute of watching as the engine paces it, slow requests included."""
    yield Figure("observe_first_refresh_10k_cpu", await cpu_ms(observer.refresh), "ms")
    async with observing(access) as another:
        stall = await longest_stall_ms(another.refresh)
    yield Figure("observe_first_refresh_10k_stall", stall, "ms", 15)
    await observer.settle()
    requests = Requests()
    with requests.counting():
        await observer.refresh()
    yield Figure("observe_requests_calm", len(requests.asked), "requests", 2)
    taken = [await cpu_ms(observer.second) for _ in range(60)]
    yield Figure("observe_second_10k_cpu", statistics.fmean(taken), "ms", note="mean, a minute")
    stalls = [await longest_stall_ms(observer.second) for _ in range(60)]
    yield Figure("observe_minute_10k_stall", max(stalls), "ms", 15)
    _progress("1,000 refreshes of a broker that answers")
    grown = await growth_kb(observer.second, rounds=1_000, warm=100)
    yield Figure("observe_growth_1000_good", grown, "kB", 1_000)
