"""Lags added up: nothing unknown vanishes in a sum."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.lagview import LAG_BY, lag_rows
from cockpit.core.observe import Unknown
from tests.tui import fixtures
from tests.tui.fixtures import snapshot


def test_a_topics_sum_is_unknown_where_one_partition_is_and_says_how_many() -> None:
    rows = {row.name: row for row in lag_rows(snapshot(), "topic")}
    table = snapshot().partitions
    assert rows["orders"].lag.records == Unknown("1 of 10 partitions unknown")
    where = table.keys.by_topic["stock"]
    assert rows["stock"].lag.records == int(table.lag[where].sum())
    assert rows["stock"].of == "10 parts"


def test_a_topics_worst_partition_is_one_that_is_ahead_else_the_largest() -> None:
    rows = {row.name: row for row in lag_rows(snapshot(), "topic")}
    assert (rows["orders"].other.records, rows["orders"].note) == (-12, "partition 8")
    table = snapshot().partitions
    assert rows["stock"].other.records == int(table.lag[table.keys.by_topic["stock"]].max())


def test_a_group_is_where_its_members_are_and_the_other_side_stands_beside() -> None:
    rows = {row.name: row for row in lag_rows(snapshot(), "group")}
    ledger, nightly = rows["ledger"], rows["nightly-export"]
    assert (ledger.lag.records, ledger.note) == (812, "read on target")
    assert ledger.other.records == Unknown("absent")
    assert (nightly.lag.records, nightly.note) == (18_220, "read on source")
    assert ledger.lag.feeds == ("target.groups", "target.logs")


def test_a_service_has_its_groups_lag_where_it_runs_and_that_of_its_topics() -> None:
    rows = {row.name: row for row in lag_rows(snapshot(), "service")}
    assert rows["ledger"].lag.records == 812
    assert rows["ledger"].of == "team-fin"
    assert rows["refunds"].lag.records == Unknown("it has no group")
    assert not rows["refunds"].has_group
    assert isinstance(rows["checkout"].other.records, Unknown)  # it writes orders, one is unknown
    table = snapshot().partitions
    assert rows["refunds"].other.records == int(table.lag[table.keys.by_topic["refunds"]].sum())


def test_a_side_that_was_never_read_has_no_time() -> None:
    table = replace(fixtures.partitions(), mirror_at_ms=None)
    rows = lag_rows(snapshot(partitions=table), "topic")
    assert {row.lag.at_ms for row in rows} == {None}


def test_partitions_are_not_added_up() -> None:
    assert LAG_BY[0] == "partition"
    assert lag_rows(snapshot(), "partition") == ()
