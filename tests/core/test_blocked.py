"""How long clients were blocked, and by whom: marks in, shares out; whole waves as transcripts."""

from __future__ import annotations

import numpy as np

from cockpit.core import blocked
from cockpit.core.actions import Action, CallService, Fence
from cockpit.core.blocked import Account, Blocked, Marks, account, account_text
from cockpit.core.observe import MISSING, LogSample, PartitionKeys, Unknown
from cockpit.core.plan import Side
from tests.core.driver import Script, manual_plan

KEYS = PartitionKeys.of((("t", 0), ("t", 1)))


def look(side: Side, at_ms: int, *ends: int) -> LogSample:
    column = np.array(ends, dtype=np.int64)
    return LogSample(side, at_ms, at_ms + 10, KEYS, np.zeros(2, dtype=np.int64), column)


def effect(marks: Marks, action: Action, asked_ms: int, ended_ms: int) -> Marks:
    name = f"{type(action).__name__}.{asked_ms}"
    return blocked.ended(blocked.asked(marks, name, action, asked_ms), name, ended_ms)


def moved(*, arrives_ms: int = 2_000) -> Marks:
    """Stopped at 2,000, fenced at 2,600, started at 4,000; looked at from 1,000 on."""
    marks = Marks(1)
    looks = [
        look("source", 1_000, 5, 5),
        look("target", 1_000, 4, 4),
        look("source", 1_900, 6, 5),
        look("source", 2_100, 6, 5),
        look("target", arrives_ms - 100, 4, 4),
        look("target", arrives_ms, 6, 5),
        look("target", 3_900, 6, 5),
        look("target", 4_100, 6, 5),
        look("target", 4_300, 6, 6),
    ]
    for each in looks:
        if each.asked_at_ms > 4_000 and not marks.begun("start"):
            marks = effect(marks, CallService("a", "stop"), 1_800, 2_000)
            marks = effect(marks, Fence(("t",)), 2_050, 2_600)
            marks = effect(marks, CallService("a", "start"), 4_000, 4_050)
        marks = blocked.seen(marks, each, ("t",))
    return marks


def test_shares_add_up_from_the_last_write_to_the_first() -> None:
    found = blocked.of_topic(moved(), "t", ("a",))
    # the last write came after the look at 1,000, the first one by the end of the look at 4,300
    assert found == Blocked(total_ms=3_310, cockpit_ms=2_000, mirror_ms=0, services_ms=1_310)


def test_what_the_mirror_takes_after_the_fence_is_the_mirrors() -> None:
    found = blocked.of_topic(moved(arrives_ms=3_500), "t", ("a",))
    assert found == Blocked(total_ms=3_310, cockpit_ms=1_200, mirror_ms=800, services_ms=1_310)


def test_a_partition_that_did_not_answer_is_not_taken_for_silence() -> None:
    marks = blocked.seen(moved(), look("source", 5_000, 7, MISSING), ("t",))
    assert marks.source == moved().source


def test_a_mark_that_is_missing_makes_it_unknown() -> None:
    assert isinstance(blocked.of_topic(Marks(1), "t", ("a",)), Unknown)
    assert isinstance(blocked.of_topic(moved(), "t", ("a", "b")), Unknown)
    assert isinstance(blocked.of_topic(moved(), "other", ("a",)), Unknown)


def test_a_straggler_on_the_source_shortens_no_share_below_nothing() -> None:
    marks = moved()
    for at_ms, end in ((4_400, 6), (4_500, 9)):
        marks = blocked.seen(marks, look("source", at_ms, end, 5), ("t",))
    found = blocked.of_topic(marks, "t", ("a",))
    assert found == Blocked(total_ms=0, cockpit_ms=0, mirror_ms=0, services_ms=0)


def test_a_call_that_is_made_again_counts_from_its_newest_try() -> None:
    marks = effect(moved(), CallService("a", "stop"), 2_700, 2_800)
    assert marks.ended("stop", ("a",)) == 2_800


