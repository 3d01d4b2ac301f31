"""Images of the plan's groups: which commits are asked for, and what is unknown without them."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from cockpit.core.observe import GroupSample, TopicPartition, Unknown
from cockpit.core.survey import GroupImage, Image
from cockpit.kafka.client import Client
from cockpit.kafka.images import (
    LATE_MS,
    LATE_MS_PER_READ,
    MS_PER_READ,
    PAIRS_PER_READ,
    ImageReader,
)
from tests.core.build import two_wave_plan
from tests.kafka.clock import RealClock
from tests.kafka.fake_broker import OLD, FakeCluster, Group, Partition, fake_cluster

FETCH = 1
PAIR = ("ledger", ("orders", 0))


@contextlib.asynccontextmanager
async def images_of(
    source: FakeCluster, clock: RealClock | None = None
) -> AsyncIterator[ImageReader]:
    target = FakeCluster(topics={"orders": [Partition(1, 0, 9)]}, mute={FETCH})
    async with fake_cluster(source), fake_cluster(target):
        here, there = Client(source.access()), Client(target.access())
        clock = clock or RealClock()
        yield ImageReader(two_wave_plan(), clock, source=here, target=there, rest=None)
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


class SetClock(RealClock):
    """Stands still but where it is moved."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ms(self) -> int:
        return self.ms


@pytest.mark.parametrize(("waited_ms", "all_seen"), [(LATE_MS + 1, True), (LATE_MS // 2, False)])
async def test_a_round_goes_on_for_longer_where_images_would_grow_too_old(
    waited_ms: int, all_seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each image takes 10 ms: all of them longer than a round, and less than a late one."""
    source, clock = a_source(), SetClock()
    names = [("orders", number) for number in range(PAIRS_PER_READ)]
    source.topics["orders"] = [Partition(1, 0, 9) for _ in names]
    source.groups["ledger"].offsets = dict.fromkeys(names, 3)

    async def slow(
        _reader: ImageReader, pair: tuple[str, TopicPartition], offset: int, _target: GroupSample
    ) -> GroupImage:
        clock.ms += 10
        image = Image(offset - 1, "EXACT", offset, offset, "")  # its commit moves on
        return GroupImage(pair[0], *pair[1], image, offset, 0, 0, clock.ms)

    monkeypatch.setattr(ImageReader, "_image_of", slow)
    async with images_of(source, clock) as images:
        first = await images.read()
        assert len(first.images) == PAIRS_PER_READ  # those never seen are the latest of all
        assert MS_PER_READ < first.answered_at_ms - first.asked_at_ms <= LATE_MS_PER_READ
        clock.ms += waited_ms
        again = await images.read()
    seen = [one for one in again.images.values() if one.at_ms > again.asked_at_ms]
    assert (len(seen) == PAIRS_PER_READ) is all_seen
    assert len(seen) >= MS_PER_READ // 10


async def test_pairs_whose_commits_rest_give_way_to_those_that_move(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a hundred groups most have moved already or do nothing: the wave's own must not wait."""
    source, clock = a_source(), SetClock()
    names = [("orders", number) for number in range(2 * PAIRS_PER_READ)]
    source.topics["orders"] = [Partition(1, 0, 9) for _ in names]
    source.groups["ledger"].offsets = dict.fromkeys(names, 3)
    moving = set(names[: PAIRS_PER_READ // 2])
    looks: Counter[TopicPartition] = Counter()

    async def at_once(
        _reader: ImageReader, pair: tuple[str, TopicPartition], offset: int, _target: GroupSample
    ) -> GroupImage:
        looks[pair[1]] += 1
        seen = offset - 1 if pair[1] in moving else offset
        image = Image(seen, "EXACT", seen, seen, "")
        return GroupImage(pair[0], *pair[1], image, None, 0, 0, clock.ms)

    monkeypatch.setattr(ImageReader, "_image_of", at_once)
    async with images_of(source, clock) as images:
        for _ in range(6):
            await images.read()
            clock.ms += 2_000
    assert min(looks[name] for name in moving) >= 4
    assert max(looks[name] for name in names if name not in moving) < 4
