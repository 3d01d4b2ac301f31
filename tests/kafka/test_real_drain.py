"""What counts as the last record: markers, aborted transactions, codecs, repeated content."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from cockpit.core.actions import Finding
from cockpit.kafka.client import Client
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.effects.drain import DrainProof
from cockpit.kafka.effects.offsets import lay_out, offsets_of
from cockpit.kafka.effects.tails import Span, read_tails
from cockpit.kafka.http import Http
from cockpit.kafka.protocol.fetch import Record
from cockpit.kafka.protocol.offsets import LATEST
from tests.kafka.http_server import Answer, Asked, http_server
from tests.kafka.real import SIDES, client_as, producer_as, scratch_topic

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker

AT_MS = 1_700_000_000_000


@contextlib.asynccontextmanager
async def both_sides(lab: Status, **config: str) -> AsyncIterator[str]:
    """A topic on both clusters that no mirror touches."""
    async with scratch_topic(
        lab, f"scratch-{uuid4().hex[:8]}", sides=SIDES, config=config
    ) as topic:
        yield topic


async def put(producer: Any, topic: str, *values: bytes) -> None:
    """Records in partition 0, each a millisecond after the other."""
    for i, value in enumerate(values):
        await producer.send_and_wait(topic, value, b"k", partition=0, timestamp_ms=AT_MS + i)


async def abort(producer: Any, topic: str, count: int) -> None:
    """Transactions that are given up, one marker each."""
    for i in range(count):
        await producer.begin_transaction()
        await put(producer, topic, b"aborted%d" % i)
        await producer.abort_transaction()


async def tail_of(client: Client, topic: str, *, committed_only: bool) -> tuple[Record, ...]:
    layout = await lay_out(client, [topic])
    ends = await offsets_of(client, layout, LATEST)
    tp = (topic, 0)
    spans = {tp: Span(layout.leader[tp], 0, ends[tp])}
    return (await read_tails(client, spans, committed_only=committed_only))[tp]


@contextlib.asynccontextmanager
async def proving(
    lab: Status, topic: str, passed: dict[int, int] | None = None, **config: str
) -> AsyncIterator[Any]:
    """A drain proof whose mirror has this config, and has copied these offsets of partitions."""

    def respond(asked: Asked) -> Answer:
        if not asked.target.endswith("/offsets"):
            return Answer.of(config)
        at = [
            {"partition": {"topic": topic, "partition": n}, "offset": {"offset": offset}}
            for n, offset in (passed or {}).items()
        ]
        return Answer.of({"offsets": at})

    async with (
        http_server(respond) as server,
        client_as(lab, "source", "cockpit") as source,
        client_as(lab, "target", "cockpit") as target,
    ):
        http = Http()
        proof = DrainProof(
            source=source, target=target, rest=ConnectRest(http, server.url), mirror="m"
        )

        async def finding() -> Finding:
            return await proof.verify([topic])

        try:
            yield finding
        finally:
            await http.close()


@pytest.mark.parametrize("codec", [None, "gzip", "snappy", "lz4", "zstd"])
async def test_records_of_every_codec_are_compared(lab: Status, codec: str | None) -> None:
    async with (
        both_sides(lab) as topic,
        producer_as(lab, "admin", compression_type=codec) as source,
        producer_as(lab, "admin", side="target") as target,
        proving(lab, topic, {0: 1}) as finding,
    ):
        await put(source, topic, b"a" * 500, b"b" * 500)
        await put(target, topic, b"a" * 500)
        found = await finding()
        assert found.holds is False
        assert "about 1 records not there yet" in found.detail
        await put(target, topic, b"x")
        assert (await finding()).holds is False
        await target.send_and_wait(topic, b"b" * 500, b"k", partition=0, timestamp_ms=AT_MS + 1)
        assert (await finding()).holds is True


async def test_the_last_record_is_found_behind_many_markers_and_aborted_ones(lab: Status) -> None:
    async with (
        both_sides(lab) as topic,
        producer_as(lab, "admin", transactional_id=f"t-{topic}") as source,
        client_as(lab, "source", "cockpit") as client,
    ):
        async with source.transaction():
            await put(source, topic, b"kept")
        await abort(source, topic, 25)
        written = await tail_of(client, topic, committed_only=False)
        committed = await tail_of(client, topic, committed_only=True)
        assert written[-1].value == b"aborted24"
        assert [record.value for record in committed] == [b"kept"]


@pytest.mark.parametrize(
    ("config", "drained"),
    [
        ({"consumer.isolation.level": "read_committed"}, True),
        ({"source.consumer.isolation.level": "read_committed"}, True),
        ({}, False),
    ],
)
async def test_aborted_records_are_waited_for_only_when_the_mirror_copies_them(
    lab: Status, config: dict[str, str], drained: bool
) -> None:
    async with (
        both_sides(lab) as topic,
        producer_as(lab, "admin", transactional_id=f"t-{topic}") as source,
        producer_as(lab, "admin", side="target") as target,
        proving(lab, topic, {0: 4}, **config) as finding,
    ):
        async with source.transaction():
            await put(source, topic, b"kept")
        await abort(source, topic, 2)
        await put(target, topic, b"kept")
        assert (await finding()).holds is drained
        await put(target, topic, b"aborted0", b"x")
        assert (await finding()).holds is False
        await put(target, topic, b"aborted1")
        assert (await finding()).holds is True


async def test_equal_records_in_a_row_are_counted(lab: Status) -> None:
    """Three times the same content in the same millisecond: one on the target is not enough."""
    async with (
        both_sides(lab) as topic,
        producer_as(lab, "admin") as source,
        producer_as(lab, "admin", side="target") as target,
        proving(lab, topic) as finding,
    ):
        for _ in range(3):
            await put(source, topic, b"same")
        for expected in (False, False, True):
            await put(target, topic, b"same")
            assert (await finding()).holds is expected


async def test_where_the_broker_sets_the_time_the_mirror_must_have_passed_too(lab: Status) -> None:
    passed: dict[int, int] = {}
    async with (
        both_sides(lab, **{"message.timestamp.type": "LogAppendTime"}) as topic,
        producer_as(lab, "admin") as source,
        producer_as(lab, "admin", side="target") as target,
        proving(lab, topic, passed) as finding,
    ):
        await put(source, topic, b"a")
        await put(target, topic, b"b")
        assert (await finding()).holds is False
        await put(target, topic, b"a")
        assert (await finding()).holds is None
        passed[0] = 0
        assert (await finding()).holds is True


async def test_a_topic_that_the_target_has_not_is_not_drained(lab: Status) -> None:
    async with (
        scratch_topic(lab, f"scratch-{uuid4().hex[:8]}") as topic,
        proving(lab, topic) as finding,
    ):
        found = await finding()
        assert found.holds is False
        assert "no such partition on the target" in found.detail