def test_a_wave_takes_as_long_as_its_slowest_topic_and_names_those_it_knows_nothing_of() -> None:
    found = account(moved(), ("t", "u"), ("a",))
    assert found.wave == found.topics["t"]
    assert not found.is_whole()
    assert account_text("w", found, writes=True) == (
        "w: writes blocked for at most 3.3 s: cockpit 2.0 s, mirror 0.0 s, services 1.3 s; "
        "not known for u"
    )
    nothing = account(Marks(1), ("t",), ("a",))
    assert account_text("w", nothing, writes=True) == (
        "w: how long clients were blocked is not known: no write on source was seen"
    )
    assert blocked.account_json(nothing)["blocked_ms"] is None


def test_a_wave_that_writes_nothing_is_counted_by_its_calls() -> None:
    found = account(moved(), (), ("a",))
    assert found == Account(Blocked(2_250, 2_000, 0, 250), {})
    assert "reading stopped for at most 2.2 s" in account_text("w", found, writes=False)


def test_a_wave_that_writes_nothing_stands_until_its_groups_are_seen_at_work() -> None:
    """Behind the answer of a start call its group may still be joining."""
    found = account(moved(), (), ("a",), 4_900)
    assert found == Account(Blocked(3_100, 2_000, 0, 1_100), {})


def accounts(script: Script) -> list[tuple[object, object]]:
    told = [tell.data for tell in script.told if tell.kind == "clients_blocked"]
    return [(data["wave"], data["blocked_ms"]) for data in told]


def test_a_wave_of_readers_tells_once_when_its_groups_are_seen_at_work() -> None:
    script = Script()
    script.fly_readers_to_start()
    script.end_all()
    assert accounts(script) == []  # answered: nobody has seen the group read again
    script.members["target"] = 1
    script.commits["target"] = {("orders", 0): 95, ("orders", 1): 95}
    script.look(4)
    assert accounts(script) == [("readers", 4_000)]  # the driver's looks are a second apart


def test_a_wave_that_goes_back_before_anybody_was_seen_at_work_tells_that_nobody_knows() -> None:
    script = Script()
    script.fly_readers_to_start()
    script.end_all()
    script.look(125)
    assert script.word() == "holding"
    assert accounts(script) == []
    script.go("rollback")
    script.look(3)
    assert accounts(script) == [("readers", None)]


def test_a_wave_that_goes_back_before_its_start_has_no_account() -> None:
    script = Script()
    script.fly_to_stop()
    script.end_all()
    script.go("rollback")
    script.look(3)
    assert accounts(script) == []


def test_a_wave_of_writers_tells_when_the_first_write_is_seen() -> None:
    script = Script()
    script.fly_readers()
    script.fly_to_stop()
    script.ends["source"] = (103, 100)
    script.look(1)
    script.end_all()
    script.ends["target"] = (103, 100)
    script.look(1)
    script.end_all()
    script.end_all(target_end={"orders/0": 103, "orders/1": 100})
    script.look(1)
    assert [wave for wave, _ in accounts(script)] == ["readers"]
    script.end_all()
    script.ends["target"] = (104, 100)
    script.look(1)
    told = [tell for tell in script.told if tell.kind == "clients_blocked"][-1]
    assert told.data["wave"] == "writers"
    shares = [told.data[key] for key in ("cockpit_ms", "mirror_ms", "services_ms")]
    assert told.data["blocked_ms"] == sum(shares)
    assert told.data["topics"]["orders"]["blocked_ms"] == told.data["blocked_ms"]


def test_a_service_that_a_person_moves_leaves_the_time_unknown() -> None:
    script = Script(manual_plan("start"))
    script.fly_readers()
    script.fly_writers_to_start()
    script.go("advance")
    script.ends["target"] = (101, 100)
    script.look(4)
    assert script.state.waves[1].word == "done"
    assert accounts(script)[-1] == ("writers", None)
