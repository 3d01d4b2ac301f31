"""The client: one topic's error is that topic's, and connections go with the brokers."""

from __future__ import annotations

import asyncio

import pytest

from cockpit.kafka import client as client_module
from cockpit.kafka.client import Client
from cockpit.kafka.effects.offsets import lay_out_present
from cockpit.kafka.protocol.metadata import brokers_only
from cockpit.ports import PortError
from tests.kafka.fake_broker import FakeCluster, Partition, fake_cluster


def two_topics() -> FakeCluster:
    return FakeCluster(topics={"orders": [Partition(1, 0, 1)], "payments": [Partition(1, 0, 1)]})


async def test_an_error_of_one_topic_does_not_take_the_others() -> None:
    cluster = two_topics()
    cluster.topic_errors["orders"] = 29
    async with fake_cluster(cluster):
        client = Client(cluster.access())
        view = await client.topics(["orders", "payments", "nothing"])
        assert set(view.topics) == {"payments"}
        assert view.failed == {"orders": 29, "nothing": 3}
        with pytest.raises(PortError, match=r"topic orders: .*\(29\)"):
            await client.topics(["orders", "nothing"])
        with pytest.raises(PortError, match=r"topic orders: .*\(29\)"):
            await lay_out_present(client, ["orders", "payments"])
        await client.close()


async def test_connections_to_addresses_that_no_broker_has_any_more_are_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = two_topics()
    async with fake_cluster(cluster, brokers=3):
        client = Client(cluster.access(1))
        for node in (1, 2, 3):
            await client.call(node, brokers_only())
        second, third = [("127.0.0.1", cluster.ports.pop(node)) for node in (2, 3)]
        await client.brokers()
        assert set(client._links) == {*client._access.bootstrap, second, third}
        monkeypatch.setattr(client_module, "KEPT_S", 0.05)
        await asyncio.sleep(0.1)
        await client.call_at(second, brokers_only())
        await client.brokers()
        assert set(client._links) == {*client._access.bootstrap, second}
        await client.close()
