"""The time line as a pure function: what is drawn where, at every width, without colour too."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from cockpit.core.observe import MISSING
from cockpit.core.playing import Gap, Mark, MarkKind, PlayerView, Totals
from cockpit.tui.glyphs import POSITION
from cockpit.tui.look import Look
from cockpit.tui.text import chunks_width
from cockpit.tui.themes import built_in
from cockpit.tui.timeline import MARKS, slots, timeline, timeline_rows
from tests.replay.taped import at, totals

HOUR_MS = 3_600_000
EIGHT = PlayerView(
    first_ms=at(0), last_ms=at(8 * HOUR_MS), at_ms=at(2 * HOUR_MS), speed=1.0,
    is_playing=False, follows=False,
)  # fmt: skip


def view(**changes: object) -> PlayerView:
    values = {name: getattr(EIGHT, name) for name in PlayerView.__slots__}
    return PlayerView(**{**values, **changes})


def bar(shown: PlayerView, width: int = 80) -> str:
    """The line without what stands beside it."""
    (line,) = timeline(shown, width=width, rows=1)
    body = [text for text, token in line.chunks if len(text) == 1 and token != "bar"]
    return "".join(body)


@pytest.mark.parametrize("width", [60, 66, 72, 80, 99, 100, 132, 200, 400])
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_every_row_fills_the_width_and_the_line_says_where_it_stands(width: int, rows: int) -> None:
    hours = totals(*range(100))
    for shown in (view(), view(at_ms=at(0)), view(at_ms=EIGHT.last_ms, totals=hours),
                  view(speed=0.25, is_playing=True), view(last_ms=at(40 * HOUR_MS)),
                  view(last_ms=at(0), at_ms=at(0))):  # fmt: skip
        lines = timeline(shown, width=width, rows=rows)
        assert [chunks_width(line.chunks) for line in lines] == [width] * rows
        text = lines[-1].plain
        assert shown.word in text
        assert "2026-11-20" in text
        assert f"{shown.speed:g}x" in text
        assert text.count(POSITION) == 1


def test_the_four_words() -> None:
    assert view(is_playing=True).word == "PLAYING"
    assert view().word == "PAUSED"
    assert view(at_ms=EIGHT.last_ms).word == "END"
    assert view(at_ms=EIGHT.last_ms, follows=True).word == "FOLLOWS"


def test_how_far_it_is_and_how_long_all_is() -> None:
    assert timeline(view(), width=80, rows=1)[0].plain.endswith(" 2:00:00/8:00:00 ")
    assert "2026-11-20 04:14:07Z" in timeline(view(), width=120, rows=1)[0].plain


def test_the_position_moves_over_the_whole_line() -> None:
    cells = len(bar(EIGHT))
    places = [bar(view(at_ms=at(minute * 60_000))).index(POSITION) for minute in range(481)]
    assert places == sorted(places)
    assert set(places) == set(range(cells))


def test_each_kind_of_mark_has_a_glyph_of_its_own_in_ascii_too() -> None:
    look = Look(built_in().styles, ascii_only=True)
    glyphs = [look.letters(glyph) for glyph, _, _ in MARKS.values()]
    glyphs += [look.letters(POSITION), "-", "=", ":", " "]
    assert len(set(glyphs)) == len(glyphs)
    assert all(len(glyph) == 1 and glyph.isascii() for glyph in glyphs)


@pytest.mark.parametrize("kind", list(MARKS))
def test_a_mark_is_drawn_where_it_happened(kind: MarkKind) -> None:
    shown = bar(view(marks=(Mark(at(4 * HOUR_MS + 60_000), kind, "x"),)))
    assert shown[len(shown) // 2] == MARKS[kind][0]
    assert shown.count(MARKS[kind][0]) == 1


def test_of_several_marks_in_one_cell_the_one_that_matters_most_is_drawn() -> None:
    kinds = list(MARKS)
    for first, second in itertools.pairwise(kinds):
        marks = tuple(
            Mark(at(4 * HOUR_MS + 60_000 + i), kind, "") for i, kind in enumerate((second, first))
        )
        shown = bar(view(marks=marks))
        assert shown[len(shown) // 2] == MARKS[first][0]


def test_a_gap_is_blank_and_a_short_one_is_not_lost() -> None:
    long = Gap(at(3 * HOUR_MS), at(5 * HOUR_MS), "")
    short = Gap(at(7 * HOUR_MS), at(7 * HOUR_MS) + 2_000, "")
    shown = bar(view(gaps=(long, short)))
    cells = len(shown)
    assert shown[cells * 3 // 8 + 1 : cells * 5 // 8 - 1].strip() == ""
    assert shown.count(":") in {1, 2, 3}
    assert shown[cells * 7 // 8] == ":"


def test_blocked_time_is_drawn_as_such() -> None:
    shown = bar(view(last_ms=at(60_000), at_ms=at(0),
                     totals=totals(*[1] * 60, blocked=range(30, 40))))  # fmt: skip
    assert shown.strip("-" + POSITION).strip("=") == ""
    assert abs(shown.count("=") - len(shown) / 6) <= 1.5


def test_slots_take_the_largest_and_leave_what_is_not_known() -> None:
    known = totals(1, 5, MISSING, MISSING, MISSING, MISSING, MISSING, 2, 0, 3)
    shown = view(last_ms=at(9_999))
    assert slots(known, known.lag_records, shown, 5) == [5.0, 5.0, None, 2.0, 3.0]
    fine = slots(known, known.lag_records, shown, 20)
    assert fine[:4] == [1.0, 1.0, 5.0, 5.0]
    assert fine[10] is None
    nothing = totals()
    assert slots(nothing, nothing.lag_records, shown, 3) == [None] * 3


def test_the_graph_stands_over_the_line_and_names_its_largest_value() -> None:
    shown = view(last_ms=at(9_000), totals=totals(*[0] * 5, 1_204, *[0] * 4))
    lag, writes, line = timeline(shown, width=120, rows=3)
    assert "lag, most 1,204" in lag.plain
    assert "source writes, most 12.0/s" in writes.plain
    before = line.plain.index("Z ") + 2
    peak = next(i for i, c in enumerate(lag.plain) if ord(c) in range(0x2840, 0x2900)
                and ord(c) & 0x09)  # fmt: skip
    cells = len(bar(shown, 120))
    assert abs((peak - before) - cells * 5 // 9) <= 1 + cells // 10
    empty = timeline(view(), width=120, rows=2)[0].plain
    assert "lag, most not known" in empty


@pytest.mark.parametrize(
    ("size", "rows"),
    [((60, 20), 1), ((80, 24), 1), ((100, 30), 1), ((132, 43), 2), ((200, 60), 3), ((80, 60), 1)],
)
def test_how_many_rows_it_takes(size: tuple[int, int], rows: int) -> None:
    assert timeline_rows(*size) == rows


def test_a_hostile_recording_s_times_are_drawn_without_a_calendar() -> None:
    far = view(first_ms=-(1 << 62), last_ms=1 << 62, at_ms=1 << 62,
               marks=(Mark(-(1 << 63), "action", ""), Mark((1 << 63) - 1, "alarm", "")),
               gaps=(Gap(-(1 << 62), 0, ""),))  # fmt: skip
    (line,) = timeline(far, width=200, rows=1)
    assert line.plain.count(POSITION) == 1


def test_eight_hours_with_thousands_of_marks_are_drawn_in_no_time() -> None:
    number = 8 * 3600
    times = at(0) + np.arange(number, dtype=np.int64) * 1000
    ones = np.arange(number, dtype=np.int64)
    whole = Totals(times, ones, ones, ones, ones % 2)
    marks = tuple(Mark(at(i * 5_000), "gate", "x") for i in range(5_000))
    shown = view(totals=whole, marks=marks)
    begin = time.perf_counter()
    for _ in range(5):
        timeline(shown, width=200, rows=3)
    assert (time.perf_counter() - begin) / 5 < 0.25
