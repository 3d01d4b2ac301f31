"""The price of going back is counted at every step, and unknown where it cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.actions import Unfence
from cockpit.core.arming import _rollback_lines
from cockpit.core.flight import Observed
from cockpit.core.observe import MISSING, Unknown
from cockpit.core.plan import SIDES, Side
from cockpit.core.price import price as price_of
from cockpit.core.project import project
from cockpit.core.snapshot import PriceView
from tests.core.build import group, groups, logs, syncs
from tests.core.driver import Script, actions


def price_now(script: Script) -> PriceView:
    price = project(script.state, 1).status.price
    assert price is not None
    return price


def producers_started() -> Script:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_start()
    return script


def test_before_anything_has_moved_and_until_producers_start_it_costs_nothing() -> None:
    script = Script()
    script.look(2)
    assert price_now(script).word == "nothing"
    script.fly_to_stop()
    assert price_now(script).text == "costs nothing"
    script = Script()
    script.fly_readers_to_start()
    script.look(1)
    assert (price_now(script).word, price_now(script).reread) == ("nothing", 0)


def test_what_a_moved_group_may_have_read_is_read_again_as_far_as_the_syncs_tell() -> None:
    script = Script()
    script.fly_readers()  # placed at 90, at 95 a moment ago; the newest offset-sync is (90, 90)
    price = price_now(script)
    assert (price.word, price.wave) == ("records", "readers")
    assert price.records == 0
    assert price.reread == 2 * (100 - 91)  # it is at work: by now it may be at the log's end
    text = "at most 18 records are read again on the source, more as the group reads on"
    assert price.text == text


def test_of_a_group_that_is_stopped_it_is_what_it_has_read() -> None:
    script = Script()
    script.fly_readers()
    script.members["target"] = 0
    script.look(1)
    price = price_now(script)
    assert price.reread == 2 * (95 - 91)
    assert price.text == "at most 8 records are read again on the source"


def test_a_group_at_work_that_has_not_committed_yet_does_not_go_back_for_nothing() -> None:
    script = Script()
    script.fly_readers()
    script.commits["target"] = {("orders", 0): 90, ("orders", 1): 90}
    script.look(1)
    assert price_now(script).reread == 2 * (100 - 91)
    script.members["target"] = 0
    script.look(1)
    assert price_now(script).word == "nothing"


def test_a_group_at_work_at_an_offset_sync_costs_nothing_yet() -> None:
    script = Script()
    script.fly_readers()
    script.ends["target"], script.commits["target"] = (90, 90), {("orders", 0): 90}
    script.look(1)
    assert price_now(script).text == "nothing yet, more as the group reads on"


def test_between_two_offset_syncs_most_is_read_again_right_before_the_next() -> None:
    script = Script()
    script.fly_readers()
    script.look(1)
    script.see(syncs(script.now_ms, (98, 98), (90, 90)))
    assert price_now(script).reread == 2 * (97 - 91)


@pytest.mark.parametrize("side", SIDES)
def test_of_a_topic_that_was_made_anew_all_is_read_again_since_the_source_s_commit(
    side: Side,
) -> None:
    script = Script()
    script.fly_readers()
    script.commits["target"] = {("orders", 0): 100, ("orders", 1): 100}
    script.commits["source"] = {("orders", 0): 30}
    script.starts["source"] = (7, 7)
    script.anew[side] = frozenset({"orders"})
    script.look(1)
    assert price_now(script).reread == (100 - 30) + (100 - 7)


def test_a_stop_is_told_by_states_that_were_asked_for_after_the_start() -> None:
    script = Script()
    script.fly_readers()
    started_ms = script.state.waves[0].start_intent_at_ms
    assert started_ms is not None
    script.see(
        replace(
            groups("target", script.now_ms, group("ledger", 0, script.commits["target"])),
            states_at_ms=started_ms,
        )
    )
    found = price_of(script.state, script.state.waves[0]).reread
    assert found == Unknown("the target's commits of ledger are not read again yet")


def test_a_commit_of_the_source_that_is_further_on_saves_only_what_a_sync_proves() -> None:
    """How many of the offsets between a sync and it are records, nobody can tell."""
    script = Script()
    script.fly_readers()
    script.commits["source"] = {("orders", 0): 94, ("orders", 1): 95}
    script.members["target"] = 0
    script.look(1)
    assert price_now(script).reread == 2 * (95 - 91)


def test_from_the_commit_that_it_was_placed_for_a_group_reads_again_what_it_has_read() -> None:
    script = Script()
    script.fly_readers()
    script.members["target"] = 0
    script.look(1)
    script.see(syncs(script.now_ms, (0, 0)))  # it says nothing of how many records are before 90
    assert price_of(script.state, script.state.waves[0]).reread == 2 * (95 - 90)


def test_the_highest_of_the_last_seconds_stays_though_a_sync_takes_the_number_down() -> None:
    script = Script()
    script.fly_readers()
    high = price_now(script).reread
    script.members["target"] = 0  # it costs less by now
    script.look(1)
    price = price_now(script)
    assert isinstance(price.reread, int)
    assert price.reread < 18 == high == price.reread_lately
    script.look(15)
    assert price_now(script).reread_lately == price_now(script).reread == price.reread


def test_a_wave_that_is_back_has_no_highest_of_before() -> None:
    script = Script()
    assert price_now(script).reread_lately is None
    script.fly_readers()
    other = replace(script.state.waves[0], attempt=9)
    state = replace(script.state, waves=(other, *script.state.waves[1:]))
    price = project(state, 1).status.price
    assert price is not None
    assert price.reread_lately == price.reread


def test_once_producers_were_started_no_record_yet_is_not_nothing() -> None:
    script = producers_started()
    script.look(1)
    price = price_now(script)
    assert (price.word, price.records) == ("records", 0)
    assert "no record yet" in price.text


def test_right_after_the_start_intent_the_count_is_unknown_and_never_zero() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    script.end_all(target_end={"orders/0": 100, "orders/1": 100})
    assert script.state.wave().start_intent_at_ms is not None
    price = price_now(script)
    assert price.word == "unknown"
    assert price.records == Unknown("the target's log ends are not read again yet")
    assert "unknown" in price.text


def test_records_past_the_drained_end_are_counted_by_partition_and_close_the_way() -> None:
    script = producers_started()
    script.ends["target"] = (105, 112)
    script.look(1)
    price = price_now(script)
    assert (price.word, price.records) == ("closed", 17)
    assert price.partitions == (("orders/1", 12), ("orders/0", 5))
    closed_ms = script.state.wave().closed_at_ms
    assert price.since_ms == closed_ms
    assert closed_ms is not None
    seconds = closed_ms // 1000
    assert f"not possible since 00:{seconds // 60:02}:{seconds % 60:02}Z" in price.text
    assert "17 records on the target would be lost or replayed" in price.text
    assert "orders/1 12, orders/0 5" in price.text


def test_an_end_that_is_missing_or_went_back_makes_the_count_unknown() -> None:
    for ends in ((MISSING, 100), (99, 100)):
        script = producers_started()
        script.ends["target"] = ends
        script.look(1)
        price = price_now(script)
        assert isinstance(price.records, Unknown)
        assert price.word == "unknown"
        assert "orders/0" in price.text


def test_old_log_ends_count_nothing() -> None:
    script = producers_started()
    script.look(1)
    state = replace(script.state, at_ms=script.now_ms + 6_000)
    price = project(state, 1).status.price
    assert price is not None
    assert isinstance(price.records, Unknown)


def test_without_a_proved_drain_nobody_can_count() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    script.end_all()  # no ends came of it
    script.look(2)
    assert price_now(script).word == "unknown"
    assert "no drained end" in price_now(script).text


def test_a_group_that_does_not_show_makes_the_count_unknown() -> None:
    script = Script()
    script.fly_readers()
    script.now_ms += 500
    gone = groups("target", script.now_ms, group("other", 0, {}))
    script.send(Observed(script.now_ms, gone))
    assert isinstance(price_now(script).reread, Unknown)
    assert price_now(script).word == "unknown"


def test_the_confirmation_says_what_it_costs() -> None:
    script = Script()
    script.fly_readers()
    lines = _rollback_lines(script.state)
    assert any("at most 18 records are read again" in line for line in lines)


def test_the_price_is_told_at_each_step_and_when_it_becomes_another_thing() -> None:
    script = producers_started()
    script.ends["target"] = (105, 112)
    script.look(3)
    told = [tell for tell in script.told if tell.kind == "going_back"]
    steps = [tell for tell in script.told if tell.kind == "step_done"]
    assert len(told) >= len(steps)
    words = [tell.data["price"] for tell in told if tell.data["wave"] == "writers"]
    assert words[0] == "nothing"
    assert words[-1] == "closed"
    last = told[-1].data
    assert (last["records"], last["partitions"]) == (17, {"orders/1": 12, "orders/0": 5})
    count = len(told)
    script.ends["target"] = (205, 112)
    script.look(3)
    assert len([tell for tell in script.told if tell.kind == "going_back"]) == count


def test_topics_that_the_wave_does_not_write_count_nothing() -> None:
    script = producers_started()
    script.look(1)
    sample = logs("target", script.now_ms, (100, 100))
    script.send(Observed(script.now_ms, sample))
    assert price_now(script).records == 0


def test_what_the_mirror_brings_behind_a_fence_that_was_taken_down_costs_nothing() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_last_look()
    script.look(1)
    script.go("rollback")
    script.end_all()  # the last look, that nobody waits for any more
    while not any(isinstance(a, Unfence) for a in actions(script)):
        script.look(1)
    script.end_all()
    script.ends["source"] = script.ends["target"] = (140, 120)
    script.look(3)
    texts = [tell.text for tell in script.told if tell.kind == "going_back"]
    assert not [text for text in texts if "lost or replayed" in text]


def test_what_was_there_when_the_fence_fell_stays_in_the_price() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_last_look()
    script.ends["target"] = (105, 100)
    script.look(1)
    script.go("rollback")
    script.end_all()
    while not any(isinstance(a, Unfence) for a in actions(script)):
        script.look(1)
    script.end_all()
    script.ends["target"] = (140, 120)
    script.look(1)
    price = price_now(script)
    assert price.records == 5
    assert price.partitions == (("orders/0", 5),)
