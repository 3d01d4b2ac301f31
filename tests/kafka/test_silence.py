"""Flat logs as the proof of a fence: what is shown for later looks, and what is no proof."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from cockpit.core.actions import Finding
from cockpit.kafka.client import Client
from cockpit.kafka.effects.fence import SAMPLES, Fencing
from tests.kafka.fake_broker import NEW, OLD, FakeCluster, Partition, fake_cluster


class Clock:
    """Time that passes at once; `meddle` comes with the last pause of a proof."""

    def __init__(self, meddle: Callable[[], None] = lambda: None) -> None:
        self.pauses = 0
        self._meddle = meddle

    def now_ms(self) -> int:
        return 0

    async def sleep(self, duration_ms: int) -> None:
        self.pauses += 1
        if self.pauses == SAMPLES - 1:
            self._meddle()


def orders() -> dict[str, list[Partition]]:
    return {"orders": [Partition(1, 3, 10), Partition(2, 0, 20)]}


@asynccontextmanager
async def watching(cluster: FakeCluster, clock: Clock) -> AsyncIterator[Fencing]:
    async with fake_cluster(cluster):
        client = Client(cluster.access())
        yield Fencing(clock, admin=client, changer=client, canary=None, name="", writers={})
        await client.close()


async def silence(cluster: FakeCluster, clock: Clock | None = None) -> Finding:
    async with watching(cluster, clock or Clock()) as fencing:
        return await fencing.silent(("orders",))


async def test_ends_that_were_flat_are_shown_for_later_looks() -> None:
    found = await silence(FakeCluster(topics=orders()))
    assert found.holds is True, found.detail
    assert found.shows == {"source_end": {"orders/0": 10, "orders/1": 20}}


async def test_an_end_that_the_marker_of_an_open_transaction_will_move_is_not_shown() -> None:
    topics = orders()
    topics["orders"][1].stable = 17
    found = await silence(FakeCluster(topics=topics))
    assert found.holds is True, found.detail
    assert found.shows == {"source_end": {"orders/0": 10}}


@pytest.mark.parametrize("versions", [OLD | {2: (0, 1)}, NEW], ids=["0.10", "3.8"])
async def test_brokers_older_than_transactions_show_every_end(
    versions: dict[int, tuple[int, int]],
) -> None:
    found = await silence(FakeCluster(versions=dict(versions), topics=orders()))
    assert found.holds is True, found.detail
    assert found.shows == {"source_end": {"orders/0": 10, "orders/1": 20}}


async def test_a_record_before_the_last_sample_is_named() -> None:
    cluster = FakeCluster(topics=orders())

    def write() -> None:
        cluster.topics["orders"][1].end += 4

    found = await silence(cluster, Clock(write))
    assert found.holds is False
    assert "orders/1 grew by 4" in found.detail
    assert found.shows == {}
