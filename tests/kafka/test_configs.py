"""Configs of topics: what may not be seen is unknown, and is no missing topic."""

from __future__ import annotations

from cockpit.core.observe import ConfigSample
from cockpit.kafka.client import Client
from cockpit.kafka.configs import read_configs
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
