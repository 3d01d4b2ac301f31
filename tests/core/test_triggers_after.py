"""A trigger counts to the end of a soak and beyond: what nobody knows passes no soak, and a wave
that is done is watched for as long as it can be taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.observe import Unknown
from cockpit.core.plan import GroupLagGate, OffsetDeltaGate, Rollback, SignalGate, SignalSpec
from cockpit.core.project import project
from tests.core.build import two_wave_plan
from tests.core.driver import Script

SILENT = Unknown("nobody answers")


def readers(*triggers: object, window_ms: int | None = None) -> Script:
    """Two waves, the first of them with these triggers."""
    plan = two_wave_plan()
    rollback = Rollback(triggers or (SignalGate("errors", 0.02, for_ms=2_000),))  # type: ignore[arg-type]  # conditions
    first = replace(plan.waves[0], rollback=rollback, rollback_window_ms=window_ms)
    signal = SignalSpec("errors", "http://127.0.0.1:1/", "ratio")
    return Script(replace(plan, waves=(first, plan.waves[1]), signals=(signal,)))


def soaking(script: Script) -> Script:
    """The readers' wave at its soak of two seconds, with a look before it could be over."""
    script.fly_readers_to_soak()
    assert script.state.wave().steps[3].word == "running"
    return script


def first_wave(script: Script) -> str:
    return script.state.waves[0].word


def alarms(script: Script) -> list[str]:
    return [
        f"{a.level} {a.subject}: {a.text}"
        for a in script.state.watch.alarms
        if "trigger" in a.subject
    ]


def test_a_soak_is_not_over_while_a_triggers_evidence_is_unknown() -> None:
    script = soaking(readers())
    script.signal = SILENT
    script.look(5)
    step = script.state.wave().steps[3]
    assert step.word == "running"
    assert step.detail == "soak starts again: trigger signal errors UNKNOWN: nobody answers"
    script.signal = 0.0
    script.look(2)
    assert first_wave(script) == "running"  # the whole time again
    script.look(2)
    assert first_wave(script) == "done"


def test_a_soak_whose_trigger_stays_unknown_ends_in_a_persons_hands() -> None:
    script = soaking(readers())
    script.signal = SILENT
    script.look(90)
    assert script.word() == "holding"
    assert "trigger signal errors UNKNOWN" in script.state.wave().detail


def test_a_soak_is_not_over_while_a_limit_is_exceeded_that_has_not_fired_yet() -> None:
    script = soaking(readers(SignalGate("errors", 0.02, for_ms=20_000)))
    script.signal = 0.5
    script.look(10)
    assert first_wave(script) == "running"
    assert "over the limit for" in script.state.wave().steps[3].detail
    script.signal = 0.0
    script.look(1)
    assert first_wave(script) == "done"


def test_a_soak_that_a_trigger_has_broken_begins_again() -> None:
    script = soaking(readers())
    script.signal = 0.5
    script.look(4)
    assert script.state.paused
    assert "soak starts again: trigger signal errors fired" in script.state.wave().steps[3].detail
    script.go("advance")
    script.signal = 0.0
    script.look(2)
    assert first_wave(script) == "running"
    script.look(2)
    assert first_wave(script) == "done"


def test_places_that_only_a_move_compares_keep_no_soak() -> None:
    script = soaking(readers(OffsetDeltaGate(0)))
    script.look(3)
    assert first_wave(script) == "done"


def test_a_trigger_of_a_wave_that_is_done_is_told_and_alarmed_by_the_waves_name() -> None:
    script = readers()
    script.fly_readers()
    assert first_wave(script) == "done"
    assert alarms(script) == []
    script.signal = 0.5
    script.look(4)
    told = [t for t in script.told if t.kind == "trigger"]
    assert [t.data["wave"] for t in told] == ["readers"]
    assert "wave readers, done already: trigger signal errors fired: 50% (limit 2%)" in told[0].text
    (alarm,) = alarms(script)
    assert alarm.startswith("bad trigger of wave readers: signal errors")
    assert not script.state.waves[0].back_wanted
    assert not script.state.paused
    script.signal = 0.0
    script.look(2)
    assert alarms(script) == []
    script.signal = 0.5
    script.look(4)
    assert script.kinds().count("trigger") == 2


def test_lag_of_a_group_that_has_moved_is_measured_on_the_target() -> None:
    script = readers(GroupLagGate(50))
    script.fly_readers()
    script.ends["target"] = (300, 100)
    script.look(3)
    (alarm,) = alarms(script)
    assert "group_lag" in alarm
    assert "ledger on target" in alarm


def test_what_nobody_can_judge_of_a_wave_that_is_done_is_an_alarm_too() -> None:
    script = readers()
    script.fly_readers()
    script.signal = SILENT
    script.look(8)
    (alarm,) = alarms(script)
    assert alarm.startswith("warn trigger of wave readers: signal errors: whether it fires is not")
    assert "trigger" not in script.kinds()


@pytest.mark.parametrize(("window_ms", "watched"), [(None, False), (60_000, True), (5_000, False)])
def test_it_ends_with_the_window_or_else_with_the_next_waves_begin(
    window_ms: int | None, watched: bool
) -> None:
    script = readers(window_ms=window_ms)
    script.fly_readers()
    script.fly_to_stop()  # the writers'
    script.look(5)
    script.signal = 0.5
    script.look(4)
    assert bool(alarms(script)) is watched
    assert ("trigger" in script.kinds()) is watched


def test_whoever_begins_the_next_wave_over_it_reads_it_first() -> None:
    from cockpit.core.intents import Arm

    script = readers()
    script.fly_readers()
    script.signal = 0.5
    script.look(4)
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is not None
    assert any("its trigger signal errors fires" in line for line in script.state.armed.lines)
    assert project(script.state, 1).action("rollback").enabled
