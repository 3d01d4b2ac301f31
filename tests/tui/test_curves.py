"""The pane of curves: rows, the plot with its marks, and the same in words."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.curveboard import curve_marks, curves
from cockpit.core.pastview import PastView
from cockpit.core.snapshot import SignalView
from cockpit.tui import sentences
from cockpit.tui.curvewords import curve_lines
from cockpit.tui.glyphs import AXIS, HERE
from cockpit.tui.plot import SECOND
from cockpit.tui.span import curve_within, further, nearer, span_words
from tests.tui import fixtures
from tests.tui.fixtures import AT_MS, snapshot
from tests.tui.seen import Seen, opened
from tests.tui.watched import past


async def chosen(seen: Seen, row: int) -> list[str]:
    await seen.press("4", *("j",) * row)
    await seen.pilot.pause(0.05)
    return seen.rows()


async def test_signals_come_first_then_lag_writes_and_answers_of_both_sides() -> None:
    async with opened(size=(100, 40)) as seen:
        rows = await chosen(seen, 0)
        names = ("checkout-errors", "checkout-p99", "lag", "writes source", "writes target",
                 "answers source", "answers target")  # fmt: skip
        for name, row in zip(names, rows[3:], strict=False):
            assert row[1:].startswith(name), row
        assert "1,560 / 100" in rows[5]
        assert "over" in rows[5]


async def test_the_hand_over_is_one_plot_with_two_lines_that_need_no_colour() -> None:
    async with opened(fixtures.fenced(), size=(100, 40)) as seen:
        rows = await chosen(seen, 3)
        plot = [row for row in rows if "\u254e" in row]
        assert any(SECOND in row[12:] for row in plot)
        assert any("\u2800" < c <= "\u28ff" for row in plot for c in row)
        text = "\n".join(rows)
        assert "the line is the source, o is the target" in text
        assert "source now 0/s" in text
        assert "records appended to orders, refunds" in text


async def test_steps_and_the_fence_stand_under_the_plot_and_in_words() -> None:
    async with opened(fixtures.fenced(), size=(100, 40)) as seen:
        rows = await chosen(seen, 2)
        axis = next(i for i, row in enumerate(rows) if row.count("Z ") > 3 and "02:04" in row)
        assert "B" in rows[axis - 1]
        assert "clients blocked 02:13:26Z" in " ".join("\n".join(rows).split())


async def test_plus_shows_a_shorter_time_and_minus_all_of_it_again() -> None:
    async with opened(size=(132, 43)) as seen:
        whole = await chosen(seen, 2)
        await seen.press("plus")  # an hour or 15 minutes would show nothing less
        rows = seen.rows()
        assert "the last 5 min" in rows[2]
        axes = [next(row for row in shot if row.count("Z ") > 3) for shot in (whole, rows)]
        assert "02:04" in axes[0]
        assert "02:04" not in axes[1]
        await seen.press("minus")
        assert "the last" not in seen.rows()[2]
        assert any("02:04" in row for row in seen.rows())


async def test_a_press_that_changes_no_plot_says_so() -> None:
    async with opened(size=(100, 40)) as seen:
        await chosen(seen, 2)
        for _ in range(2):
            await seen.press("minus")
            assert "plots show all that is kept already" in seen.text()
        await seen.press("plus", "plus", "plus")
        assert "plots show the last 1 min already" in seen.text()


async def test_without_a_plot_on_the_screen_the_time_stays_and_that_is_said() -> None:
    async with opened(size=(132, 43)) as seen:
        await seen.press("7", "plus")
        assert "no plot on the screen: 4 has them" in seen.text()
        assert "the last" not in (await chosen(seen, 2))[2]


def test_only_times_shorter_than_what_is_kept_are_steps() -> None:
    kept_ms = 901_000
    assert nearer(None, kept_ms) == 900_000
    assert nearer(None, kept_ms - 1_000) == 300_000
    assert nearer(60_000, kept_ms) == 60_000
    assert nearer(None, 30_000) is None
    assert further(60_000, kept_ms) == 300_000
    assert further(900_000, kept_ms) is None
    assert further(300_000, 900_000) is None
    assert [span_words(span_ms) for span_ms in (None, 3_600_000, 60_000)] == [
        "all that is kept", "the last 60 min", "the last 1 min"
    ]  # fmt: skip


async def test_in_a_shorter_time_an_old_reading_is_an_old_one_and_not_unknown() -> None:
    (curve, *_) = curves(snapshot())
    near = curve_within(curve, 60_000, AT_MS + 600_000)
    assert [len(trace.history) for trace in near.traces] == [1] * len(curve.traces)
    assert near.traces[0].history[-1] == curve.traces[0].history[-1]


async def test_beside_a_small_plot_there_is_a_line_of_text() -> None:
    async with opened(size=(160, 48)) as seen:
        await seen.pilot.pause(0.05)
        assert "checkout-errors: now" in seen.text()


async def test_the_text_says_the_value_of_the_row_also_while_the_plot_rests() -> None:
    async with opened(size=(100, 40)) as seen:
        await chosen(seen, 0)
        first, *others = fixtures.signals()
        for value, said in ((0.0031, "0.31%"), (0.0044, "0.44%")):
            newer = (replace(first, value=value), *others)
            await seen.show(snapshot(signals=newer))
            assert said in seen.row_with("checkout-errors")
            assert f"now {said}" in seen.text()


def many(number: int = 8) -> tuple[SignalView, ...]:
    """So many signals, all alike but for their names."""
    first, *_ = fixtures.signals()
    return tuple(replace(first, name=f"signal-{i}") for i in range(number))


async def test_many_curves_leave_the_plot_its_room_and_scroll_above_it() -> None:
    async with opened(snapshot(signals=many()), size=(80, 24)) as seen:
        for row, name in enumerate([*(one.name for one in many()), "lag", "writes source"]):
            rows = await chosen(seen, row) if row == 0 else seen.rows()
            assert sum(AXIS in line for line in rows) >= 3
            (cursor,) = [line for line in rows[3:] if line.startswith(HERE)]
            assert cursor[1:].startswith(f"{name} ")
            await seen.press("j")
        assert "target timeout" not in seen.text()
        await seen.press("G")
        assert "answers target" in seen.text()
        assert "target timeout" in seen.text()
        assert "signal-0" not in seen.text()
        await seen.press("g")
        assert "signal-0" in seen.text()


async def test_the_title_says_which_rows_are_seen_where_some_are_not() -> None:
    async with opened(snapshot(signals=many()), size=(80, 24)) as seen:
        title = (await chosen(seen, 0))[2]
        last = int(title.split("rows 1-")[1].split()[0])
        listed = [row for row in seen.rows()[3:] if row[1:].startswith(("signal-", "lag "))]
        assert len(listed) == last
    async with opened(size=(100, 40)) as seen:
        assert "rows" not in (await chosen(seen, 0))[2]


async def test_old_readings_are_no_numbers() -> None:
    rows = tuple(row for row in past().rows if row.at_ms < AT_MS - 60_000)
    async with opened(snapshot(past=PastView(("orders",), rows)), size=(100, 40)) as seen:
        lines = await chosen(seen, 3)
        line = next(row for row in lines if "writes source" in row)
        assert "-- (" in line
        assert "STALE" in line


async def test_an_engine_that_tells_no_past_leaves_the_signals() -> None:
    async with opened(snapshot(past=PastView()), size=(100, 40)) as seen:
        rows = await chosen(seen, 0)
        assert "2 curves" in rows[2]


def test_words_say_the_extremes_with_their_times_and_what_was_not_known() -> None:
    now = fixtures.fenced()
    errors, _, _, writes, _ = curves(now)
    lines = curve_lines(writes, curve_marks(now), now.at_ms)
    assert lines[0].startswith("source now 0/s, highest 186/s at 02:04:13Z")
    assert "not known" in lines[1]
    assert "over 0.5% for" in curve_lines(errors, (), now.at_ms)[0]
    old = curve_lines(writes, (), now.at_ms + 60_000)
    assert old[0].startswith("source now --, STALE")


def test_without_a_screen_the_curves_are_sentences() -> None:
    lines = sentences.curve_words(fixtures.fenced())
    assert any(line.startswith("write hand-over: source now 0/s") for line in lines)
    assert any(line.endswith("clients blocked") for line in lines)
    empty = replace(snapshot(signals=()), past=PastView())
    assert sentences.curve_words(empty) == ["nothing was measured yet"]
