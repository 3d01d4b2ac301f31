"""`ports.Surveyor` over a simulated world: both clusters as slower looks would find them.

Read only. Everything that has a name or an address says that it is simulated; quotas, users and
topics are the same on both sides, as a migration that was prepared well has them. Draws its
latencies from a stream of its own: looking changes nothing about the rest of a flight.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

import numpy as np

from cockpit.core.plan import SIDES, Side
from cockpit.core.survey import (
    BrokerHealth,
    BrokersSurvey,
    GroupMembers,
    LogDir,
    Member,
    MembersSurvey,
    ProducersSurvey,
    ProducerState,
    Quota,
    QuotasSurvey,
    ScramCredential,
    StorageSurvey,
    Survey,
    TopicFacts,
    TopicsSurvey,
    Transaction,
    TransactionsSurvey,
    UsersSurvey,
)
from cockpit.ports import Clock, SurveyFeed
from cockpit.sim.acls import canary_principal
from cockpit.sim.clientprobes import client_probe_feeds
from cockpit.sim.images import survey_images
from cockpit.sim.layout import STRANGER, Lane
from cockpit.sim.line import Line
from cockpit.sim.world import World

IMAGES_EVERY_MS = 2_000
STREAM = 8
"""The world's own random streams are 0 to 7."""
RECORD_BYTES = 200
VOLUME_BYTES = 1 << 40
BYTES_PER_S = 50.0 * 2**20
RELEASES: dict[Side, str] = {"source": "2.8", "target": "3.9"}


class SimSurveyor:
    """Surveys of both sides of a world."""

    def __init__(self, world: World, clock: Clock) -> None:
        rng = np.random.default_rng([world.spec.seed, STREAM])
        line = Line(world, clock, rng)
        sides = [feed for side in SIDES for feed in _SideSurveys(line, side).feeds()]
        self._line = line
        images = SurveyFeed("images", IMAGES_EVERY_MS, self._images)
        self._feeds = (*sides, images, *client_probe_feeds(line))

    def feeds(self) -> tuple[SurveyFeed, ...]:
        """What there is to look at, under the names of a real flight."""
        return self._feeds

    async def close(self) -> None:
        """Nothing is held."""

    async def _images(self) -> Survey:
        asked_at_ms = await self._line.cluster("target")
        await self._line.cluster("source")
        return survey_images(self._line.world, asked_at_ms, self._line.clock.now_ms())


