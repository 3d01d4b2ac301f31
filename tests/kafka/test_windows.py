"""Records of two stretches compared, and the schema ids in them."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from cockpit.cli.observing.measure import StepClock
from cockpit.core.survey import SchemaUse, Window, WindowsSurvey
from cockpit.kafka.client import Client
from cockpit.kafka.comparing import (
    GLUE_NOTE,
    HEADER_NOTE,
    Compared,
    compare,
    remembered,
    schema_uses,
)
from cockpit.kafka.protocol.fetch import Record
from cockpit.kafka.windows import WindowReader
from tests.core.build import service, two_wave_plan
from tests.kafka.fake_broker import FakeCluster, Partition, fake_cluster


def record(at: int, **changes: object) -> Record:
    plain = Record(at, 1_000 + at, False, b"key-%d" % at, b"secret-%d" % at, (("h", b"x"),))
    return replace(plain, **changes)  # type: ignore[arg-type]


SOURCE = tuple(record(at) for at in range(5))


def compared(*target: Record, timed: bool = True, headers: bool = True) -> Compared:
    return compare(SOURCE, target, timed=timed, headers=headers)


def test_equal_records_at_other_offsets_are_no_difference() -> None:
    assert compared(*(replace(r, offset=r.offset + 90) for r in SOURCE)) == Compared(5, 0, 0, "")


def test_what_lies_around_the_window_does_not_count() -> None:
    around = (record(70), *SOURCE, record(71), SOURCE[0])
    assert compared(*around) == Compared(5, 0, 0, "")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"value": b"longer value"}, "value differs (8 bytes, on the target 12 bytes)"),
        ({"value": None}, "value differs (8 bytes, on the target null)"),
        ({"key": b""}, "key differs (5 bytes, on the target 0 bytes)"),
        ({"headers": ()}, "headers differ (1, on the target 0)"),
        ({"timestamp_ms": 5_002}, "time differs by 4000 ms"),
    ],
)
def test_a_changed_record_is_told_by_what_changed(change: dict[str, Any], words: str) -> None:
    found = compared(SOURCE[0], SOURCE[1], replace(SOURCE[2], **change), SOURCE[3], SOURCE[4])
    assert (found.missing, found.surplus) == (1, 1)
    assert found.first_difference == f"source offset 2, target offset 2: {words}"
    assert "secret" not in found.first_difference


def test_a_missing_and_a_repeated_record_are_counted() -> None:
    assert compared(SOURCE[0], SOURCE[1], SOURCE[3], SOURCE[4]).first_difference == (
        "source offset 2 is not on the target"
    )
    found = compared(*SOURCE[:3], replace(SOURCE[1], offset=99), *SOURCE[3:])
    assert (found.missing, found.surplus, found.foreign) == (0, 1, 0)
    assert "target offset 99" in found.first_difference


def test_a_foreign_record_is_surplus() -> None:
    found = compared(*SOURCE[:3], record(50), *SOURCE[3:])
    assert (found.missing, found.surplus, found.foreign) == (0, 1, 1)


def test_equal_records_are_matched_one_by_one() -> None:
    twins = (record(0), record(0), record(0))
    assert compare(twins, twins[:2], timed=True, headers=True).missing == 1


def test_times_and_headers_count_only_where_the_mirror_keeps_them() -> None:
    other = tuple(replace(r, timestamp_ms=7, headers=()) for r in SOURCE)
    assert compared(*other, timed=False, headers=False) == Compared(5, 0, 0, "")
    assert compared(*other, timed=False).missing == 5


def classic(schema_id: int, payload: bytes = b"some payload") -> bytes:
    return struct.pack(">bi", 0, schema_id) + payload


def test_schema_ids_are_counted_by_part_and_format() -> None:
    glue = b"\x03\x00" + bytes(16) + b"payload"
    found = schema_uses(
        [
            record(0, key=classic(9), value=classic(7)),
            record(1, key=classic(9), value=classic(7)),
            record(2, key=None, value=classic(8)),
            record(3, key=None, value=None, headers=(("__value_schema_id", bytes(17)),)),
            record(4, key=None, value=glue),
            record(5, key=None, value=b"\x03 text that is long enough to be one"),
        ]
    )
    assert found.uses == (
        SchemaUse("key", 9, 2),
        SchemaUse("value", 7, 2),
        SchemaUse("value", 8, 1),
    )
    assert found.notes == {GLUE_NOTE, HEADER_NOTE}
    assert not found.unknown


@pytest.mark.parametrize(
    "values",
    [
        [struct.pack(">bi", 0, -1), b"\x00\x00", bytes(9)],
        [struct.pack(">bi", 0, 1_700_000_000 + 977 * i) + b"x" * (i % 7) for i in range(60)],
        [classic(7), *(b'{"n": %d}' % i for i in range(99))],
    ],
    ids=["no ids", "numbers that no registry gives", "one in a hundred"],
)
def test_bytes_that_only_look_like_schema_ids_are_none(values: list[bytes]) -> None:
    found = schema_uses([record(at, key=None, value=value) for at, value in enumerate(values)])
    assert (found.uses, found.unknown) == ((), "")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (
            [classic(7), *(b'{"n": %d}' % i for i in range(9))],
            "1 of 10 values begin like one with a schema id, the others do not",
        ),
        (
            [classic(100 + i) for i in range(60)],
            "60 of 60 values begin like one with a schema id, 60 ids are too many to be sure",
        ),
    ],
    ids=["mixed", "an id of its own each"],
)
def test_ids_that_nobody_can_be_sure_of_are_unknown_and_not_dropped(
    values: list[bytes], why: str
) -> None:
    found = schema_uses([record(at, key=None, value=value) for at, value in enumerate(values)])
    assert (found.uses, found.unknown) == ((), why)


def test_ids_in_parts_of_the_size_of_a_number_are_doubtful() -> None:
    """A LongSerializer's milliseconds all begin like one schema id."""
    records = [
        record(at, key=struct.pack(">q", 1_700_000_000_000 + at), value=classic(7, b"x" * at))
        for at in range(20)
    ]
    key, value = schema_uses(records).uses
    assert key == SchemaUse("key", 0x00018BCF, 20, doubtful=True)
    assert value == SchemaUse("value", 7, 20)


