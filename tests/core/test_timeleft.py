"""Time to work off a lag: a range that holds the truth, or a word; never a number out of hope."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.core.facts import Facts, absorb
from cockpit.core.lag import replication_lag
from cockpit.core.observe import Unknown
from cockpit.core.snapshot import TimeLeft
from cockpit.core.timeleft import Point, time_left
from cockpit.core.trends import (
    ALL_TOPICS,
    MAX_POINTS,
    Series,
    Trends,
    extend_series,
    extend_trends,
)
from tests.core.build import logs, mirror, two_wave_plan


def falling(lags: list[int], *, step_ms: int = 2_000) -> list[Point]:
    """A follower that moves with every reading."""
    return [Point(i * step_ms, lag, i * 10) for i, lag in enumerate(lags)]


def word(points: list[Point]) -> str:
    left = time_left(points, points[-1])
    return left.reason if isinstance(left, Unknown) else left.word


def test_no_lag_is_level_whatever_was_before() -> None:
    assert time_left([], Point(0, 0, 0)) == TimeLeft("level")


def test_a_negative_lag_has_no_time_left() -> None:
    assert isinstance(time_left([], Point(0, -1, 0)), Unknown)


def test_a_lag_past_the_end_of_one_partition_does_not_make_up_for_that_of_another() -> None:
    facts = absorb(Facts(), mirror(900, (103, 37)))
    facts = absorb(facts, logs("source", 1_000, (100, 40)))
    topics = extend_trends(Trends(), two_wave_plan(), facts, replication_lag(facts)).topics
    for topic in (ALL_TOPICS, "orders"):
        left = topics[topic].left()
        assert isinstance(left, Unknown)
        assert "past the source's end on 1 partition" in left.reason


def test_a_short_look_gives_no_answer() -> None:
    assert "long enough" in word(falling([100, 90, 80]))


@given(st.integers(1, 200), st.integers(1, 100), st.integers(8, 40))
def test_an_even_pace_gives_the_time_that_it_takes(rate: int, rest: int, number: int) -> None:
    points = falling([(number - i) * rate + rest for i in range(number)])
    left = time_left(points, points[-1])
    assert isinstance(left, TimeLeft)
    truth = points[-1].lag / rate * 2_000
    assert left.low_ms is not None
    assert left.high_ms is not None
    assert left.low_ms - 1 <= truth <= left.high_ms + 1


@given(st.lists(st.integers(1, 10_000), min_size=4, max_size=40))
def test_a_number_is_only_given_where_every_stretch_shrinks(lags: list[int]) -> None:
    points = falling(lags)
    left = time_left(points, points[-1])
    if isinstance(left, Unknown):
        return
    assert (left.word == "shrinking") == (left.low_ms is not None and left.high_ms is not None)
    if left.word == "shrinking":
        assert left.low_ms is not None
        assert left.high_ms is not None
        assert 0 <= left.low_ms <= left.high_ms
        assert lags[-1] < lags[0]
    if left.word == "growing":
        assert lags[-1] > lags[0]


def test_words_for_what_does_not_shrink() -> None:
    assert word(falling([10, 20, 30, 40, 50, 60])) == "growing"
    assert word(falling([50, 50, 50, 50, 50, 50])) == "standing"
    assert word(falling([100, 80, 60, 60, 90, 50])) == "unsteady"


def test_a_follower_that_stopped_moving_gives_no_number_from_its_past() -> None:
    points = falling([100, 90, 80, 70, 60, 50])
    stopped = time_left(points, Point(40_000, 50, 50))
    assert stopped == TimeLeft("standing")
    assert time_left(points, Point(40_000, 70, 50)) == TimeLeft("growing")


def test_a_follower_never_seen_to_move_stands_after_a_minute() -> None:
    first = Point(0, 50, 0)
    assert isinstance(time_left([first], Point(30_000, 60, 0)), Unknown)
    assert time_left([first], Point(70_000, 60, 0)) == TimeLeft("growing")


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=500))
def test_a_series_keeps_the_moments_of_moving_and_stays_small(moves: list[int]) -> None:
    series, follower = Series(), 0
    for i, move in enumerate(moves):
        follower += move
        series = extend_series(series, Point(i * 1_000, 100, follower), 2)
    assert len(series.points) <= MAX_POINTS
    assert series.now is not None
    assert series.now.follower == follower
    followers = [p.follower for p in series.points]
    assert followers == sorted(set(followers))


def test_a_published_position_is_read_at_its_teeth_not_between() -> None:
    """The position comes each 10 s; between, the lag seems to grow by 50 a second."""
    series = Series()
    for second in range(100):
        published = second // 10 * 10
        position = published * 60
        end = 4_000 + second * 50
        series = extend_series(series, Point(second * 1_000, end - position, position), 1)
    left = series.left()
    assert isinstance(left, TimeLeft)
    assert left.word == "shrinking"
    assert series.rate_milli() == 60_000 * 20 // 29 or isinstance(series.rate_milli(), int)


def test_another_set_of_partitions_begins_a_new_series() -> None:
    series = extend_series(Series(), Point(0, 10, 100), 2)
    series = extend_series(series, Point(1_000, 10, 300), 3)
    assert len(series.points) == 1
    assert isinstance(series.rate_milli(), Unknown)


def test_an_unknown_reading_hides_the_number_and_keeps_the_past() -> None:
    series = extend_series(Series(), Point(0, 10, 100), 2)
    blind = extend_series(series, Unknown("loading"), 0)
    assert blind.left() == Unknown("loading")
    assert blind.points == series.points
