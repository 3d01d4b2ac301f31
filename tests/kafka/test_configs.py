"""Configs of topics: what may not be seen is unknown, and is no missing topic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.facts import Facts
from cockpit.core.observe import ConfigSample, Unknown
from cockpit.core.parity.topics import topics as compare_topics
from cockpit.kafka.client import Client
from cockpit.kafka.configs import read_configs
from cockpit.kafka.protocol.codec import Writer
from cockpit.kafka.protocol.configs import TOPIC, describe_configs
from tests.core.build import two_wave_plan
from tests.kafka.clock import RealClock
from tests.kafka.fake_broker import FakeCluster, Partition, fake_cluster

VALUES = {"retention.ms": "1000"}


async def configs_of(cluster: FakeCluster, *topics: str) -> ConfigSample:
    cluster.surveyed.configs = VALUES
    async with fake_cluster(cluster):
        client = Client(cluster.access())
        try:
            return await read_configs("source", client, RealClock(), topics)
        finally:
            await client.close()


def three_topics() -> FakeCluster:
    return FakeCluster(topics={name: [Partition(1)] for name in ("a", "b", "c")})


async def test_a_topic_that_may_not_be_described_is_unknown_and_no_absent_one() -> None:
    cluster = three_topics()
    cluster.hidden = {"a", "c"}
    cluster.topic_errors = {"a": 29}
    sample = await configs_of(cluster, "a", "b", "c", "nothing")
    assert set(sample.unknown) == {"a"}
    assert "(29)" in sample.unknown["a"]
    assert sample.topics == {"b": VALUES, "c": VALUES}
    assert sample.partitions == {"b": 1, "c": 1}


async def test_configs_that_may_not_be_read_do_not_take_those_of_other_topics() -> None:
    cluster = three_topics()
    cluster.surveyed.config_errors = {"a": 29, "b": 3}
    sample = await configs_of(cluster, "a", "b", "c")
    assert sample.unknown == {"a": "configs: topic authorisation failed (29)"}
    assert (sample.topics, sample.partitions) == ({"c": VALUES}, {"a": 1, "c": 1})


async def test_before_0_11_partition_counts_are_known_and_configs_are_not() -> None:
    cluster = three_topics()
    cluster.topics["a"].append(Partition(1))
    cluster.versions = {1: (0, 3), 2: (0, 1), 3: (0, 2), 16: (0, 0)}
    sample = await configs_of(cluster, "a", "b", "nothing")
    assert sample.partitions == {"a": 2, "b": 1}
    assert sample.topics == {}
    assert set(sample.configs_unknown) == {"a", "b"}
    assert "config API" in sample.configs_unknown["a"]
    assert set(sample.unknown) == {"nothing"}


async def test_partition_counts_are_compared_where_one_side_cannot_tell_configs() -> None:
    cluster = three_topics()
    cluster.versions = {1: (0, 3), 2: (0, 1), 3: (0, 2), 16: (0, 0)}
    topics = two_wave_plan().topics()
    cluster.topics = {name: [Partition(1)] for name in topics}
    source = await configs_of(cluster, *topics)
    more = FakeCluster(topics={name: [Partition(1)] for name in topics})
    more.topics[topics[0]].append(Partition(1))
    target = replace(await configs_of(more, *topics), side="target")
    found = compare_topics(two_wave_plan(), Facts(configs={"source": source, "target": target}))
    assert not isinstance(found, Unknown)
    topic, config = (row.check for row in found)
    assert (topic.word, topic.source, topic.target) == ("open", "1 partition", "2 partitions")
    assert (config.kind, config.word) == ("config", "unknown")
    assert "config API" in config.why


@pytest.mark.parametrize(
    ("version", "origins"),
    [(0, {"mine": 0, "default": 1}), (1, {"mine": 1, "broker": 4, "default": 5})],
)
def test_configs_set_on_the_topic_are_told_from_defaults(
    version: int, origins: dict[str, int]
) -> None:
    w = Writer(flexible=False)
    w.int32(0)
    w.count(1)
    w.int16(0)
    w.string("")
    w.int8(2)
    w.string("orders")
    w.count(len(origins))
    for name, origin in origins.items():
        w.string(name)
        w.string("1")
        w.boolean(False)
        w.int8(origin)
        w.boolean(False)
        if version:
            w.count(0)
    (found,) = describe_configs(TOPIC, ["orders"]).decode(w.done(), version)
    assert found.own == {"mine"}


async def test_the_sample_says_which_configs_are_the_topics_own() -> None:
    assert (await configs_of(three_topics(), "a")).own == {"a": frozenset(VALUES)}