def test_the_same_records_looked_at_again_are_not_counted_again() -> None:
    twenty = (SchemaUse("value", 7, 20),)
    kept = remembered({}, twenty, now_ms=0)
    for at_ms in range(10_000, 100_000, 10_000):
        kept = remembered(kept, twenty, now_ms=at_ms)
    assert [use for use, _ in kept.values()] == [SchemaUse("value", 7, 20)]


def test_an_id_of_another_look_is_kept_for_an_hour() -> None:
    kept = remembered({}, (SchemaUse("value", 7, 20),), now_ms=0)
    kept = remembered(kept, (SchemaUse("value", 8, 3),), now_ms=3_600_000)
    assert {use.schema_id for use, _ in kept.values()} == {7, 8}
    kept = remembered(kept, (), now_ms=3_600_001)
    assert {use.schema_id for use, _ in kept.values()} == {8}


def test_no_more_ids_are_kept_than_allowed_and_the_newest_stay() -> None:
    kept = remembered({}, (SchemaUse("key", i, 1) for i in range(1, 257)), now_ms=0)
    kept = remembered(kept, (SchemaUse("key", 999, 1),), now_ms=1)
    assert len(kept) == 256
    assert ("key", 999) in kept


# --- rounds over partitions -----------------------------------------------------------------------


@contextlib.asynccontextmanager
async def windows_of(
    source: dict[str, list[Partition]], target: dict[str, list[Partition]], clock: StepClock
) -> AsyncIterator[WindowReader]:
    plan = replace(two_wave_plan(), services=(service("ledger", consumes=tuple(source)),))
    async with (
        fake_cluster(FakeCluster(topics=source)) as here,
        fake_cluster(FakeCluster(topics=target)) as there,
    ):
        ours, theirs = Client(here.access()), Client(there.access())
        try:
            yield WindowReader(plan, clock, source=ours, target=theirs)
        finally:
            await ours.close()
            await theirs.close()


async def window_of(source: Partition, target: Partition) -> Window:
    async with windows_of({"orders": [source]}, {"orders": [target]}, StepClock()) as reader:
        return (await reader.read()).windows["orders", 0]


async def test_a_source_with_records_and_an_empty_target_are_not_compared() -> None:
    found = await window_of(Partition(1, 0, 1_000), Partition(1, 0, 0))
    assert found.unknown == "nothing mirrored to compare"
    assert (found.compared, found.both_empty) == (0, False)


async def test_a_target_whose_records_are_all_gone_is_no_empty_partition() -> None:
    found = await window_of(Partition(1, 0, 1_000), Partition(1, 900, 900))
    assert found.unknown == "nothing mirrored to compare"


async def test_two_empty_logs_are_both_empty_wherever_they_end() -> None:
    found = await window_of(Partition(1, 70, 70), Partition(1, 0, 0))
    assert (found.unknown, found.compared, found.both_empty) == (None, 0, True)


async def test_every_window_has_the_time_at_which_it_was_looked_at() -> None:
    topics = {"orders": [Partition(1), Partition(2)]}
    clock = StepClock()
    async with windows_of(topics, topics, clock) as reader:
        first = await reader.read()
        clock.ms += 10_000
        second = await reader.read()
    assert times(first) == {1_000_000}
    assert times(second) == {1_010_000}


def times(survey: WindowsSurvey) -> set[int]:
    return {window.at_ms for window in survey.windows.values()}


async def test_a_round_looks_at_every_topic_before_it_looks_at_one_twice() -> None:
    topics = {f"topic-{i}": [Partition(1) for _ in range(30)] for i in range(5)}
    async with windows_of(topics, topics, StepClock()) as reader:
        first = (await reader.read()).windows
        assert {topic for topic, _ in first} == set(topics)
        assert len(first) < 150
        while len(last := (await reader.read()).windows) < 150:
            assert len(last) > len(first)
            first = last


async def test_the_bounds_of_a_log_are_asked_for_once_a_look() -> None:
    """A look has many questions; what they ask about must not move in between."""
    here = FakeCluster(topics={"orders": [Partition(1)]})
    plan = replace(two_wave_plan(), services=(service("ledger", consumes=("orders",)),))
    async with fake_cluster(here) as cluster:
        client = Client(cluster.access())
        reader = WindowReader(plan, StepClock(), source=client, target=client)
        await reader.read()
        await client.close()
    assert sum(key == 2 for _, key in here.asked) == 4
