"""Moments as people write them: times of day, spans, ends, and what is none."""

from __future__ import annotations

import pytest

from cockpit.replay.moments import MomentError, parse_moment, utc, utc_day

DAY = 86_400_000
FIRST = 20_000 * DAY + 23 * 3_600_000  # 23:00:00.000Z
LAST = FIRST + 3 * 3_600_000 + 500


def moment(text: str, at_ms: int = FIRST, last_ms: int = LAST) -> int:
    return parse_moment(text, first_ms=FIRST, last_ms=last_ms, at_ms=at_ms) - FIRST


@pytest.mark.parametrize(
    ("text", "after_ms"),
    [
        ("start", 0),
        ("end", 3 * 3_600_000 + 500),
        ("+90s", 90_000),
        ("+1h30m", 5_400_000),
        ("+250ms", 250),
        ("-5m", 0),
        ("+4d", 3 * 3_600_000 + 500),
        ("23:14:07", 847_000),
        ("23:14:07Z", 847_000),
        (" 23:14 ", 840_000),
        ("00:30:00", 5_400_000),
        ("2:00:00", 3 * 3_600_000),
        ("2024-10-05 00:30:00", 5_400_000),
        ("2024-10-05T00:30:00Z", 5_400_000),
    ],
)
def test_what_is_understood(text: str, after_ms: int) -> None:
    assert moment(text) == after_ms


@pytest.mark.parametrize(
    "text",
    ["", "90s", "+", "+90", "+9x", "12:00:00", "22:59:00", "25:00:00", "23:61", "2024-10-06 01:00",
     "2024-13-01 00:00", "50%", "\u0661:00:00", "+9999999999s"],
)  # fmt: skip
def test_what_is_not_a_moment_of_this_recording_is_said_to_be_none(text: str) -> None:
    with pytest.raises(MomentError) as refused:
        moment(text)
    assert str(refused.value)


def test_spans_count_from_where_the_recording_stands() -> None:
    assert moment("-5m", FIRST + 600_000) == 300_000


def test_a_time_that_is_there_on_several_days_is_the_nearest_one() -> None:
    last = FIRST + 3 * DAY
    assert moment("23:30", FIRST + 2 * DAY, last) == 2 * DAY + 1_800_000
    assert moment("23:30", FIRST, last) == 1_800_000


def test_the_second_that_the_screen_shows_for_the_beginning_is_the_beginning() -> None:
    first = FIRST + 700
    assert parse_moment("23:00:00", first_ms=first, last_ms=LAST, at_ms=LAST) == first


def test_times_are_utc_and_a_day_without_a_calendar_is_a_number() -> None:
    assert utc(FIRST) == "23:00:00Z"
    assert utc_day(FIRST) == "2024-10-04 23:00:00Z"
    assert utc_day(1 << 62) == f"{1 << 62}ms"


def test_a_recording_that_claims_to_span_all_of_time_costs_nothing() -> None:
    assert parse_moment("12:00", first_ms=0, last_ms=(1 << 63) - 1, at_ms=5 * DAY) == (
        5 * DAY - DAY // 2
    )
