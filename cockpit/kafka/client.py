"""A whole cluster as one principal sees it: brokers by number, one link each.

Finds its way back by itself: every refresh asks known brokers first, then the plan's bootstrap
addresses. Never asks for a topic in a way that could create it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, cast

from cockpit.core.observe import TopicPartition
from cockpit.kafka.errors import (
    UNKNOWN_TOPIC,
    ReplyLostError,
    UnsupportedError,
    code_error,
    code_name,
)
from cockpit.kafka.link import Link
from cockpit.kafka.patience import HEDGE_S, Call, Calls, Race
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
CLOSE_TIMEOUT_S: Final = 1.2
KEPT_S: Final = 60.0
"""How long a connection is kept to an address that no broker has any more; longer than any answer
takes, so that nothing is under way on it."""
LATE_PATIENCE_S: Final = 1.0
"""How long others wait for a broker that did not answer the last time."""
LATE_USEFUL_S: Final = 3.0
"""An answer that took longer is not of use at the next look: a new one will be there soon."""
ALIVE_FACTOR: Final = 1.5
"""A broker that is known to answer, but slowly, gets so many times what it needed."""


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


@dataclass(slots=True)
class Each(Generic[A]):
    """What several brokers said, by broker number."""

    answers: dict[int, A] = field(default_factory=dict)
    failures: dict[int, PortError] = field(default_factory=dict)
    before_s: float = 0.0
    """How long before this look the oldest of these answers was asked for."""


class Client:
    """Sends requests to brokers of one cluster."""

    def __init__(
        self,
        access: Access,
        *,
        timeout_ms: int = READ_TIMEOUT_MS,
        patience_s: float | None = None,
    ) -> None:
        """`timeout_ms`: after which a connection that does not answer counts as dead;
        `patience_s`: how long one broker keeps the others waiting, if less."""
        self._access = access
        self._timeout_ms = timeout_ms
        self._patience_s = math.inf if patience_s is None else patience_s
        self._calls = Calls()
        self._links: dict[tuple[str, int], Link] = {}
        self._needed_at_s: dict[tuple[str, int], float] = {}
        """When an address was last that of a broker, or asked by itself."""
        self._brokers: dict[int, Broker] = {}
        self._all_topics = all_topics()
        self._last_reply: MetadataReply | None = None
        self._view = View({})
        self._brokers_only = brokers_only()
        self._late: set[int] = set()
        """Brokers that have not answered in time the last time."""
        self._needs_s: dict[int, float] = {}
        """How long a broker needed that answered after all."""
        self._round_s: dict[int, float] | None = None
        """How long brokers were waited for in vain in this round; None: there are no rounds."""

    async def brokers(self) -> Mapping[int, Broker]:
        """Live brokers by number, asked for now. Raises PortError."""
        await self.ask_any(self._brokers_only)
        return self._brokers

    async def describe(self) -> MetadataReply:
        """Cluster id and brokers, asked for now. Raises PortError."""
        return await self.ask_any(self._brokers_only)

    async def view(self) -> View:
        """All topics, asked for now. Raises PortError."""
        reply = await self.ask_any(self._all_topics)
        if reply is not self._last_reply:
            self._last_reply = reply
            self._view = _view(reply)
        return self._view

    async def named(self, names: Sequence[str]) -> View:
        """These topics as they are now, with the error of each that is not shown.

        Raises PortError; UnsupportedError below Kafka 0.11 where one is not among all topics:
        asking for it by name might create it.
        """
        try:
            return _view(await self.ask_any(named_topics(names)))
        except UnsupportedError:
            whole = await self.view()
            if any(name not in whole.topics and name not in whole.failed for name in names):
                raise
        wanted = frozenset(names)
        return View(
            {name: topic for name, topic in whole.topics.items() if name in wanted},
            {name: code for name, code in whole.failed.items() if name in wanted},
        )

    async def topics(self, names: Sequence[str]) -> View:
        """As `named`. Raises PortError also when no topic at all is shown and one could be."""
        view = await self.named(names)
        failed = {name: code for name, code in view.failed.items() if code != UNKNOWN_TOPIC}
        if failed and not view.topics:
            raise code_error(failed[min(failed)], f"topic {min(failed)}")
        return view

    async def call(self, node: int, request: Request[A]) -> A:
        """Ask one broker. Raises PortError."""
        if request.changes or self._patience_s == math.inf:
            return await (await self._link_to(node)).call(request)
        call = await self._answered(node, request, hurry=False, late=False)
        return cast("A", call.answer())

    async def call_row(
        self, node: int, first: Request[A], rest: Sequence[Request[B]]
    ) -> tuple[A, list[B]]:
        """Ask one broker several reads in a row on one connection. Raises PortError."""
        await self.brokers()

        def ask(link: Link) -> Awaitable[tuple[A, list[B]]]:
            return link.call_row(first, rest)

        call = await self._answered(node, first, hurry=False, late=False, ask=ask)
        return cast("tuple[A, list[B]]", call.answer())

    async def _link_to(self, node: int) -> Link:
        if node not in self._brokers:
            await self.brokers()
        broker = self._brokers.get(node)
        if broker is None:
            raise PortError("unreachable", f"broker {node} is not among the live brokers")
        return self._link(broker.host, broker.port)

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

    def new_round(self) -> None:
        """Who is waited for in vain from now on is not waited for twice until the next round."""
        self._round_s = {}

    async def ask_each(
        self, requests: Mapping[int, Request[A]]
    ) -> tuple[dict[int, A], dict[int, PortError]]:
        """Ask several brokers at once; answers and failures by broker number.

        A broker that does not answer does not keep the others waiting each time.
        """
        found = await self.ask_each_late(requests, late=False)
        return found.answers, found.failures

    async def ask_each_late(self, requests: Mapping[int, Request[A]], *, late: bool) -> Each[A]:
        """As `ask_each`. With `late`, an answer to the same request of an earlier look will do
        that came too late for it: fit for numbers that need no order among themselves."""
        found = Each[A]()
        began_s = _now()

        async def ask(node: int, request: Request[A]) -> None:
            try:
                if request.changes:
                    found.answers[node] = await self.call(node, request)
                    return
                call = await self._answered(node, request, hurry=len(requests) > 1, late=late)
                found.answers[node] = call.answer()
                found.before_s = max(found.before_s, began_s - call.began_s)
            except PortError as error:
                found.failures[node] = error
            if node in found.failures and found.failures[node].kind == "slow":
                self._late.add(node)
                self._needs_s.pop(node, None)
            else:
                self._late.discard(node)

        async with asyncio.TaskGroup() as tasks:
            for node, request in requests.items():
                tasks.create_task(ask(node, request), name=f"{request.api.name}-{node}")
        return found

    async def _answered(
        self,
        node: int,
        request: Request[Any],
        *,
        hurry: bool,
        late: bool,
        ask: Callable[[Link], Awaitable[Any]] | None = None,
    ) -> Call:
        """A call that is done. Raises PortError where patience ends before it is."""
        link = await self._link_to(node)
        for over in self._calls.collect(link):
            if late and over.request is request and _is_useful(over):
                return over
            self._learn(node, over)
        patience_s = self._patience(node, hurry=hurry, late=late)
        for hanging in self._calls.overdue(link):
            # Brokers answer in order: nothing that is asked now would be answered before.
            await self._wait(node, hanging, patience_s)
            if not hanging.task.done():
                raise PortError("slow", f"broker {node} still does not answer")
            self._calls.collect(link)
            if late and hanging.request is request and hanging.has_answer():
                return hanging
            self._learn(node, hanging)
            patience_s = max(HEDGE_S, self._patience(node, hurry=hurry, late=late))
        call = self._calls.start(link, request, ask)
        await self._wait(node, call, patience_s)
        if not call.task.done():
            waited_s = _now() - call.began_s
            raise PortError("slow", f"no answer from {link.address} within {waited_s:.1f} s")
        return call

    def _patience(self, node: int, *, hurry: bool, late: bool) -> float:
        """How long a broker may keep others waiting now."""
        allowed_s = self._patience_s
        if node in self._needs_s and not late:
            allowed_s = max(allowed_s, ALIVE_FACTOR * self._needs_s[node])
        elif node in self._late and (hurry or self._patience_s < math.inf):
            allowed_s = min(allowed_s, LATE_PATIENCE_S)
        spent_s = self._round_s.get(node, 0.0) if self._round_s is not None else 0.0
        return max(0.0, allowed_s - spent_s)

    async def _wait(self, node: int, call: Call, patience_s: float) -> None:
        began_s = _now()
        try:
            await asyncio.wait({call.task}, timeout=None if patience_s == math.inf else patience_s)
        finally:
            if not call.task.done():
                self._calls.give_up(call)
                if self._round_s is not None:
                    self._round_s[node] = self._round_s.get(node, 0.0) + _now() - began_s

    def _learn(self, node: int, call: Call) -> None:
        """Remember how long a broker took that has answered after all."""
        if call.has_answer():
            self._needs_s[node] = call.took_s

    async def ask_any(self, request: Request[A]) -> A:
        """Ask the first broker that answers; every one, then bootstrap, is tried once.

        One that takes its time is not waited for alone. A request that changes something goes to
        one after the other, and is not tried again once it has gone out. Raises the failure that
        says most.
        """
        if request.changes:
            return await self._ask_in_turn(request)
        # A handshake takes as long as an answer may, and then the answer.
        longest_s = 2 * self._timeout_ms / 1000
        race = Race(self._calls, request, self._candidates(), longest_s=longest_s)
        try:
            while (found := await race.next()) is not None:
                link, answer = found
                if not isinstance(answer, MetadataReply) or answer.brokers:
                    await self._met(answer)
                    return cast("A", answer)
                why = f"{link.address} has just started and knows no brokers yet"
                race.failures.append(PortError("protocol", why))
        finally:
            race.leave()
        raise max(race.failures, key=_telling)

    async def _met(self, answer: object) -> None:
        if isinstance(answer, MetadataReply):
            self._brokers = {broker.node: broker for broker in answer.brokers}
            await self._let_go()

    async def _ask_in_turn(self, request: Request[A]) -> A:
        failures: list[PortError] = []
        for link in self._candidates():
            try:
                return await link.call(request)
            except ReplyLostError:
                raise
            except PortError as error:
                failures.append(error)
        raise max(failures, key=_telling)

    def _candidates(self) -> list[Link]:
        known = [(b.host, b.port) for b in self._brokers.values()]
        addresses = dict.fromkeys([*known, *self._access.bootstrap])
        links = [self._link(host, port) for host, port in addresses]
        return sorted(links, key=lambda link: link.suspect or bool(self._calls.overdue(link)))

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
        await self._calls.close()
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


def _is_useful(call: Call) -> bool:
    """Whether a late answer is one of a broker that is slow, not of one that was away."""
    return call.has_answer() and call.took_s < LATE_USEFUL_S


def _now() -> float:
    return asyncio.get_running_loop().time()


def _telling(error: PortError) -> int:
    """How much a failure explains, when each broker failed in its own way."""
    return {"unreachable": 0, "slow": 1, "protocol": 2, "unsupported": 3, "refused": 4}[error.kind]
