"""A window that is too short for its hours: what is told is long enough."""

from __future__ import annotations

import pytest

from tests.plan.given import MINIMAL, load, only_problem


def window(settings: str) -> str:
    return MINIMAL.replace("max: 100, for: 60s", f"max: 100, {settings}", 1)


@pytest.mark.parametrize(
    "hours",
    [
        '"Mon 18:00-21:00 UTC", "Sun 18:00-21:00 UTC"',
        '"Mon 20:00-22:00 UTC", "Wed 20:00-22:00 UTC"',
        '"00:00-12:00 UTC", "12:00-00:00 UTC"',
    ],
)
def test_the_window_that_a_hint_gives_holds_the_hours(hours: str) -> None:
    problem = only_problem(window(f"over: 24h, including: [{hours}]"))
    assert problem.message.startswith("no window of 1d holds ")
    load(window(f"{problem.hint.removeprefix('write ')}, including: [{hours}]"))


def test_short_hours_need_no_gap_of_their_own() -> None:
    text = window('over: 24h, including: "18:00-18:05 UTC"')
    (gate, *_) = load(text).waves[0].gates
    assert gate.over.max_gap_ms == 75_000  # type: ignore[union-attr]  # a gate of lag


def test_an_old_reading_widens_a_gap_only_where_the_plan_says_so() -> None:
    problem = only_problem(window("over: 24h, max_age: 23h"))
    assert problem.hint == "write a max_age of at most 5m, or say the max_gap that you mean"
    load(window("over: 24h, max_age: 23h, max_gap: 23h"))
