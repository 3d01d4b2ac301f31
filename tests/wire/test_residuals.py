"""Columns come back exactly, whatever is in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.observe import I64, MISSING
from cockpit.wire.binary import Cursor
from cockpit.wire.residuals import (
    BYTES,
    NOTHING,
    PLANES,
    SAME,
    ZERO,
    Order,
    classes_of,
    encode_small,
    encode_whole,
    from_planes,
    moved,
    planes,
    read_column,
    unzigzag,
    zigzag,
)
from cockpit.wire.values import WireError

LIMIT = 2**63
near = st.integers(-130, 130)
far = st.integers(-LIMIT, LIMIT - 1)
values = st.lists(st.one_of(st.just(0), near, far, st.just(MISSING)), max_size=60)


def column(numbers: list[int]) -> I64:
    return np.array(numbers, dtype=np.int64)


@given(values)
def test_zigzag_is_undone(numbers: list[int]) -> None:
    assert unzigzag(zigzag(column(numbers))).tolist() == numbers


@given(values)
def test_planes_are_undone(numbers: list[int]) -> None:
    raw = planes(column(numbers))
    assert len(raw) == 8 * len(numbers)
    assert from_planes(raw, len(numbers)).tolist() == numbers


@given(values, st.booleans())
def test_a_column_comes_back_and_nothing_is_left_over(numbers: list[int], whole: bool) -> None:
    out = bytearray()
    mode = (encode_whole if whole else encode_small)(column(numbers), out)
    codes = Cursor(bytes(out))
    rows = len(numbers)
    step = Order.plain(rows), read_column(mode, rows, codes)
    empty = np.zeros(rows, dtype=np.int64)
    assert moved(empty, [step]).tolist() == numbers
    assert not empty.any()
    assert codes.is_done()


@given(values, values)
def test_differences_wrap_around_and_come_back(old: list[int], new: list[int]) -> None:
    rows = min(len(old), len(new))
    was, now = column(old[:rows]), column(new[:rows])
    out = bytearray()
    delta = read_column(encode_small(now - was, out), rows, Cursor(bytes(out)))
    step = Order.plain(rows), delta
    assert moved(was, [step]).tolist() == now.tolist()
    assert moved(now, [step], back=True).tolist() == was.tolist()
    assert was.tolist() == old[:rows]
    assert now.tolist() == new[:rows]


@given(values, st.data())
def test_an_order_is_undone_and_steps_in_several_orders_are_added_up(
    numbers: list[int], data: st.DataObject
) -> None:
    rows = len(numbers)
    growth = st.lists(st.integers(-LIMIT, LIMIT - 1), min_size=rows, max_size=rows)
    old, new = (Order(classes_of(column(data.draw(growth))), rows) for _ in range(2))
    there = column(numbers)
    assert old.unrank(old.rank(there)).tolist() == numbers
    steps = []
    for order in (old, old, new, old):
        out = bytearray()
        mode = encode_small(there, out, order)
        other = bytearray()
        assert encode_small(order.rank(there), other) == mode
        assert other == out
        steps.append((order, read_column(mode, rows, Cursor(bytes(out)))))
    empty = np.zeros(rows, dtype=np.int64)
    found = moved(empty, steps)
    assert found.tolist() == (there * 4).tolist()
    assert not moved(found, steps, back=True).any()


def test_rows_that_change_most_come_first() -> None:
    order = Order(classes_of(column([0, 5, 100_000, 0, 700])), 5)
    assert order.rank(column([0, 1, 2, 3, 4])).tolist() == [2, 4, 1, 0, 3]


def test_the_shortest_way_is_taken() -> None:
    def way(numbers: list[int]) -> tuple[int, int]:
        out = bytearray()
        return encode_whole(column(numbers), out), len(out)

    assert way([0] * 100) == (ZERO, 0)
    assert way([MISSING] * 100) == (SAME, 8)
    assert way([1, -1] * 50) == (BYTES, 100)
    assert way([10**12 + n for n in range(100)]) == (PLANES, 800)
    assert read_column(ZERO, 100, Cursor(b"")) is NOTHING


@pytest.mark.parametrize(
    ("mode", "raw"), [(BYTES, b"\0" * 9), (BYTES, b"\xff" * 10), (PLANES, b"\0" * 79), (SAME, b""),
                      (4, b"")]
)  # fmt: skip
def test_a_column_that_is_cut_short_or_coded_otherwise_is_refused(mode: int, raw: bytes) -> None:
    with pytest.raises(WireError):
        read_column(mode, 10, Cursor(raw))
