"""How often a feed is read: at its own pace, sooner when its cluster is away, later if refused."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cockpit.core.observe import Failure, FailureKind, Sample, SignalSample
from cockpit.core.plan import Side
from cockpit.core.survey import Survey
from cockpit.engine.feeds import NOBODY, Feed, Waiting, all_feeds, follow
from cockpit.ports import Cluster, PortError, SurveyFeed
from cockpit.sim.factory import connect_sim
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.spec import WorldSpec
from tests.core.build import two_wave_plan

MINUTE_S = 60


def failing(kind: FailureKind) -> Callable[[], Awaitable[Sample]]:
    async def read() -> Sample:
        raise PortError(kind, "planted")

    return read


async def good() -> Sample:
    return SignalSample("s", 0, 0, 1.0)


def surveyed(survey: SurveyFeed, pace_ms: int, waiting: Waiting = NOBODY) -> list[Feed]:
    """The feeds of an engine that has nothing else to look at slowly."""

    class Surveys:
        def feeds(self) -> tuple[SurveyFeed, ...]:
            return (survey,)

        async def close(self) -> None:
            """Nothing to let go of."""

    plan = two_wave_plan()
    world = connect_sim(plan, VirtualClock(), WorldSpec())
    clusters: dict[Side, Cluster] = {"source": world.source, "target": world.target}
    found = all_feeds(
        plan, clusters, world.replication, world.signals, lambda: pace_ms, Surveys(), waiting
    )
    return [feed for feed in found if feed.name == survey.name]


def put_in_a_minute(
    read: Callable[[], Awaitable[Any]],
    every_ms: int,
    others_first: Callable[[], bool] = lambda: False,
) -> list[object]:
    found: list[object] = []

    async def put(sample: Sample | Survey | Failure) -> None:
        found.append(sample)

    async def watch() -> None:
        try:
            async with asyncio.timeout(MINUTE_S):
                await follow(
                    Feed("f", read, lambda: every_ms, others_first=others_first),
                    VirtualClock(),
                    put,
                )
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


def test_a_slow_cluster_is_left_alone_for_as_long_as_its_answer_took() -> None:
    clock = VirtualClock()

    async def slow() -> Sample:
        await clock.sleep(150)
        return await good()

    found = put_in_a_minute(slow, 100)
    assert len(found) in (239, 240)  # 150 ms of answering, 100 of rest


def test_slow_looks_give_way_while_clients_are_blocked_but_not_for_ever() -> None:
    def surveys(every_ms: int, pace_ms: int) -> int:
        survey = SurveyFeed("s", every_ms, good)  # type: ignore[arg-type]  # any answer will do
        (feed,) = surveyed(survey, pace_ms)
        return len(put_in_a_minute(feed.read, every_ms, feed.others_first))

    assert surveys(every_ms=5_000, pace_ms=1_000) in (12, 13)
    assert surveys(every_ms=5_000, pace_ms=100) in (6, 7)
    assert surveys(every_ms=1_000, pace_ms=100) in (60, 61)


@pytest.mark.parametrize(("is_awaited", "reads_s"), [(True, [0, 11, 41]), (False, [0, 30])])
def test_an_awaited_survey_is_read_again_a_moment_after_it_was_overtaken(
    is_awaited: bool, reads_s: list[int]
) -> None:
    """A step ends after ten and a half seconds."""
    clock, read_at_ms = VirtualClock(), []

    async def read() -> Any:
        read_at_ms.append(clock.now_ms())
        return await good()

    def is_overtaken() -> bool:
        ended_ms = read_at_ms[0] + 10_500
        return read_at_ms[-1] < ended_ms <= clock.now_ms()

    async def put(sample: Sample | Survey | Failure) -> None:
        """Taken in."""

    async def watch() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MINUTE_S - 1):
                await follow(feed, clock, put)

    survey = SurveyFeed("s", 30_000, read, is_awaited=is_awaited)
    (feed,) = surveyed(survey, 1_000, Waiting(is_overtaken=is_overtaken))
    run_virtual(watch())
    assert [(at_ms - read_at_ms[0]) // 1_000 for at_ms in read_at_ms] == reads_s
