"""The tables: worst first, steady under the eye, and no dearer for ten thousand rows."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from cockpit.core.snapshot import Snapshot
from cockpit.tui.look import Look
from cockpit.tui.panes.checks import ChecksPane
from cockpit.tui.panes.delta import DeltaPane
from cockpit.tui.panes.lag import LagPane
from cockpit.tui.text import Line
from tests.tui import fixtures
from tests.tui.seen import Seen, Size, opened


def lag_pane(seen: Seen) -> LagPane:
    return cast("LagPane", seen.app.board.panes["lag"])


def with_lag(snapshot: Snapshot, after_ms: int, **lags: int) -> Snapshot:
    """A newer snapshot in which `orders_4=7` says that orders/4 lags by 7."""
    at_ms = snapshot.at_ms + after_ms
    table = snapshot.partitions
    lag = table.lag.copy()
    for name, value in lags.items():
        topic, partition = name.rsplit("_", 1)
        lag[table.keys.position[topic, int(partition)]] = value
    fresh = replace(
        table,
        lag=lag,
        source_at_ms=at_ms - 500,
        mirror_at_ms=at_ms - 500,
        target_at_ms=at_ms - 500,
    )
    return replace(snapshot, seq=snapshot.seq + 1, at_ms=at_ms, partitions=fresh)


def first_rows(seen: Seen, number: int = 4) -> list[str]:
    return [" ".join(row.split()[:2]).lstrip("\u2219\u25b8") for row in seen.rows()[4 : 4 + number]]


async def test_ahead_comes_first_then_unknown_then_the_largest() -> None:
    async with opened(size=(80, 24)) as seen:
        await seen.press("2")
        assert first_rows(seen, 3) == ["orders 8", "orders 5", "orders 3"]
        assert "-12 ANOMALY" in seen.rows()[4]
        assert "?" in seen.rows()[5]
        assert "1,204 !" in seen.rows()[6]


async def test_rows_stay_where_they_are_for_five_seconds() -> None:
    start = fixtures.snapshot()
    async with opened(start) as seen:
        await seen.press("2")
        soon = with_lag(start, 4_000, prices_2=9_999)
        await seen.show(soon)
        assert first_rows(seen, 3) == ["orders 8", "orders 5", "orders 3"]
        assert any(row.split()[:3] == ["prices", "2", "9,999"] for row in seen.rows())
        await seen.show(with_lag(soon, 1_000, prices_2=9_999))
        assert first_rows(seen, 3) == ["orders 8", "orders 5", "prices 2"]


async def test_a_key_sorts_at_once_and_in_turn() -> None:
    async with opened() as seen:
        await seen.press("2", "s")
        assert "rate\u25be" in seen.rows()[3]
        rates = [float(row.split()[-2].removesuffix("/s")) for row in seen.rows()[4:14]]
        assert rates == sorted(rates, reverse=True)
        await seen.press("S")
        assert "rate\u25b4" in seen.rows()[3]
        await seen.press("s")
        assert "topic\u25b4" in seen.rows()[3]


async def test_the_cursor_follows_its_row_and_the_row_stays_in_its_place() -> None:
    start = fixtures.snapshot()
    async with opened(start) as seen:
        await seen.press("2", "j", "j", "j", "j")
        before = next(i for i, row in enumerate(seen.rows()) if row.startswith("\u25b8audit"))
        await seen.show(with_lag(start, 6_000, carts_1=5_000, users_2=6_000, stock_3=7_000))
        after = next(i for i, row in enumerate(seen.rows()) if row.startswith("\u25b8audit"))
        assert after == before


async def test_without_a_cursor_the_worst_stays_in_view() -> None:
    start = fixtures.large()
    async with opened(start) as seen:
        await seen.press("2", "G")
        assert lag_pane(seen).top > 9_000
        await seen.press("g")
        await seen.show(with_lag(start, 6_000, orders_7=77_777))
        assert lag_pane(seen).top == 0
        assert any("77,777" in row for row in seen.rows()[4:12])


async def test_a_filter_leaves_what_matches_and_can_be_turned_round() -> None:
    async with opened() as seen:
        await seen.press("2", "slash", *"refunds/[12]", "enter")
        assert "/refunds/[12]/ 2 of 120 shown" in seen.rows()[2]
        assert seen.rows()[6].strip() == ""
        await seen.press("slash", *["backspace"] * 12, *"!refunds", "enter")
        assert "110 of 120 shown" in seen.rows()[2]
        await seen.press("escape")
        assert "1-18 of 120" in seen.rows()[2]


async def test_only_the_waves_topics_on_a_key() -> None:
    async with opened() as seen:
        await seen.press("2", "f")
        assert "wave only 20 of 120 shown" in seen.rows()[2]
        assert all(row[1:].startswith(("orders", "refunds")) for row in seen.rows()[4:20])
        await seen.press("f")
        assert "of 120" in seen.rows()[2]


async def test_stale_values_are_bracketed_and_said_to_be_stale() -> None:
    async with opened(fixtures.stale_target(), size=(160, 48)) as seen:
        await seen.press("2")
        assert "STALE mirror target 23s" in seen.rows()[2]
        row = seen.rows()[6]
        assert "-- (1,204)" in row
        left, mirrored, source_end, target_end = re.split(r"\s{2,}", row.split("/s")[1].strip())[:4]
        assert left == "--"
        assert mirrored.startswith("-- (")
        assert source_end.replace(",", "").isdigit()
        assert target_end.startswith("-- (")


async def test_ten_thousand_rows_cost_what_is_visible() -> None:
    start = fixtures.large()
    async with opened(start, size=(160, 48)) as seen:
        await seen.press("2", then_s=0.2)
        assert "1-42 of 10,000" in seen.rows()[2]
        pane = lag_pane(seen)
        drawn: list[int] = []
        original = pane.row

        def counting(index: int, width: int) -> Line:
            drawn.append(index)
            return original(index, width)

        pane.row = counting  # type: ignore[method-assign]
        await seen.show(with_lag(start, 1_000, orders_0=3))
        assert len(drawn) == 42


async def test_an_unchanged_row_keeps_its_strip_and_a_changed_one_does_not() -> None:
    start = fixtures.snapshot()
    async with opened(start) as seen:
        await seen.press("2")
        pane = lag_pane(seen)
        before = [pane.render_line(y) for y in range(20)]
        await seen.show(with_lag(start, 1_000, orders_3=1_205))
        after = [pane.render_line(y) for y in range(20)]
        changed = [y for y in range(20) if before[y] is not after[y]]
        assert changed == [4]
        assert "1,205" in after[4].text


async def test_groups_come_first_and_deltas_carry_their_sign() -> None:
    async with opened(size=(160, 48)) as seen:
        await seen.press("3")
        text = seen.text()
        assert "Stable (3) lag 812" in text
        assert "absent" in seen.row_with("ledger")
        rows = [row for row in seen.rows() if row.startswith(" checkout") and "orders/" in row]
        assert "orders/3" in rows[0]
        assert "+17" in rows[0]
        assert rows[1].split()[2:5] == ["?", "?", "?"]
        await seen.press("S")
        assert seen.rows()[5].startswith(" ledger")


LONG = "orders-of-every-shop-in-every-country-and-of-all-partners"


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (100, 30), (120, 40), (132, 43), (160, 48)])
async def test_rows_of_two_groups_are_told_apart_where_the_pane_is_narrow(size: Size) -> None:
    rows = fixtures.deltas()
    both = (*rows, *(replace(row, group="ledger", topic=LONG) for row in rows))
    both = (*both, *(replace(row, group="ledger") for row in rows))
    async with opened(fixtures.snapshot(deltas=both), size=size) as seen:
        pane = seen.app.board.panes["delta"]
        if not pane.display:
            await seen.press("3")
        width = pane.size.width
        titles = pane.columns(width)
        assert titles is not None
        told = ("group", "topic", "delta", *(("skipped",) if size >= (132, 43) else ()))
        assert all(word in titles.chunks[0][0] for word in told)
        drawn = [
            "".join(text for text, _ in pane.row(i, width).chunks) for i in range(pane.count())
        ]
        assert len(set(drawn)) == pane.count()


def test_checks_show_both_sides_or_none() -> None:
    pane = ChecksPane(Look({}))
    shown = [{column.name for column, _ in pane.shown_columns(width)} for width in range(30, 220)]
    assert any("source" in names for names in shown)
    assert any("source" not in names for names in shown)
    for names in shown:
        assert ("source" in names) is ("target" in names)
        assert {"state", "object"} <= names


async def test_sorting_keeps_the_groups_on_top() -> None:
    async with opened(size=(80, 24)) as seen:
        await seen.press("3", "S", "s")
        pane = cast("DeltaPane", seen.app.board.panes["delta"])
        assert [pane.key_of(int(m)) for m in pane._order[:2]] == [("", "", -2), ("ledger", "", -1)]


async def test_open_checks_come_first_and_are_counted() -> None:
    async with opened(size=(160, 48)) as seen:
        await seen.press("5")
        assert "1 open 1 unknown 1 approved" in seen.rows()[2]
        words = [row.split()[1] for row in seen.rows()[4:8]]
        assert words == ["open", "unknown", "approved", "equal"]
        assert "may write on the source and not on the target" in seen.rows()[4]


async def test_a_table_that_loses_its_rows_does_no_harm() -> None:
    empty = fixtures.table(fixtures.partitions(0, 0).keys)
    async with opened() as seen:
        await seen.press("2", "G", "j")
        await seen.show(fixtures.later(fixtures.snapshot(partitions=empty), 6_000))
        await seen.press("j", "k", "G", "g", "s")
        await seen.show(fixtures.later(fixtures.snapshot(), 9_000))
        assert "1-18 of 120" in seen.rows()[2]


def test_the_rank_of_the_lag_column_is_stable_and_total() -> None:
    pane = LagPane(Look({}))
    pane._table = fixtures.partitions(50, 10)
    order = pane.ranking("lag")
    assert sorted(order.tolist()) == list(range(500))
    lags = pane._table.lag[order][2:]
    assert np.all(lags[:-1] >= lags[1:])
