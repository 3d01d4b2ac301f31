"""A job that runs once a week is found by whoever watches for a week.

In simulation: a week passes in seconds. The lab has the same job once a minute
(`tests/migrations/zerodown.py`).
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.cli import exits
from cockpit.cli.lingering import Seen, watch
from cockpit.cli.stragglers import exit_code, report
from cockpit.cli.wiring import engine_ports
from cockpit.core.actions import CallService
from cockpit.core.stragglers import Moved
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import connect_sim
from cockpit.sim.faults import EscapingWriter, Fault, StrayMember, When
from cockpit.sim.loop import VirtualClock, run_virtual

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
RUN_MS = 20 * MINUTE_MS
FIRST_MS = 6 * DAY_MS
"""When the job comes for the first time after everybody has moved."""
STEP_MS = 5_000
"""Of the world: nothing here happens faster."""
EVERYBODY = ("settlement", "checkout", "refunds")
READER = "settlement"

pytestmark = pytest.mark.soak


def weekly_writer() -> Fault:
    when = When(delay_ms=FIRST_MS, for_ms=RUN_MS)
    return EscapingWriter(name="invoices", topics=("payments",), rate_per_s=5, when=when)


def weekly_reader() -> Fault:
    """A schedule still names the source: its job joins the group of a service that moved."""
    when = When(delay_ms=FIRST_MS, for_ms=RUN_MS)
    return StrayMember(side="source", group=READER, when=when)


def watched(*faults: Fault, watch_ms: int, every_ms: int) -> Seen:
    """Who was met on the source since everybody has moved."""
    plan, seen = demo_plan(), Seen()
    world = replace(demo_world(3), faults=faults, step_ms=STEP_MS)

    async def go() -> None:
        made = connect_sim(plan, VirtualClock(), world)
        for service in EVERYBODY:
            await made.effector.do(CallService(service, "stop"))
        await made.clock.sleep(30_000)
        moved = Moved(plan, dict.fromkeys(EVERYBODY, made.clock.now_ms()))
        ports = engine_ports(made, made.clock)
        async for _ in watch(moved, ports, watch_ms=watch_ms, every_ms=every_ms, seen=seen):
            pass

    run_virtual(go())
    return seen


def test_a_day_is_too_short_for_a_weekly_job_and_says_nothing_of_it() -> None:
    seen = watched(weekly_writer(), watch_ms=DAY_MS, every_ms=10 * MINUTE_MS)
    assert exit_code(seen) == exits.COMPLETED
    assert report(seen) == [f"nobody was met on the source in {seen.looks} looks"]


def test_a_week_finds_the_weekly_writer_and_keeps_it_after_it_has_gone() -> None:
    seen = watched(weekly_writer(), watch_ms=WEEK_MS, every_ms=10 * MINUTE_MS)
    assert {one.kind for one in seen.found.values()} <= {"writer", "unlisted writer"}
    assert all("payments/" in one.where for one in seen.found.values())
    came_ms = min(seen.first_ms.values()) - VirtualClock().now_ms()
    assert 0 <= came_ms - FIRST_MS <= RUN_MS + 10 * MINUTE_MS
    assert exit_code(seen) == exits.FAILED


def test_a_week_finds_the_weekly_reader_in_the_group_that_should_be_empty() -> None:
    seen = watched(weekly_reader(), watch_ms=WEEK_MS, every_ms=10 * MINUTE_MS)
    (one,) = seen.found.values()
    assert (one.kind, one.name, one.service) == ("reader", READER, READER)
    assert exit_code(seen) == exits.FAILED
