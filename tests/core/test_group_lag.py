"""Lag of a group: of what is known alone, and unknown with the reason where it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.lag import group_lag
from cockpit.core.observe import GroupState, TopicPartition, Unknown
from cockpit.core.project import project
from cockpit.core.snapshot import GroupView
from tests.core.build import group, groups, logs
from tests.core.driver import Script


def shown(state: GroupState) -> GroupView:
    """The group as a snapshot has it; both partitions of `orders` end at 100."""
    script = Script()
    script.look()
    script.see(groups("source", script.now_ms, state))
    script.see(logs("source", script.now_ms + 1, (100, 100)))
    views = {view.name: view for view in project(script.state, script.now_ms + 1).groups}
    return views[state.name]


@pytest.mark.parametrize(
    ("members", "commits", "reason"),
    [
        (3, {}, "no commits, 3 members"),
        (1, {}, "no commits, 1 member"),
        (0, {}, "no commits, 0 members"),
        (3, {("billing", 0): 5}, "has commits for billing/0, which is not watched"),
        (1, {("orders", 0): 100, ("orders", 1): 100, ("billing", 7): 5},
         "has commits for billing/7, which is not watched"),
        (1, {("orders", 0): 100, ("orders", 2): 5},
         "has commits for orders/2, which is not watched"),
    ],
)  # fmt: skip
def test_a_group_outside_the_plan_of_which_not_all_is_known_has_no_lag(
    members: int, commits: dict[TopicPartition, int], reason: str
) -> None:
    assert shown(group("other", members, commits)).source_lag_records == Unknown(reason)


def test_a_group_outside_the_plan_lags_by_the_partitions_that_it_has_commits_for() -> None:
    assert shown(group("other", 1, {("orders", 0): 90})).source_lag_records == 10
    both = {("orders", 0): 90, ("orders", 1): 97}
    assert shown(group("other", 0, both)).source_lag_records == 13


def test_a_group_of_the_plan_has_read_nothing_of_a_partition_without_a_commit() -> None:
    assert shown(group("ledger", 1, {("orders", 0): 90})).source_lag_records == 110
    assert shown(group("ledger", 0, {})).source_lag_records == 200


def test_a_group_of_the_plan_that_reads_and_has_no_commit_may_be_anywhere() -> None:
    lag = shown(group("ledger", 2, {})).source_lag_records
    assert lag == Unknown("no commits, 2 members")
    blind = replace(group("ledger", -1, {}, "Unknown"), members_unknown="refused")
    lag = shown(blind).source_lag_records
    assert lag == Unknown("no commits, and whether it has members is not known")


def test_a_group_with_members_and_empty_logs_has_nothing_to_read() -> None:
    script = Script()
    script.look()
    script.see(groups("target", script.now_ms, group("ledger", 2, {})))
    script.see(logs("target", script.now_ms + 1, (0, 0)))
    (view,) = project(script.state, script.now_ms + 1).groups
    assert view.target_lag_records == 0


def test_no_group_at_all_is_unknown() -> None:
    script = Script()
    script.look()
    assert isinstance(group_lag(script.state.facts, "source", "nobody", None), Unknown)
