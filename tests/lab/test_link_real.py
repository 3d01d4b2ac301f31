"""The link's stand-in between Kafka 2.8.2 and 4.3.1: identical offsets, progress, proxy, promotion,
and a hole that is said to be one."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.structs import TopicPartition

from cockpit.lab.ports import free_ports
from cockpit.lab.versions import broker_of
from tests.kafka.clock import until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

TOPICS = ("duel-scores", "duel-matches")
GROUP = "duel-board"
HOLED = "duel-holed"


@dataclass
class Pair:
    """Both clusters, and the stand-in between them."""

    source: str
    target: str
    proxy: str
    url: str

    async def status(self) -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False) as http:
            found: dict[str, Any] = (await http.get(self.url)).json()
        return found

    async def post(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False, timeout=10.0) as http:
            return await http.post(f"{self.url}/{path}")


@contextlib.asynccontextmanager
async def stand_in(folder: Path, source: str, target: str) -> AsyncIterator[Pair]:
    ports = free_ports(("proxy", "http"))
    options = {
        "name": "duel",
        "source": source,
        "target": target,
        "topics": "duel-",
        "groups": "duel-",
        "proxy": str(ports["proxy"]),
        "http": str(ports["http"]),
        "state": str(folder / "link.json"),
    }
    argv = [word for key, value in options.items() for word in (f"--{key}", value)]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "cockpit.lab.link", *argv)
    proxy, url = f"127.0.0.1:{ports['proxy']}", f"http://127.0.0.1:{ports['http']}/links/duel"
    pair = Pair(source, target, proxy, url)

    async def answers() -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return bool(await pair.status())
        return False

    try:
        await until(answers, timeout_s=30)
        yield pair
    finally:
        process.terminate()
        await process.wait()


async def made(address: str, *names: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic(name, 2, 1) for name in names])
    await admin.close()


async def write(address: str, topic: str, *values: bytes) -> list[int]:
    """Where each value was acknowledged, in partition 0."""
    producer = AIOKafkaProducer(bootstrap_servers=address)
    await producer.start()
    try:
        sent = [await producer.send_and_wait(topic, value, partition=0) for value in values]
        return [one.offset for one in sent]
    finally:
        await producer.stop()


async def read(address: str, topic: str, count: int) -> list[tuple[int, bytes, int]]:
    """The first records of partition 0: offset, value, time."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address)
    await consumer.start()
    try:
        place = TopicPartition(topic, 0)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        found = [await asyncio.wait_for(consumer.getone(place), 20) for _ in range(count)]
        return [(one.offset, one.value, one.timestamp) for one in found]
    finally:
        await consumer.stop()


async def end_of(address: str, topic: str) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=address)
    await consumer.start()
    try:
        place = TopicPartition(topic, 0)
        return int((await consumer.end_offsets([place]))[place])
    finally:
        await consumer.stop()


@contextlib.asynccontextmanager
async def group_of(address: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(bootstrap_servers=address, group_id=GROUP, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([TopicPartition(TOPICS[0], 0)])
    try:
        yield consumer
    finally:
        await consumer.stop()


async def copies_byte_for_byte(link: Pair) -> None:
    expected = await read(link.source, TOPICS[0], 3)
    assert await read(link.target, TOPICS[0], 3) == expected
    # a log that does not begin where the target's ends has a hole, and is not copied
    failed = (await link.status())["topics"][HOLED]
    assert (failed["state"], await end_of(link.target, HOLED)) == ("FAILED", 0)
    assert "hole" in failed["reason"]


async def carries_progress_over_until_told_not_to(link: Pair) -> None:
    place = TopicPartition(TOPICS[0], 0)
    async with group_of(link.source) as reader:
        await reader.commit({place: 2})

    async def arrived() -> bool:
        async with group_of(link.target) as other:
            return bool(await other.committed(place) == 2)

    await until(arrived, timeout_s=20)
    assert (await link.post(f"groups/{GROUP}/exclude")).status_code == 200
    async with group_of(link.source) as reader:
        await reader.commit({place: 3})
    synced_at_ms = (await link.status())["groups"]["synced_at_ms"]

    async def another_round() -> bool:
        return bool((await link.status())["groups"]["synced_at_ms"] > synced_at_ms + 1_500)

    await until(another_round, timeout_s=20)
    assert await arrived()


async def forwards_producers_to_the_source(link: Pair) -> None:
    assert await write(link.proxy, TOPICS[0], b"d") == [3]
    assert await end_of(link.source, TOPICS[0]) == 4
    assert [row[:2] for row in await read(link.target, TOPICS[0], 4)][3] == (3, b"d")


async def promotes_one_topic_under_load(link: Pair) -> None:
    """No offset is given twice, none is left out, and the source gets nothing more."""
    values = [str(number).encode() for number in range(300)]
    writing = asyncio.create_task(write(link.proxy, TOPICS[0], *values))
    await asyncio.sleep(0.2)
    answer = await link.post(f"topics/{TOPICS[0]}/promote")
    assert (answer.status_code, answer.json()) == (200, {"state": "STOPPED"})
    left = await end_of(link.source, TOPICS[0])
    assert await writing == list(range(4, 304))
    assert 4 < left < 304
    assert await end_of(link.source, TOPICS[0]) == left
    assert [row[1] for row in await read(link.target, TOPICS[0], 304)][4:] == values
    # the other topic is not promoted
    assert await write(link.proxy, TOPICS[1], b"x") == [0]
    assert await end_of(link.source, TOPICS[1]) == 1


async def remembers_what_was_promoted(link: Pair) -> None:
    left = await end_of(link.source, TOPICS[0])
    assert await write(link.proxy, TOPICS[0], b"last") == [304]
    assert await end_of(link.source, TOPICS[0]) == left


async def notices_another_writer_on_the_target(link: Pair) -> None:
    async def copied() -> bool:
        return await end_of(link.target, TOPICS[1]) == 2

    await write(link.source, TOPICS[1], b"y")
    await until(copied, timeout_s=20)
    await write(link.target, TOPICS[1], b"stranger")
    await write(link.source, TOPICS[1], b"z")

    async def noticed() -> bool:
        topic = (await link.status())["topics"][TOPICS[1]]
        return bool(topic["state"] == "FAILED" and "somebody else" in topic["reason"])

    await until(noticed, timeout_s=20)
    assert (await link.post(f"topics/{TOPICS[1]}/promote")).status_code == 409


async def test_it_does_what_such_products_document(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    async with (
        broker_of("2.8.2", tmp_path / "old") as old,
        broker_of("4.3.1", tmp_path / "new") as new,
    ):
        await made(old.address, *TOPICS, HOLED)
        await write(old.address, TOPICS[0], b"a", b"b", b"c")
        await write(old.address, HOLED, b"gone", b"there")
        admin = AIOKafkaAdminClient(bootstrap_servers=old.address)
        await admin.start()
        await admin.delete_records({TopicPartition(HOLED, 0): RecordsToDelete(1)})
        await admin.close()
        async with stand_in(tmp_path, old.address, new.address) as link:
            await copies_byte_for_byte(link)
            await carries_progress_over_until_told_not_to(link)
            await forwards_producers_to_the_source(link)
            await promotes_one_topic_under_load(link)
        async with stand_in(tmp_path, old.address, new.address) as link:
            await remembers_what_was_promoted(link)
            await notices_another_writer_on_the_target(link)
