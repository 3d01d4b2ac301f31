"""SharedLog in a Kafka topic: Kafka itself sees to it that one engine writes.

The transactional id is the flight's. Whoever opens the log asks for its producer anew, and the
cluster's transaction coordinator refuses the one before from then on, whatever he does.

A writer is never asked for twice in one engine's life: that would refuse another host that has the
flight by now. So every failure is answered by sending the same once more, never by a new producer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from cockpit.core.observe import TopicPartition
from cockpit.kafka.client import Client
from cockpit.kafka.content import Allowance, PartitionLog, Place, read_records
from cockpit.kafka.errors import NOT_READY, UNKNOWN_TOPIC, code_error
from cockpit.kafka.protocol.configs import TOPIC, describe_configs
from cockpit.kafka.protocol.fetch import Record
from cockpit.kafka.protocol.groups import find_coordinators
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.protocol.writing import (
    Headers,
    Producer,
    add_partition,
    create_topic,
    end_transaction,
    init_producer,
    produce,
)
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, Piece, PortError, SharedSession, SupersededError

A = TypeVar("A")

SETTINGS: Final[Mapping[str, str]] = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
}
"""What the topic must have, or the journal would not last."""
TRANSACTION_MS: Final = 60_000
"""How long a writer that dies in the midst of a transaction keeps other flights in the same topic
from being read."""
OPEN_S: Final = 30.0
WRITE_S: Final = 8.0
READ_S: Final = TRANSACTION_MS / 1000 + 15
AGAIN_S: Final = 0.02

CONCURRENT: Final = 51
DUPLICATE: Final = 46
_EXISTS: Final = 36
_REFUSED: Final = frozenset({47, 49, 90})
"""Another has a newer epoch, or the id is another's by now."""

_KIND: Final = "kind"
_AT: Final = "at"


