"""A drill in the wave machine: its intent comes first, and whoever takes over mends it first."""

from __future__ import annotations

import dataclasses

import pytest

from cockpit.core.actions import Drill
from cockpit.core.drilling import BROKEN
from cockpit.core.drills import ALARMS, DrillStep, Expect, is_alarm, numbered
from cockpit.core.durable import record, restore
from cockpit.core.plan import Plan
from cockpit.core.script import backward, forward
from cockpit.core.tasks import Do
from tests.core.build import two_wave_plan
from tests.core.driver import Script, actions

STEP = DrillStep("stop-task", "mm2-source", Expect("gate", "replication_lag"), 5_000, 60_000)
BREAK = Drill("stop-task", "mm2-source", broken=True)
MEND = Drill("stop-task", "mm2-source", broken=False)


def drilled_plan() -> Plan:
    plan = two_wave_plan()
    first = dataclasses.replace(plan.waves[0], steps=(STEP, *plan.waves[0].steps))
    return dataclasses.replace(plan, waves=(first, plan.waves[1]), drills=True)


def broken() -> Script:
    """A wave whose drill has just been ordered."""
    script = Script(drilled_plan())
    script.look(2)
    script.go("advance")
    script.look(1)
    return script


def step_word(script: Script) -> str:
    return script.state.wave().steps[0].word


def test_it_breaks_waits_for_the_gate_mends_and_waits_until_all_is_good() -> None:
    script = broken()
    assert actions(script) == [BREAK]
    script.end_all()
    script.look(2)
    assert actions(script) == [BREAK]
    script.ends = {"source": (900, 100), "target": (100, 100)}
    script.look(1)
    assert actions(script) == [BREAK, MEND]
    script.end_all()
    script.look(2)
    assert step_word(script) == "running"
    script.ends = {"source": (100, 100), "target": (100, 100)}
    script.look(1)
    assert step_word(script) == "done"
    assert "noticed after" in script.state.wave().steps[0].detail


def test_what_nobody_noticed_is_mended_and_then_fails_the_step() -> None:
    script = broken()
    script.end_all()
    script.look(7)
    assert actions(script) == [BREAK, MEND]
    script.end_all()
    script.look(2)
    assert (script.word(), step_word(script)) == ("holding", "failed")
    assert "did not notice within 5 s" in script.state.wave().detail


def test_going_back_mends_what_was_ordered_even_where_nobody_knows_whether_it_happened() -> None:
    script = broken()
    script.end_all("unknown")
    script.look(1)
    assert script.word() == "holding"
    script.go("rollback")
    script.look(1)
    assert actions(script)[-1] == MEND
    script.end_all()
    script.look(1)
    assert script.word() == "rolled back"


def test_the_engine_that_takes_over_mends_before_it_drills_again() -> None:
    script = broken()
    left = record(script.state)
    assert left["waves"][0]["memory"][BROKEN] == STEP.words()
    state = restore(
        drilled_plan(),
        left,
        (),
        intended=frozenset({"Drill"}),
        session="s",
        simulated=False,
        at_ms=script.now_ms,
    )
    again = Script(drilled_plan())
    again.now_ms, again.state = script.now_ms, state
    again.look(2)
    assert again.word() == "holding"
    again.go("advance")
    again.look(1)
    assert actions(again) == [MEND]
    again.end_all("already")
    again.look(2)
    assert actions(again) == [MEND, BREAK]


def test_without_anything_left_a_drill_does_not_begin_with_mending() -> None:
    plan = drilled_plan()
    first = forward(STEP, plan.waves[0], plan, {})
    assert [t.action for stage in first for t in stage if isinstance(t, Do)] == [BREAK, MEND]
    undo = backward(STEP, plan.waves[0], plan, {})
    assert [t.action for stage in undo for t in stage if isinstance(t, Do)] == [MEND]


@pytest.mark.parametrize(
    ("which", "found"),
    [
        ("0", 0),
        ("2", 2),
        ("group_lag", 0),
        ("errors", 1),
        ("signal errors", 1),
        ("3", "there is no number 3: 0 is group_lag, 1 is signal errors, 2 is parity, 3 is parity"),
        ("parity", "2 are called parity, say the number"),
        ("latency", "none is called latency: 0 is group_lag, 1 is signal errors, 2 is parity"),
    ],
)
def test_a_condition_is_meant_by_its_name_or_its_number(which: str, found: int | str) -> None:
    names = ["group_lag", "signal errors", "parity", "parity"]
    if which in ("3", "latency"):
        names = names[:3]
        found = str(found).removesuffix(", 3 is parity")
    assert numbered(names, which) == found


def test_an_alarm_is_meant_by_how_its_subject_begins() -> None:
    for which in ("brokers of source", "brokers", "lag readings disagree", "target ahead: writers"):
        assert is_alarm(which, ALARMS)
    for which in ("thunder", "b", "brokers of targets", "brokers of source nonsense", "re-created"):
        assert not is_alarm(which, ALARMS)
