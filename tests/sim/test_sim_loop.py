"""Virtual time costs nothing, keeps its order, and says so when it can never move again."""

from __future__ import annotations

import asyncio
import time

import pytest

from cockpit.sim.loop import (
    EPOCH_MS,
    RealtimeClock,
    VirtualClock,
    VirtualDeadlockError,
    run_virtual,
)


def test_ten_virtual_minutes_of_two_busy_tasks_take_no_real_time() -> None:
    async def main() -> list[int]:
        clock, seen = VirtualClock(), []

        async def tick(every_ms: int) -> None:
            while clock.now_ms() < EPOCH_MS + 600_000:
                await clock.sleep(every_ms)
                seen.append(clock.now_ms() - EPOCH_MS)

        async with asyncio.TaskGroup() as group:
            group.create_task(tick(200), name="fast")
            group.create_task(tick(1_000), name="slow")
        return seen

    began = time.process_time()
    seen = run_virtual(main())
    assert time.process_time() - began < 1.0
    assert seen == sorted(seen)
    assert len(seen) == 3_600
    assert seen[-1] == 600_000


def test_timers_fire_in_the_order_of_their_times() -> None:
    async def main() -> list[str]:
        order: list[str] = []

        async def after(delay_s: float, word: str) -> None:
            await asyncio.sleep(delay_s)
            order.append(word)

        async with asyncio.TaskGroup() as group:
            for delay_s, word in ((3.0, "third"), (1.0, "first"), (2.0, "second")):
                group.create_task(after(delay_s, word), name=word)
        return order

    assert run_virtual(main()) == ["first", "second", "third"]


def test_a_timeout_strikes_at_its_virtual_time() -> None:
    async def main() -> int:
        clock = VirtualClock()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        return clock.now_ms()

    assert run_virtual(main()) == EPOCH_MS + 30_000


def test_waiting_for_what_never_comes_is_an_error_not_a_hang() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(VirtualDeadlockError):
        run_virtual(main())


def test_a_thread_is_waited_for_while_virtual_time_stands_still() -> None:
    async def main() -> tuple[str, int]:
        clock = VirtualClock()

        def slow() -> str:
            time.sleep(0.05)
            return "written"

        async with asyncio.TaskGroup() as group:
            beside = group.create_task(clock.sleep(10), name="beside")
            word = await asyncio.to_thread(slow)
            now_ms = clock.now_ms()
            assert not beside.done()
        return word, now_ms

    assert run_virtual(main()) == ("written", EPOCH_MS)


def test_the_result_and_the_exception_of_the_coroutine_come_out() -> None:
    async def fails() -> None:
        await asyncio.sleep(5)
        raise LookupError("from within")

    with pytest.raises(LookupError, match="from within"):
        run_virtual(fails())


def test_before_its_loop_runs_the_virtual_clock_shows_the_epoch() -> None:
    assert VirtualClock().now_ms() == EPOCH_MS


async def test_the_realtime_clock_runs_as_much_faster_as_it_is_told() -> None:
    clock = RealtimeClock(speed=200)
    began = time.perf_counter()
    await clock.sleep(2_000)
    assert time.perf_counter() - began < 1.0
    assert EPOCH_MS + 1_990 <= clock.now_ms() < EPOCH_MS + 200_000


def test_a_clock_cannot_stand_still() -> None:
    with pytest.raises(ValueError, match="speed"):
        RealtimeClock(0)
