"""Grouping, filters, problems only, pins, and bars with one scale in the tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cockpit.core.observe import I64, MISSING
from cockpit.tui.grid import Grid, matcher
from cockpit.tui.trail import EVERY_MS, FEW_SLOTS, MANY_ROWS, SILENCE_MS, SLOTS, Trail
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


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("a.c", ("a.c", "abc")),
        ("=a.c", ("a.c",)),
        ("!a.c", ("x",)),
        ("!=a.c", ("abc", "x")),
        ("[", ()),
        ("=", ("a.c", "abc", "x")),
    ],
)
def test_a_filter_is_a_regular_expression_or_plain_and_can_be_turned_round(
    pattern: str, texts: tuple[str, ...]
) -> None:
    accept = matcher(pattern)
    assert tuple(text for text in ("a.c", "abc", "x") if accept(text)) == texts


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


def test_a_trail_is_bounded_and_begins_anew_after_a_jump_or_with_other_rows() -> None:
    trail = Trail()
    for step in range(100):
        trail.take("t", step * EVERY_MS, column(step))
    assert len(trail.cell(0)) == SLOTS // 2
    trail.take("t", 100 * EVERY_MS + SILENCE_MS, column(1))
    assert len(trail.cell(0)) == 1
    trail.take("t", 0, column(1))
    assert len(trail.cell(0)) == 1
    many = Trail()
    for step in range(100):
        many.take("m", step * EVERY_MS, np.zeros(MANY_ROWS + 1, dtype=np.int64))
    assert len(many.cell(0)) == FEW_SLOTS // 2
