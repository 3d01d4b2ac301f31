"""Two readings of replication lag: independent, named, and an alarm when both cannot be true."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.core.agreement import SLACK_RECORDS, disagreements, lag_by_logs
from cockpit.core.facts import Facts, absorb
from cockpit.core.lag import ReplicationLag, replication_lag
from cockpit.core.observe import MISSING, ConfigSample, PartitionKeys, SyncsSample, Unknown
from cockpit.core.survey import Transaction, TransactionsSurvey
from tests.core.build import logs, mirror, syncs


def watched(  # a world has that many dials
    *,
    seconds: int = 90,
    source: int = 1_000,
    target: int = 1_000,
    position: int | None = None,
    base: tuple[int, int] = (900, 900),
    per_s: int = 0,
    transactions: bool = False,
) -> Facts:
    """Both sides at these ends at last, growing by `per_s` until then; mirror at `position`."""
    facts = Facts()
    for second in range(1, seconds + 1):
        now = second * 1_000
        short = (seconds - second) * per_s
        facts = absorb(facts, syncs(now - 900, base))
        facts = absorb(facts, logs("target", now - 800, (target - short,) * 2))
        place = source if position is None else position
        facts = absorb(facts, mirror(now - 700, (place - short,) * 2))
        facts = absorb(facts, logs("source", now - 600, (source - short,) * 2))
    for side in ("source", "target"):
        found = (Transaction("tx", 1, "Ongoing", 0, 1, ()),) if transactions else ()
        facts = absorb(facts, TransactionsSurvey(side, 1, 1, found))
    return facts


def kinds(facts: Facts) -> list[str]:
    lag = replication_lag(facts)
    assert isinstance(lag, ReplicationLag)
    return [one.kind for one in disagreements(facts, lag)]


def by_logs(facts: Facts) -> list[int]:
    found = lag_by_logs(facts)
    assert not isinstance(found, Unknown)
    return [int(value) for value in found.lag]


def test_the_log_reading_needs_no_position_and_no_equal_offsets() -> None:
    facts = watched(source=1_000, target=5_060, base=(900, 5_000))
    assert by_logs(facts) == [40, 40]


def test_level_sides_agree() -> None:
    assert kinds(watched()) == []


def test_a_position_that_claims_what_the_target_lacks_is_missing() -> None:
    assert kinds(watched(source=1_000, target=900, position=1_000)) == ["missing"]


def test_a_target_that_grew_more_than_the_source_is_surplus() -> None:
    assert kinds(watched(source=1_000, target=1_100)) == ["surplus"]


def test_a_position_that_stands_while_records_arrive_is_standing() -> None:
    assert kinds(watched(source=1_000, target=1_000, position=700)) == ["standing"]


def test_a_position_as_old_as_its_interval_is_no_disagreement() -> None:
    """60 s at 10 a second: the position may be 600 behind without a word."""
    facts = watched(per_s=10, position=400, base=(90, 90))
    assert kinds(facts) == []


def test_nothing_is_said_of_a_standing_position_before_a_minute_was_watched() -> None:
    assert kinds(watched(seconds=30, position=700)) == []


def test_keys_that_are_equal_are_the_same_rows_whatever_object_they_are() -> None:
    """A recording gives a table that comes back its old object, a live feed a new one."""
    facts = watched(source=1_000, target=900, position=1_000)
    lag = replication_lag(facts)
    assert isinstance(lag, ReplicationLag)
    equal = replace(lag.logs, keys=PartitionKeys.of(tuple(lag.logs.keys.names)))
    assert [one.kind for one in disagreements(facts, replace(lag, logs=equal))] == ["missing"]
    fewer = replace(lag.logs, keys=PartitionKeys.of(lag.logs.keys.names[:1]))
    assert disagreements(facts, replace(lag, logs=fewer)) == ()


def test_transaction_markers_may_make_either_log_longer() -> None:
    assert kinds(watched(source=1_000, target=950, transactions=True)) == []
    assert kinds(watched(source=950, target=1_000, position=950, transactions=True)) == []
    assert kinds(watched(source=1_000, target=900, transactions=True)) == ["missing"]


def test_holes_of_a_compacted_topic_are_explained() -> None:
    configs = {"orders": {"cleanup.policy": "compact,delete"}}
    facts = watched(source=1_000, target=960)
    assert kinds(facts) == ["missing"]
    facts = absorb(facts, ConfigSample("source", 1, 1, configs, {"orders": 2}))
    assert kinds(facts) == []


def test_a_topic_made_anew_cannot_be_compared_by_either_reading() -> None:
    facts = watched()
    again = replace(logs("target", 91_000, (3, 3)), recreated=frozenset({"orders"}))
    facts = absorb(absorb(facts, again), logs("source", 91_100, (1_000, 1_000)))
    lag = replication_lag(facts)
    assert isinstance(lag, ReplicationLag)
    assert lag.lag.tolist() == [MISSING, MISSING]
    assert "re-created on target" in lag.blind["orders"]
    assert by_logs(facts) == [MISSING, MISSING]
    later = absorb(facts, logs("source", 92_000, (1_000, 1_000)))
    assert by_logs(later) == [MISSING, MISSING]


def test_the_target_is_sampled_before_the_source_or_not_compared() -> None:
    facts = absorb(Facts(), syncs(100, (0, 0)))
    facts = absorb(facts, logs("source", 200, (5, 5)))
    facts = absorb(facts, logs("target", 300, (9, 9)))
    assert isinstance(lag_by_logs(facts), Unknown)


def test_syncs_that_are_still_being_read_give_no_baseline() -> None:
    facts = absorb(watched(), SyncsSample(91_000, 91_000, {}, False))
    assert isinstance(lag_by_logs(facts), Unknown)


def test_a_partition_that_never_had_a_record_lags_by_nothing() -> None:
    facts = absorb(Facts(), SyncsSample(50, 50, {}, True))
    facts = absorb(facts, logs("target", 100, (0, 5)))
    facts = absorb(facts, logs("source", 200, (0, 5)))
    assert by_logs(facts) == [0, MISSING]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 60))
def test_a_healthy_mirror_never_disagrees(behind: int, unpublished: int, per_s: int) -> None:
    """Whatever is on its way, and however long ago the position was published within a minute."""
    unpublished = min(unpublished, 60 * per_s)
    facts = watched(
        source=6_000, target=6_000 - behind, position=6_000 - behind - unpublished,
        base=(90, 90), per_s=per_s,
    )  # fmt: skip
    assert kinds(facts) == []


@settings(max_examples=25, deadline=None)
@given(st.integers(SLACK_RECORDS + 60, 5_000))
def test_what_is_lost_on_the_way_is_always_noticed(lost: int) -> None:
    facts = watched(source=10_000, target=10_000 - lost, base=(90, 90), per_s=10)
    assert kinds(facts) == ["missing"]
