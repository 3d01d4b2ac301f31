"""Freeze windows, and the engine that begins no wave inside one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.openings import why_not_advance
from cockpit.core.schedule import (
    DAY_MS,
    FlightWindow,
    FreezeWindow,
    frozen,
    instant_words,
    longest_daily_gap_ms,
)
from tests.core.build import two_wave_plan
from tests.core.driver import Script

HOUR = 3_600_000
EVENING = FreezeWindow(18 * HOUR, 21 * HOUR, "peak", daily=True)
NIGHT = FreezeWindow(22 * HOUR, 2 * HOUR, "batch", daily=True)
FRIDAY = FreezeWindow(100 * DAY_MS, 101 * DAY_MS, "Black Friday")


@pytest.mark.parametrize(
    ("window", "inside", "outside"),
    [
        (FRIDAY, (100 * DAY_MS, 101 * DAY_MS - 1), (100 * DAY_MS - 1, 101 * DAY_MS)),
        (EVENING, (18 * HOUR, 7 * DAY_MS + 20 * HOUR), (21 * HOUR, 7 * DAY_MS + 18 * HOUR - 1)),
        (NIGHT, (23 * HOUR, DAY_MS + HOUR, 22 * HOUR), (2 * HOUR, DAY_MS + 22 * HOUR - 1)),
    ],
)
def test_a_window_covers_its_beginning_and_not_its_end(
    window: FreezeWindow, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    assert all(window.covers(at_ms) for at_ms in inside)
    assert not any(window.covers(at_ms) for at_ms in outside)


@pytest.mark.parametrize("window", [FRIDAY, EVENING, NIGHT])
@pytest.mark.parametrize("length", [1, HOUR, 5 * HOUR, 30 * HOUR])
def test_a_span_meets_a_window_when_one_of_its_instants_is_covered(
    window: FreezeWindow, length: int
) -> None:
    step = HOUR // 2
    for begin in range(99 * DAY_MS, 102 * DAY_MS, step):
        instants = [*range(begin, begin + length, step), begin + length - 1]
        assert window.meets(begin, begin + length) == any(map(window.covers, instants))


@pytest.mark.parametrize(
    ("windows", "gap_hours"),
    [((), None), ((FRIDAY,), None), ((EVENING,), 21), ((NIGHT,), 20), ((EVENING, NIGHT), 16)],
)
def test_the_longest_gap_is_counted_over_midnight(
    windows: tuple[FreezeWindow, ...], gap_hours: int | None
) -> None:
    gap_ms = None if gap_hours is None else gap_hours * HOUR
    assert longest_daily_gap_ms(windows) == gap_ms


def test_freezes_that_leave_no_time_leave_none() -> None:
    whole = (FreezeWindow(0, 13 * HOUR, daily=True), FreezeWindow(12 * HOUR, HOUR, daily=True))
    assert longest_daily_gap_ms(whole) == 0


def test_instants_are_read_without_doubt() -> None:
    assert instant_words(0) == "1970-01-01T00:00Z"
    assert instant_words(1_001_000) == "1970-01-01T00:16:41Z"
    assert FlightWindow(0, HOUR).words() == "1970-01-01T00:00Z to 1970-01-01T01:00Z"


def test_why_a_plan_is_frozen() -> None:
    plan = replace(two_wave_plan(), freeze_windows=(FRIDAY, EVENING))
    assert frozen(plan, 12 * HOUR) == ""
    assert frozen(plan, 19 * HOUR) == (
        "no wave begins in a freeze: 18:00-21:00 UTC every day (peak)"
    )


def test_no_wave_begins_in_a_freeze_and_one_under_way_goes_on() -> None:
    always = FreezeWindow(0, 10 * DAY_MS, "the week of the audit")
    ready = Script(two_wave_plan())
    ready.look(2)
    assert why_not_advance(ready.state) == ""
    held = replace(ready.state, plan=replace(ready.state.plan, freeze_windows=(always,)))
    assert why_not_advance(held).startswith("no wave begins in a freeze: 1970-01-01T00:00Z")
    assert "(the week of the audit)" in why_not_advance(held)
    wave = replace(held.waves[0], word="running")
    going = replace(held, waves=(wave, *held.waves[1:]), paused=True)
    assert why_not_advance(going) == ""
