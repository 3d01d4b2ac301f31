"""Copies records byte for byte at identical offsets: the heart of the link's stand-in.

One broker on each side; no transactions, no holes. Where an offset cannot be identical the topic
fails and says why; nothing is ever skipped.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.protocol.produce import ProduceRequest

from cockpit.lab.linkstate import Copied, LinkState, Topic
from cockpit.lab.linkwire import Batch, batches

WAIT_MS: Final = 100
FETCH_BYTES: Final = 4 << 20
PARTITION_BYTES: Final = 1 << 20
PRODUCE_TIMEOUT_MS: Final = 5_000
PAUSE_S: Final = 0.3
PROMOTE_S: Final = 5.0
"""How long writers wait at most while a topic's last records are brought over."""
_LATEST: Final = -1

Place = tuple[str, int]


class HoleError(Exception):
    """The next record cannot have the same offset on the target."""


async def ask(client: AIOKafkaClient, request: Any) -> Any:  # noqa: ANN401 - aiokafka has no types
    """Send a request to the cluster's one broker. Raises KafkaError."""
    return await client.send(client.get_random_node(), request)


async def ends(client: AIOKafkaClient, topics: Mapping[str, list[int]]) -> dict[Place, int]:
    """The end of each partition. Raises KafkaError."""
    rows = [(name, [(p, _LATEST) for p in numbers]) for name, numbers in topics.items()]
    found: dict[Place, int] = {}
    for name, entries in (await ask(client, OffsetRequest(-1, 0, rows))).topics:
        for entry in entries:
            if entry[1]:
                raise for_code(entry[1])(f"{name}-{entry[0]}")
            found[name, entry[0]] = entry[-1]
    return found


class Copier:
    """Brings over what the source has, until a topic is promoted."""

    def __init__(
        self,
        state: LinkState,
        *,
        fetching: AIOKafkaClient,
        source: AIOKafkaClient,
        target: AIOKafkaClient,
    ) -> None:
        """`fetching`: a connection of its own, for its requests wait on the broker for records."""
        self._state = state
        self._fetching = fetching
        self._source = source
        self._target = target
        self._sure = False
        """Whether positions are known to be the target's ends."""

    async def run(self) -> None:
        """Copy for ever, whatever happens."""
        while True:
            try:
                await self.round()
                self._state.trouble = ""
            except (KafkaError, OSError, TimeoutError) as error:
                # What of the last request has arrived, the target's ends tell.
                self._sure = False
                self._state.trouble = f"{type(error).__name__}: {error}"
                await asyncio.sleep(PAUSE_S)

    async def round(self) -> None:
        """Fetch once, and write whatever came. Raises KafkaError."""
        copied = self._state.copied()
        if not copied:
            await asyncio.sleep(WAIT_MS / 1000)
            return
        if not self._sure:
            await self._find_positions(copied)
        waiting = await self._fetched(copied)
        while waiting:
            await self._write({place: queue.pop(0) for place, queue in waiting.items()})
            waiting = {place: queue for place, queue in waiting.items() if queue}

    async def promote(self, topic: Topic) -> str:
        """Bring over a topic's last records while its writers wait, and let them write to the
        target from then on; why not, or empty."""
        if topic.word == "STOPPED":
            return ""
        if topic.word != "ACTIVE":
            return f"{topic.name} is {topic.word}: {topic.why or 'being promoted already'}"
        await self._state.turn(topic, "PENDING_STOPPED")
        try:
            async with asyncio.timeout(PROMOTE_S):
                await self._state.until(lambda: topic.forwards == 0)
                last = await ends(self._source, {topic.name: list(topic.partitions)})
                await self._state.until(lambda: topic.word == "FAILED" or _reached(topic, last))
        except (KafkaError, OSError, TimeoutError) as error:
            why = f"not promoted: {type(error).__name__} {error}"
            await self._state.turn(topic, "ACTIVE", why)
            return why
        await self._state.turn(topic, "STOPPED")
        return topic.why

    async def _find_positions(self, copied: list[Topic]) -> None:
        found = await ends(self._target, {t.name: list(t.partitions) for t in copied})
        for topic in copied:
            for number, one in topic.partitions.items():
                one.position = found[topic.name, number]
        self._sure = True

    async def _fetched(self, copied: list[Topic]) -> dict[Place, list[Batch]]:
        asked_at_ms = time.time_ns() // 1_000_000
        rows = [
            (t.name, [(n, one.position, PARTITION_BYTES) for n, one in t.partitions.items()])
            for t in copied
        ]
        reply = await ask(self._fetching, FetchRequest(WAIT_MS, 1, FETCH_BYTES, 0, rows))
        found: dict[Place, list[Batch]] = {}
        for name, entries in reply.topics:
            topic = self._state.topics[name]
            for entry in entries:
                one = topic.partitions[entry[0]]
                try:
                    if entry[1]:
                        raise _refusal(name, entry[0], entry[1])
                    one.source_end, one.read_at_ms = entry[2], asked_at_ms
                    if fresh := _next(one, entry[-1]):
                        found[name, entry[0]] = fresh
                except HoleError as hole:
                    await self._state.turn(topic, "FAILED", f"{name}-{entry[0]}: {hole}")
        return {place: queue for place, queue in found.items() if self._works(place[0])}

    def _works(self, name: str) -> bool:
        return self._state.topics[name].word != "FAILED"

    async def _write(self, pieces: Mapping[Place, Batch]) -> None:
        """One batch of each partition: a broker takes no more of one in a request."""
        rows: dict[str, list[tuple[int, bytes]]] = {}
        for (name, number), batch in pieces.items():
            if self._works(name):
                rows.setdefault(name, []).append((number, batch.unplaced()))
        request = ProduceRequest(None, -1, PRODUCE_TIMEOUT_MS, list(rows.items()))
        for name, entries in (await ask(self._target, request)).topics if rows else ():
            for number, code, base, *_ in entries:
                if code:
                    raise for_code(code)(f"{name}-{number} on the target")
                batch, topic = pieces[name, number], self._state.topics[name]
                if base != batch.base:
                    why = f"{name}-{number}: {batch.base} of the source is {base} on the target"
                    await self._state.turn(topic, "FAILED", f"{why}: somebody else writes there")
                topic.partitions[number].position = batch.last + 1
        async with self._state.changed:
            self._state.changed.notify_all()


def _refusal(name: str, number: int, code: int) -> Exception:
    """Out of range: the source has dropped what was to come next, and nothing brings it back."""
    if code == 1:
        return HoleError("the source's log does not have the target's end: a hole")
    error: Exception = for_code(code)(f"{name}-{number} on the source")
    return error


def _next(one: Copied, raw: bytes) -> list[Batch]:
    """The batches from a partition's position on. Raises HoleError."""
    found: list[Batch] = []
    due = one.position or 0
    for batch in batches(raw):
        if batch.last < due:
            continue
        if batch.odd:
            raise HoleError(f"{batch.odd} at {batch.base}")
        if batch.base != due:
            raise HoleError(f"a hole: after {due - 1} comes {batch.base}")
        found.append(batch)
        due = batch.last + 1
    return found


def _reached(topic: Topic, last: Mapping[Place, int]) -> bool:
    return all(
        (one.position or 0) >= last[topic.name, number] for number, one in topic.partitions.items()
    )
