"""A column of offsets is what a tuple of the same numbers would be."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.observe import GroupState, OffsetColumn

numbers = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=8).map(tuple)


def column(values: tuple[int, ...]) -> OffsetColumn:
    return OffsetColumn(np.array(values, dtype=np.int64))


@given(numbers, numbers)
def test_it_reads_compares_and_hashes_as_a_tuple(
    values: tuple[int, ...], others: tuple[int, ...]
) -> None:
    found = column(values)
    assert tuple(found) == values
    assert (len(found), hash(found), repr(found)) == (len(values), hash(values), repr(values))
    assert found == values
    assert values == found
    assert found == column(values)
    assert (found == others) is (values == others)
    assert (found == column(others)) is (values == others)
    assert all(found[i] == value for i, value in enumerate(values))
    assert found[1:] == values[1:]
    assert found != list(values)


@given(numbers)
def test_its_numbers_are_numbers_of_python(values: tuple[int, ...]) -> None:
    found = column(values)
    assert {type(value) for value in found} <= {int}
    assert all(type(found[i]) is int for i in range(len(values)))


def test_groups_with_the_same_commits_are_equal_however_they_keep_them() -> None:
    keys = (("orders", 0), ("orders", 1))
    one = GroupState("ledger", "Empty", 0, keys, column((3, 4)))
    other = GroupState("ledger", "Empty", 0, keys, (3, 4))
    assert one == other
    assert hash(one) == hash(other)
    assert one.committed() == {("orders", 0): 3, ("orders", 1): 4}
