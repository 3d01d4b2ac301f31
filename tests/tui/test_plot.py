"""Plots and sparklines: no spike lost, no gap bridged, times in UTC."""

from __future__ import annotations

import math

import pytest

from cockpit.core.observe import Unknown
from cockpit.tui.plot import PlotSpec, draw, reduced, stretches
from cockpit.tui.spark import columns, sparkline
from tests.tui.fixtures import AT_MS

Value = float | Unknown


def history(*values: Value) -> tuple[tuple[int, Value], ...]:
    return tuple((AT_MS + i * 1000, v) for i, v in enumerate(values))


def spec(values: tuple[tuple[int, Value], ...], **changes: object) -> PlotSpec:
    base: dict[str, object] = {
        "history": values, "limit": 0.5, "unit": "ratio", "width": 71, "height": 12,
        "ascii_only": False,
    }  # fmt: skip
    return PlotSpec(**{**base, **changes})  # type: ignore[arg-type]


def test_a_history_is_cut_at_every_gap() -> None:
    gap = Unknown("timeout")
    parts = stretches(history(gap, 1.0, 2.0, gap, gap, 3.0, math.nan, 4.0))
    assert [[v for _, v in part] for part in parts] == [[1.0, 2.0], [3.0], [4.0]]


def test_reduction_keeps_the_lowest_and_the_highest_of_each_column() -> None:
    points = [(float(i), 1.0) for i in range(5000)]
    points[1234] = (1234.0, 99.0)
    points[4321] = (4321.0, -7.0)
    few = reduced(points, 0.0, 4999.0, 60)
    assert len(few) <= 120
    assert (1234.0, 99.0) in few
    assert (4321.0, -7.0) in few
    assert few == sorted(few)


def test_the_plot_has_its_limit_its_utc_times_and_the_size_asked_for() -> None:
    rows = draw(spec(history(*(0.1 + 0.3 * (i % 7 == 0) for i in range(600)))))
    assert len(rows) == 12
    assert {len(row.plain) for row in rows} == {71}
    assert sum("max 50%" in row.plain for row in rows) == 1
    assert "02:14:07Z" in rows[-1].plain
    assert "02:24:06Z" in rows[-1].plain


def test_of_marks_in_one_cell_the_fence_stays_and_the_newest_of_its_equals() -> None:
    marks = ((AT_MS, "s"), (AT_MS + 1, "F"), (AT_MS + 2, "B"), (AT_MS + 3, "d"))
    later = ((AT_MS + 300_000, "s"), (AT_MS + 300_001, "d"))
    values = history(*(0.1 for _ in range(600)))
    row = draw(spec(values, marks=(*marks, *later)))[-2].plain
    assert row.split() == ["F", "d"]


def test_a_gap_is_empty_on_the_canvas() -> None:
    values = [Unknown("down") if 200 <= i < 400 else 0.2 for i in range(600)]
    rows = draw(spec(history(*values), limit=None))
    canvas = [row.plain[11:] for row in rows[:-1]]
    middle = {row[25:35].strip() for row in canvas}
    assert middle == {""}
    assert any(row[5].strip() for row in canvas)
    assert any(row[55].strip() for row in canvas)


def test_only_ascii_is_drawn_where_nothing_else_can_be_trusted() -> None:
    rows = draw(spec(history(*(0.1 * (i % 5) for i in range(100))), ascii_only=True))
    body = "".join(text for row in rows for text, token in row.chunks if token == "plot")
    assert "*" in body
    assert body.isascii()


@pytest.mark.parametrize("values", [(), (0.3,), (Unknown("x"),), (0.0, 0.0), (-1.0, 1.0), (1e12,)])
def test_odd_histories_do_no_harm(values: tuple[Value, ...]) -> None:
    assert len(draw(spec(history(*values)))) in {0, 12}
    assert len(sparkline(history(*values), 12, limit=1.0)) == 12


def test_too_small_a_place_gives_no_plot() -> None:
    assert draw(spec(history(0.1, 0.2), width=12)) == ()
    assert draw(spec(history(0.1, 0.2), height=3)) == ()


def test_a_sparkline_keeps_the_spike_and_leaves_the_gap_empty() -> None:
    values: list[Value] = [0.1] * 100
    values[50] = 9.0
    values[80:90] = [Unknown("down")] * 10
    line = sparkline(history(*values), 10)
    assert "\u28c7" in line or "\u28f8" in line or "\u2847" in line or "\u28b8" in line
    slots = columns(history(*values), 20)
    assert max(v for v in slots if v is not None) == 9.0
    assert slots[16] is None


def test_bars_stand_beside_each_other_where_readings_are_rare() -> None:
    rare = tuple((AT_MS + i * 10_000, 5.0) for i in range(48))
    often = tuple((AT_MS + 480_000 + i * 1_000, 5.0) for i in range(120))
    assert None not in columns((*rare, *often), 80)


def test_a_bar_holds_until_the_next_reading_and_never_into_a_gap() -> None:
    torn = ((0, 3.0), (4_000, 1.0), (4_001, Unknown("nobody looked")), (8_000, 2.0), (9_000, 0.0))
    assert columns(torn, 10) == [3.0, 3.0, 3.0, 3.0, 1.0, None, None, None, 2.0, 0.0]


def test_no_bar_stands_where_nothing_was_read_for_long() -> None:
    once = tuple((AT_MS + at_s * 1_000, 5.0) for at_s in (*range(10), *range(70, 80)))
    assert columns(once, 80)[9:71] == [5.0, *[None] * 60, 5.0]
