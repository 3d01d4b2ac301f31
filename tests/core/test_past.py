"""The last quarter of an hour: bounded, spikes kept, nothing carried on that was not measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.curveboard import GAP_MS, History, Trace, curve_marks, curves, summary
from cockpit.core.facts import Facts
from cockpit.core.observe import Unknown
from cockpit.core.past import COARSE_MS, FINE_MS, HORIZON_MS, extend_past
from cockpit.core.pastview import PastRow, PastView
from cockpit.core.plan import FenceStep
from cockpit.core.project import project
from cockpit.core.snapshot import LogLine
from tests.core.build import two_wave_plan
from tests.core.driver import Script, fly_with_trigger
from tests.tui import fixtures
from tests.tui.fixtures import AT_MS

PLAN = two_wave_plan()
NOTHING = Unknown("no mirror was read")


def row(at_ms: int, lag: int | None = 5) -> PastRow:
    return PastRow(at_ms, lag, 1_000, 2_000, 3, 4)


def grown(past: PastView, seconds: int, from_ms: int = 0) -> PastView:
    for second in range(seconds):
        past = extend_past(past, ("orders",), Facts(), NOTHING, from_ms + second * 1_000, plan=PLAN)
    return past


def test_rows_are_bounded_and_never_older_than_the_horizon() -> None:
    past = grown(PastView(), 3_000)
    assert len(past.rows) <= FINE_MS // 1_000 + 2 * HORIZON_MS // COARSE_MS + 2
    assert past.rows[-1].at_ms - past.rows[0].at_ms < HORIZON_MS
    times = [one.at_ms for one in past.rows]
    assert times == sorted(set(times))


def test_a_spike_outlives_the_thinning() -> None:
    past = PastView(("orders",), (row(0), row(1_000, 900), row(2_000), row(3_000, None)))
    past = grown(past, 300, 4_000)
    assert 900 in {one.lag_records for one in past.rows[:2]}


@pytest.mark.parametrize("spike_first", [True, False])
def test_a_dip_and_a_spike_of_the_same_ten_seconds_outlive_it_in_their_order(
    spike_first: bool,
) -> None:
    order = (900, 0) if spike_first else (0, 900)
    lags = (5, order[0], 7, None, order[1], 6)
    rows = tuple(row(i * 1_000, lag) for i, lag in enumerate(lags))
    past = grown(PastView(("orders",), rows), 300, len(rows) * 1_000)
    assert tuple(one.lag_records for one in past.rows[:2]) == order
    lag = curves(fixtures.snapshot(past=past, signals=()))[0].traces[0]
    found = summary(lag, None)
    assert (found.low, found.high) == (0.0, 900.0)


def test_what_is_not_measured_is_none_and_never_the_value_before() -> None:
    past = extend_past(
        PastView(("orders",), (row(0),)), ("orders",), Facts(), NOTHING, 1_000, plan=PLAN
    )
    newest = past.rows[-1]
    assert newest == PastRow(1_000, None, None, None, None, None)


def test_other_topics_make_the_writes_before_unknown() -> None:
    past = extend_past(
        PastView(("orders",), (row(0),)), ("stock",), Facts(), NOTHING, 1_000, plan=PLAN
    )
    assert past.topics == ("stock",)
    assert past.rows[0] == replace(row(0), source_milli=None, target_milli=None)


def test_writes_are_counted_between_two_looks() -> None:
    script = Script()
    script.look(3)
    script.ends["source"] = (130, 110)
    script.look(1)
    past = project(script.state, 1).past
    assert past.rows[-1].source_milli == 40_000
    assert past.rows[-2].source_milli == 0


def test_the_lag_is_that_of_the_worst_partition() -> None:
    script = Script()
    script.look(2)
    script.ends["source"] = (130, 110)
    script.look(1)
    table = project(script.state, 1).partitions
    assert project(script.state, 1).past.rows[-1].lag_records == int(table.lag.max())


def test_nobody_looked_is_a_gap_and_so_is_what_was_not_known() -> None:
    rows = (row(0), row(1_000), row(1_000 + GAP_MS + 1_000), row(8_000, None))
    snapshot = fixtures.snapshot(past=PastView(("orders",), rows), signals=())
    lag = curves(snapshot)[0].traces[0].history
    assert [isinstance(value, Unknown) for _, value in lag] == [False, False, True, False, True]


@pytest.mark.parametrize("seconds", range(130, 600, 7))
def test_a_complete_series_has_no_gap_wherever_it_becomes_coarse(seconds: int) -> None:
    past = grown(PastView(), seconds)
    lag = _lag(tuple(replace(one, lag_records=5) for one in past.rows))
    assert not any(isinstance(value, Unknown) for _, value in lag)


def test_the_step_from_one_row_in_ten_seconds_to_one_a_second_is_no_gap() -> None:
    fine = tuple(row(at_ms) for at_ms in range(20_000, 20_000 + FINE_MS, 1_000))
    assert not any(
        isinstance(value, Unknown) for _, value in _lag((row(1_000), row(11_000), *fine))
    )


def test_nobody_looked_long_ago_is_a_gap_too() -> None:
    past = grown(grown(PastView(), 100), 300, 100_000 + 2 * COARSE_MS)
    lag = _lag(tuple(replace(one, lag_records=5) for one in past.rows))
    assert sum(isinstance(value, Unknown) for _, value in lag) == 1


def _lag(rows: tuple[PastRow, ...]) -> History:
    return (
        curves(fixtures.snapshot(past=PastView(("orders",), rows), signals=()))[0].traces[0].history
    )


def test_a_summary_says_when_the_extremes_were_and_how_long_over_and_unknown() -> None:
    history = ((0, 1.0), (1_000, 9.0), (3_000, Unknown("x")), (4_000, 2.0))
    found = summary(Trace("", history), 5.0)
    assert (found.high, found.high_at_ms, found.low, found.low_at_ms) == (9.0, 1_000, 1.0, 0)
    assert (found.over_ms, found.unknown_ms, found.now) == (2_000, 1_000, 2.0)
    assert isinstance(summary(Trace("", ()), None).now, Unknown)


def test_steps_and_the_fence_are_marked_in_order() -> None:
    marks = curve_marks(fixtures.fenced())
    assert [mark.at_ms for mark in marks] == sorted(mark.at_ms for mark in marks)
    assert {"fence of writers", "clients blocked"} <= {mark.text for mark in marks}


def test_a_fired_trigger_going_back_and_the_end_of_the_fence_are_marked() -> None:
    script = fly_with_trigger("rollback")
    fired = next(line for line in script.state.log if line.level == "bad")
    for _ in range(3):  # the fence stands, is taken away, the service is called
        script.end_all()
        script.look(2)
    script.go("advance")  # a person has looked at the mirror's settings
    script.look(2)
    assert script.word() == "rolled back"
    marks = {mark.letter: mark for mark in curve_marks(project(script.state, 1))}
    fence = next(step for step in script.state.wave().steps if isinstance(step.step, FenceStep))
    assert (marks["T"].at_ms, marks["T"].text) == (fired.at_ms, "trigger signal errors fired")
    assert marks["R"].text == "wave writers begins to go back"
    assert (marks["U"].at_ms, marks["U"].text) == (fence.ended_at_ms, "fence of writers undone")
    assert marks["u"].text == "stop of writers undone"
    assert marks["T"].at_ms <= marks["R"].at_ms <= marks["U"].at_ms <= marks["u"].at_ms


def test_a_trigger_of_a_wave_that_is_done_is_marked_with_the_waves_name() -> None:
    line = LogLine(1, AT_MS, "bad", "wave readers, done already: trigger lag fired: 900")
    told = replace(line, level="info", text="trigger lag fired: as somebody wrote")
    marks = curve_marks(fixtures.snapshot(log=(line, told)))
    assert [mark.text for mark in marks if mark.letter == "T"] == [
        "wave readers, done already: trigger lag fired"
    ]


def test_the_hand_over_has_both_sides_and_the_lag_its_gates_limit() -> None:
    found = {curve.name: curve for curve in curves(fixtures.snapshot())}
    assert [trace.label for trace in found["writes"].traces] == ["source", "target"]
    assert found["lag"].limit == 100.0
