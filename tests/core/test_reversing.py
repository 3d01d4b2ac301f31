"""A wave with a second mirror, as transcripts: out and back, and what its lag is meanwhile."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.actions import (
    CallService,
    ExcludeTopics,
    ProveDrained,
    ProveReversible,
    StartMirror,
    StopMirror,
    Unfence,
)
from cockpit.core.facts import Facts, absorb
from cockpit.core.gates import Subject, measure
from cockpit.core.observe import Unknown
from cockpit.core.plan import FenceStep, Plan, ReplicationLagGate, ReverseStep, StartStep
from cockpit.core.project import project
from tests.core.build import logs, mirror, two_wave_plan
from tests.core.driver import Script, actions

FORWARD, BACK = "mm2-source", "mm2-back"
TOPICS = ("orders",)


def reversing_plan() -> Plan:
    """The second wave fences its producer only, and reverses before the start."""
    plan = two_wave_plan()
    readers, writers = plan.waves
    steps = tuple(
        FenceStep(deny="producers") if isinstance(step, FenceStep) else step
        for step in writers.steps
    )
    at = next(n for n, step in enumerate(steps) if isinstance(step, StartStep))
    wave = replace(writers, steps=(*steps[:at], ReverseStep(BACK), *steps[at:]))
    return replace(plan, waves=(readers, wave))


def fly_to_start() -> Script:
    """Fenced, drained at 100, the second mirror started; the producer's start is on its way."""
    script = Script(reversing_plan())
    script.fly_readers()
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    script.end_all(target_end={"orders/0": 100, "orders/1": 100})
    script.end_all()  # out of the first mirror
    script.end_all()  # the second one runs
    script.look(1)
    return script


def writes_on_target() -> Script:
    """The producer is on the target and has written there."""
    script = fly_to_start()
    script.end_all()
    script.ends["target"] = (140, 120)
    script.ends["source"] = (130, 110)  # brought back, as far as it has come
    script.look(2)
    return script


def test_the_second_mirror_is_looked_at_before_anybody_is_blocked() -> None:
    script = Script(reversing_plan())
    script.fly_readers()
    script.look(2)
    script.go("advance")
    proofs = [a for a in actions(script) if isinstance(a, ProveReversible)]
    assert proofs == [ProveReversible(BACK, TOPICS)]
    assert script.state.wave().blocked_since_ms is None
    script.end_all("failed")
    assert script.word() == "holding"
    assert script.state.wave().blocked_since_ms is None


def test_topics_leave_the_first_mirror_before_the_second_begins_at_the_drained_end() -> None:
    moved = actions(fly_to_start())
    out = moved.index(ExcludeTopics(FORWARD, TOPICS, excluded=True))
    start = moved.index(StartMirror(BACK, ((("orders", 0), 100), (("orders", 1), 100))))
    assert out < start
    assert moved[-1] == next(a for a in moved[start + 1 :])  # then the service's start


def test_writes_on_the_target_close_nothing_and_are_no_escape_on_the_source() -> None:
    script = writes_on_target()
    assert "point_of_no_return" in script.kinds()
    assert "no_return_proved" not in script.kinds()
    assert "fence_escaped" not in script.kinds()
    status = project(script.state, 1).status
    assert status.rollback == "possible"
    assert "second mirror" in status.rollback_detail


def test_going_back_proves_the_return_before_the_first_mirror_goes_on_behind_it() -> None:
    script = writes_on_target()
    before = len(actions(script))
    script.go("rollback")
    script.end_all()  # the producer has stopped on the target
    script.look(3)
    assert actions(script)[-1] == ProveDrained(TOPICS, "target", BACK)
    script.end_all(
        source_end={"orders/0": 140, "orders/1": 120}, target_end={"orders/0": 140, "orders/1": 120}
    )
    script.look(1)
    for _ in range(4):
        script.end_all()
    script.look(1)
    back = actions(script)[before + 1 :]
    assert back[1:6] == [
        StopMirror(BACK),
        StopMirror(FORWARD),
        ExcludeTopics(FORWARD, TOPICS, excluded=False),
        StartMirror(FORWARD, ((("orders", 0), 140), (("orders", 1), 120))),
        back[5],
    ]
    assert isinstance(back[5], Unfence)
    assert "no_return_proved" not in script.kinds()


def test_a_return_that_is_not_proved_keeps_the_fence_and_both_mirrors() -> None:
    script = writes_on_target()
    before = len(actions(script))
    script.go("rollback")
    script.end_all()
    script.look(3)
    script.end_all("failed")
    script.look(2)
    assert script.word() == "holding"
    kinds = {type(action) for action in actions(script)[before:]}
    assert not kinds & {Unfence, StopMirror, StartMirror}


def returned() -> Script:
    """On its way back: all was proved to be back at 140 and 120, the second mirror is to stop."""
    script = writes_on_target()
    script.go("rollback")
    script.end_all()  # the producer has stopped on the target
    script.look(3)
    ends = {"orders/0": 140, "orders/1": 120}
    script.end_all(source_end=ends, target_end=ends)
    script.look(1)
    assert actions(script)[-1] == StopMirror(BACK)
    return script


def test_once_all_is_proved_to_be_back_going_back_costs_nothing_any_more() -> None:
    script = returned()
    price = project(script.state, 1).status.price
    assert price is not None
    assert (price.word, price.records) == ("nothing", 0)
    for _ in range(4):
        script.end_all()
    script.look(1)
    assert isinstance(actions(script)[-1], Unfence)  # reverse is undone
    price = project(script.state, 1).status.price
    assert price is not None
    assert (price.word, price.records) == ("nothing", 0)


