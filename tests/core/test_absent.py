"""A topic that nobody speaks of is not an empty topic: a group's lag and place wait for it."""

from __future__ import annotations

import pytest

from cockpit.core.facts import Facts, absorb
from cockpit.core.lag import GroupLag, group_behind, group_lag
from cockpit.core.observe import PartitionKeys, Unknown
from tests.core.build import group, groups, logs

BOTH = PartitionKeys.of((("orders", 0), ("pay", 0)))
ORDERS = PartitionKeys.of((("orders", 0),))


def seen(keys: PartitionKeys) -> Facts:
    """The group has read all of `orders` and lags by 400 in `pay`."""
    commits = {("orders", 0): 500, ("pay", 0): 100}
    facts = absorb(Facts(), groups("source", 1_000, group("ledger", 1, commits)))
    return absorb(facts, logs("source", 1_010, (500,) * len(keys), keys))


def test_a_group_lags_by_the_sum_over_its_topics() -> None:
    lag = group_lag(seen(BOTH), "source", "ledger", ("orders", "pay"))
    assert isinstance(lag, GroupLag)
    assert lag.records == 400


@pytest.mark.parametrize("topics", [("orders", "pay"), ("pay",)])
def test_a_topic_that_is_not_there_makes_the_lag_unknown(topics: tuple[str, ...]) -> None:
    for measure in (group_lag, group_behind):
        told = measure(seen(ORDERS), "source", "ledger", topics)
        assert told == Unknown("no topic pay on source, or it may not be described")
