"""Alarms: on evidence alone, one line a subject, since when, and not for one odd sample."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.agreement import Disagreement
from cockpit.core.alarms import HOLD_MS, Trouble, raised
from cockpit.core.facts import Facts, absorb
from cockpit.core.observe import Failure
from cockpit.core.snapshot import AlarmView
from cockpit.core.stragglers import Moved
from cockpit.core.survey import (
    BrokerHealth,
    BrokersSurvey,
    GroupImage,
    Image,
    ImagesSurvey,
    ProducersSurvey,
    ProducerState,
    Transaction,
    TransactionsSurvey,
    Window,
    WindowsSurvey,
)
from cockpit.core.watch import Watch, renew
from tests.core.build import group, groups, logs, mirror, syncs, two_wave_plan
from tests.core.test_agreement import watched

PLAN = two_wave_plan()
NOW = 90_500


def alarms(facts: Facts, *, moved: tuple[str, ...] = (), now_ms: int = NOW) -> dict[str, AlarmView]:
    """After the same facts were looked at for longer than odd samples last."""
    watch = Watch()
    at_move = Moved(PLAN, dict.fromkeys(moved, 0))
    for at_ms in (now_ms - HOLD_MS, now_ms):
        watch = renew(watch, at_move, facts, at_ms)
    return {alarm.subject: alarm for alarm in watch.alarms}


def test_healthy_clusters_raise_nothing() -> None:
    assert alarms(watched(per_s=10, base=(90, 90))) == {}


def test_the_target_may_have_larger_offsets_without_a_word() -> None:
    assert alarms(watched(target=50_000, base=(900, 49_900))) == {}


def test_a_target_that_grew_more_than_the_source_is_ahead_by_its_baseline() -> None:
    found = alarms(watched(target=1_100))
    assert list(found) == ["target ahead: baseline"]
    assert "AHEAD by 100" in found["target ahead: baseline"].text


def test_a_topic_that_is_written_on_the_target_by_now_is_not_ahead() -> None:
    assert alarms(watched(target=1_100), moved=("checkout",)) == {}


def test_a_topic_that_is_none_of_the_plan_s_may_have_been_moved_by_another_plan() -> None:
    none = tuple(replace(s, produces=(), consumes=("bills",)) for s in PLAN.services)
    strange = Moved(replace(PLAN, services=none), {})
    facts, watch = watched(target=1_100), Watch()
    for at_ms in (NOW - HOLD_MS, NOW):
        watch = renew(watch, strange, facts, at_ms)
    assert [alarm for alarm in watch.alarms if alarm.subject.startswith("target ahead")] == []


def test_a_number_belongs_to_the_partitions_that_are_named_beside_it() -> None:
    far, near = ("moved", 0), ("orders", 0)
    one = Disagreement("surplus", (far, near), (100_000, 20))
    assert one.without({"moved"}) == Disagreement("surplus", (near,), (20,))
    assert one.without({"moved", "orders"}) is None


def test_a_position_that_claims_too_much_is_a_disagreement() -> None:
    (one,) = alarms(watched(target=900)).values()
    assert one.level == "bad"
    assert "claims 100 records that the target's log does not have" in one.text


def test_a_disagreement_of_one_sample_is_no_alarm_and_time_counts_from_its_first() -> None:
    trouble = Trouble("bad", "x", "text", HOLD_MS)
    none = raised((trouble,), {}, {}, 1_000)
    assert none.alarms == ()
    later = raised((trouble,), none.since, {}, 1_000 + HOLD_MS)
    assert [(a.subject, a.since_ms) for a in later.alarms] == [("x", 1_000)]
    gone = raised((), later.since, {}, 8_000)
    assert gone.alarms == ()
    assert raised((trouble,), gone.since, {}, 9_000).alarms == ()


def test_a_negative_lag_is_an_anomaly_and_keeps_its_sign() -> None:
    facts = absorb(Facts(), mirror(900, (103, 40)))
    facts = absorb(facts, logs("source", 1_000, (100, 40)))
    found = alarms(facts, now_ms=1_500)["negative lag"]
    assert "3 past the source's end on orders/0" in found.text


def test_old_readings_raise_nothing() -> None:
    assert alarms(watched(target=900), now_ms=NOW + 60_000) == {}


def test_a_log_that_was_made_anew_or_cut_is_an_alarm() -> None:
    again = replace(logs("source", 91_000, (3, 3)), recreated=frozenset({"orders"}))
    assert "re-created orders" in alarms(absorb(watched(), again), now_ms=91_500)
    cut = absorb(watched(), logs("source", 91_000, (3, 1_000)))
    found = alarms(cut, now_ms=91_500)["source end went back"]
    assert "orders/0 went back by 997" in found.text


def test_records_that_no_source_record_explains_are_evidence() -> None:
    windows = {("orders", 1): Window(50, 0, 2, "key 9", at_ms=NOW)}
    facts = absorb(watched(), WindowsSurvey(NOW, NOW, windows))
    found = alarms(facts)["target ahead: content"]
    assert "orders/1" in found.text
    assert "foreign or repeated" in found.text
    assert alarms(facts, moved=("checkout",)) == {}


def test_a_window_of_long_ago_is_no_evidence_however_new_its_survey_is() -> None:
    for at_ms, said in ((NOW - 600_000, True), (NOW - 600_001, False)):
        windows = {("orders", 1): Window(50, 0, 2, "key 9", at_ms=at_ms)}
        found = alarms(absorb(watched(), WindowsSurvey(NOW, NOW, windows)))
        assert ("target ahead: content" in found) is said


def wrote(pid: int, sequence: int) -> ProducerState:
    return ProducerState("orders", 0, pid, 0, sequence, 0, -1)


def produced(facts: Facts, *pids: int) -> Facts:
    before = tuple(wrote(pid, 1) for pid in pids)
    now = tuple(wrote(pid, 9) for pid in pids)
    facts = absorb(facts, ProducersSurvey("target", 84_000, 84_000, before))
    return absorb(facts, ProducersSurvey("target", 89_000, 89_000, now))


def test_one_listed_writer_while_records_flow_may_be_the_mirror_itself() -> None:
    assert alarms(produced(watched(per_s=10, base=(90, 90)), 5)) == {}


def test_a_writer_while_the_source_stood_still_is_foreign() -> None:
    assert "target ahead: writers" in alarms(produced(watched(seconds=90), 5))


def test_a_writer_while_the_mirror_still_had_something_to_bring_may_be_the_mirror() -> None:
    behind = produced(watched(seconds=90, target=700, position=700), 5)
    assert "target ahead: writers" not in alarms(behind)
    assert "target ahead: writers" not in alarms(absorb(behind, mirror(90_000, (1_000, 1_000))))


def test_two_writers_at_once_are_one_too_many() -> None:
    found = alarms(produced(watched(per_s=10, base=(90, 90)), 5, 6))
    assert "producer 5, 6 is not the mirror" in found["target ahead: writers"].text


def test_the_mirrors_own_transactional_producer_is_known_and_all_others_are_foreign() -> None:
    ids = (Transaction("connect-mm2-source-0", 5, "Ongoing", 0, 1, ()),)
    known = TransactionsSurvey("target", 2, 2, ids)
    flowing = watched(per_s=10, base=(90, 90))
    assert alarms(produced(absorb(flowing, known), 5)) == {}
    assert "target ahead: writers" in alarms(produced(absorb(flowing, known), 6))


def imaged(place: int, *, skipped: int = 0, committed: int = 60) -> Facts:
    """ledger at 60 on the source and the target; its image by content is at `place`."""
    facts = absorb(Facts(), logs("target", 850, (95, 95)))
    facts = absorb(facts, groups("target", 900, group("ledger", 0, {("orders", 0): 46})))
    facts = absorb(facts, groups("source", 1_000, group("ledger", 1, {("orders", 0): 60})))
    facts = absorb(facts, logs("source", 1_050, (110, 110)))
    facts = absorb(facts, syncs(1_100, (100, 90), (50, 45), (0, 0)))
    image = Image(committed, "EXACT", place, place, "")
    one = GroupImage("ledger", "orders", 0, image, 46, 0, skipped, 1_000)
    return absorb(facts, ImagesSurvey(1_000, 1_000, {("ledger", ("orders", 0)): one}))


def test_a_translation_past_the_exact_image_would_skip_and_is_an_alarm() -> None:
    assert alarms(imaged(55), now_ms=2_000) == {}
    found = alarms(imaged(43), now_ms=2_000)["translation past the image"]
    assert "would skip 3 in ledger orders/0" in found.text


def test_a_target_commit_past_the_image_is_an_alarm_only_for_the_commits_that_it_was_asked_with(
) -> None:  # fmt: skip
    subject = "target commit past the image"
    assert subject in alarms(imaged(46, skipped=4), now_ms=2_000)
    assert subject not in alarms(imaged(46, skipped=4, committed=55), now_ms=2_000)


def test_a_group_on_its_way_back_is_ahead_on_the_target_for_a_moment_and_that_is_no_alarm() -> None:
    """It has read on there, and the source's commit follows in the same step."""
    facts, moved = imaged(46, skipped=4), Moved(PLAN, {}, frozenset({"ledger"}))
    assert renew(Watch(), moved, facts, 2_000).alarms == ()
    assert renew(Watch(), Moved(PLAN, {}), facts, 2_000).alarms != ()