class _SideSurveys:
    """The surveys of one side, each made of what the world is at the time that it is asked for."""

    def __init__(self, line: Line, side: Side) -> None:
        self._line = line
        self._side: Side = side
        self._world = line.world
        self._shore = line.world.shores[side]

    def feeds(self) -> Iterator[SurveyFeed]:
        """Each with the pace that it has in a real flight."""
        for name, every_ms, look in (
            ("brokers", 5_000, self._brokers),
            ("members", 5_000, self._members),
            ("producers", 5_000, self._producers),
            ("topics", 15_000, self._topics),
            ("transactions", 15_000, self._transactions),
            ("quotas", 30_000, self._quotas),
            ("users", 30_000, self._users),
            ("storage", 60_000, self._storage),
        ):
            yield SurveyFeed(f"{self._side}.{name}", every_ms, self._asking(look))

    def _asking(self, look: Callable[[int, int], Survey]) -> Callable[[], Awaitable[Survey]]:
        async def read() -> Survey:
            asked_at_ms = await self._line.cluster(self._side)
            return look(asked_at_ms, self._line.clock.now_ms())

        return read

    def _topics(self, asked_at_ms: int, now_ms: int) -> TopicsSurvey:
        layout = self._world.layout
        topics = {}
        for index, name in enumerate(layout.topics):
            mine = layout.topic_of == index
            down = int((~self._shore.up & mine).sum())
            generation = int((self._shore.generation * mine).max(initial=0))
            topic_id = f"simulated-{self._side}-{index}" + f"-{generation}" * bool(generation)
            topics[name] = TopicFacts(topic_id, int(mine.sum()), 1, down, down)
        return TopicsSurvey(self._side, asked_at_ms, now_ms, topics)

    def _brokers(self, asked_at_ms: int, now_ms: int) -> BrokersSurvey:
        brokers = tuple(self._broker(n) for n in range(self._world.spec.brokers))
        up = [broker.node for broker in brokers if broker.word == "connected"]
        return BrokersSurvey(self._side, asked_at_ms, now_ms, brokers, min(up, default=0))

    def _broker(self, node: int) -> BrokerHealth:
        address = f"simulated-{self._side}-{node}:0"
        if node in self._shore.brokers_down:
            return BrokerHealth(node, address, "unreachable", "simulated: it is down", 0, "")
        latency_ms = self._world.spec.latency_ms
        return BrokerHealth(node, address, "connected", "", latency_ms, RELEASES[self._side])

    def _members(self, asked_at_ms: int, now_ms: int) -> MembersSurvey:
        layout = self._world.layout
        found: dict[str, GroupMembers] = {}
        for index, name in enumerate(layout.groups):
            coordinator = layout.coordinator_of[index]
            if coordinator in self._shore.brokers_down:
                why = f"simulated: its coordinator, broker {coordinator}, is down"
                found[name] = GroupMembers(name, "classic", "", (), why)
            elif self._shore.group_exists(index):
                members = tuple(self._member(index, i) for i in range(self._shore.present(index)))
                state = self._shore.state_of(index)
                found[name] = GroupMembers(name, "classic", state, members)
        return MembersSurvey(self._side, asked_at_ms, now_ms, found)

    def _member(self, group: int, number: int) -> Member:
        layout = self._world.layout
        service = layout.services[layout.group_service[group]].name
        names = layout.keys.names
        assigned = tuple(names[int(p)] for p in np.flatnonzero(layout.reads[group]))
        return Member(f"{service}-{number}", service, "simulated", assigned)

    def _producers(self, asked_at_ms: int, now_ms: int) -> ProducersSurvey:
        world, names = self._world, self._world.layout.keys.names
        writing = world.traffic.writing[self._side]
        producers, errors = [], {}
        for index, lane in enumerate(world.layout.lanes):
            if not self._shore.up[lane.partition]:
                errors[names[lane.partition]] = "simulated: no leader"
            elif writing[index]:
                producers.append(self._producer(index, lane))
        return ProducersSurvey(self._side, asked_at_ms, now_ms, tuple(producers), errors)

    def _producer(self, index: int, lane: Lane) -> ProducerState:
        world = self._world
        topic, partition = world.layout.keys.names[lane.partition]
        number = int(world.traffic.next_number[index])
        return ProducerState(
            topic=topic,
            partition=partition,
            producer_id=9_000 if lane.service == STRANGER else 1_000 + lane.service,
            epoch=0,
            last_sequence=number - 1,
            last_timestamp_ms=world.begin_ms + world.now_ms if number else -1,
            transaction_start=-1,
        )

    def _transactions(self, asked_at_ms: int, now_ms: int) -> TransactionsSurvey:
        names = self._world.layout.keys.names
        held = tuple(names[p] for p in sorted(self._shore.stable))
        open_ = Transaction("simulated", 8_000, "Ongoing", asked_at_ms, 60_000, held)
        return TransactionsSurvey(self._side, asked_at_ms, now_ms, (open_,) if held else ())

    def _quotas(self, asked_at_ms: int, now_ms: int) -> QuotasSurvey:
        quotas = frozenset(
            Quota((("user", _user(service.principal)),), "producer_byte_rate", BYTES_PER_S)
            for service in self._world.layout.services
            if service.produces
        )
        return QuotasSurvey(self._side, asked_at_ms, now_ms, quotas)

    def _users(self, asked_at_ms: int, now_ms: int) -> UsersSurvey:
        principals = [service.principal for service in self._world.layout.services]
        canary = canary_principal(self._world.plan)
        credentials = frozenset(
            ScramCredential(_user(principal), "SCRAM-SHA-512", 4096)
            for principal in (*principals, *((canary,) if canary else ()))
        )
        return UsersSurvey(self._side, asked_at_ms, now_ms, credentials)

    def _storage(self, asked_at_ms: int, now_ms: int) -> StorageSurvey:
        layout, shore = self._world.layout, self._shore
        sizes = {
            name: int(shore.logs.end[p]) * RECORD_BYTES
            for p, name in enumerate(layout.keys.names)
            if shore.up[p]
        }
        dirs, unknown = [], {}
        for node in range(self._world.spec.brokers):
            if node in shore.brokers_down:
                unknown[node] = "simulated: it is down"
                continue
            mine = np.flatnonzero(layout.leader_of == node)
            used = sum(sizes[layout.keys.names[int(p)]] for p in mine)
            dirs.append(LogDir(node, "/simulated", VOLUME_BYTES, VOLUME_BYTES - used))
        return StorageSurvey(self._side, asked_at_ms, now_ms, sizes, tuple(dirs), unknown)


def _user(principal: str) -> str:
    return principal.partition(":")[2]
