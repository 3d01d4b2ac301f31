"""The shadow consumer and looked-up places on real clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from cockpit.core.actions import FindPlaces, ProbePlaces, SeekPlaces
from cockpit.core.observe import partition_text
from tests.kafka.clock import until
from tests.kafka.real import library_options, ports_of

if TYPE_CHECKING:
    from cockpit.kafka.factory import RealPorts
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker

GROUP = "shop-audit"
Name = tuple[str, int]


async def exact_places(ports: RealPorts) -> dict[Name, tuple[int, int]]:
    """Commits of a group that is at work, each with its exact place."""
    commits = (await ports.source.groups()).groups[GROUP].committed()
    action = FindPlaces("target", GROUP, tuple(sorted(commits.items())), 10_000)
    places: dict[str, Any] = {}

    async def all_exact() -> bool:
        places.update((await ports.effector.do(action))["places"])
        return {answer[1] for answer in places.values()} == {"EXACT"}

    await until(all_exact, timeout_s=30)
    return {n: (offset, places[partition_text(n)][2]) for n, offset in commits.items()}


async def probed(
    ports: RealPorts, places: dict[Name, tuple[int, int]], by: int = 0
) -> dict[str, list[Any]]:
    action = ProbePlaces(GROUP, tuple((n, s, t + by) for n, (s, t) in places.items()), 10_000)
    assert (await ports.effector.precheck(action)).holds is None
    rows: dict[str, list[Any]] = {}

    async def all_read() -> bool:
        rows.update((await ports.effector.do(action))["probes"])
        return not any(word == "NONE" and passing for _, _, word, _, _, _, passing in rows.values())

    await until(all_read, timeout_s=30)  # a busy broker may be late
    return rows


async def test_the_next_record_at_an_exact_place_is_the_source_s_and_beside_it_another(
    lab: Status,
) -> None:
    async with ports_of(lab) as ports:
        places = await exact_places(ports)

        async def all_same() -> bool:
            words = {row[2] for row in (await probed(ports, places)).values()}
            assert words <= {"SAME", "NOT_YET", "ENDS"}
            return words == {"SAME"}

        await until(all_same, timeout_s=30)
        for by, distance in ((-1, [1, 0]), (1, [0, 1])):

            async def all_there(by: int = by) -> bool:
                """The record after the next one of a quiet partition comes in its own time."""
                rows = await probed(ports, places, by)
                return all(row[2] != "NOT_YET" for row in rows.values())

            await until(all_there, timeout_s=30)
            rows = await probed(ports, places, by)
            for name, (_, target) in places.items():
                source, at, word, reread, skipped, text, _ = rows[partition_text(name)]
                assert (source, at, word) == (places[name][0], target + by, "OTHER"), text
                assert [reread, skipped] == distance
        far = await probed(ports, places, 10_000_000)
        for row in far.values():
            assert row[2] == "NONE"
            assert "a consumer would reset" in row[5]


async def test_looked_up_places_are_those_of_another_client(lab: Status) -> None:
    async with ports_of(lab) as ports:
        commits = (await ports.source.groups()).groups[GROUP].committed()
        names = tuple(sorted(commits))
        consumer = AIOKafkaConsumer(**library_options(lab, "target", "admin"))
        await consumer.start()
        try:
            parts = [TopicPartition(*name) for name in names]
            begin = await consumer.beginning_offsets(parts)
            before = await consumer.end_offsets(parts)
            ends = (await ports.effector.do(SeekPlaces(GROUP, names, "latest", None, 9_000)))[
                "sought"
            ]
            after = await consumer.end_offsets(parts)
            first = SeekPlaces(GROUP, names, "earliest", None, 9_000)
            starts = (await ports.effector.do(first))["sought"]
            for part in parts:
                key = partition_text((part.topic, part.partition))
                assert starts[key] == begin[part]
                assert before[part] <= ends[key] <= after[part]
            record = await anext(aiter(consumer_of(consumer, parts)))
            at = SeekPlaces(GROUP, names, "timestamp", record.timestamp, 9_000)
            since = (await ports.effector.do(at))["sought"]
            times = await consumer.offsets_for_times(dict.fromkeys(parts, record.timestamp))
            for part in parts:
                key, found = partition_text((part.topic, part.partition)), times[part]
                assert since[key] == found.offset if found else since[key] >= ends[key]
            late = SeekPlaces(GROUP, names, "timestamp", 4_000_000_000_000, 9_000)
            assert all(
                offset >= ends[key]
                for key, offset in (await ports.effector.do(late))["sought"].items()
            )
        finally:
            await consumer.stop()


def consumer_of(consumer: AIOKafkaConsumer, parts: list[TopicPartition]) -> AIOKafkaConsumer:
    consumer.assign(parts)
    return consumer
