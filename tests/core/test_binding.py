"""A confirmation counts for just what was on the screen: this plan, this try of this wave, in the
hands of this engine, on this evidence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from cockpit.core.binding import plan_hash
from cockpit.core.durable import record, restore
from cockpit.core.intents import Arm, Confirm
from cockpit.core.plan import OffsetsSpec, Plan, Rollback, SignalGate, SignalSpec
from tests.core.build import two_wave_plan
from tests.core.driver import Script, actions


def armed_token(script: Script, verb: str = "advance") -> str:
    script.ask(Arm(verb, "ana"))  # type: ignore[arg-type]  # one of the verbs
    assert script.state.armed is not None, script.told[-1].text
    return script.state.armed.token


def ready(plan: Plan | None = None) -> Script:
    script = Script(plan)
    script.look(2)
    return script


def shorter_deadline(plan: Plan) -> Plan:
    readers, writers = plan.waves
    steps = (writers.steps[0], replace(writers.steps[1], deadline_ms=1_000), *writers.steps[2:])  # type: ignore[arg-type]  # a fence
    return replace(plan, waves=(readers, replace(writers, steps=steps)))


def other_resume(plan: Plan) -> Plan:
    ledger, checkout = plan.services
    return replace(plan, services=(replace(ledger, offsets=OffsetsSpec("exact")), checkout))


def test_the_same_screen_gives_the_same_token() -> None:
    assert armed_token(ready()) == armed_token(ready())


@pytest.mark.parametrize("change", [shorter_deadline, other_resume])
def test_a_token_of_another_plan_of_the_same_name_is_refused(
    change: Callable[[Plan], Plan],
) -> None:
    token = armed_token(ready())
    other = ready(change(two_wave_plan()))
    assert armed_token(other) != token
    other.now_ms += 800
    other.ask(Confirm(token, "ana"))
    assert other.told[-1].kind == "refused"
    assert actions(other) == []


def test_a_flight_that_was_resumed_with_another_plan_takes_no_token_of_before() -> None:
    script = Script()
    script.fly_to_stop()
    script.end_all("failed")
    tokens: list[str] = [armed_token(script)]
    for plan in (two_wave_plan(), shorter_deadline(two_wave_plan())):
        after = Script(plan)
        after.state = restore(
            plan,
            record(script.state),
            (),
            intended=frozenset(),
            session="s",
            simulated=False,
            at_ms=script.now_ms,
        )
        after.now_ms = script.now_ms
        after.look(2)
        tokens.append(armed_token(after))
    assert len(set(tokens)) == 3


def test_each_try_of_a_wave_and_each_wave_has_tokens_of_its_own() -> None:
    script = ready()
    tokens = [armed_token(script)]
    script.go("advance")
    tokens.append(armed_token(script, "rollback"))
    script.end_all("failed")
    script.go("rollback")
    for _ in range(3):
        script.end_all()
        script.look(1)
    assert script.word() == "rolled back"
    tokens.append(armed_token(script))
    script.go("advance")
    tokens.append(armed_token(script, "rollback"))
    assert len(set(tokens)) == 4


def test_a_trigger_that_fires_between_arming_and_confirming_disarms() -> None:
    plan = two_wave_plan()
    first = replace(plan.waves[0], rollback=Rollback((SignalGate("errors", 0.02),)))
    signal = SignalSpec("errors", "http://127.0.0.1:1/", "ratio")
    script = Script(replace(plan, waves=(first, plan.waves[1]), signals=(signal,)))
    script.fly_readers()
    armed_token(script)
    script.signal = 0.5
    script.look(1)
    assert script.state.armed is None
    assert script.told[-1].kind == "disarmed"


def test_a_plans_hash_is_the_same_in_every_process() -> None:
    code = (
        "from tests.core.build import two_wave_plan as p; from cockpit.core.binding import *;"
        "print(plan_hash(p()))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    }
    assert found == {plan_hash(two_wave_plan())}
