"""Verdicts: what passes, and above all what does not."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.facts import Facts, absorb
from cockpit.core.gates import (
    Judgement,
    Reading,
    Subject,
    extend_history,
    gate_view,
    judge,
    measure,
    trigger_view,
)
from cockpit.core.observe import MISSING, AclSample, Failure, LogSample, SignalSample, Unknown
from cockpit.core.plan import (
    GroupLagGate,
    OffsetDeltaGate,
    ParityGate,
    ReplicationLagGate,
    Side,
    SignalGate,
    SignalSpec,
)
from cockpit.core.survey import GroupImage, Image, ImagesSurvey
from tests.core import planted
from tests.core.build import (
    KEYS,
    group,
    groups,
    logs,
    mirror,
    service,
    syncs,
    two_wave_plan,
)
from tests.core.test_delta import imaged

PLAN = two_wave_plan()
SUBJECT = Subject(PLAN, PLAN.wave_services(PLAN.waves[0]), {"ledger": "source"})


def verdict(readings: list[Reading], *, for_ms: int = 0, now_ms: int = 10_000) -> Judgement:
    """A gate of at most 10, samples no older than 5 s."""
    return judge(
        tuple(readings), good=lambda v: v <= 10, for_ms=for_ms, max_age_ms=5_000, now_ms=now_ms
    )


def at(at_ms: int, value: float | Unknown) -> Reading:
    return Reading(at_ms, value, f"value {value}")


def test_no_sample_is_unknown() -> None:
    assert verdict([]).verdict == "UNKNOWN"


def test_a_stale_sample_is_unknown_however_good_it_was() -> None:
    assert verdict([at(4_999, 0)]).verdict == "UNKNOWN"
    assert verdict([at(5_000, 0)]).verdict == "PASS"


def test_an_unknown_newest_sample_is_unknown_after_any_number_of_good_ones() -> None:
    readings = [at(9_000, 1), at(9_500, 1), at(9_900, Unknown("group is loading"))]
    judged = verdict(readings)
    assert judged.verdict == "UNKNOWN"
    assert judged.evidence == "group is loading"


def test_a_bad_newest_sample_fails() -> None:
    assert verdict([at(9_000, 1), at(9_900, 11)]).verdict == "FAIL"


def test_a_window_needs_every_sample_good() -> None:
    readings = [at(t, 11 if t == 7_000 else 1) for t in range(1_000, 10_001, 1_000)]
    judged = verdict(readings, for_ms=5_000)
    assert judged.verdict == "INCONCLUSIVE"
    assert judged.held_ms == 2_000


def test_a_window_with_a_gap_is_not_a_window() -> None:
    readings = [at(0, 1), at(9_000, 1), at(10_000, 1)]
    assert verdict(readings, for_ms=9_000).verdict == "INCONCLUSIVE"


def test_a_window_is_not_good_while_a_bad_reading_lies_in_it_whatever_came_in_which_order() -> None:
    readings = [at(8_000, 1), at(9_000, Unknown("?")), at(8_500, 1), at(9_900, 1)]
    assert verdict(readings, for_ms=1_000).held_ms == 900
    assert verdict(readings[:3], for_ms=0).held_ms == 0


def test_a_whole_good_window_passes() -> None:
    readings = [at(t, 1) for t in range(1_000, 10_001, 1_000)]
    assert verdict(readings, for_ms=9_000).verdict == "PASS"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 20_000),
            st.one_of(st.floats(0, 30), st.just(Unknown("?"))),
        ),
        max_size=30,
    ),
    st.integers(0, 8_000),
)
def test_pass_means_that_the_whole_window_was_good(
    samples: list[tuple[int, float | Unknown]], for_ms: int
) -> None:
    readings = [at(t, v) for t, v in sorted(samples, key=lambda s: s[0])]
    now_ms = readings[-1].at_ms + 100 if readings else 0
    if verdict(readings, for_ms=for_ms, now_ms=now_ms).verdict != "PASS":
        return
    window = [r for r in readings if r.at_ms > readings[-1].at_ms - for_ms]
    assert window or not for_ms
    assert all(not isinstance(r.value, Unknown) and r.value <= 10 for r in window)


def test_replication_lag_takes_the_worst_partition() -> None:
    facts = absorb(Facts(), mirror(900, (90, 35)))
    facts = absorb(facts, logs("source", 1_000, (100, 40)))
    reading = measure(ReplicationLagGate(100), SUBJECT, facts, 1_100)
    assert reading.value == 10
    assert "orders/0 10" in reading.evidence
    assert reading.at_ms == 900


def test_replication_lag_never_compares_with_a_mirror_sample_taken_after_the_ends() -> None:
    facts = absorb(Facts(), logs("source", 1_000, (100, 40)))
    facts = absorb(facts, mirror(1_500, (105, 45)))
    assert isinstance(measure(ReplicationLagGate(100), SUBJECT, facts, 1_600).value, Unknown)


def test_one_unknown_partition_makes_the_lag_unknown() -> None:
    facts = absorb(Facts(), mirror(900, (90, 35)))
    ends = np.array([100, MISSING], dtype=np.int64)
    start = np.array([0, MISSING], dtype=np.int64)
    why = {("orders", 1): "broker 2 does not answer"}
    facts = absorb(facts, LogSample("source", 1_000, 1_010, KEYS, start, ends, why))
    reading = measure(ReplicationLagGate(100), SUBJECT, facts, 1_100)
    assert isinstance(reading.value, Unknown)
    assert "broker 2 does not answer" in reading.value.reason


def test_a_mirror_past_the_end_is_an_anomaly_not_a_small_lag() -> None:
    facts = absorb(Facts(), mirror(900, (103, 40)))
    facts = absorb(facts, logs("source", 1_000, (100, 40)))
    reading = measure(ReplicationLagGate(100), SUBJECT, facts, 1_100)
    assert isinstance(reading.value, Unknown)
    assert "3 past the source's end" in reading.value.reason


def test_an_empty_log_without_a_position_does_not_lag() -> None:
    facts = absorb(Facts(), mirror(900, (90,), KEYS.of((("orders", 0),))))
    facts = absorb(facts, logs("source", 1_000, (100, 0)))
    assert measure(ReplicationLagGate(100), SUBJECT, facts, 1_100).value == 10


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [("ratio", 0.004476, "0.448%"), ("ms", 1304.0, "1,304ms"), ("count", 1304.0, "1,304")],
)
def test_a_signals_evidence_is_in_its_unit(
    unit: Literal["ratio", "ms", "count"], value: float, text: str
) -> None:
    plan = replace(PLAN, signals=(SignalSpec("errors", "http://127.0.0.1:1/", unit=unit),))
    facts = absorb(Facts(), SignalSample("errors", 1_000, 1_010, value))
    subject = Subject(plan, SUBJECT.services, SUBJECT.running_on)
    assert measure(SignalGate("errors", 1), subject, facts, 1_100).evidence == text


def test_evidence_counts_as_the_screen_does() -> None:
    facts = absorb(Facts(), mirror(900, (8_696, 10_000)))
    facts = absorb(facts, logs("source", 1_000, (10_000, 10_000)))
    evidence = measure(ReplicationLagGate(100), SUBJECT, facts, 1_100).evidence
    assert evidence == "worst orders/0 1,304, 1,304 in 2 partitions"


def test_a_signal_that_fails_to_answer_is_unknown_even_after_good_readings() -> None:
    facts = absorb(Facts(), SignalSample("errors", 1_000, 1_010, 0.0))
    facts = absorb(facts, Failure("signal.errors", 2_000, 2_010, "unreachable", "refused"))
    assert isinstance(measure(SignalGate("errors", 0.1), SUBJECT, facts, 2_100).value, Unknown)


def test_the_same_sample_measured_twice_is_one_reading() -> None:
    condition = ReplicationLagGate(100)
    history = extend_history((), at(1_000, 5), condition)
    history = extend_history(history, at(1_000, 5), condition)
    assert len(history) == 1


def test_a_reading_is_as_old_as_its_sample_although_a_younger_one_came_before_it() -> None:
    condition = ParityGate()
    history: tuple[Reading, ...] = ()
    for reading in (at(20_000, 0), at(70_000, Unknown("?")), at(20_000, 0)):
        history = extend_history(history, reading, condition)
    assert history[-1].at_ms == 20_000
    assert gate_view(condition, history, PLAN, 79_000).verdict == "PASS"
    assert gate_view(condition, history, PLAN, 81_000).verdict == "UNKNOWN"


def test_an_older_sample_of_the_same_value_is_not_the_younger_one() -> None:
    condition = ParityGate()
    history = extend_history((at(50_000, 0),), at(20_000, 0), condition)
    assert gate_view(condition, history, PLAN, 81_000).verdict == "UNKNOWN"


def kept(*readings: Reading) -> tuple[Reading, ...]:
    """A history of a gate of at most 10 over 5 s, as a flight keeps it."""
    history: tuple[Reading, ...] = ()
    for reading in readings:
        history = extend_history(history, reading, FIVE_S)
    return history


FIVE_S = ReplicationLagGate(10, for_ms=5_000, max_age_ms=5_000)


def test_a_gate_that_has_held_for_minutes_says_so_although_old_readings_are_not_kept() -> None:
    history = kept(*(at(t, 0) for t in range(1_000, 301_000, 1_000)))
    assert len(history) < 30
    view = gate_view(FIVE_S, history, PLAN, 300_500)
    assert (view.verdict, view.held_ms) == ("PASS", 299_000)
    broken = kept(*(at(t, 11) for t in range(1_000, 301_000, 1_000)))
    assert trigger_view(FIVE_S, broken, PLAN, 300_500).held_ms == 299_000


@pytest.mark.parametrize("fault", [11.0, Unknown("no answer"), math.nan])
def test_the_time_held_begins_anew_after_a_reading_that_is_not_good(fault: float | Unknown) -> None:
    times = range(1_000, 301_000, 1_000)
    history = kept(*(at(t, fault if t == 100_000 else 0) for t in times))
    assert gate_view(FIVE_S, history, PLAN, 300_500).held_ms == 300_000 - 101_000


def test_the_time_held_begins_anew_after_a_gap() -> None:
    history = kept(*(at(t, 0) for t in (*range(1_000, 50_000, 500), *range(60_000, 90_000, 500))))
    assert gate_view(FIVE_S, history, PLAN, 90_000).held_ms == 89_500 - 60_000


@given(
    st.lists(
        st.tuples(
            st.integers(0, 6_000), st.sampled_from([0.0, 11.0, math.nan, Unknown("?")]),
            st.sampled_from([0, 0, 0, 0, 3_000]),
        ),
        min_size=1,
    )
)  # fmt: skip
def test_what_is_kept_judges_as_all_that_was_ever_read(
    told: list[tuple[int, float | Unknown, int]],
) -> None:
    now, readings = 10_000, []
    for step_ms, value, older_ms in told:
        now += step_ms
        readings.append(at(now - older_ms, value))
    whole: tuple[Reading, ...] = ()
    for one in readings:
        if not whole or (one.at_ms, one.value) != (whole[-1].at_ms, whole[-1].value):
            whole = (*whole, one)
    assert gate_view(FIVE_S, kept(*readings), PLAN, now) == gate_view(FIVE_S, whole, PLAN, now)


def test_group_lag_is_as_old_as_the_oldest_of_all_groups_not_of_the_worst() -> None:
    plan = replace(
        PLAN, services=(service("old", consumes=("orders",)), service("new", consumes=("orders",)))
    )
    facts = absorb(Facts(), groups("target", 900, group("old", 0, dict.fromkeys(KEYS.names, 5))))
    facts = absorb(facts, logs("target", 1_000, (5, 5)))
    facts = absorb(facts, groups("source", 600_900, group("new", 1, dict.fromkeys(KEYS.names, 3))))
    facts = absorb(facts, logs("source", 601_000, (5, 5)))
    running: dict[str, Side] = {"old": "target", "new": "source"}
    for services in (plan.services, plan.services[::-1]):
        reading = measure(GroupLagGate(10), Subject(plan, services, running), facts, 601_100)
        assert (reading.at_ms, reading.value) == (900, 4)


def skipping(**more: ImagesSurvey) -> Reading:
    """ledger at 500 on the source and 900 on the target, between the syncs 0 and 1000."""
    facts = absorb(Facts(), logs("target", 850, (1_000, 1_000)))
    at_900 = dict.fromkeys(KEYS.names, 900)
    facts = absorb(facts, groups("target", 900, group("ledger", 0, at_900)))
    at_500 = dict.fromkeys(KEYS.names, 500)
    facts = absorb(facts, groups("source", 1_000, group("ledger", 1, at_500)))
    facts = absorb(facts, logs("source", 1_050, (1_000, 1_000)))
    facts = absorb(facts, syncs(1_100, (1_000, 1_000), (0, 0)))
    for survey in more.values():
        facts = absorb(facts, survey)
    return measure(OffsetDeltaGate(1_000_000), SUBJECT, facts, 1_200)


def test_what_a_target_commit_may_skip_holds_the_gate_until_an_image_disproves_it() -> None:
    def images(place: int, skipped: int) -> ImagesSurvey:
        image = Image(500, "EXACT", place, place, "")
        one = {
            ("ledger", name): GroupImage("ledger", *name, image, 900, 0, skipped, 1_000)
            for name in KEYS.names
        }
        return ImagesSurvey(1_000, 1_000, one)

    held = skipping()
    assert isinstance(held.value, Unknown)
    assert "may skip up to 899 records" in held.value.reason
    disproved = skipping(images=images(900, 0))
    assert disproved.value == 998
    assert "none skipped" in disproved.evidence
    assert skipping(images=images(500, 400)).value == math.inf


def test_a_trigger_fires_only_after_a_whole_bad_window_and_unknown_is_not_firing() -> None:
    condition = SignalGate("errors", 0.02, for_ms=2_000)
    bad = tuple(at(t, 0.5) for t in (1_000, 2_000, 3_000))
    assert trigger_view(condition, bad[:2], PLAN, 2_100).verdict == "INCONCLUSIVE"
    assert trigger_view(condition, bad, PLAN, 3_100).verdict == "FAIL"
    blind = (*bad, at(3_500, Unknown("no answer")))
    assert trigger_view(condition, blind, PLAN, 3_600).verdict == "UNKNOWN"
    assert trigger_view(condition, (at(1_000, 0.0),), PLAN, 1_100).verdict == "PASS"


@given(st.floats())
def test_not_a_number_never_passes(value: float) -> None:
    judged = verdict([at(9_900, value)])
    assert (judged.verdict == "PASS") == (not math.isnan(value) and value <= 10)


def test_a_translation_past_the_exact_image_blocks_whatever_the_limit_on_reading_again() -> None:
    gate = OffsetDeltaGate(1_000_000)
    facts = imaged(Image(60, "EXACT", 43, 43, ""))
    assert measure(gate, SUBJECT, replace(facts, surveys={}), 1_200).value == 104
    blocked = measure(gate, SUBJECT, facts, 1_200)
    assert blocked.value == math.inf
    assert "would skip up to 3" in blocked.evidence


@pytest.mark.parametrize(
    ("gate", "name"),
    [
        (ParityGate(topics=False, acls=False, quotas=True), "quota missing"),
        (ParityGate(topics=False, acls=False, users=True), "user missing"),
        (ParityGate(topics=False, acls=False, schemas=True), "schema subject missing"),
        (ParityGate(topics=False, acls=False, records=True), "records missing"),
        (ParityGate(acls=False), "partitions fewer"),
        (ParityGate(topics=False), "acl read literal"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_parity_gate_counts_what_it_was_asked_to_and_nothing_else(
    gate: ParityGate, name: str
) -> None:
    plan = planted.plan()
    subject = Subject(plan, plan.services, {})
    one = next(p for p in planted.PLANTED if p.name == name)
    clean, dirty = planted.base().facts(), one.change(planted.base()).facts()
    assert measure(gate, subject, clean, 1_200).value == 0
    found = measure(gate, subject, dirty, 1_200)
    assert isinstance(found.value, float)
    assert found.value >= 1
    assert one.finds in found.evidence
    assert found.at_ms == 1_000
    others = ParityGate(topics=not gate.topics, acls=not gate.acls)
    assert measure(others, subject, dirty, 1_200).value == 0


def test_a_parity_gate_without_its_survey_is_unknown() -> None:
    plan = planted.plan()
    gate = ParityGate(topics=False, acls=False, quotas=True)
    reading = measure(gate, Subject(plan, plan.services, {}), Facts(), 1_200)
    assert isinstance(reading.value, Unknown)


def test_acls_tell_whom_users_and_quotas_are_about_and_their_age_counts() -> None:
    plan = planted.plan()
    facts = absorb(planted.base().facts(), AclSample("target", 500, 500, planted.BINDINGS))
    for gate in (
        ParityGate(topics=False, acls=False, users=True),
        ParityGate(topics=False, acls=False, quotas=True),
    ):
        assert measure(gate, Subject(plan, plan.services, {}), facts, 1_200).at_ms == 500


def test_records_written_on_the_target_by_moved_producers_do_not_fail_a_gate() -> None:
    plan = planted.plan()
    gate = ParityGate(topics=False, acls=False, records=True)
    one = next(p for p in planted.PLANTED if p.name == "records surplus")
    facts = one.change(planted.base()).facts()
    assert measure(gate, Subject(plan, plan.services, {}), facts, 1_200).value == 1
    moved = Subject(plan, plan.services, {"checkout": "target"})
    assert measure(gate, moved, facts, 1_200).value == 0