def test_a_broker_that_does_not_answer_is_named_with_its_word() -> None:
    good = BrokerHealth(1, "a:9092", "connected", "", 3, "3.9")
    bad = BrokerHealth(2, "b:9092", "unreachable", "no route", 0, "")
    facts = absorb(watched(), BrokersSurvey("target", NOW, NOW, (good, bad), 1))
    found = alarms(facts)["brokers of target"]
    assert found.text == "1 of 2 brokers on target do not answer: b:9092 unreachable no route"


def test_brokers_that_nobody_can_tell_of_are_not_taken_to_be_as_they_were() -> None:
    good = BrokerHealth(1, "a:9092", "connected", "", 3, "3.9")
    subject = "brokers of target"
    facts = absorb(watched(), BrokersSurvey("target", NOW, NOW, (good,), 1))
    assert subject not in alarms(facts)
    failed = absorb(facts, Failure("target.brokers", NOW, NOW, "slow", "no answer in 3 s"))
    text = alarms(failed)[subject].text
    assert text == "target.brokers: no answer in 3 s; seen last: all answered"
    old = alarms(facts, now_ms=NOW + 60_000)[subject].text
    assert "not read for more than 25 s; seen last: all answered" in old


def test_a_group_with_members_that_does_not_commit_while_records_come_is_told_of() -> None:
    facts, watch = Facts(), Watch()
    for second in range(1, 80):
        now = second * 1_000
        state = group("ledger", 2, {("orders", 0): 5, ("orders", 1): 5})
        facts = absorb(facts, groups("source", now - 100, state))
        facts = absorb(facts, logs("source", now - 50, (5 + second, 5)))
        watch = renew(watch, Moved(PLAN, {}), facts, now)
    (one,) = watch.alarms
    assert one.text == "group ledger: 2 members on source, no commit for 78 s while records come"


def test_a_group_whose_members_are_not_known_has_no_members_to_speak_of() -> None:
    facts, watch = Facts(), Watch()
    for second in range(1, 80):
        now = second * 1_000
        state = group("ledger", -1, {("orders", 0): 5, ("orders", 1): 5}, "Unknown")
        state = replace(state, members_unknown="not allowed")
        facts = absorb(facts, groups("source", now - 100, state))
        facts = absorb(facts, logs("source", now - 50, (5 + second, 5)))
        watch = renew(watch, Moved(PLAN, {}), facts, now)
    assert watch.alarms == ()


def test_a_group_that_waits_for_records_is_not_told_of() -> None:
    facts, watch = Facts(), Watch()
    for second in range(1, 80):
        now = second * 1_000
        state = group("ledger", 2, {("orders", 0): 5, ("orders", 1): 5})
        facts = absorb(facts, groups("source", now - 100, state))
        facts = absorb(facts, logs("source", now - 50, (5, 5)))
        watch = renew(watch, Moved(PLAN, {}), facts, now)
    assert watch.alarms == ()
