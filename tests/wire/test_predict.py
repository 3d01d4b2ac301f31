"""Predictions are worked out as the format says, number by number, at the edges too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.observe import I64, MISSING
from cockpit.wire.binary import Cursor
from cockpit.wire.guess import (
    KEEP_MS,
    MAX_BACK,
    MAX_REACH,
    RATE_WINDOW_MS,
    Ring,
    candidates,
    choose,
    probe_rows,
)
from cockpit.wire.predict import (
    MINUS,
    NONE,
    RATE,
    SAME,
    Prediction,
    Ref,
    put_prediction,
    read_prediction,
)
from cockpit.wire.values import WireError

numbers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-9, 9), st.just(MISSING))
pairs = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30)
refs = st.builds(Ref, st.integers(-1, 40), st.integers(0, 127))


def wrapped(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


def column(values: list[int]) -> I64:
    return np.array(values, dtype=np.int64)


@given(pairs, st.integers(1, 2**40))
def test_each_kind_is_what_the_format_says(rows: list[tuple[int, int]], span_ms: int) -> None:
    first, second = (column(list(one)) for one in zip(*rows, strict=True))

    def fetch(ref: Ref) -> I64:
        return (first, second)[ref.back]

    both = (Ref(0, 0), Ref(0, 1))
    assert Prediction().of(fetch, len(rows)).tolist() == [0] * len(rows)
    assert Prediction(SAME, both[:1]).of(fetch, len(rows)).tolist() == first.tolist()
    minus = [MISSING if MISSING in (a, b) else wrapped(a - b) for a, b in rows]
    assert Prediction(MINUS, both).of(fetch, len(rows)).tolist() == minus
    rate = [
        MISSING if MISSING in (a, b) else wrapped(wrapped(a - b) * 1_000_000) // span_ms
        for a, b in rows
    ]
    assert Prediction(RATE, both, span_ms).of(fetch, len(rows)).tolist() == rate


@given(st.sampled_from([(NONE, 0), (SAME, 1), (MINUS, 2), (RATE, 2)]), refs, refs)
def test_a_prediction_comes_back(kind: tuple[int, int], first: Ref, second: Ref) -> None:
    found = Prediction(kind[0], (first, second)[: kind[1]], 10_000 if kind[0] == RATE else 0)
    out = bytearray()
    put_prediction(out, found)
    assert read_prediction(kind[0], Cursor(bytes(out))) == found


@pytest.mark.parametrize(
    ("kind", "raw"), [(0, b""), (5, b""), (RATE, b"\1\0\1\0\0"), (SAME, b"\1")]
)
def test_a_prediction_that_cannot_be_worked_out_is_refused(kind: int, raw: bytes) -> None:
    with pytest.raises(WireError):
        read_prediction(kind, Cursor(raw))


def test_a_ring_keeps_what_a_rate_needs_and_little_else() -> None:
    ring = Ring()
    for number in range(400):
        ring.add(0, column([number]), 200 * number, number // 2)
        ages = [ring.kept[-1].at_ms - kept.at_ms for kept in ring.kept]
        assert max(ages) <= KEEP_MS
        assert all(ring.back(kept) <= MAX_BACK for kept in ring.kept)
        assert len(ring.kept) <= 20
        if number > 60:
            assert any(RATE_WINDOW_MS <= age <= RATE_WINDOW_MS + 1_000 for age in ages)
    assert all(kept.frame >= 199 - MAX_REACH for kept in ring.within(199))
    assert list(ring.within(10_000)) == [ring.kept[-1]]
    ring.add(1, column([0]), 90_000, 500)
    assert len(ring.kept) == 1


def test_the_prediction_that_leaves_nothing_is_chosen() -> None:
    rng = np.random.default_rng(1)
    ends = Ring()
    column_now = np.zeros(1_000, dtype=np.int64)
    columns = []
    for second in range(15):
        column_now = column_now + rng.integers(0, 9, 1_000)
        columns.append(column_now)
        ends.add(0, column_now, 1_000 * second + second % 3, second)
    rings = {"source.logs.end": (4, ends)}

    def fetch(ref: Ref) -> I64:
        return columns[14 - ref.back]

    nothing = np.zeros(1_000, dtype=np.int64)
    rate = (columns[14] - columns[4]) * 1_000_000 // (14_002 - 4_001)
    tried = candidates("source_rate_milli", rings, 4, 14)
    found = choose(tried, fetch, rate, nothing, probe_rows(1_000))
    assert found == Prediction(RATE, (Ref(4, 0), Ref(4, 10)), 10_001)
    tried = candidates("source_end", rings, 4, 14)
    assert choose(tried, fetch, columns[14], nothing, None) == Prediction(SAME, (Ref(4, 0),))
    assert choose(iter(()), fetch, columns[14], nothing, None) == Prediction()
    assert list(candidates("lag_by_logs", rings, 4, 14)) == []
