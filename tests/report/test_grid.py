"""The most of many rows in equal stretches of a session."""

from __future__ import annotations

import numpy as np

from cockpit.core.observe import MISSING, PartitionKeys
from cockpit.report.grid import MOST_ROWS, SHORTEST_MS, STRETCHES, Grid

MINUTE = 60_000


def columns(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def rows(grid: Grid) -> dict[str, tuple[float | None, ...]]:
    return dict(grid.heat("lag", "lag", "records", (1.0,)).rows)


def test_each_stretch_has_the_most_of_its_looks() -> None:
    grid = Grid(1_000, 1_000 + 3 * SHORTEST_MS)
    keys = PartitionKeys.of((("orders", 0), ("orders", 1)))
    grid.put_all(1_000, keys, columns(5, MISSING))
    grid.put_all(2_000, keys, columns(3, 7))
    grid.put_all(1_000 + 2 * SHORTEST_MS, keys, columns(MISSING, 2))
    assert rows(grid) == {"orders/0": (5.0, None, None), "orders/1": (7.0, None, 2.0)}


def test_partitions_may_come_and_go_in_the_middle_of_a_stretch() -> None:
    grid = Grid(0, 2 * SHORTEST_MS)
    grid.put_all(0, PartitionKeys.of((("orders", 0), ("orders", 1))), columns(1, 2))
    grid.put_all(500, PartitionKeys.of((("orders", 1), ("users", 0))), columns(9, 4))
    assert rows(grid) == {
        "orders/0": (1.0, None),
        "orders/1": (9.0, None),
        "users/0": (4.0, None),
    }


def test_the_rows_with_the_most_are_kept_in_the_order_in_which_they_were_seen() -> None:
    grid = Grid(0, MINUTE)
    keys = PartitionKeys.of(tuple(("orders", i) for i in range(100)))
    grid.put_all(0, keys, columns(*range(100)))
    found = grid.heat("lag", "lag", "records", (1.0,))
    assert found.of == 100
    assert [name for name, _ in found.rows] == [f"orders/{i}" for i in range(60, 100)]


def test_groups_of_rows_share_the_room() -> None:
    grid = Grid(0, MINUTE)
    for number in range(100):
        grid.put(f"busy: orders/{number}", 0, 1_000.0 + number)
        grid.put(f"calm: orders/{number}", 0, float(number))
    found = grid.heat("lag", "lag", "records", (1.0,))
    names = [name.partition(":")[0] for name, _ in found.rows]
    assert names.count("busy") == names.count("calm") == MOST_ROWS // 2


def test_a_long_session_has_longer_stretches_and_not_more() -> None:
    assert Grid(0, 8 * 60 * MINUTE).columns == STRETCHES
    assert Grid(0, MINUTE).columns == MINUTE // SHORTEST_MS
    assert Grid(5, 5).columns == 1
    grid = Grid(0, 8 * 60 * MINUTE)
    grid.put("orders", 8 * 60 * MINUTE, 1.0)  # the very end
    assert rows(grid)["orders"][-1] == 1.0


def test_what_was_never_known_is_a_row_without_values() -> None:
    grid = Grid(0, MINUTE)
    grid.put("orders", 0, None)
    assert set(rows(grid)["orders"]) == {None}
