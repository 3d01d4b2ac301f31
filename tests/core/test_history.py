"""The history of log ends: bounded, honest about what it has forgotten, and invertible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.core.history import (
    HORIZON_MS,
    TIERS,
    EndHistory,
    append_rate_milli,
    extend,
    grown_since,
    growth,
    passed_at_ms,
)
from cockpit.core.observe import MISSING, PartitionKeys
from tests.core.build import KEYS, logs

MOST = sum((limit // spacing) for limit, spacing in TIERS) + len(TIERS) + 2


def grown(seconds: int, *, pace_ms: int = 1_000, per_s: int = 100) -> EndHistory:
    """Two partitions, the first growing evenly, the second standing."""
    history: EndHistory | None = None
    for i in range(seconds * 1_000 // pace_ms + 1):
        at_ms = 10_000 + i * pace_ms
        history = extend(history, logs("source", at_ms, (at_ms * per_s // 1_000, 7)))
    assert history is not None
    return history


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4_000), st.sampled_from((200, 1_000, 1_700)))
def test_it_stays_small_and_reaches_back_a_quarter_of_an_hour(ticks: int, pace_ms: int) -> None:
    history: EndHistory | None = None
    ends = logs("source", 0, (1, 1))
    for i in range(ticks):
        history = extend(history, replace(ends, asked_at_ms=i * pace_ms))
    assert history is not None
    assert len(history.at_ms) <= MOST
    newest = (ticks - 1) * pace_ms
    assert history.at_ms[-1] == newest
    assert history.at_ms[0] <= max(0, newest - HORIZON_MS + 2 * TIERS[-1][1])
    gaps = zip(history.at_ms, history.at_ms[1:], strict=False)
    assert all(b - a <= 2 * TIERS[-1][1] for a, b in gaps)


def test_the_rate_is_that_of_the_last_ten_seconds() -> None:
    rate = append_rate_milli(grown(60))
    assert rate is not None
    assert rate.tolist() == [100_000, 0]


def test_growth_is_unknown_while_the_history_is_shorter_than_asked() -> None:
    assert growth(grown(30), 60_000) is None
    known = growth(grown(90), 60_000)
    assert known is not None
    assert 6_000 <= known[0] <= 7_500
    since = grown_since(grown(30), 30_000)
    assert since is not None
    assert since.tolist() == [1_000, 0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 4_000))
def test_when_an_end_passed_an_offset_is_found_again(offset: int) -> None:
    history = grown(30)
    where = np.array([0], dtype=np.int64)
    times, older = passed_at_ms(history, where, np.array([offset], dtype=np.int64))
    if offset < 1_000:
        assert older[0] == 1
        assert times[0] == history.at_ms[0]
    else:
        assert older[0] == 0
        assert abs(int(times[0]) - offset * 10) <= 10


def test_a_log_whose_end_goes_back_has_no_past() -> None:
    history = extend(grown(20), logs("source", 40_000, (5, 8)))
    assert [(s.name, s.by_records) for s in history.shrunk] == [(("orders", 0), 2_995)]
    rate = append_rate_milli(history)
    assert rate is not None
    assert rate[0] == MISSING
    assert rate[1] != MISSING


def test_a_cut_during_an_outage_is_seen_against_the_newest_end_that_was_known() -> None:
    history = extend(grown(20), logs("source", 31_000, (MISSING, 7)))
    history = extend(history, logs("source", 32_000, (MISSING, 7)))
    history = extend(history, logs("source", 33_000, (400, 7)))
    assert [(s.name, s.by_records) for s in history.shrunk] == [(("orders", 0), 2_600)]
    rate = append_rate_milli(history)
    assert rate is not None
    assert rate.tolist() == [MISSING, 0]


def test_a_topic_made_anew_has_no_past_and_is_not_called_cut() -> None:
    sample = replace(logs("source", 40_000, (5, 8)), recreated=frozenset({"orders"}))
    history = extend(grown(20), sample, frozenset({"orders"}))
    assert not history.shrunk
    assert all((column == MISSING).all() for column in history.ends[:-1])


def test_new_partitions_have_no_past_and_the_old_ones_keep_theirs() -> None:
    keys = PartitionKeys.of((("new", 0), *KEYS.names))
    history = extend(grown(20), logs("source", 31_000, (50, 3_100, 7), keys))
    rate = append_rate_milli(history)
    assert rate is not None
    assert rate.tolist() == [MISSING, 100_000, 0]


def test_an_older_sample_changes_nothing() -> None:
    history = grown(5)
    assert extend(history, logs("source", 10_000, (1, 1))) is history


def test_a_cluster_that_has_just_started_and_knows_no_topic_yet_ends_nothing() -> None:
    history = extend(None, logs("source", 1_000, (10, 20)))
    for at_ms, keys, ends in (
        (2_000, PartitionKeys.of(()), ()),
        (3_000, PartitionKeys.of(()), ()),
        (4_000, KEYS, (11, 21)),
    ):
        history = extend(history, logs("source", at_ms, ends, keys))
    assert history.ends[-1].tolist() == [11, 21]
    assert all((column == MISSING).all() for column in history.ends[:-1])
