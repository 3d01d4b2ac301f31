"""A journal's topic on real brokers: one writer, nothing half, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cockpit.kafka.client import Client
from cockpit.kafka.protocol.writing import add_partition, create_topic, produce
from cockpit.kafka.security import Access
from cockpit.kafka.sharedlog import SETTINGS, TopicLog
from cockpit.lab.versions import Broker, broker_of
from cockpit.ports import Piece, PortError, SharedSession, SupersededError
from tests.kafka.clock import RealClock

pytestmark = pytest.mark.broker
VERSIONS = ("2.8.2", "3.9.2", "4.3.1")
TOPIC = "journal"


def client_of(broker: Broker) -> Client:
    host, _, port = broker.address.rpartition(":")
    return Client(Access(((host, int(port)),), "PLAINTEXT"))


@asynccontextmanager
async def log_of(
    broker: Broker, session: str, *, topic: str = TOPIC, flight: str = "f"
) -> AsyncIterator[TopicLog]:
    log = TopicLog(
        client_of(broker), RealClock(), topic=topic, flight=flight, session=session,
        head={"flight": flight, "host": "a"},
    )  # fmt: skip
    try:
        yield log
    finally:
        await log.close()


async def read(log: TopicLog, session: str) -> SharedSession:
    return next(one for one in await log.read(settled=True) if one.id == session)


async def scene_of_what_is_written_is_read_in_order(broker: Broker) -> None:
    async with log_of(broker, "order") as log:
        await log.open()
        await log.write(())
        await log.write((Piece(0, b"one\n"), Piece(4, b"two\n")))
        await log.write(())
        long = b"x" * 390_000
        await log.write((Piece(8, long), Piece(8 + len(long), long)))
        found = await read(log, "order")
        assert found.journal == b"one\ntwo\n" + long + long
        assert found.whole
        assert found.head["host"] == "a"


async def scene_of_the_same_once_more_is_there_once(broker: Broker) -> None:
    async with log_of(broker, "twice") as log:
        await log.open()
        for _ in range(3):
            log._sequence = 0  # as after an answer that was lost
            log._headed = False
            await log.write((Piece(0, b"one\n"),))
        await log.write((Piece(4, b"two\n"),))
        found = await read(log, "twice")
        assert (found.journal, found.whole) == (b"one\ntwo\n", True)


async def scene_of_who_opens_it_refuses_whoever_had_it(broker: Broker) -> None:
    async with log_of(broker, "one") as old, log_of(broker, "one") as new:
        await old.open()
        await old.write((Piece(0, b"one\n"),))
        await new.open()
        for pieces in ((), (Piece(4, b"late\n"),), ()):
            with pytest.raises(SupersededError):
                await old.write(pieces)
        await new.write((Piece(4, b"two\n"),))
        with pytest.raises(SupersededError):
            await old.write((Piece(4, b"late\n"),))
        assert (await read(new, "one")).journal == b"one\ntwo\n"


async def scene_of_what_was_not_committed_is_gone_with_its_writer(broker: Broker) -> None:
    async with log_of(broker, "half") as old, log_of(broker, "half") as new:
        await old.open()
        await old.write((Piece(0, b"one\n"),))
        producer = old._producer
        assert producer is not None
        await asyncio.sleep(0.5)  # the markers of the transaction before are under way
        assert await old._coordinated(add_partition(producer, TOPIC)) == 0
        record = (b"half", b"two\n", (("kind", b"journal"), ("at", b"4")))
        request = produce(producer, TOPIC, [record], sequence=old._sequence, at_ms=1)
        assert await old._client.call(await old._led(), request) == 0
        undecided = await new.read()  # whoever only looks does not wait for it
        assert [one.journal for one in undecided if one.id == "half"] == [b"one\n"]
        await new.open()
        assert (await read(new, "half")).journal == b"one\n"
        with pytest.raises(SupersededError):
            await old.write((Piece(4, b"two\n"),))
        # and a batch that a stopped process sends after all is in nobody's transaction
        late = produce(producer, TOPIC, [record], sequence=old._sequence + 1, at_ms=2)
        assert await old._client.call(await old._led(), late) != 0
        await new.write((Piece(4, b"new\n"),))
        assert (await read(new, "half")).journal == b"one\nnew\n"


async def scene_of_two_flights_share_a_topic(broker: Broker) -> None:
    async with (
        log_of(broker, "left", flight="l") as left,
        log_of(broker, "right", flight="r") as right,
    ):
        await left.open()
        await right.open()
        await left.write((Piece(0, b"l\n"),))
        await right.write((Piece(0, b"r\n"),))
        await left.write((Piece(2, b"l\n"),))
        assert (await read(right, "left")).journal == b"l\nl\n"
        assert (await read(left, "right")).journal == b"r\n"


async def scene_of_a_topic_that_forgets_is_refused_in_words(broker: Broker) -> None:
    client = client_of(broker)
    configs = {**SETTINGS, "cleanup.policy": "compact", "retention.ms": "1000"}
    assert (await client.ask_any(create_topic("forgets", configs)))[0] == 0
    await client.close()
    async with log_of(broker, "none", topic="forgets") as log:
        with pytest.raises(PortError) as refused:
            await log.open()
    assert "cleanup.policy is compact, must be delete" in refused.value.reason
    assert "retention.ms is 1000, must be -1" in refused.value.reason


async def scene_of_a_topic_that_is_missing_reads_as_empty_and_is_made(broker: Broker) -> None:
    async with log_of(broker, "new", topic="made") as log:
        assert await log.read() == ()
        await log.open()
        assert await log.read() == ()
        await log.write((Piece(0, b"1\n"),))
        assert len(await log.read()) == 1


async def scene_of_what_is_of_another_journal_is_seen(broker: Broker) -> None:
    async with log_of(broker, "gap") as log:
        await log.open()
        await log.write((Piece(0, b"one\n"),))
        await log.write((Piece(9, b"three\n"),))
        assert not (await read(log, "gap")).whole


SCENES: tuple[Callable[[Broker], Awaitable[None]], ...] = (
    scene_of_what_is_written_is_read_in_order,
    scene_of_the_same_once_more_is_there_once,
    scene_of_who_opens_it_refuses_whoever_had_it,
    scene_of_what_was_not_committed_is_gone_with_its_writer,
    scene_of_two_flights_share_a_topic,
    scene_of_a_topic_that_forgets_is_refused_in_words,
    scene_of_a_topic_that_is_missing_reads_as_empty_and_is_made,
    scene_of_what_is_of_another_journal_is_seen,
)


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_scene_on(version: str, tmp_path: Path) -> None:
    """On one broker, for a start takes longer than all of them."""
    async with broker_of(version, tmp_path) as broker:
        for scene in SCENES:
            await scene(broker)
