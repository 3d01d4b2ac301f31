"""Numbers, times and freshness as an operator reads them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.observe import MISSING, Unknown
from cockpit.core.snapshot import Behind, TimeLeft
from cockpit.tui.format import (
    age,
    behind,
    brief,
    clock,
    count,
    quantity,
    rate,
    signed,
    time_left,
    utc,
)
from cockpit.tui.fresh import LAG_CELLS, is_stale, lag, measured, whole
from cockpit.tui.plain import plain_line
from tests.tui import fixtures


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0.0s"), (840, "0.8s"), (9_949, "9.9s"), (9_950, "10s"), (42_400, "42s"),
     (99_000, "99s"), (192_000, "3m12s"), (7_380_000, "2h03m"), (363_600_000, "4d05h"),
     (-300, "-0.3s")],
)  # fmt: skip
def test_ages_are_short_and_keep_their_sign(ms: int, text: str) -> None:
    assert age(ms) == text


def test_clocks_and_utc() -> None:
    assert clock(41_900) == "00:41"
    assert clock(3_727_000) == "1:02:07"
    assert clock(-5_000) == "-00:05"
    assert utc(fixtures.AT_MS) == "02:14:07Z"


def test_numbers() -> None:
    assert count(-1_234_567) == "-1,234,567"
    assert signed(12) == "+12"
    assert signed(-3) == "-3"
    assert signed(0) == "0"
    assert rate(12_345) == "12.3/s"
    assert rate(1_234_567) == "1,235/s"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.0042, "ratio", "0.42%"), (0.02, "ratio", "2%"), (120.0, "ms", "120ms"),
     (1204.0, "records", "1,204"), (12.5, "per_s", "12.5/s"), (float("nan"), "ratio", "?%"),
     (float("inf"), "ms", "?ms"), (0.0, "ratio", "0%"), (1e-9, "ratio", "1e-07%")],
)  # fmt: skip
def test_quantities_carry_their_unit(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


def test_unknown_is_never_a_number_and_stale_digits_stand_in_brackets() -> None:
    assert whole(Unknown("why"), stale=False)[0] == "?"
    assert whole(MISSING, stale=True)[0] == "?"
    assert whole(1204, stale=True)[0] == "-- (1,204)"
    assert whole(0, stale=False)[0] == "0"
    assert measured(Unknown("why"), "ratio")[0] == "--"
    assert measured(float("nan"), "ratio")[0] == "--"
    assert measured(0.5, "ratio", stale=True)[0] == "-- (50%)"
    assert lag(MISSING, stale=False)[0] == "?"
    assert lag(-12, stale=False)[0] == "-12 ANOMALY"
    assert lag(-12, stale=True)[0] == "-- (-12)"
    assert lag(101, stale=False, limit=100)[0] == "101 !"
    assert lag(100, stale=False, limit=100)[0] == "100"


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        (999_999_999, {"limit": 100}, "999,999,999 !"),
        (1_197_519_817, {"limit": 100}, "1.20G !"),
        (1_197_519_817, {}, "1,197,519,817"),
        (-99_999, {}, "-100k ANOMALY"),
        (-1_234, {}, "-1,234 ANOMALY"),
        (27_021_975, {"stale": True}, "-- (27.0M)"),
        (9_223_372_036_854_775_806, {"limit": 100}, "9.22E !"),
    ],
)
def test_a_lag_that_its_column_would_cut_is_a_short_one(
    value: int, options: dict[str, Any], text: str
) -> None:
    stale = options.pop("stale", False)
    assert lag(value, stale=stale, width=LAG_CELLS, **options)[0] == text
    assert count(abs(value)) in lag(value, stale=stale, **options)[0]


@given(st.integers(-(2**63), 2**63 - 1))
def test_a_short_number_has_three_digits_and_is_near(value: int) -> None:
    text = brief(value)
    assert len(text.strip("-")) <= 5
    factor = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}.get(text[-1], 1)
    assert float(text.rstrip("kMGTPE")) * factor == pytest.approx(value, rel=0.006)


def test_a_sample_that_never_came_is_stale() -> None:
    assert is_stale(None, 10_000)
    assert is_stale(4_999, 10_000)
    assert not is_stale(5_000, 10_000)


def test_the_plain_line_says_what_matters_on_one_line() -> None:
    line = plain_line(fixtures.simulated(fixtures.fenced()))
    for part in ("02:14:07Z", "SIMULATED", "payments-week", "wave 2/3 writers drain",
                 "WRITES: FENCED blocked 00:41/01:30", "ROLLBACK possible", "source ok 0.8s",
                 "target ok 1.1s", "mirror running", "alarms 1"):  # fmt: skip
        assert part in line
    assert plain_line(fixtures.hostile()).isprintable()
    assert "target unreachable 23s" in plain_line(fixtures.stale_target())


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (TimeLeft("shrinking", 120_000, 240_000), "~2-4m"),
        (TimeLeft("shrinking", 9_100, 20_900), "~9-21s"),
        (TimeLeft("shrinking", 61_000, 95_000), "~61-95s"),
        (TimeLeft("shrinking", 50_000, 170_000), "~0-3m"),
        (TimeLeft("shrinking", 3 * 3_600_000, 3 * 3_600_000), "~3h"),
        (TimeLeft("growing"), "growing"),
        (TimeLeft("unsteady"), "unsteady"),
    ],
)
def test_time_left_is_a_range_or_a_word(left: TimeLeft, text: str) -> None:
    assert time_left(left) == text


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_the_range_that_is_shown_holds_the_range_that_is_meant(one: int, other: int) -> None:
    low, high = sorted((one, other))
    shown = time_left(TimeLeft("shrinking", low, high)).removeprefix("~")
    seconds = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}[shown[-1]]
    least, _, most = shown[:-1].partition("-")
    assert int(least) * seconds <= low
    assert int(most or least) * seconds >= high


def test_being_behind_for_longer_than_the_history_is_no_plain_number() -> None:
    assert behind(Behind(4_200)) == "4.2s"
    assert behind(Behind(900_000, more=True)) == ">15m00s"
