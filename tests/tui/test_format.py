"""Numbers, times and freshness as an operator reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.observe import MISSING, Unknown
from cockpit.core.snapshot import Behind, TimeLeft
from cockpit.tui.format import age, behind, clock, count, quantity, rate, signed, time_left, utc
from cockpit.tui.fresh import is_stale, lag, measured, whole
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
