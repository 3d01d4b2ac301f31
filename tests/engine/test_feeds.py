"""How often a feed is read: at its own pace, sooner when its cluster is away, later if refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from cockpit.core.observe import Failure, FailureKind, Sample, SignalSample
from cockpit.core.survey import Survey
from cockpit.engine.feeds import Feed, follow
from cockpit.ports import PortError
from cockpit.sim.loop import VirtualClock, run_virtual

MINUTE_S = 60


def failing(kind: FailureKind) -> Callable[[], Awaitable[Sample]]:
    async def read() -> Sample:
        raise PortError(kind, "planted")

    return read


async def good() -> Sample:
    return SignalSample("s", 0, 0, 1.0)


def put_in_a_minute(read: Callable[[], Awaitable[Sample]], every_ms: int) -> list[object]:
    found: list[object] = []

    async def put(sample: Sample | Survey | Failure) -> None:
        found.append(sample)

    async def watch() -> None:
        try:
            async with asyncio.timeout(MINUTE_S):
                await follow(Feed("f", read, lambda: every_ms), VirtualClock(), put)
        except TimeoutError:
            return

    run_virtual(watch())
    return found


def test_a_feed_that_answers_is_read_at_its_own_pace() -> None:
    assert len(put_in_a_minute(good, 1_000)) in (60, 61)
    assert len(put_in_a_minute(good, 30_000)) in (2, 3)


@pytest.mark.parametrize("kind", ["slow", "unreachable"])
def test_what_is_away_is_looked_for_every_second(kind: FailureKind) -> None:
    assert len(put_in_a_minute(failing(kind), 60_000)) in (60, 61)


@pytest.mark.parametrize("kind", ["refused", "protocol"])
def test_a_slow_feed_that_is_refused_is_asked_ever_more_seldom(kind: FailureKind) -> None:
    assert len(put_in_a_minute(failing(kind), 60_000)) == 6
    assert len(put_in_a_minute(failing(kind), 1_000)) in (60, 61)


def test_what_a_version_cannot_answer_is_asked_at_the_feeds_own_pace() -> None:
    assert len(put_in_a_minute(failing("unsupported"), 30_000)) in (2, 3)
