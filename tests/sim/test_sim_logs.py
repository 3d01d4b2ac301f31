"""Stretches hold exactly what was appended, and places and offsets are each other's inverse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.sim.logs import Logs, OffsetMap
from cockpit.sim.truth import Numbers, Reader


def column(*values: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


APPENDS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=30)


@given(APPENDS)
def test_a_log_gives_back_every_record_in_the_order_of_its_append(
    appends: list[tuple[int, int]],
) -> None:
    logs, expected, following = Logs(1), [], [0, 0, 0]
    for lane, count in appends:
        logs.append(column(0), column(lane), column(following[lane]), column(count))
        expected += [(lane, following[lane] + i) for i in range(count)]
        following[lane] += count
    assert int(logs.end[0]) == len(expected)
    found = [(lane, n + i) for lane, n, c in logs.pieces(0, 0, len(expected)) for i in range(c)]
    assert found == expected


@given(APPENDS, st.integers(0, 60), st.integers(0, 60))
def test_a_window_of_a_log_is_that_part_of_the_whole(
    appends: list[tuple[int, int]], first: int, last: int
) -> None:
    logs, expected, following = Logs(1), [], [0, 0, 0]
    for lane, count in appends:
        logs.append(column(0), column(lane), column(following[lane]), column(count))
        expected += [(lane, following[lane] + i) for i in range(count)]
        following[lane] += count
    found = [(lane, n + i) for lane, n, c in logs.pieces(0, first, last) for i in range(c)]
    assert found == expected[first:last]


def test_partitions_do_not_see_each_other() -> None:
    logs = Logs(3)
    logs.append(column(0, 2), column(4, 5), column(0, 0), column(7, 3))
    assert logs.end.tolist() == [7, 0, 3]
    assert list(logs.pieces(2, 0, 3)) == [(5, 0, 3)]
    assert list(logs.pieces(1, 0, 3)) == []


@pytest.mark.parametrize("marker_every", [0, 2, 3, 50])
@given(place=st.integers(0, 10_000), base=st.integers(0, 10**9))
def test_a_place_and_its_offset_lead_to_each_other(
    marker_every: int, place: int, base: int
) -> None:
    offsets = OffsetMap(column(base), marker_every)
    offset = offsets.offset(0, place)
    assert offset >= base + place
    assert offsets.place(0, offset) == place
    assert int(offsets.offsets(column(place))[0]) == offset


def test_every_nth_offset_holds_a_marker_and_the_end_lies_past_a_trailing_one() -> None:
    offsets = OffsetMap(column(100), 4)
    assert [offsets.offset(0, place) for place in range(7)] == [100, 101, 102, 104, 105, 106, 108]
    # The mirror stops before the marker that follows the last record it copied.
    assert int(offsets.after(column(3))[0]) == 103
    assert int(offsets.after(column(0))[0]) == 100
    # The offset of a marker belongs to the record after it.
    assert offsets.place(0, 103) == 3


def test_a_log_of_markers_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="markers"):
        OffsetMap(column(0), 1)


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 12)), max_size=40)


@given(SPANS)
def test_a_set_of_numbers_counts_like_a_set(spans: list[tuple[int, int]]) -> None:
    numbers, plain = Numbers(), set[int]()
    for first, count in spans:
        new = set(range(first, first + count))
        assert numbers.add(first, first + count) == len(new & plain)
        plain |= new
        assert numbers.count() == len(plain)
        assert numbers.end() == max(plain) + 1


@given(SPANS)
def test_duplicates_and_disorder_are_those_that_a_record_by_record_reader_finds(
    spans: list[tuple[int, int]],
) -> None:
    reader, seen = Reader(), set[int]()
    duplicated = disordered = 0
    for first, count in spans:
        newest = max(seen, default=-1)
        for number in range(first, first + count):
            if number in seen:
                duplicated += 1
            elif number < newest:
                disordered += 1
            seen.add(number)
        reader.process([(0, first, count)])
    assert (reader.duplicated, reader.disordered) == (duplicated, disordered)
