"""Which topics of a mirror are followed: those that its own config names, and no others."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import AsyncIterator

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from cockpit.cli.observing.measure import StepClock
from cockpit.core.rights import MirrorNames
from cockpit.kafka.checkpoints import CheckpointsReader
from cockpit.kafka.client import Client
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.http import Http
from cockpit.kafka.names import MAX_AGE_MS, NamesReader, names_of
from cockpit.kafka.syncs import SyncsReader
from cockpit.ports import PortError
from tests.kafka.clock import RealClock
from tests.kafka.fake_broker import FakeCluster, Partition, fake_cluster
from tests.kafka.http_server import Answer, http_server

NAME = ("orders", 0)


def batch(key: bytes, value: bytes) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1 << 16)
    builder.append(0, 17, key, value, [])
    return bytes(builder.build())


def syncs(source: int, target: int) -> bytes:
    return batch(b"\x00\x06orders" + bytes(4), struct.pack(">qq", source, target))


def checkpoint(source: int, target: int) -> bytes:
    key = b"\x00\x06ledger\x00\x06orders" + bytes(4)
    return batch(key, bytes(2) + struct.pack(">qq", source, target) + bytes(2))


def with_topics(topics: dict[str, bytes]) -> FakeCluster:
    return FakeCluster(topics={name: [Partition(1, 0, 1)] for name in topics}, batches=topics)


@contextlib.asynccontextmanager
async def readers(
    source: dict[str, bytes], target: dict[str, bytes]
) -> AsyncIterator[tuple[SyncsReader, CheckpointsReader]]:
    async with fake_cluster(with_topics(source)) as here, fake_cluster(with_topics(target)) as far:
        clients = Client(here.access()), Client(far.access())
        try:
            yield (
                SyncsReader(RealClock(), source=clients[0], target=clients[1]),
                CheckpointsReader(RealClock(), clients[1]),
            )
        finally:
            for client in clients:
                await client.close()


BOTH = (
    {"mm2-offset-syncs.target.internal": syncs(700, 700)},
    {"mm2-offset-syncs.source.internal": syncs(1, 5_000)},
)


async def test_syncs_are_followed_on_the_side_where_the_mirror_keeps_them() -> None:
    """The reverse mirror's lie on the other side under a name that fits as well."""
    async with readers(*BOTH) as (reader, _):
        for side, offsets in (("source", (700, 700)), ("target", (1, 5_000))):
            names = names_of({"offset-syncs.topic.location": side})
            sample = await reader.read(names)
            assert sample.slots[NAME] == (offsets,)
            assert sample.read_to_end


async def test_a_lone_topic_of_another_mirror_is_refused_by_name() -> None:
    async with readers({}, {"mm2-offset-syncs.dr.internal": syncs(1, 5_000)}) as (reader, _):
        with pytest.raises(PortError) as caught:
            await reader.read(MirrorNames())
    assert caught.value.reason == (
        "no offset-syncs topic mm2-offset-syncs.target.internal on the source that may be read"
    )


async def test_checkpoints_of_another_source_are_refused_by_name() -> None:
    topics = {"dr.checkpoints.internal": checkpoint(1, 2)}
    async with readers({}, topics) as (_, reader):
        with pytest.raises(PortError, match=r"topic old\.checkpoints\.internal on the target"):
            await reader.read(MirrorNames("old", "new"))
        survey = await reader.read(MirrorNames("dr", "new"))
        assert [c.source_offset for c in survey.checkpoints.values()] == [1]


@pytest.mark.parametrize(
    ("config", "syncs_topic", "checkpoints_topic"),
    [
        ({}, "mm2-offset-syncs.target.internal", "source.checkpoints.internal"),
        (
            {"source.cluster.alias": "a", "target.cluster.alias": "b"},
            "mm2-offset-syncs.b.internal",
            "a.checkpoints.internal",
        ),
        (
            {"replication.policy.separator": "_", "offset-syncs.topic.location": "target"},
            "mm2-offset-syncs_source_internal",
            "source_checkpoints_internal",
        ),
        (
            {
                "replication.policy.separator": "_",
                "replication.policy.internal.topic.separator.enabled": "False",
            },
            "mm2-offset-syncs.target.internal",
            "source.checkpoints.internal",
        ),
    ],
)
def test_names_are_those_of_the_mirrors_config(
    config: dict[str, str], syncs_topic: str, checkpoints_topic: str
) -> None:
    names = names_of(config)
    assert (names.syncs_topic(), names.checkpoints_topic()) == (syncs_topic, checkpoints_topic)


async def test_without_a_config_nobody_guesses_and_a_config_once_read_is_kept() -> None:
    answers = [Answer.of({"message": "booting"}, 500), Answer.of({"target.cluster.alias": "new"})]
    async with http_server(lambda _: answers[0]) as server:
        http, clock = Http(), StepClock()
        names = NamesReader(clock, ConnectRest(http, server.url), "mm2")
        with pytest.raises(PortError, match=r"not known: Connect, config of mm2: HTTP 500"):
            await names.read()
        del answers[0]
        assert (await names.read()).target == "new"
        answers[0] = Answer.of({}, 500)
        clock.ms += MAX_AGE_MS + 1
        assert (await names.read()).target == "new"
        answers[0] = Answer.of({"target.cluster.alias": "other"})
        clock.ms += MAX_AGE_MS + 1
        assert (await names.read()).target == "other"
        await http.close()
