"""What `bench --only observe` measures with: it reads everything, and counts what it says."""

from __future__ import annotations

import asyncio
import time

from cockpit.cli.figures import Figure
from cockpit.cli.observing.content import PARTITIONS, synthetic_broker
from cockpit.cli.observing.figures import observing
from cockpit.cli.observing.measure import Requests, longest_stall_ms


async def test_the_synthetic_broker_is_read_whole_in_two_requests() -> None:
    async with synthetic_broker(topics=3, groups=2) as access, observing(access) as observer:
        await observer.settle()
        assert observer.read == (3 + 2) * PARTITIONS
        first = await observer.cluster.logs()
        requests = Requests()
        with requests.counting():
            await observer.refresh()
        assert sorted(requests.asked) == [2, 9]
        then = await observer.cluster.logs()
        assert (then.end > first.end).all()


async def test_a_failing_synthetic_broker_gives_errors_and_no_numbers() -> None:
    async with (
        synthetic_broker(topics=3, groups=2, failing=True) as access,
        observing(access) as observer,
    ):
        await observer.second()
        assert observer.read == 0
        assert len((await observer.cluster.logs()).errors) == 3 * PARTITIONS
        assert all(g.unknown for g in (await observer.cluster.groups()).groups.values())


async def test_a_stall_is_what_one_turn_of_the_event_loop_takes() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        began = time.thread_time()
        while time.thread_time() - began < 0.03:
            pass
        await asyncio.sleep(0)

    assert 30 <= await longest_stall_ms(work) < 60


def test_a_figure_without_a_value_keeps_no_limit() -> None:
    assert not Figure("a", None, "ms", 6).ok
    assert Figure("a", None, "ms").ok
    assert Figure("a", None, "ms", note="not installed").line() == "a ? ms - ok (not installed)"
    assert Figure("a", 6.0, "ms", 6).line() == "a 6.000 ms 6 ok"
    assert Figure("a", 6.1, "ms", 6).line() == "a 6.100 ms 6 short"
