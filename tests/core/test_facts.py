"""What is known of feeds and of errors: by class, by the minute, since when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.core.errorrates import MINUTE_MS, ErrorLog, classify, error_rates
from cockpit.core.facts import Facts, absorb
from cockpit.core.feedstate import feed_views
from cockpit.core.lag import group_behind
from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import (
    MISSING,
    ConfigSample,
    ConnectorState,
    Failure,
    FailureKind,
    GroupState,
    MirrorSample,
    SignalSample,
    TaskState,
    Unknown,
)
from cockpit.core.snapshot import Behind, ErrorClass
from cockpit.core.survey import RegistrySurvey, UsersSurvey, Window, WindowsSurvey
from tests.core.build import KEYS, group, groups, logs


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("SaslAuthenticationException: Invalid username or password", "refused", "authentication"),
        ("login was refused", "refused", "authentication"),
        ("HTTP 401", "refused", "authentication"),
        ("TopicAuthorizationException: Not authorized to access topics", "refused",
         "authorisation"),
        ("CLUSTER_AUTHORIZATION_FAILED", "refused", "authorisation"),
        ("HTTP 403 Forbidden", "refused", "authorisation"),
        ("no answer in 3 s", "slow", "timeout"),
        ("org.apache.kafka.common.errors.TimeoutException: Timed out", None, "timeout"),
        ("connection refused by 10.0.0.1:9092", "unreachable", "network"),
        ("Connection to node 3 could not be established", None, "network"),
        ("certificate verify failed", "unreachable", "network"),
        ("SerializationException: Error deserializing Avro message for id 4", None, "schema"),
        ("RecordTooLargeException: the message is 2 MB", None, "other"),
        ("an answer that makes no sense", "protocol", "other"),
    ],
)  # fmt: skip
def test_errors_are_told_apart_by_their_words(
    text: str, kind: FailureKind | None, expected: ErrorClass
) -> None:
    assert classify(text, kind) == expected


@given(st.lists(st.integers(0, 60 * MINUTE_MS), max_size=200), st.integers(0, 60))
def test_every_error_of_the_last_minutes_is_counted_once(times: list[int], minute: int) -> None:
    log = ErrorLog()
    for at_ms in sorted(times):
        log = log.add(at_ms, "source", "timeout", "no answer")
    now_ms = max([*times, minute * MINUTE_MS])
    recent = [t for t in times if t // MINUTE_MS > now_ms // MINUTE_MS - 15]
    views = error_rates(log, now_ms)
    assert sum(sum(view.per_minute) for view in views) == len(recent)
    assert all(len(view.per_minute) == 15 for view in views)


def test_failures_tasks_and_signals_are_errors_of_their_places() -> None:
    facts = absorb(Facts(), Failure("target.logs", 1, 3_000, "slow", "no answer in 3 s"))
    facts = absorb(facts, Failure("source.registry", 1, 2, "refused", "HTTP 401"))
    facts = absorb(facts, SignalSample("p99", 1, 2, Unknown("no such path")))
    dead = (ConnectorState("mm2", "RUNNING", (TaskState(0, "FAILED", "SerializationException"),)),)
    for at_ms in (1_000, 2_000, 3_000):
        facts = absorb(facts, MirrorSample(at_ms, at_ms, dead, {}))
    found = {(v.where, v.kind): sum(v.per_minute) for v in error_rates(facts.errors, 4_000)}
    assert found == {
        ("target", "timeout"): 1,
        ("registry", "authentication"): 1,
        ("signals", "other"): 1,
        ("replication", "schema"): 1,
    }


def tallies(facts: Facts) -> dict[tuple[str, str], int]:
    return {(where, kind): sum(n for _, n in tally.minutes)
            for (where, kind), tally in facts.errors.tallies.items()}  # fmt: skip


def test_partitions_and_groups_that_fail_inside_of_a_good_answer_are_counted_by_class() -> None:
    missing = np.full(2, MISSING, dtype=np.int64)
    refused = dict.fromkeys(KEYS.names, "topic authorisation failed (29)")
    blind = replace(logs("source", 1_000, (0, 0)), end=missing, errors=refused)
    facts = absorb(Facts(), blind)
    states = (
        GroupState("a", "", 0, (), (), unknown="group authorisation failed (30)"),
        GroupState("b", "", 0, (), (), unknown="no answer in 3 s"),
        GroupState("c", "Unknown", -1, (), (), members_unknown="brokers before 0.9 cannot tell"),
    )
    facts = absorb(facts, groups("source", 1_100, *states))
    assert tallies(facts) == {("source", "authorisation"): 3, ("source", "timeout"): 1}
    newest = facts.errors.tallies["source", "authorisation"].newest
    assert newest == "source.groups: a: group authorisation failed (30)"


def test_what_fails_on_for_the_same_reason_is_one_error_and_another_reason_a_new_one() -> None:
    facts = Facts()
    for at_ms, whys in enumerate(
        (
            {("orders", 0): "no leader"},
            {("orders", 0): "no leader"},
            {("orders", 0): "no leader", ("orders", 1): "no leader"},
            {("orders", 0): "timed out", ("orders", 1): "no leader"},
            {},
            {("orders", 0): "no leader"},
        )
    ):
        facts = absorb(facts, replace(logs("target", at_ms, (1, 1)), errors=whys))
    assert tallies(facts) == {("target", "other"): 3, ("target", "timeout"): 1}


def test_refused_parts_of_surveys_are_counted_where_they_belong() -> None:
    refused = Unknown("registry of the target, mode: HTTP 403")
    windows = {
        ("orders", 0): Window(0, 0, 0, "", unknown="topic authorisation failed (29)", at_ms=1),
        ("orders", 1): Window(0, 0, 0, "", unknown="the source's log is empty", at_ms=1),
    }
    facts = Facts()
    for sample in (
        RegistrySurvey("target", 1, 1, {}, "BACKWARD", refused),
        WindowsSurvey(1, 1, windows),
        ConfigSample("source", 1, 1, {}, {}, {"orders": "configs: timed out"}),
        ConnectSurvey(1, 1, "3.9", (), {"sink": "HTTP 500"}),
    ):
        facts = absorb(facts, sample)
    assert tallies(facts) == {
        ("registry", "authorisation"): 1,
        ("replication", "authorisation"): 1,
        ("source", "timeout"): 1,
        ("replication", "other"): 1,
    }


def test_a_feed_is_known_by_its_word_since_its_first_failure() -> None:
    facts = absorb(Facts(), UsersSurvey("source", 100, 110, frozenset()))
    for at_ms in (1_000, 5_000, 9_000):
        failure = Failure("source.users", at_ms, at_ms + 500, "refused", "no right")
        facts = absorb(facts, failure)
    view = next(v for v in feed_views(facts.feeds) if v.feed == "source.users")
    assert (view.word, view.since_ms, view.reason, view.took_ms) == (
        "refused", 1_500, "no right", 500,
    )  # fmt: skip
    assert view.asked_at_ms == 100
    back = absorb(facts, UsersSurvey("source", 10_000, 10_100, frozenset()))
    view = next(v for v in feed_views(back.feeds) if v.feed == "source.users")
    assert (view.word, view.since_ms, view.reason) == ("connected", 10_100, "")


def test_a_feed_that_never_answered_is_connecting_and_comes_first() -> None:
    views = feed_views(absorb(Facts(), logs("source", 1, (1, 1))).feeds)
    assert views[-1].feed == "source.logs"
    assert {v.word for v in views[:-1]} == {"connecting"}
    assert all(v.asked_at_ms is None for v in views[:-1])


def test_a_side_has_the_worst_word_of_its_hot_feeds_and_no_others() -> None:
    facts = absorb(Facts(), logs("source", 1, (1, 1)))
    facts = absorb(facts, groups("source", 1))
    facts = absorb(facts, Failure("source.users", 2, 3, "refused", "no right"))
    assert facts.health["source"].word == "connected"
    facts = absorb(facts, Failure("source.logs", 4, 5, "slow", "3 s"))
    facts = absorb(facts, Failure("source.groups", 4, 6, "unreachable", "no route"))
    assert (facts.health["source"].word, facts.health["source"].since_ms) == ("unreachable", 6)


def test_readings_that_a_slow_answer_left_out_are_counted() -> None:
    facts = absorb(Facts(), Failure("target.logs", 0, 3_200, "slow", "no answer"))
    view = next(v for v in feed_views(facts.feeds) if v.feed == "target.logs")
    assert view.skipped == 3


# --- how far behind a group is, in time ----------------------------------------------------------


def read(committed: int | None, *, seconds: int = 30, per_s: int = 100) -> Behind | Unknown:
    facts = Facts()
    for second in range(seconds + 1):
        end = second * per_s
        facts = absorb(facts, logs("source", 10_000 + second * 1_000, (end, 0)))
    commits = {} if committed is None else {("orders", 0): committed, ("orders", 1): 0}
    newest = 10_000 + seconds * 1_000
    facts = absorb(facts, groups("source", newest + 100, group("ledger", 1, commits)))
    facts = absorb(facts, logs("source", newest + 200, (seconds * per_s, 0)))
    return group_behind(facts, "source", "ledger", ("orders",))


def test_a_group_that_reads_and_never_committed_may_be_anywhere() -> None:
    assert read(None) == Unknown("no commits, 1 member")


def test_a_group_at_the_end_is_not_behind() -> None:
    assert read(3_000) == Behind(0)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 2_999))
def test_a_group_is_behind_by_the_time_since_its_next_record_came(committed: int) -> None:
    behind = read(committed)
    assert isinstance(behind, Behind)
    truth_ms = 40_200 - (10_000 + committed * 10)
    assert abs(behind.duration_ms - truth_ms) <= 20
    assert not behind.more


def test_older_than_the_history_is_more_than_a_number() -> None:
    facts = Facts()
    for second in range(20):
        facts = absorb(facts, logs("source", second * 1_000, (5_000 + second, 0)))
    facts = absorb(facts, groups("source", 19_500, group("ledger", 1, {("orders", 0): 7})))
    facts = absorb(facts, logs("source", 20_000, (5_020, 0)))
    old = group_behind(facts, "source", "ledger", ("orders",))
    assert old == Behind(20_000, more=True)


def test_a_group_that_cannot_be_read_is_not_behind_by_anything() -> None:
    facts = absorb(Facts(), logs("source", 1_000, (5, 5)))
    facts = absorb(facts, groups("source", 900))
    assert isinstance(group_behind(facts, "source", "ledger", ("orders",)), Unknown)