def test_a_write_on_the_target_after_all_was_back_is_named_priced_and_brought_back_too() -> None:
    script = returned()
    script.ends["target"] = (140, 129)
    script.look(1)
    (late,) = [t for t in script.told if t.kind == "return_escaped"]
    assert "orders/1 by 9 (9.0/s)" in late.text
    price = project(script.state, 1).status.price
    assert price is not None
    assert (price.word, price.records) == ("records", 9)
    assert script.word() == "holding"
    script.end_all()  # the second mirror has stopped
    script.look(1)
    assert StopMirror(FORWARD) not in actions(script)
    before = len(actions(script))
    script.go("rollback")  # once more
    for _ in range(2):
        script.end_all()
    places = ((("orders", 0), 140), (("orders", 1), 120))
    assert actions(script)[before:] == [
        ExcludeTopics(FORWARD, TOPICS, excluded=True),
        StartMirror(BACK, places),
        ProveDrained(TOPICS, "target", BACK),
    ]
    ends = {"orders/0": 140, "orders/1": 129}
    script.end_all(source_end=ends, target_end=ends)
    script.look(2)
    assert script.kinds().count("return_escaped") == 1
    assert actions(script)[-1] == StopMirror(BACK)


def test_a_write_on_the_target_when_both_mirrors_are_turned_stays_there_and_is_told() -> None:
    script = returned()
    for _ in range(4):
        script.end_all()
    script.look(1)
    assert isinstance(actions(script)[-1], Unfence)
    script.ends["target"] = (141, 120)
    script.look(1)
    (late,) = [t for t in script.told if t.kind == "return_escaped"]
    assert "it stays there: orders/0 by 1" in late.text
    assert script.word() == "rolling back"
    price = project(script.state, 1).status.price
    assert price is not None
    assert (price.word, price.records) == ("records", 1)


def test_what_the_first_mirror_brings_to_the_target_again_is_no_late_write() -> None:
    script = returned()
    for _ in range(4):
        script.end_all()
    script.look(1)
    script.end_all()  # unfenced
    assert actions(script)[-1] == CallService("checkout", "undo")
    script.look(1)
    script.ends = {"source": (190, 150), "target": (180, 140)}  # it writes there, and is mirrored
    script.look(2)
    assert "return_escaped" not in script.kinds()
    price = project(script.state, 1).status.price
    assert price is not None
    assert (price.word, price.records) == ("nothing", 0)


def test_what_came_late_and_stayed_keeps_its_price_when_the_mirror_brings_more() -> None:
    script = returned()
    for _ in range(4):
        script.end_all()
    script.look(1)
    script.ends["target"] = (141, 120)
    script.look(1)
    script.end_all()  # unfenced
    script.look(1)
    script.ends = {"source": (190, 150), "target": (180, 140)}
    script.look(1)
    price = project(script.state, 1).status.price
    assert price is not None
    assert (price.word, price.records) == ("records", 1)


def lag(facts: Facts, now_ms: int) -> float | Unknown:
    plan = reversing_plan()
    subject = Subject(plan, plan.services, {}, reversed=frozenset(TOPICS))
    return measure(ReplicationLagGate(100), subject, facts, now_ms).value


def test_the_lag_of_reversed_topics_is_how_far_the_source_is_behind_the_target() -> None:
    sample = replace(
        mirror(1_000, (100, 100)), reverse_positions={("orders", 0): 138, ("orders", 1): 120}
    )
    facts = absorb(absorb(Facts(), sample), logs("target", 1_100, (140, 120)))
    assert lag(facts, 1_200) == 2.0


def test_a_reverse_mirror_without_a_position_or_a_word_is_unknown() -> None:
    silent = mirror(1_000, (100, 100))
    facts = absorb(absorb(Facts(), silent), logs("target", 1_100, (140, 120)))
    assert isinstance(lag(facts, 1_200), Unknown)
    broken = replace(silent, reverse_unknown="HTTP 404")
    facts = absorb(absorb(Facts(), broken), logs("target", 1_100, (0, 0)))
    assert lag(facts, 1_200) == Unknown("HTTP 404")


def test_an_empty_topic_that_is_reversed_lags_by_nothing() -> None:
    facts = absorb(absorb(Facts(), mirror(1_000, (0, 0))), logs("target", 1_100, (0, 0)))
    assert lag(facts, 1_200) == 0.0


def to_the_last_look() -> Script:
    """The writers' wave, drained, its second mirror running, before anybody is told to start."""
    script = Script(reversing_plan())
    script.fly_readers()
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    ends = {"orders/0": 100, "orders/1": 100}
    script.end_all(source_end=ends, target_end=ends)
    script.end_all()
    script.end_all()
    return script


def test_before_anybody_was_told_to_start_there_is_nothing_to_bring_back() -> None:
    """A record that somebody else has written on the source is no reason to stay half-way: the
    second mirror could never bring it."""
    script = to_the_last_look()
    script.ends["source"] = (101, 100)
    script.end_all("failed")  # the last look
    script.look(1)
    assert script.word() == "holding"
    before = len(actions(script))
    script.go("rollback")
    for _ in range(12):
        script.look(1)
        script.end_all()
    back = actions(script)[before:]
    assert not any(isinstance(action, ProveDrained) for action in back)
    assert back.index(StopMirror(BACK)) < back.index(ExcludeTopics(FORWARD, TOPICS, excluded=False))
    assert script.word() == "rolled back"


def test_what_somebody_has_written_there_unasked_is_brought_back_all_the_same() -> None:
    script = to_the_last_look()
    script.ends["target"] = (140, 100)
    script.ends["source"] = (130, 100)
    script.end_all("failed")  # the last look
    script.look(1)
    before = len(actions(script))
    script.go("rollback")
    script.look(2)
    assert ProveDrained(TOPICS, "target", BACK) in actions(script)[before:]