class TopicLog:
    """One flight's log."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        *,
        topic: str,
        flight: str,
        session: str,
        head: Mapping[str, Any],
    ) -> None:
        """`flight`: what all engines of this flight, on whatever host, have in common; `head`:
        JSON-able, what another host needs beside the journal."""
        self._client = client
        self._clock = clock
        self._topic = topic
        self._name = f"cockpit-{flight}"
        self._session = session
        self._head = head
        self._producer: Producer | None = None
        self._coordinator: int | None = None
        self._leader: int | None = None
        self._sequence = 0
        self._headed = False

    async def open(self) -> None:
        """Become the one writer. Raises PortError."""
        await self._ensure()

        async def ask() -> Producer | None:
            request = init_producer(self._name, TRANSACTION_MS)
            error, producer = await self._coordinated(request)
            return None if self._again(error, "the writer of the journal") else producer

        self._producer = await _until(ask, OPEN_S, "the transaction coordinator")
        self._sequence, self._headed = 0, False

    async def write(self, pieces: Sequence[Piece]) -> None:
        """Commit these in one transaction; none: an empty one. Raises PortError or
        SupersededError."""
        producer = self._producer
        if producer is None:
            raise PortError("protocol", "the log was not opened")
        records = [_record(self._session, "journal", p.data, p.at) for p in pieces]
        if records and not self._headed:
            head = json.dumps({**self._head, "session": self._session}).encode()
            records.insert(0, _record(self._session, "head", head, 0))
        try:
            async with asyncio.timeout(WRITE_S):
                await self._transaction(producer, records)
        except TimeoutError as error:
            reason = f"topic {self._topic}: no transaction ended within {WRITE_S:g} s"
            raise PortError("slow", reason) from error
        self._sequence += len(records)
        self._headed = self._headed or bool(records)

    async def _transaction(
        self, producer: Producer, records: Sequence[tuple[bytes, bytes, Headers]]
    ) -> None:
        async def begin() -> bool | None:
            error = await self._coordinated(add_partition(producer, self._topic))
            return None if self._again(error, f"a transaction on topic {self._topic}") else True

        async def append() -> bool | None:
            request = produce(
                producer,
                self._topic,
                records,
                sequence=self._sequence,
                at_ms=self._clock.now_ms(),
            )
            leader = await self._led()
            try:
                error = await self._client.call(leader, request)
            except PortError:  # another broker may lead it by now
                self._leader = None
                raise
            if error in NOT_READY:
                self._leader = None
            return None if self._again(error, f"records of topic {self._topic}") else True

        async def end() -> bool | None:
            error = await self._coordinated(end_transaction(producer))
            return None if self._again(error, f"a transaction on topic {self._topic}") else True

        await _until(begin, WRITE_S, "the transaction coordinator")
        if records:
            await _until(append, WRITE_S, f"topic {self._topic}")
        await _until(end, WRITE_S, "the transaction coordinator")

    async def _coordinated(self, request: Request[A]) -> A:
        """Ask whoever coordinates the writer's transactions."""
        if self._coordinator is None:
            self._coordinator = await _until(self._find, OPEN_S, "the transaction coordinator")
        try:
            return await self._client.call(self._coordinator, request)
        except PortError:
            self._coordinator = None
            raise

    async def _find(self) -> int | None:
        """The coordinator's number; None: a cluster that has just started has none yet."""
        answer = await self._client.ask_any(find_coordinators([self._name], transactions=True))
        error, node = answer[0].error, answer[0].node
        return None if self._again(error, "the coordinator of the journal's writer") else node

    def _again(self, error: int, doing: str) -> bool:
        """Whether the same is to be asked again at once. Raises PortError, SupersededError."""
        if error in (0, DUPLICATE):
            return False
        if error in _REFUSED:
            raise SupersededError(f"{doing}: error {error}")
        if error in NOT_READY:
            self._coordinator = None
        if error == CONCURRENT or error in NOT_READY:
            return True
        raise code_error(error, doing)

    async def _led(self) -> int:
        """Who leads the topic's partition."""
        if self._leader is None:
            view = await self._client.topics([self._topic])
            found = view.topics.get(self._topic)
            if found is None:
                raise PortError("refused", f"topic {self._topic} does not exist")
            leader = found.partitions[0].leader
            if leader < 0:
                raise PortError("unreachable", f"topic {self._topic} has no leader")
            self._leader = leader
        return self._leader

    # --- the topic itself -------------------------------------------------------------------------

    async def _ensure(self) -> None:
        """The topic is there and lasts, or is made so. Raises PortError."""
        view = await self._client.named([self._topic])
        if view.failed.get(self._topic) == UNKNOWN_TOPIC:
            error, message = await self._client.ask_any(create_topic(self._topic, SETTINGS))
            if error and error != _EXISTS:
                raise code_error(error, f"making topic {self._topic}", message)
            await _until(self._seen, OPEN_S, f"topic {self._topic}")
        elif error := view.failed.get(self._topic, 0):
            raise code_error(error, f"topic {self._topic}")
        await self._fits()

    async def _seen(self) -> bool | None:
        view = await self._client.named([self._topic])
        found = view.topics.get(self._topic)
        return True if found is not None and found.partitions[0].leader >= 0 else None

    async def _fits(self) -> None:
        """Raises PortError, with all that is wrong, where a journal would not last in the topic."""
        view = await self._client.topics([self._topic])
        partitions = len(view.topics[self._topic].partitions)
        wrong = [f"{partitions} partitions, must be 1"] if partitions != 1 else []
        request = describe_configs(TOPIC, [self._topic], [*SETTINGS])
        for resource in await self._client.ask_any(request):
            if resource.error:
                raise code_error(resource.error, f"configs of topic {self._topic}")
            values = dict(resource.values)
            wrong += [
                f"{key} is {values.get(key)}, must be {wanted}"
                for key, wanted in SETTINGS.items()
                if values.get(key) != wanted
            ]
        if wrong:
            reason = f"topic {self._topic} does not keep a journal for ever: {'; '.join(wrong)}"
            raise PortError("refused", one_line(reason))

    # --- reading ----------------------------------------------------------------------------------

    async def read(self, *, settled: bool = False) -> tuple[SharedSession, ...]:
        """All that is committed; with `settled` up to the end as it is now. Raises PortError."""
        view = await self._client.named([self._topic])
        if self._topic not in view.topics:
            if view.failed.get(self._topic, UNKNOWN_TOPIC) == UNKNOWN_TOPIC:
                return ()
            raise code_error(view.failed[self._topic], f"topic {self._topic}")
        name: TopicPartition = (self._topic, 0)
        leader = await self._led()
        all_of = PartitionLog(Place(self._client, name, leader, False), _allowance())
        begin, end = await all_of.bounds()
        place = Place(self._client, name, leader, committed_only=True)

        async def decided() -> bool | None:
            _, stable = await PartitionLog(place, _allowance()).bounds()
            return True if stable >= end else None

        if settled:
            await _until(decided, READ_S, f"an open transaction in topic {self._topic}")
        stretch = await read_records(place, begin, end, _allowance())
        return sessions_of(stretch.records)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._client.close()


def _allowance() -> Allowance:
    return Allowance(requests=1_000_000, offsets=1 << 60)


async def _until(ask: Callable[[], Any], limit_s: float, what: str) -> Any:  # noqa: ANN401
    """Ask until the answer is not None. Raises PortError when time is up."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit_s
    while True:
        found = await ask()
        if found is not None:
            return found
        if loop.time() >= deadline:
            raise PortError("slow", f"{what} was not ready within {limit_s:g} s")
        await asyncio.sleep(AGAIN_S)


def _record(session: str, kind: str, data: bytes, at: int) -> tuple[bytes, bytes, Headers]:
    headers = ((_KIND, kind.encode()), (_AT, str(at).encode()))
    return session.encode(), data, headers


def sessions_of(records: Sequence[Record]) -> tuple[SharedSession, ...]:
    """Records of the topic put together again. What is not of this program is left out."""
    heads: dict[str, Mapping[str, Any]] = {}
    journals: dict[str, bytearray] = {}
    broken: set[str] = set()
    for record in records:
        headers = dict(record.headers)
        session = (record.key or b"").decode(errors="replace")
        kind, value = headers.get(_KIND), record.value or b""
        if kind == b"head":
            journals.setdefault(session, bytearray())
            heads[session] = _json(value)
        elif kind == b"journal":
            journal = journals.setdefault(session, bytearray())
            if (headers.get(_AT) or b"") == str(len(journal)).encode():
                journal += value
            else:
                broken.add(session)
    return tuple(
        SharedSession(name, heads.get(name, {}), bytes(journal), name not in broken)
        for name, journal in journals.items()
    )


def _json(value: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(value)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
