"""A service that has moved is watched: one that is no longer at work on the target is told, is an
alarm, and keeps no soak."""

from __future__ import annotations

from tests.core.driver import Script


def soaking() -> Script:
    """The readers' wave at its soak of two seconds, with a look before it could be over."""
    script = Script()
    script.fly_readers_to_soak()
    assert script.state.wave().steps[3].word == "running"
    return script


def first_wave(script: Script) -> str:
    return script.state.waves[0].word


def alarms(script: Script) -> list[str]:
    return [a.text for a in script.state.watch.alarms if "not at work" in a.subject]


def told(script: Script) -> list[str]:
    return [tell.text for tell in script.told if tell.kind == "service_away"]


def test_a_soak_is_not_over_while_a_service_of_its_wave_is_not_at_work() -> None:
    script = soaking()
    script.members["target"] = 0
    script.look(5)
    step = script.state.wave().steps[3]
    assert step.word == "running"
    assert step.detail == "soak starts again: ledger has no member on the target"
    script.members["target"] = 1
    script.look(2)
    assert first_wave(script) == "running"  # the whole time again
    script.look(2)
    assert first_wave(script) == "done"


def test_a_service_that_stays_away_after_its_wave_is_an_alarm_and_is_told_once() -> None:
    script = soaking()
    script.look(3)
    assert first_wave(script) == "done"
    script.members["target"] = 0
    script.look(2)
    assert alarms(script) == []  # it may only restart
    script.look(8)
    assert alarms(script) == ["ledger has no member on the target: its wave has moved it there"]
    assert told(script) == alarms(script)
    script.members["target"] = 1
    script.look(1)
    assert alarms(script) == []


def test_what_nobody_can_tell_of_its_members_is_no_absence() -> None:
    script = soaking()
    script.members_unknown = "target"
    script.look(4)
    assert first_wave(script) == "done"
    assert alarms(script) == told(script) == []


def test_a_wave_that_was_taken_back_leaves_nobody_away() -> None:
    script = soaking()
    script.look(3)
    script.go("rollback")
    script.members.update(target=0, source=1)
    script.look(12)
    assert alarms(script) == []
