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
    found = np.zeros(len(numbers), dtype=np.int64)
    read_column(mode, len(numbers), codes).add_to(found)
    assert found.tolist() == numbers
    assert codes.is_done()


@given(values, values)
def test_differences_wrap_around_and_come_back(old: list[int], new: list[int]) -> None:
    rows = min(len(old), len(new))
    was, now = column(old[:rows]), column(new[:rows])
    out = bytearray()
    step = read_column(encode_small(now - was, out), rows, Cursor(bytes(out)))
    there = was.copy()
    step.add_to(there)
    assert there.tolist() == now.tolist()
    step.take_from(there)
    assert there.tolist() == was.tolist()


@given(values, st.data())
def test_an_order_is_undone_and_a_step_goes_over_to_another(
    numbers: list[int], data: st.DataObject
) -> None:
    rows = len(numbers)
    growth = st.lists(st.integers(-LIMIT, LIMIT - 1), min_size=rows, max_size=rows)
    old, new = (Order(classes_of(column(data.draw(growth))), rows) for _ in range(2))
    there = column(numbers)
    assert old.unrank(old.rank(there)).tolist() == numbers
    out = bytearray()
    step = read_column(encode_small(old.rank(there), out), rows, Cursor(bytes(out)))
    found = np.zeros(rows, dtype=np.int64)
    step.reordered(old, new, rows).add_to(found)
    assert new.unrank(found).tolist() == numbers


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
