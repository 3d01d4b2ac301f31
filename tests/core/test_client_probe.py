"""The gate that asks whether a wave's services can work on the target, as they have tried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.actions import CallService
from cockpit.core.clientprobes import every_ms, failed_probes
from cockpit.core.flight import Observed
from cockpit.core.intents import Arm
from cockpit.core.observe import Failure
from cockpit.core.plan import ClientProbeGate, CommandCall, ConfirmStep, Manual, StartStep
from cockpit.core.project import project
from cockpit.core.snapshot import GateView
from cockpit.core.survey import ClientProbe, ClientProbesSurvey
from cockpit.core.turn import next_wave
from tests.core.build import two_wave_plan
from tests.core.driver import Script, actions

GATE = ClientProbeGate(max_age_ms=30_000)


def probing() -> Script:
    plan = two_wave_plan()
    ledger, checkout = plan.services
    readers = replace(plan.waves[0], gates=(*plan.waves[0].gates, GATE))
    probed = replace(ledger, probe=CommandCall(("probe",)))
    script = Script(replace(plan, services=(probed, checkout), waves=(readers, plan.waves[1])))
    script.look(2)
    return script


def ran(script: Script, passed: bool | None, text: str = "") -> GateView:
    now = script.now_ms
    found = {"ledger": ClientProbe(now - 20, passed, text)}
    script.send(Observed(now, ClientProbesSurvey(now - 20, now - 10, found)))
    script.look(1)
    return view(script)


def view(script: Script) -> GateView:
    return next(g for g in project(script.state, 1).gates if g.name == "client_probe")


def test_without_a_run_it_is_unknown_and_nothing_begins() -> None:
    script = probing()
    assert view(script).verdict == "UNKNOWN"
    assert "the probe of ledger has not run yet" in view(script).evidence
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is None


@pytest.mark.parametrize(
    ("passed", "text", "verdict", "evidence"),
    [
        (True, "", "PASS", "1 probe ended with status 0"),
        (True, "schema 7 read", "PASS", "1 probe ended with status 0 (ledger: schema 7 read)"),
        (False, "ended with status 2: not authorised", "FAIL", "ledger ended with status 2: not"),
        (None, "did not end within 20 s", "UNKNOWN", "the probe of ledger: did not end within"),
    ],
)
def test_a_run_passes_fails_with_its_last_words_or_says_nothing(
    passed: bool | None, text: str, verdict: str, evidence: str
) -> None:
    found = ran(probing(), passed, text)
    assert found.verdict == verdict
    assert evidence in found.evidence


def test_of_many_that_passed_a_few_are_quoted() -> None:
    services = two_wave_plan().services[:1] * 5
    script = Script()
    names = tuple(replace(one, name=f"s{number}") for number, one in enumerate(services))
    now = script.now_ms
    found = {one.name: ClientProbe(now, True, "" if one.name == "s1" else "ok") for one in names}
    script.send(Observed(now, ClientProbesSurvey(now, now, found)))
    failed = failed_probes(names, script.state.facts)
    assert failed == (
        0, now, "5 probes ended with status 0 (s0: ok; s2: ok; s3: ok and 1 more)"
    )  # fmt: skip


def test_a_run_that_is_too_old_and_a_feed_that_fails_are_unknown() -> None:
    script = probing()
    assert ran(script, True).verdict == "PASS"
    script.look(40)
    assert view(script).verdict == "UNKNOWN"
    assert ran(script, True).verdict == "PASS"
    now = script.now_ms
    script.see(Failure("client_probes", now, now, "protocol", "a defect"))
    script.look(1)
    assert view(script).verdict == "UNKNOWN"


def test_probes_are_wanted_until_the_wave_is_under_way_and_held_in_no_soak() -> None:
    script = probing()
    assert next_wave(script.state) == "readers"
    ran(script, True)
    script.go("advance")
    assert next_wave(script.state) == ""
    script.end_all()
    script.look(1)
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    script.end_all(previous={"orders/0": 80, "orders/1": 80})
    script.commits["target"] = {("orders", 0): 90, ("orders", 1): 90}
    script.look(1)
    script.end_all()
    script.members["target"] = 1
    script.commits["target"] = {("orders", 0): 95, ("orders", 1): 95}
    script.look(45)
    assert script.state.waves[0].word == "done"
    assert next_wave(script.state) == "writers"


def test_they_run_a_few_times_within_the_age_at_which_they_no_longer_count() -> None:
    wave = two_wave_plan().waves[0]
    ages = {10_000: 5_000, 60_000: 20_000, 600_000: 60_000}
    for age_ms, pace_ms in ages.items():
        assert every_ms(replace(wave, gates=(ClientProbeGate(max_age_ms=age_ms),))) == pace_ms


def test_a_wave_does_not_begin_on_a_probe_that_grows_too_old_while_clients_are_blocked() -> None:
    script = probing()
    ran(script, True)
    script.look(18)  # it counts for 11 s more, and half of its 30 s would be enough
    assert view(script).verdict == "PASS"
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is None
    assert "counts for 11 s more, and clients may be blocked for 60 s" in script.told[-1].text
    ran(script, True)
    script.go("advance")


def test_a_probe_that_has_grown_too_old_holds_the_wave_before_anybody_is_blocked() -> None:
    script = probing()
    ran(script, True)
    script.go("advance")
    script.look(40)  # the mirror takes its time
    script.end_all()
    script.look(2)
    assert script.word() == "holding"
    assert "nobody is blocked yet" in script.state.wave().detail
    assert script.state.wave().blocked_since_ms is None
    assert CallService("ledger", "stop") not in actions(script)
    assert next_wave(script.state) == "readers"  # so the probes run again
    ran(script, True)
    script.go("advance")
    script.end_all()
    script.look(1)
    assert actions(script)[-1] == CallService("ledger", "stop")


def test_a_person_who_would_stop_it_by_hand_is_not_asked_on_an_old_probe_either() -> None:
    script = probing()
    ledger, checkout = script.state.plan.services
    by_hand = replace(script.state.plan, services=(replace(ledger, stop=Manual("stop")), checkout))
    script.state = replace(script.state, plan=by_hand)
    ran(script, True)
    script.go("advance")
    script.look(40)
    script.end_all()
    script.look(2)
    assert script.word() == "holding"
    assert "asked_person" not in script.kinds()


def test_while_clients_are_blocked_an_old_probe_stops_nothing() -> None:
    script = probing()
    plan = script.state.plan
    readers = plan.waves[0]
    steps = tuple(
        s
        for step in readers.steps
        for s in ((ConfirmStep("now?"), step) if isinstance(step, StartStep) else (step,))
    )
    waves = (replace(readers, steps=steps), plan.waves[1])
    script = Script(replace(plan, waves=waves))
    script.look(2)
    ran(script, True)
    script.go("advance")
    script.end_all()
    script.look(1)
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    script.end_all(previous={"orders/0": 80, "orders/1": 80})
    script.commits["target"] = {("orders", 0): 90, ("orders", 1): 90}
    script.look(60)  # nobody answers, and the probe is older than it may be
    script.go("advance")
    script.look(2)
    start = script.performs[-1]
    assert start.action == CallService("ledger", "start")
    assert start.fresh_until_ms is None or start.fresh_until_ms > script.now_ms
