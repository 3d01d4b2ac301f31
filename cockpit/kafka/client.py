"""A whole cluster as one principal sees it: brokers by number, one link each.

Finds its way back by itself: every refresh asks known brokers first, then the plan's bootstrap
addresses. Never asks for a topic in a way that could create it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from cockpit.core.observe import TopicPartition
from cockpit.kafka.errors import UNKNOWN_TOPIC, ReplyLostError, code_error, code_name
from cockpit.kafka.link import Link
from cockpit.kafka.protocol.metadata import (
    Broker,
    MetadataReply,
    TopicInfo,
    all_topics,
    brokers_only,
    named_topics,
)
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.security import Access
from cockpit.ports import PortError

A = TypeVar("A")
B = TypeVar("B")

READ_TIMEOUT_MS: Final = 3_000
CHANGE_TIMEOUT_MS: Final = 15_000
CLOSE_TIMEOUT_S: Final = 1.5
KEPT_S: Final = 60.0
"""How long a connection is kept to an address that no broker has any more; longer than any answer
takes, so that nothing is under way on it."""
LATE_PATIENCE_S: Final = 1.0
"""How long others wait for a broker that did not answer the last time,"""
LATE_TRIES: Final = 10
"""except now and then, when it gets all the time there is: it may just be that slow."""


@dataclass(frozen=True, slots=True)
class View:
    """Topics of a cluster; the same object is returned while nothing changes."""

    topics: Mapping[str, TopicInfo]
    failed: Mapping[str, int] = field(default_factory=dict)
    """Error codes of topics that were answered with one; UNKNOWN_TOPIC: there is no such topic."""

    def leaders(self, topics: Sequence[str]) -> tuple[Leaders, dict[TopicPartition, str]]:
        """Partitions of these topics by leading broker, and those without one and why."""
        led: dict[int, dict[str, list[int]]] = {}
        missing: dict[TopicPartition, str] = {}
        for name in topics:
            for part in self.topics[name].partitions:
                if part.leader >= 0:
                    led.setdefault(part.leader, {}).setdefault(name, []).append(part.partition)
                else:
                    why = code_name(part.error) if part.error else "no leader"
                    missing[name, part.partition] = f"no leader: {why}" if part.error else why
        return led, missing


def _view(reply: MetadataReply) -> View:
    named = [topic for topic in reply.topics if topic.name]
    return View(
        {topic.name: topic for topic in named if not topic.error},
        {topic.name: topic.error for topic in named if topic.error},
    )


Leaders = dict[int, dict[str, list[int]]]
"""Broker number, then topic, then its partition numbers."""


class Client:
    """Sends requests to brokers of one cluster."""

    def __init__(self, access: Access, *, timeout_ms: int = READ_TIMEOUT_MS) -> None:
        self._access = access
        self._timeout_ms = timeout_ms
        self._links: dict[tuple[str, int], Link] = {}
        self._needed_at_s: dict[tuple[str, int], float] = {}
        """When an address was last that of a broker, or asked by itself."""
        self._brokers: dict[int, Broker] = {}
        self._all_topics = all_topics()
        self._last_reply: MetadataReply | None = None
        self._view = View({})
        self._late: dict[int, int] = {}
        """How often in a row a broker has not answered in time."""

    async def brokers(self) -> Mapping[int, Broker]:
        """Live brokers by number, asked for now. Raises PortError."""
        await self.ask_any(brokers_only())
        return self._brokers

    async def describe(self) -> MetadataReply:
        """Cluster id and brokers, asked for now. Raises PortError."""
        return await self.ask_any(brokers_only())

    async def view(self) -> View:
        """All topics, asked for now. Raises PortError."""
        reply = await self.ask_any(self._all_topics)
        if reply is not self._last_reply:
            self._last_reply = reply
            self._view = _view(reply)
        return self._view

    async def named(self, names: Sequence[str]) -> View:
        """These topics as they are now, with the error of each that is not shown.

        Raises PortError; UnsupportedError below Kafka 0.11, where asking might create them.
        """
        return _view(await self.ask_any(named_topics(names)))

    async def topics(self, names: Sequence[str]) -> View:
        """As `named`. Raises PortError also when no topic at all is shown and one could be."""
        view = await self.named(names)
        failed = {name: code for name, code in view.failed.items() if code != UNKNOWN_TOPIC}
        if failed and not view.topics:
            raise code_error(failed[min(failed)], f"topic {min(failed)}")
        return view

    async def call(self, node: int, request: Request[A]) -> A:
        """Ask one broker. Raises PortError."""
        if node not in self._brokers:
            await self.brokers()
        broker = self._brokers.get(node)
        if broker is None:
            raise PortError("unreachable", f"broker {node} is not among the live brokers")
        return await self._link(broker.host, broker.port).call(request)

    async def call_row(
        self, node: int, first: Request[A], rest: Sequence[Request[B]]
    ) -> tuple[A, list[B]]:
        """Ask one broker several reads in a row on one connection. Raises PortError."""
        broker = (await self.brokers()).get(node)
        if broker is None:
            raise PortError("unreachable", f"broker {node} is not among the live brokers")
        return await self._link(broker.host, broker.port).call_row(first, rest)

    def has_met(self) -> bool:
        """Whether any broker has ever been connected to."""
        return any(link.offered is not None for link in self._links.values())

    def lacks(self, api_key: int, version: int) -> bool:
        """Whether a broker of the cluster, as far as they were met, has not that version."""
        known = {(b.host, b.port) for b in self._brokers.values()} | set(self._access.bootstrap)
        met = (link.offered for address, link in self._links.items() if address in known)
        return any(
            offered is not None and offered.get(api_key, (0, -1))[1] < version for offered in met
        )

    async def call_at(self, address: tuple[str, int], request: Request[A]) -> A:
        """Ask whoever listens at this host and port. Raises PortError."""
        self._needed_at_s[address] = asyncio.get_running_loop().time()
        return await self._link(*address).call(request)

    async def ask_each(
        self, requests: Mapping[int, Request[A]]
    ) -> tuple[dict[int, A], dict[int, PortError]]:
        """Ask several brokers at once; answers and failures by broker number.

        A broker that does not answer does not keep the others waiting each time.
        """
        answers: dict[int, A] = {}
        failures: dict[int, PortError] = {}

        async def ask(node: int, request: Request[A]) -> None:
            late = self._late.get(node, 0)
            hurry = len(requests) > 1 and not request.changes and late % LATE_TRIES > 0
            try:
                async with asyncio.timeout(LATE_PATIENCE_S if hurry else None):
                    answers[node] = await self.call(node, request)
            except TimeoutError:
                failures[node] = PortError("slow", f"broker {node} still does not answer")
            except PortError as error:
                failures[node] = error
            if node in failures and failures[node].kind == "slow":
                self._late[node] = late + 1
            else:
                self._late.pop(node, None)

        async with asyncio.TaskGroup() as tasks:
            for node, request in requests.items():
                tasks.create_task(ask(node, request), name=f"{request.api.name}-{node}")
        return answers, failures

    async def ask_any(self, request: Request[A]) -> A:
        """Ask the first broker that answers; every one, then bootstrap, is tried once.

        A request that changes something is not tried again once it has gone out. Raises the
        failure that says most.
        """
        failures: list[PortError] = []
        for link in self._candidates():
            try:
                answer = await link.call(request)
            except PortError as error:
                failures.append(error)
                if request.changes and isinstance(error, ReplyLostError):
                    raise
                continue
            if isinstance(answer, MetadataReply):
                if not answer.brokers:
                    why = f"{link.address} has just started and knows no brokers yet"
                    failures.append(PortError("protocol", why))
                    continue
                self._brokers = {broker.node: broker for broker in answer.brokers}
                await self._let_go()
            return answer
        raise max(failures, key=_telling)

    def _candidates(self) -> list[Link]:
        known = [(b.host, b.port) for b in self._brokers.values()]
        addresses = dict.fromkeys([*known, *self._access.bootstrap])
        links = [self._link(host, port) for host, port in addresses]
        return sorted(links, key=lambda link: link.suspect)

    def _link(self, host: str, port: int) -> Link:
        link = self._links.get((host, port))
        if link is None:
            link = Link(host, port, self._access, timeout_ms=self._timeout_ms)
            self._links[host, port] = link
        return link

    async def _let_go(self) -> None:
        """Close and forget connections to addresses that nobody has had for a while."""
        now_s = asyncio.get_running_loop().time()
        known = ((broker.host, broker.port) for broker in self._brokers.values())
        self._needed_at_s |= dict.fromkeys([*known, *self._access.bootstrap], now_s)
        gone = [a for a, at_s in self._needed_at_s.items() if at_s < now_s - KEPT_S]
        for address in gone:
            del self._needed_at_s[address]
        if links := [self._links.pop(address) for address in gone if address in self._links]:
            await _close(links)

    async def close(self) -> None:
        """Close every connection; gives up on those that do not go in time."""
        links = tuple(self._links.values())
        self._links.clear()
        await _close(links)


async def _close(links: Sequence[Link]) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S), asyncio.TaskGroup() as tasks:
            for link in links:
                tasks.create_task(link.close(), name=f"close-{link.address}")
    except TimeoutError:
        return


def _telling(error: PortError) -> int:
    """How much a failure explains, when each broker failed in its own way."""
    return {"unreachable": 0, "slow": 1, "protocol": 2, "unsupported": 3, "refused": 4}[error.kind]
