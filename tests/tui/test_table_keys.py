"""Grouping, filters, problems only, pins, and bars with one scale in the tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cockpit.core.observe import I64, MISSING
from cockpit.core.snapshot import Snapshot
from cockpit.tui.grid import Grid
from cockpit.tui.trail import EVERY_MS, FEW_SLOTS, MANY_ROWS, SLOTS, SPAN_MS, Trail
from tests.tui import fixtures
from tests.tui.fixtures import AT_MS, snapshot
from tests.tui.seen import Seen, opened


def grid(seen: Seen, name: str) -> Grid:
    pane = seen.app.board.panes[name]  # type: ignore[index]
    assert isinstance(pane, Grid)
    return pane


async def test_b_adds_the_lag_up_by_topic_group_and_service_and_comes_back() -> None:
    async with opened(size=(132, 30)) as seen:
        await seen.press("2")
        for by, part in (("topic", "10 parts"), ("group", "read on target"),
                         ("service", "team-pay"), ("partition", "by logs")):  # fmt: skip
            await seen.press("b")
            assert f"2 lag per {by}" in seen.rows()[2]
            assert part in seen.text()


async def test_an_unknown_sum_is_first_and_a_stale_one_is_no_number() -> None:
    async with opened(size=(132, 30)) as seen:
        await seen.press("2", "b")
        first = seen.rows()[4]
        assert "orders" in first
        assert "?" in first
        old = replace(fixtures.partitions(), mirror_at_ms=AT_MS - 60_000)
        await seen.show(snapshot(partitions=old, seq=2))
        assert "-- (" in seen.row_with("shipments")


async def test_a_sum_in_full_says_why_it_is_not_known() -> None:
    async with opened(size=(132, 30)) as seen:
        await seen.press("2", "b", "j", "enter")
        assert "? 1 of 10 partitions unknown" in seen.text()


PRODUCERS = ("refunds", "sandbox")
"""Services that only write: they have no group that could lag."""


@pytest.mark.parametrize("sort", [(), ("s",)])
async def test_a_service_without_a_group_has_no_lag_is_last_and_is_no_problem(
    sort: tuple[str, ...],
) -> None:
    async with opened(size=(132, 30)) as seen:
        table = grid(seen, "lag")
        await seen.press("2", "b", "b", "b", *sort)
        names = [table.key_of(int(row)) for row in table._order]
        assert set(names[-2:]) == set(PRODUCERS)
        for name in PRODUCERS:
            row = next(row for row in seen.rows()[4:] if row[1:].startswith(name))
            assert "no group" in row
        await seen.press("i")
        assert not {table.key_of(int(row)) for row in table._order} & set(PRODUCERS)


async def test_a_service_without_a_group_is_told_in_full_as_one() -> None:
    async with opened(size=(132, 30)) as seen:
        await seen.press("2", "b", "b", "b", "G", "enter")
        assert "lag per service" in seen.text()
        assert "lag per partition" not in seen.text()
        assert "it has no group" in seen.text()
        assert "?" not in seen.row_with("it has no group")


async def test_a_copied_row_is_named_as_the_table_is(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    async with opened(size=(132, 30)) as seen:
        monkeypatch.setattr(seen.app.board.tools, "copy", sent.append)
        await seen.press("2", "b", "b", "j", "y")
        assert "lag per group" in sent[0].splitlines()[0]


async def test_other_tables_say_that_they_add_nothing_up() -> None:
    async with opened(fixtures.snapshot(alarms=())) as seen:
        await seen.press("5", "b")
        assert "pane 2 does" in seen.rows()[-2]


@pytest.mark.parametrize(("pane", "number"), [("lag", 3), ("checks", 2), ("services", 4)])
async def test_i_leaves_the_rows_with_a_problem(pane: str, number: int) -> None:
    keys = {"lag": "2", "checks": "5", "services": "8"}
    async with opened() as seen:
        table = grid(seen, pane)
        before = table.count()
        await seen.press(keys[pane], "i")
        assert table.count() == number
        assert "problems only" in seen.rows()[2]
        await seen.press("i")
        assert table.count() == before


async def test_a_pinned_row_stays_on_top_through_sorting_and_filters_until_it_is_let_go() -> None:
    async with opened() as seen:
        table = grid(seen, "lag")
        await seen.press("2")
        assert table.go_to("stock/4")
        await seen.press("space")
        assert "stock/4: stays on top" in seen.rows()[-2]
        for keys in (("g",), ("s",), ("S",), ("i",)):
            await seen.press(*keys)
            assert seen.rows()[4].startswith("*stock") or seen.rows()[4][1:].startswith("stock")
        table.set_filter("refunds")
        assert seen.rows()[4][1:].startswith("stock")
        assert table.go_to("stock/4")
        await seen.press("asterisk")
        assert "stock/4" not in table.pointed_row()


async def test_z_shows_the_chosen_pane_alone_and_brings_the_others_back() -> None:
    async with opened(size=(160, 48)) as seen:
        await seen.press("tab", "z")
        assert seen.rows()[2].startswith("\u25b82 lag")
        assert "6 gates" not in seen.text()
        await seen.press("z")
        assert "6 gates" in seen.text()


async def test_what_is_stale_is_a_gap_in_the_bars() -> None:
    old = replace(fixtures.partitions(), mirror_at_ms=AT_MS - 60_000)
    for keys in (("2",), ("2", "b")):
        async with opened(snapshot(partitions=old), size=(200, 60)) as seen:
            await seen.press(*keys)
            bars = [c for row in seen.rows()[4:14] for c in row if "\u2800" < c <= "\u28ff"]
            assert not bars


def column(*values: int) -> I64:
    return np.array(values, dtype=np.int64)


def test_bars_of_all_rows_have_one_scale_and_a_gap_is_empty() -> None:
    trail = Trail()
    for step, values in enumerate(((100, 25), (100, MISSING), (0, 25), (100, 25))):
        trail.take("t", step * EVERY_MS, column(*values))
    assert len(trail.cell(0)) == 2
    assert trail.cell(0) != trail.cell(1)
    only_low = Trail()
    only_low.take("t", 0, column(25))
    assert only_low.cell(0) != trail.cell(1)[0]


def test_a_trail_is_the_last_minute_and_begins_anew_with_other_rows_or_back_in_time() -> None:
    trail = Trail()
    for step in range(100):
        trail.take("t", step * EVERY_MS, column(step))
    assert len(trail.cell(0)) == SLOTS // 2
    trail.take("t", 100 * EVERY_MS + SPAN_MS, column(1))
    assert len(trail.cell(0)) == 1
    trail.take("t", 101 * EVERY_MS + SPAN_MS, column(1))
    trail.take("t", 0, column(1))
    assert len(trail.cell(0)) == 1
    trail.take("t", 2 * EVERY_MS, column(1))
    trail.take("u", 3 * EVERY_MS, column(1))
    assert len(trail.cell(0)) == 1


def test_a_trail_of_many_rows_is_the_last_minute_in_fewer_bars() -> None:
    many, values = Trail(), np.ones(MANY_ROWS + 1, dtype=np.int64)
    for at_ms in range(0, 2 * SPAN_MS, 1_000):
        many.take("m", at_ms, values)
        if at_ms == SPAN_MS - 1_000:
            assert len(many.cell(0)) == FEW_SLOTS // 2
    assert len(many.cell(0)) == FEW_SLOTS // 2
    assert "\u2800" not in many.cell(0)


def test_a_silence_is_a_gap_as_long_as_it_was_and_a_late_snapshot_is_none() -> None:
    trail, silence_ms = Trail(), 20_000
    trail.take("t", 0, column(7))
    trail.take("t", silence_ms, column(7))
    assert len(trail.cell(0)) == (silence_ms // EVERY_MS + 1 + 1) // 2
    assert trail.cell(0).count("\u2800") == len(trail.cell(0)) - 2
    late = Trail()
    for step in range(20):
        late.take("t", step * (EVERY_MS + 1_500), column(7))
    assert len(set(late.cell(0)[1:])) == 1, "no slot is empty"


def fresh_at(after_ms: int) -> Snapshot:
    """A later snapshot with lags as fresh as those of the first."""
    at_ms = AT_MS + after_ms
    table = replace(
        fixtures.partitions(),
        source_at_ms=at_ms - 500,
        target_at_ms=at_ms - 500,
        mirror_at_ms=at_ms - 500,
    )
    return replace(fixtures.later(snapshot(), after_ms), partitions=table)


async def test_the_past_of_the_partitions_survives_other_groupings_and_panes() -> None:
    async with opened(size=(200, 60)) as seen:
        table = grid(seen, "lag")
        await seen.press("2")
        for step in range(1, 4):
            await seen.show(fresh_at(step * EVERY_MS))
        await seen.press("b")
        await seen.show(fresh_at(5 * EVERY_MS))
        await seen.press("b", "b", "b")
        before = table.cell(1, "past")[0]
        assert "\u2800" not in before
        assert len(before) == 3
        await seen.press("6")
        await seen.show(fresh_at(11 * EVERY_MS))
        await seen.press("2")
        after = table.cell(1, "past")[0]
        assert after.startswith(before)
        assert "\u2800" in after
