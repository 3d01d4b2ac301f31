"""Images of the plan's groups: which commits are asked for, and what is unknown without them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from cockpit.core.observe import Unknown
from cockpit.kafka.client import Client
from cockpit.kafka.images import ImageReader
from tests.core.build import two_wave_plan
from tests.kafka.clock import RealClock
from tests.kafka.fake_broker import OLD, FakeCluster, Group, Partition, fake_cluster

FETCH = 1
PAIR = ("ledger", ("orders", 0))


@contextlib.asynccontextmanager
async def images_of(source: FakeCluster) -> AsyncIterator[ImageReader]:
    target = FakeCluster(topics={"orders": [Partition(1, 0, 9)]}, mute={FETCH})
    async with fake_cluster(source), fake_cluster(target):
        here, there = Client(source.access()), Client(target.access())
        yield ImageReader(two_wave_plan(), RealClock(), source=here, target=there, rest=None)
        await here.close()
        await there.close()


def a_source(**more: object) -> FakeCluster:
    return FakeCluster(
        topics={"orders": [Partition(1, 0, 9)], "__consumer_offsets": [Partition(1)]},
        mute={FETCH},
        groups={
            "ledger": Group(offsets={("orders", 0): 3}),
            "stranger": Group(offsets={("orders", 0): 4}),
        },
        **more,  # type: ignore[arg-type]  # fields of one dataclass
    )


async def test_commits_of_the_plans_groups_alone_are_read() -> None:
    source = a_source()
    async with images_of(source) as images:
        assert set((await images.read()).images) == {PAIR}
    assert not any(b"stranger" in body for body in source.bodies)


async def test_commits_that_an_old_source_keeps_in_zookeeper_have_images_too() -> None:
    source = a_source(versions=OLD | {9: (0, 3)})
    source.groups = {"ledger": Group(in_zookeeper={("orders", 0): 3})}
    async with images_of(source) as images:
        assert (await images.read()).images[PAIR].image.source_offset == 3


async def test_a_group_whose_commits_cannot_be_read_any_more_has_unknown_images() -> None:
    source = a_source()
    async with images_of(source) as images:
        await images.read()
        source.groups["ledger"].error = 14
        found = (await images.read()).images[PAIR]
        assert found.image.word == "NONE"
        assert "(14)" in found.image.reason
        assert isinstance(found.reread_records, Unknown)
        source.groups["ledger"].error = 0
        assert "(14)" not in (await images.read()).images[PAIR].image.reason
        del source.groups["ledger"]
        assert not (await images.read()).images


async def test_a_topic_that_may_not_be_described_is_not_called_missing() -> None:
    source = a_source()
    source.topic_errors = {"orders": 29}
    async with images_of(source) as images:
        assert "(29)" in (await images.read()).images[PAIR].image.reason
